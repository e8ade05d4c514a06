"""What a sweep of many runs needs: a folder for each run, progress, and an end that tells all.

A sweep is a Hydra multirun, so that its launcher (one process, the cores of one machine, a cluster)
is a setting.  Nothing here depends on the processes that the runs are in: what is known of a run is
what stands in its folder.
"""

from __future__ import annotations

import hashlib
import math
import re
import sys
import threading
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from tqdm import tqdm

from lstm_blues.runs.config import plain
from lstm_blues.runs.summary import Status, read_summary

_SHARED = re.compile(r"study|hydra|run\.(?!dtype|engine|device)")
"""Settings that don't tell the runs of a sweep apart."""


_LONGEST = 120


_PART = re.compile(r"([^=,]+)=(\[[^\]]*\]|[^,]*)")
"""One part of such a folder's name; lists have commas of their own."""


def run_name(override_dirname: str) -> str:
    """A folder's name from what sets a run apart, such as `gross_errors=8,seed=3`.

    Hydra's `override_dirname` without the parts that all runs share, settings by their last name;
    ambiguous or long ones are told apart by a digest.
    """
    found = [(name.lstrip("+~"), value) for name, value in _PART.findall(override_dirname)]
    pairs = [(name, value) for name, value in found if not _SHARED.match(name)]
    names = [name.rsplit(".", 1)[-1] for name, _ in pairs]
    whole = ",".join(f"{n}={value}" for n, (_, value) in zip(names, pairs, strict=True))
    name = re.sub(r"[^\w=,.\-\[\]]", "", whole)
    unclear = len(set(names)) < len(names) or name != whole
    if unclear or len(name) > _LONGEST or not name:
        digest = hashlib.sha256(override_dirname.encode()).hexdigest()[:8]
        name = f"{name[:_LONGEST]}_{digest}" if name else digest
    return name


def name_parts(folder: str) -> dict[str, str]:
    """What the folder of a run is named after: the parts of its `run_name`."""
    return dict(_PART.findall(folder))


OmegaConf.register_new_resolver("run_name", run_name, replace=True)


def count_runs(overrides: list[str], params: dict[str, Any]) -> int:
    """How many runs a sweep makes."""
    texts = [*overrides, *(f"{name}={value}" for name, value in params.items())]
    parsed = OverridesParser.create().parse_overrides(texts)
    sweeps = [override for override in parsed if override.is_sweep_override()]
    # What the command line sweeps takes the place of what the config does.
    by_name = {override.get_key_element(): override for override in reversed(sweeps)}
    return math.prod(len(list(o.sweep_string_iterator())) for o in by_name.values())


def statuses(folder: Path) -> list[Status]:
    """How the finished runs below a sweep's folder ended."""
    told = map(read_summary, folder.glob("*/summary.json"))
    return [Status(summary["status"]) for summary in told if summary is not None]


class Watch(Callback):
    """A bar that counts the finished runs of a sweep; Hydra makes it, by `conf/train.yaml`."""

    ended: list[Status] | None = None
    """How the runs of the last sweep ended."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __reduce__(self) -> tuple[type[Watch], tuple[()]]:
        """Launchers send it to other processes, which have nothing to count."""
        return Watch, ()

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Begins to count; on a terminal only."""
        folder = Path(config.hydra.sweep.dir)
        params = config.hydra.sweeper.params
        swept = {} if params is None else plain(params)
        total = count_runs(list(config.hydra.overrides.task), swept)
        if not total:
            # Hydra makes warnings of errors here, but lets the end of the program pass.
            print(
                "error: the sweep has no runs: one of its settings has no value.", file=sys.stderr
            )
            sys.exit(2)
        self._thread = threading.Thread(target=self._count, args=(folder, total), daemon=True)
        self._thread.start()

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        """Remembers how the runs ended, for the exit code."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        Watch.ended = statuses(Path(config.hydra.sweep.dir))

    def _count(self, folder: Path, total: int) -> None:
        if not sys.stderr.isatty():
            return
        with tqdm(total=total, unit="run", desc=folder.name) as bar:
            while not self._stop.wait(0.5):
                bar.n = len(list(folder.glob("*/summary.json")))
                bar.refresh()
