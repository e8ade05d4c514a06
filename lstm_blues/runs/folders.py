"""The folders that a command makes: one named after the time is new, and an empty one goes."""

from __future__ import annotations

import itertools
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

_made: list[Path] = []
"""The folders that were made for this command, and not there before."""


class Folders(Callback):
    """Makes the folder of a command before Hydra does; Hydra makes it, by `conf/*.yaml`."""

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        """Of a command."""
        _make(config, "hydra.run.dir")

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Of a sweep, whose runs have theirs in it."""
        _make(config, "hydra.sweep.dir")


def remove_unused() -> None:
    """Takes away those folders that were made for this command and hold nothing."""
    for path in sorted(_made, key=lambda path: len(path.parts), reverse=True):
        with suppress(OSError):
            # What Hydra writes of a sweep that never began.
            if [each.name for each in path.iterdir()] == ["multirun.yaml"]:
                (path / "multirun.yaml").unlink()
            path.rmdir()
    _made.clear()


def _make(config: DictConfig, setting: str) -> None:
    """Makes the folder that `setting` names; where two commands of the same second would share it,
    the later one changes `config` to another name."""
    written = OmegaConf.to_container(config, resolve=False)
    found = _value(written, setting)
    while (link := re.fullmatch(r"\$\{([\w.]+)\}", found)) is not None:
        setting = link[1]
        found = _value(written, setting)
    path = first = Path(str(OmegaConf.select(config, setting)))
    is_new = "${now:" in found and OmegaConf.select(config, "resume") is None
    parents = [each for each in path.parents if not each.exists()]
    # Where it cannot be made, Hydra says so.
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(2):
            try:
                path.mkdir()
            except FileExistsError:
                if not is_new:
                    break
                path = first.with_name(f"{first.name}_{number}")
            else:
                parents.insert(0, path)
                break
    _made.extend(parents)
    if path != first:
        _change(config, setting, str(path))


def _value(written: Any, setting: str) -> str:
    for name in setting.split("."):
        written = written[name]
    return str(written)


def _change(config: DictConfig, setting: str, value: str) -> None:
    with read_write(config), open_dict(config):
        OmegaConf.update(config, setting, value)
        # From these a sweep makes the config of each of its runs.
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        with read_write(config.hydra), open_dict(config.hydra):
            config.hydra.overrides.hydra.append(f"{setting}='{quoted}'")
