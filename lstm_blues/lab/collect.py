"""Finished runs, read from their folders and grouped by the settings that set them apart."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_blues.errors import BluesError
from lstm_blues.runs.config import compose_config, flat_config
from lstm_blues.runs.summary import read_summary
from lstm_blues.runs.sweep import name_parts
from lstm_blues.runs.yaml_files import read_yaml

# Settings that do not influence what is learned.
_ASIDE = ("resume", "name", "seed", *(f"run.{name}" for name in ("log_interval", "listen_share")))

_LIMIT, _CHORUSES = "run.step_limit", "run.final_choruses"

_MANY = 3
"""With more settings than these, a row is named after its folder."""

_PLAIN = ("seed", "experiment")
"""Parts of a folder's name that tell no rows apart."""


@dataclass(frozen=True)
class Run:
    """One finished run: its folder, its settings by dotted name, and its `summary.json`."""

    folder: Path
    settings: dict[str, Any]
    summary: dict[str, Any]


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """Every finished run below the folders, in the order of the folders' names.

    What is no run, or is broken, is passed over with a word on stderr.  Raises `BluesError` for a
    folder that is not there, or where there is no run at all.
    """
    runs = []
    for folder in folders:
        if not folder.is_dir():
            where = ""
            if str(folder).startswith(("output_dir=", "hydra.run.dir=")):
                where = " (--out FOLDER is for results)"
            raise BluesError(f"folder is {str(folder)!r}, but must be a folder with runs{where}.")
        for path in sorted(folder.rglob("summary.json")):
            summary = read_summary(path)
            if summary is None:
                continue
            settings: dict[str, Any] = {}
            with suppress(BluesError, OSError):
                settings = flat_config(read_yaml(path.parent / "config.yaml"))
            if isinstance(settings.get(_CHORUSES), int):
                summary.setdefault("final_choruses", settings[_CHORUSES])
                runs.append(Run(path.parent, settings, summary))
            else:
                print(f"{str(path.parent)!r} is passed over: no config of a run.", file=sys.stderr)
    if not runs:
        raise BluesError("the given folders contain no finished run.")
    return runs


def varied(runs: Sequence[Run]) -> list[str]:
    """The settings, seeds aside, that are not the same in all runs.

    A step limit counts only for runs that did not learn the form and for those that took more steps
    than the lowest limit at which one failed: the others would have learned under any of them.
    """
    names = sorted({name for run in runs for name in run.settings if name not in _ASIDE})
    failed = [run.settings.get(_LIMIT, 0) for run in runs if not run.summary["chords_learned"]]
    lowest = min(failed, default=math.inf)
    limited = [r for r in runs if not r.summary["chords_learned"] or r.summary["steps"] > lowest]
    values = {
        name: {told(run.settings.get(name)) for run in (limited if name == _LIMIT else runs)}
        for name in names
    }
    return [name for name in names if len(values[name]) > 1]


def of_forms(names: Sequence[str]) -> bool:
    """Whether runs that differ in these settings differ in nothing but their form."""
    return "form.name" in names and all(name.startswith("form.") for name in names)


def told(value: Any) -> str:
    """A value of a setting in words, without spaces."""
    return f"{value:g}" if isinstance(value, float) else str(value).replace(" ", "")


def by_setting(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs by the settings that set them apart, in words, seeds aside.

    Groups come in the order of their values, runs in that of their seeds; of several runs with the
    same settings and seed the last is kept.
    """
    names = varied(runs)
    groups: dict[tuple[Any, ...], dict[int, Run]] = defaultdict(dict)
    for run in runs:
        key = tuple(run.settings.get(name) for name in names)
        groups[tuple(map(_sortable, key))][run.summary["seed"]] = run
    default = flat_config(compose_config(["+experiment=chords"]))
    last = [_last(name) for name in names]
    shown = names if len(set(last)) < len(last) else last
    # Where a group of settings was swept, its name is in the folders' names.
    by_folder = len(names) > _MANY or any(
        part not in map(_last, run.settings) for run in runs for part in _swept(run.folder)
    )
    found: dict[str, list[Run]] = {}
    unnamed = []
    for key in sorted(groups):
        values = [value for _, _, value in key]
        setting = " ".join(f"{name}={value}" for name, value in zip(shown, values, strict=True))
        if names and values == [told(default.get(name)) for name in names]:
            setting += " (default)"
        of_seeds = [groups[key][seed] for seed in sorted(groups[key])]
        if of_forms(names):
            setting = f"form={of_seeds[0].settings['form.name']}"
        elif names and by_folder:
            parts = _swept(of_seeds[0].folder)
            setting = " ".join(f"{name}={value}" for name, value in parts.items())
            if not setting:  # no sweep named it
                unnamed.append(of_seeds)
                continue
        found.setdefault(setting or "all", []).extend(of_seeds)
    forms = [of_seeds[0].settings.get("form.name") for of_seeds in unnamed]
    for form, of_seeds in zip(forms, unnamed, strict=True):
        folder = of_seeds[0].folder
        by_form = [f"form={form}"] * (forms.count(form) == 1)
        labels = (*by_form, folder.name, str(folder))
        found[next(label for label in labels if label not in found)] = of_seeds
    return found


def _last(name: str) -> str:
    """The last part of a dotted name."""
    return name.rsplit(".", 1)[-1]


def _swept(folder: Path) -> dict[str, str]:
    """What a sweep's folder is named after, such as a group of settings and the choice of it."""
    return {k: value for k, value in name_parts(folder.name).items() if k not in _PLAIN}


def _sortable(value: Any) -> tuple[int, float, str]:
    """A key that puts numbers in their order before words in theirs, and the value in words."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return (0, float(value), told(value)) if number else (1, 0.0, told(value))
