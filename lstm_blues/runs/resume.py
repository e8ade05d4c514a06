"""Going on with a stopped run: what may change on the way."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lstm_blues.errors import BluesError, require
from lstm_blues.runs.config import flat_config, in_lists
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.summary import Status, read_summary
from lstm_blues.runs.yaml_files import read_yaml

_WITHIN = "learning.melody.within"

_MAY_CHANGE = ("run.", "learning.test_", _WITHIN)
"""Settings that a resumed run may change: they don't touch the weight changes."""


_ROUNDING = ("run.dtype", "run.engine", "run.device")


def resumed_config(
    old: dict[str, Any], new: dict[str, Any], resume: str, overrides: Sequence[str]
) -> dict[str, Any]:
    """The config of the run stopped in `resume`, with what the command line may change in it.

    Args:
        old: of that run's checkpoint.
        new: what the command line makes of the defaults.
        resume: the run's folder or checkpoint.
        overrides: the settings that the command line names.

    Raises:
        BluesError: an override that would change what is learned.
    """
    found = copy.deepcopy(old)
    old_flat, new_flat = _with_defaults(old, new), flat_config(new)
    for override in overrides:
        key = override.split("=", 1)[0].lstrip("+~").split("@")[0]
        if key in ("resume", "experiment") or override.startswith("+experiment="):
            continue
        for name in [n for n in new_flat if n == key or n.startswith(f"{key}.")]:
            if new_flat[name] == old_flat.get(name):
                continue
            if not name.startswith(_MAY_CHANGE):
                raise BluesError(
                    f"resume={resume} cannot change {name} from {old_flat.get(name)!r} to "
                    f"{new_flat[name]!r}: that would be a different run."
                )
            _put(found, name, new_flat[name])
    return found


def check_same_run(config: dict[str, Any], folder: Path) -> None:
    """Raises `BluesError` where `folder` holds a run with other settings than those of `config`
    that a run may change on the way."""
    path = folder / "config.yaml"
    try:
        written = read_yaml(path)
    except (OSError, BluesError):
        raise BluesError(
            f"{str(path)!r} is not the config of a run: choose another folder."
        ) from None
    old, new = _with_defaults(written, config), flat_config(config)
    for name in sorted(old.keys() | new.keys()):
        # What a run is judged by came after the first sweeps.
        aside = name == "resume" or (name == _WITHIN and not old.get(name))
        differs = not aside and old.get(name) != new.get(name)
        if differs and (name in _ROUNDING or not name.startswith("run.")):
            raise BluesError(
                f"{str(folder)!r} contains a different run, with {name} {old.get(name)!r} and not "
                f"{new.get(name)!r}: choose another hydra.sweep.dir."
            )


def _with_defaults(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The settings of `old` by dotted name, with those that came later than its run, which are in
    `new`: they had their defaults then."""
    flat = flat_config(old)
    run = old.get("run")
    if isinstance(run, dict):
        run = {**run, "device": "cpu"}  # this machine need not have the one of the old run
    settings = settings_from({**old, "run": run})
    defaults = flat_config(in_lists(asdict(settings)))
    later = {name: defaults[name] for name in flat_config(new) if name in defaults}
    return {**{name: value for name, value in later.items() if name not in flat}, **flat}


def is_finished(folder: Path, step_limit: int) -> bool:
    """Whether the run in `folder` ended, and not at a lower step limit, so that a sweep need not
    make it again."""
    path = folder / "summary.json"
    summary = read_summary(path) if path.is_file() else None
    if summary is None:
        return False
    # What stands there may be the end at a lower limit of a run that goes on since.
    return bool(summary["status"] != Status.STEP_LIMIT or summary["steps"] >= step_limit)


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    *groups, last = name.split(".")
    for group in groups:
        require(
            isinstance(values.get(group), dict), group, values.get(group), "a group of settings"
        )
        values = values[group]
    values[last] = value
