"""`python -m lstm_blues.study FOLDER ...`: the runs below some folders as a table and a figure.

Runs that differ in nothing but their seed make a row.  Shares of runs come with 95 % Wilson
intervals; steps and seconds with quartiles over all seeds, where a run that didn't learn counts as
infinitely long; the melody's distance from its floor with those of all runs.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from matplotlib.figure import Figure

from lstm_blues.checkpoint import write_text
from lstm_blues.command import fail
from lstm_blues.config import compose_config, flat_config
from lstm_blues.errors import BluesError
from lstm_blues.pictures import CHORDS, RULE, TUNE, write_picture
from lstm_blues.sweep import name_parts

Z_95 = 1.959963984540054
"""The normal quantile of a two-sided interval of 95 %."""
# Settings that say nothing of what is learned.
_ASIDE = ("resume", "name", "seed", *(f"run.{name}" for name in ("log_interval", "listen_share")))
_LIMIT = "run.step_limit"
_MANY = 3
"""With more settings than these, a row is named after its folder."""
_PLAIN = ("seed", "experiment")
"""Parts of a folder's name that tell no rows apart."""

Quartiles = tuple[float, float, float]
Share = tuple[int, float, float]
"""How many runs, and the Wilson interval of their share."""


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


def wilson(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval of a share."""
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def quartiles(values: Sequence[float]) -> Quartiles:
    """Lower quartile, median and upper quartile; infinite values are allowed."""
    low, middle, high = np.quantile(np.asarray(values), [0.25, 0.5, 0.75], method="inverted_cdf")
    return float(low), float(middle), float(high)


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


def show(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""

    def three(values: Quartiles, scale: float, digits: int = 1) -> str:
        """Small numbers with a digit more."""
        low, middle, high = (
            f"{v / scale:.{digits if v >= scale else max(digits, 2)}f}" if math.isfinite(v) else "∞"
            for v in values
        )
        return f"{middle} ({low} to {high})"

    def share(counted: Share, runs: int) -> str:
        return f"{counted[0]} of {runs} ({counted[1]:.2f} to {counted[2]:.2f})"

    melody = any(row.melody for row in rows)
    head = ["setting", "learned (95 % interval)", "held (95 % interval)", "fewest choruses held"]
    head += ["steps, M (quartiles)", "seconds (quartiles)"]
    head += ["melody above its floor, nats a step"] * melody
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in rows:
        cells = [
            row.setting,
            share(row.learned, row.runs),
            share(row.held, row.runs),
            "-" if row.choruses is None else str(row.choruses),
            three(row.steps, 1e6),
            three(row.seconds, 1),
        ]
        if melody:
            cells.append("-" if row.melody is None else three(row.melody, 1, 3))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


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


def figure(rows: Sequence[Row]) -> Figure:
    """The rows as a figure: shares with their intervals on the left, steps on the right."""
    drawn = Figure(figsize=(10.0, 1.2 + 0.34 * len(rows)), layout="constrained")
    left, right = drawn.subplots(1, 2, sharey=True)
    places = np.arange(len(rows))[::-1]
    for shift, name, colour, label in (
        (0.12, "learned", TUNE, "learned"),
        (-0.12, "held", CHORDS, "held all choruses, frozen"),
    ):
        shares = [getattr(row, name) for row in rows]
        middle = np.array(
            [count / row.runs for row, (count, _, _) in zip(rows, shares, strict=True)]
        )
        low, high = (np.array([share[n] for share in shares]) for n in (1, 2))
        error = np.clip([middle - low, high - middle], 0, None)
        left.errorbar(middle, places + shift, xerr=error, fmt="o", color=colour, label=label)
    left.set_xlim(-0.02, 1.02)
    left.set_ylim(-0.5, len(rows) - 0.5)
    left.set_yticks(places, [row.setting for row in rows], fontsize=7)
    left.set_xlabel("share of seeds, 95 % interval")
    for place, row in zip(places, rows, strict=True):
        fast, median, slow = row.steps
        if math.isfinite(fast):
            end = slow if math.isfinite(slow) else fast * 100
            right.plot([fast, end], [place, place], color=TUNE, linewidth=3, alpha=0.4)
        if math.isfinite(median):
            right.plot(median, place, "o", color=TUNE)
    finite = [v for row in rows for v in row.steps if math.isfinite(v)]
    right.set_xscale("log")
    right.tick_params(axis="x", which="minor", labelsize=6)  # else they overlap in a short range
    if finite:
        right.set_xlim(min(finite) / 1.5, max(finite) * 1.5)
    right.set_xlabel("steps to learn: median and quartiles over all seeds")
    for axes in (left, right):
        axes.grid(axis="x", color=RULE, alpha=0.2)
    drawn.legend(loc="outside upper center", ncols=2, fontsize=8, frameon=False)
    return drawn


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m lstm_blues.study", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="folders with runs below them")
    parser.add_argument(
        "--out", type=Path, help="write runs.csv, table.md and figure.png into this folder"
    )
    given = parser.parse_args(arguments)
    try:
        runs = read_runs(given.folders)
        rows = tabulate(runs)
        print(show(rows))
        if given.out:
            given.out.mkdir(parents=True, exist_ok=True)
            write_text(given.out / "runs.csv", tidy(runs))
            write_text(given.out / "table.md", show(rows) + "\n")
            write_picture(figure(rows), given.out / "figure.png")
    except (BluesError, OSError) as error:
        fail(error)
    sys.exit(0)


if __name__ == "__main__":
    main()
