"""`python -m lstm_blues.study FOLDER ...`: the runs below some folders as one table.

Runs that differ in nothing but their seed make a row: the share that learned with its 95 % Wilson
interval, and quartiles over all seeds, where a run that didn't learn counts as infinitely long.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from lstm_blues.command import fail
from lstm_blues.config import compose_config, flat_config
from lstm_blues.errors import BluesError

_SAME = ("name", "seed", "resume")
Z_95 = 1.959963984540054
"""The normal quantile of a two-sided interval of 95 %."""


@dataclass(frozen=True)
class Row:
    """One reading of the report, over its seeds; steps, seconds: lower quartile, median, upper.

    learned, low, high: share of runs and its Wilson interval.  choruses: the fewest that a learned
    network played frozen without a wrong note.
    """

    setting: str
    runs: int
    learned: int
    low: float
    high: float
    steps: tuple[float, float, float]
    seconds: tuple[float, float, float]
    choruses: int | None


def wilson(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval of a share."""
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile; infinite values are allowed."""
    low, middle, high = np.quantile(np.asarray(values), [0.25, 0.5, 0.75], method="inverted_cdf")
    return float(low), float(middle), float(high)


def read_runs(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Every finished run below `folder`: how it differs from the default config, its summary."""
    default = flat_config(compose_config(["+experiment=chords"]))
    runs = []
    for path in sorted(folder.rglob("summary.json")):
        summary = json.loads(path.read_text())
        config = flat_config(yaml.safe_load((path.parent / "config.yaml").read_text()))
        changed = [
            f"{name}={value}".replace(" ", "")
            for name, value in config.items()
            if name not in _SAME and default.get(name) != value
        ]
        runs.append((" ".join(changed) or "default", summary))
    return runs


def tabulate(runs: Sequence[tuple[str, dict[str, Any]]]) -> list[Row]:
    """One row for each setting, the same seed counted once."""
    groups: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for setting, summary in runs:
        groups[setting][summary["seed"]] = summary
    rows = []
    for setting, by_seed in groups.items():
        summaries = list(by_seed.values())
        learned = [summary for summary in summaries if summary["learned"]]
        rows.append(
            Row(
                setting,
                len(summaries),
                len(learned),
                *wilson(len(learned), len(summaries)),
                quartiles([s["steps"] if s["learned"] else math.inf for s in summaries]),
                quartiles([s["seconds"] if s["learned"] else math.inf for s in summaries]),
                min((s["choruses"] for s in learned), default=None),
            )
        )
    return rows


def show(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""

    def three(values: tuple[float, float, float], scale: float) -> str:
        low, middle, high = (f"{v / scale:.1f}" if math.isfinite(v) else "∞" for v in values)
        return f"{middle} ({low} to {high})"

    lines = [
        "| setting | learned | 95 % interval | steps, M (quartiles) | seconds (quartiles) "
        "| choruses held |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.setting} | {row.learned} of {row.runs} | {row.low:.2f} to {row.high:.2f} "
        f"| {three(row.steps, 1e6)} | {three(row.seconds, 1)} "
        f"| {'-' if row.choruses is None else row.choruses} |"
        for row in rows
    ]
    return "\n".join(lines)


def write_csv(rows: Sequence[Row], path: Path) -> None:
    """The rows as CSV, quartiles in columns of their own."""
    with path.open("w", newline="") as file:
        writer: csv.DictWriter[str] | None = None
        for row in rows:
            flat: dict[str, Any] = {}
            for name, value in asdict(row).items():
                if isinstance(value, tuple):
                    flat |= {f"{name}_{q}": v for q, v in zip((25, 50, 75), value, strict=True)}
                else:
                    flat[name] = value
            if writer is None:
                writer = csv.DictWriter(file, list(flat))
                writer.writeheader()
            writer.writerow(flat)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m lstm_blues.study", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="folders with runs below them")
    parser.add_argument("--csv", type=Path, help="write the table there too")
    given = parser.parse_args(arguments)
    try:
        runs = []
        for folder in given.folders:
            if not folder.is_dir():
                raise BluesError(f"folder is {str(folder)!r}, but must be a folder with runs.")
            runs += read_runs(folder)
        if not runs:
            raise BluesError("there is no finished run below the given folders.")
        rows = tabulate(runs)
        print(show(rows))
        if given.csv:
            write_csv(rows, given.csv)
    except (BluesError, OSError) as error:
        fail(error)
    sys.exit(0)


if __name__ == "__main__":
    main()
