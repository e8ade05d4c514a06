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
from hydra.core.override_parser.types import Override, Sweep
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from lstm_blues.errors import BluesError, require
from lstm_blues.runs.command import fail
from lstm_blues.runs.config import plain
from lstm_blues.runs.summary import Status, read_summary
from lstm_blues.runs.terminal import bar

_SHARED = re.compile(r"study|hydra|run\.(?!dtype|engine|device)")
"""Settings that don't tell the runs of a sweep apart."""


_LONGEST = 120


_PART = re.compile(r"([^=,]+)=(\[[^\]]*\]|[^,]*)")
"""One part of such a folder's name; lists have commas of their own."""


def run_name(override_dirname: str, swept: str = "") -> str:
    """A folder's name from what sets a run apart, such as `gross_errors=8,seed=3`.

    Hydra's `override_dirname` without the parts that all runs share, settings by their last name;
    ambiguous or long ones are told apart by a digest.  swept: settings, with spaces between them,
    that are part of it though others like them are not.
    """
    found = [(name.lstrip("+~"), value) for name, value in _PART.findall(override_dirname)]
    apart = swept.split()
    pairs = [(n, value) for n, value in found if n in apart or not _SHARED.match(n)]
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


def sweeps(overrides: list[str], params: dict[str, Any]) -> dict[str, Override]:
    """What a sweep varies, by setting.

    Raises `BluesError` for a range among other values, of which Hydra can make nothing.
    """
    texts = [*overrides, *(f"{name}={value}" for name, value in params.items())]
    parsed = OverridesParser.create().parse_overrides(texts)
    # What the command line says takes the place of what the config sweeps.
    found = {override.get_key_element(): override for override in reversed(parsed)}
    varied = {name: override for name, override in found.items() if override.is_sweep_override()}
    for name, override in varied.items():
        values = override.value()
        alone = not any(isinstance(each, Sweep) for each in getattr(values, "list", ()))
        require(alone, name, override.get_value_string(), "one range or a list of values, not both")
    return varied


def count_runs(overrides: list[str], params: dict[str, Any]) -> int:
    """How many runs a sweep makes.  Raises `BluesError` where it is none."""
    varied = sweeps(overrides, params).values()
    count = math.prod(len(list(o.sweep_string_iterator())) for o in varied)
    if not count:
        raise BluesError("the sweep has no runs: a setting of it has no value.")
    return count


def _name_by(config: DictConfig, varied: list[str]) -> None:
    """Runs whose `run.*` settings a sweep varies are named after these, too."""
    swept = [name.lstrip("+~") for name in varied]
    shared = [name for name in swept if name.startswith("run.") and _SHARED.match(name)]
    with read_write(config.hydra), open_dict(config.hydra):
        overrides = config.hydra.overrides.hydra
        if shared and not any(each.startswith("hydra.sweep.subdir=") for each in overrides):
            # As if it stood on the command line: from these the config of each run is made.
            name = "${run_name:${hydra:job.override_dirname},'" + " ".join(shared) + "'}"
            overrides.append(f'hydra.sweep.subdir="{name}"')


def statuses(folder: Path) -> list[Status]:
    """How the finished runs below a sweep's folder ended."""
    told = map(read_summary, folder.glob("*/summary.json"))
    return [Status(summary["status"]) for summary in told if summary is not None]


class Watch(Callback):
    """Names the runs of a sweep, and counts the finished ones in a bar; Hydra makes it, by
    `conf/train.yaml`."""

    ended: list[Status] | None = None
    """How the runs of the last sweep ended."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __reduce__(self) -> tuple[type[Watch], tuple[()]]:
        """Launchers send it to other processes, which have nothing to count."""
        return Watch, ()

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Names the runs, and begins to count them; on a terminal only."""
        folder = Path(config.hydra.sweep.dir)
        params = config.hydra.sweeper.params
        swept = {} if params is None else plain(params)
        overrides = list(config.hydra.overrides.task)
        try:
            _name_by(config, list(sweeps(overrides, swept)))
            total = count_runs(overrides, swept)
        except BluesError as error:
            # Hydra makes warnings of errors here, but lets the end of the program pass.
            fail(error)
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
        with bar(total, "run", folder.name) as shown:
            while not self._stop.wait(0.5):
                shown.n = len(list(folder.glob("*/summary.json")))
                shown.refresh()
