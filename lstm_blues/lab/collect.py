"""The runs below some folders, one row for all that differ in nothing but their seed."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lstm_blues.errors import BluesError
from lstm_blues.lab.statistics import Quartiles, Share, quartiles, wilson
from lstm_blues.runs.config import compose_config, flat_config
from lstm_blues.runs.sweep import name_parts

# Settings that say nothing of what is learned.
_ASIDE = ("resume", "name", "seed", *(f"run.{name}" for name in ("log_interval", "listen_share")))

_LIMIT = "run.step_limit"

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


@dataclass(frozen=True)
class Row:
    """One cell of a study, over its seeds.

    setting: what tells it from the other rows.  runs: how many.  learned: those that passed the
    test.  held: runs that, frozen, also played all of run.final_choruses.  steps, seconds: of
    learning.  choruses: the fewest that a learned network played.  melody: distance of the melody's
    cross-entropy from its floor, nats a step; None for chords alone.
    """

    setting: str
    runs: int
    learned: Share
    held: Share
    steps: Quartiles
    seconds: Quartiles
    choruses: int | None
    melody: Quartiles | None


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """Every finished run below the folders, in the order of their settings and seeds.

    Raises `BluesError` for a folder that is not there, or where there is no run at all.
    """
    runs = []
    for folder in folders:
        if not folder.is_dir():
            raise BluesError(f"folder is {str(folder)!r}, but must be a folder with runs.")
        for path in sorted(folder.rglob("summary.json")):
            config = yaml.safe_load((path.parent / "config.yaml").read_text())
            runs.append(Run(path.parent, flat_config(config), json.loads(path.read_text())))
    if not runs:
        raise BluesError("there is no finished run below the given folders.")
    return runs


def varied(runs: Sequence[Run]) -> list[str]:
    """The settings, seeds aside, that are not the same in all runs.

    A step limit sets a run apart that did not learn, or that would not have learned within the
    limit of those, but not one of a sweep that went on to a higher limit.
    """
    names = sorted({name for run in runs for name in run.settings if name not in _ASIDE})
    failed = [run.settings.get(_LIMIT, 0) for run in runs if not run.summary["learned"]]
    lowest = min(failed, default=math.inf)
    limited = [r for r in runs if not r.summary["learned"] or r.summary["steps"] > lowest]
    values = {
        name: {_told(run.settings.get(name)) for run in (limited if name == _LIMIT else runs)}
        for name in names
    }
    return [name for name in names if len(values[name]) > 1]


def _told(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).replace(" ", "")


def by_setting(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs by what sets them apart but their seed, in words; values in their order, the same
    seed once."""
    names = varied(runs)
    groups: dict[tuple[Any, ...], dict[int, Run]] = defaultdict(dict)
    for run in runs:
        key = tuple(run.settings.get(name) for name in names)
        groups[tuple(map(_sortable, key))][run.summary["seed"]] = run
    default = flat_config(compose_config(["+experiment=chords"]))
    last = [name.rsplit(".", 1)[-1] for name in names]
    shown = names if len(set(last)) < len(last) else last
    # Where a group of settings was swept, its name is in the folders' names.
    by_folder = len(names) > _MANY or any(
        part not in {name.rsplit(".", 1)[-1] for name in run.settings}
        for run in runs
        for part in _parts(run.folder)
    )
    found: dict[str, list[Run]] = {}
    for key in sorted(groups):
        values = [told for _, _, told in key]
        setting = " ".join(f"{name}={value}" for name, value in zip(shown, values, strict=True))
        if names and values == [_told(default.get(name)) for name in names]:
            setting += " (default)"
        of_seeds = [groups[key][seed] for seed in sorted(groups[key])]
        if names and by_folder:
            parts = _parts(of_seeds[0].folder)
            setting = " ".join(f"{name}={value}" for name, value in parts.items())
        found.setdefault(setting or "all", []).extend(of_seeds)
    return found


def _parts(folder: Path) -> dict[str, str]:
    """What a sweep's folder is named after, such as a group of settings and the choice of it."""
    return {k: value for k, value in name_parts(folder.name).items() if k not in _PLAIN}


def tabulate(runs: Sequence[Run]) -> list[Row]:
    """One row for each setting."""
    return [_row(setting, of_seeds) for setting, of_seeds in by_setting(runs).items()]


def _sortable(value: Any) -> tuple[int, float, str]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return (0, float(value), _told(value)) if number else (1, 0.0, _told(value))


def _row(setting: str, of_seeds: Sequence[Run]) -> Row:
    summaries, runs = [run.summary for run in of_seeds], len(of_seeds)
    enough = of_seeds[0].settings["run.final_choruses"]
    learned = [summary for summary in summaries if summary["learned"]]
    held = [summary for summary in learned if summary["choruses"] >= enough]
    melody = None
    if summaries[0]["melody_floor"] is not None:
        found = [s["melody_cross_entropy"] for s in summaries]
        floor = summaries[0]["melody_floor"]
        melody = quartiles([math.inf if value is None else value - floor for value in found])
    return Row(
        setting,
        runs,
        (len(learned), *wilson(len(learned), runs)),
        (len(held), *wilson(len(held), runs)),
        quartiles([s["steps"] if s["learned"] else math.inf for s in summaries]),
        quartiles([s["seconds"] if s["learned"] else math.inf for s in summaries]),
        min((s["choruses"] for s in learned), default=None),
        melody,
    )


def tidy(runs: Sequence[Run]) -> str:
    """The runs as CSV, one row a run: what was varied, the seed, and the numbers."""
    names = varied(runs)
    numbers = [name for name in runs[0].summary if name not in ("seed", "name", "form")]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*names, "seed", *numbers])
    for run in runs:
        settings = [_told(run.settings.get(name)) for name in names]
        told = [run.summary.get(name) for name in numbers]
        writer.writerow([*settings, run.summary["seed"], *told])
    return text.getvalue()
