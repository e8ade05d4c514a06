"""What was measured, read back from its CSV: the recorded tables, made again from the raw data."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path
from typing import Any

from lstm_blues.errors import BluesError
from lstm_blues.lab.benchmarks.answers import answers_table, read_answers
from lstm_blues.lab.benchmarks.tracking import read_tracker, tracker_table
from lstm_blues.lab.collect import of_forms
from lstm_blues.lab.exposure import summarise_exposure
from lstm_blues.lab.novelty import summarise_novelty
from lstm_blues.lab.summaries import (
    ALL,
    Record,
    StudyRow,
    summarise_blocks,
    summarise_drift,
    summarise_melody,
    summarise_runs,
    summarise_songs,
)
from lstm_blues.lab.tables import (
    blocks_table,
    csv_text,
    drift_table,
    exposure_table,
    markdown,
    melody_table,
    novelty_table,
    songs_table,
    study_table,
)

RUNS, PROBE = "runs.csv", "probe.csv"
"""The raw data of a sweep, and of a probe of its networks."""


def read_records(path: Path) -> dict[str, list[Record]]:
    """The lines of a CSV file by their `setting`, in the order in which these come.

    Numbers and truth values are read as such, an empty field as None.  Without such a column a line
    belongs to the settings before its `seed`.  Raises `BluesError` where there is no line.
    """
    with path.open(newline="") as file:
        found = _records(file)
    if not found:
        raise BluesError(f"{str(path)!r} has no line.")
    return found


def _records(lines: Iterable[str]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for line in csv.DictReader(lines):
        found.setdefault(_setting(line), []).append(
            {name: _value(text) for name, text in line.items()}
        )
    return found


def _setting(line: dict[str, str]) -> str:
    if "setting" in line:
        return line["setting"]
    names = list(line)
    varied = names[: names.index("seed")] if "seed" in names else []
    return " ".join(f"{name.rsplit('.', 1)[-1]}={line[name]}" for name in varied) or ALL


def is_sweep(path: Path) -> bool:
    """Whether a file is the `runs.csv` of a sweep."""
    with path.open(newline="") as file:
        return path.name == RUNS and "learned" in next(csv.reader(file))


def recorded_rows(path: Path) -> list[StudyRow]:
    """The rows of a study's table, from its `runs.csv`."""
    return _rows(read_records(path))


def _rows(records: dict[str, list[Record]]) -> list[StudyRow]:
    columns = list(next(iter(records.values()))[0])
    varied = columns[: columns.index("seed")]
    return summarise_runs(records, forms=of_forms([name for name in varied if name != "setting"]))


def added(path: Path, data: str) -> tuple[str, list[StudyRow]]:
    """The `runs.csv` of new runs, and those of a recorded one whose setting and seed are not among
    them; the settings in the order of the recorded one, a setting's runs in that of their seeds.

    Returns it with the rows of its table.  Raises `BluesError` where the two have other columns,
    since a setting of the one is then named by other words than in the other.
    """
    head, *lines = csv.reader(io.StringIO(data))
    if path.is_file():
        with path.open(newline="") as file:
            before, *recorded = csv.reader(file)
        if before != head:
            other = ", ".join(sorted(set(before) ^ set(head))) or "their order"
            raise BluesError(
                f"the runs cannot be added to {str(path)!r}, whose columns must be theirs, but "
                f"differ in {other}: add a sweep of the same settings with other seeds."
            )
        key = itemgetter(head.index("setting"), head.index("seed"))
        runs = {key(line): line for line in [*recorded, *lines]}
        order = list(dict.fromkeys(setting for setting, _ in runs))
        lines = [runs[each] for each in sorted(runs, key=lambda k: (order.index(k[0]), int(k[1])))]
    text = csv_text(head, lines)
    return text, _rows(_records(io.StringIO(text)))


def recorded_table(path: Path) -> str:
    """The table of a `runs.csv` or a `probe.csv`, in Markdown; of any other CSV file its lines."""
    with path.open(newline="") as file:
        head, *lines = csv.reader(file)
    if is_sweep(path):
        return study_table(recorded_rows(path))
    if "trade" in head:
        return answers_table(read_answers(path))
    if "jitter" in head:
        return tracker_table(read_tracker(path))
    if path.name != PROBE:
        return markdown(head, lines)
    records = read_records(path)
    columns = next(iter(records.values()))[0]
    if "on own music" in columns:
        return exposure_table(summarise_exposure(records))
    if "temperature" in columns:
        return novelty_table(summarise_novelty(records))
    if "onset" in columns:
        return blocks_table(summarise_blocks(records))
    if "outcome" in columns:
        return drift_table(summarise_drift(records))
    if "song" in columns:
        return songs_table(summarise_songs(records))
    return melody_table(summarise_melody(records))


def _value(text: str) -> Any:
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text or None
