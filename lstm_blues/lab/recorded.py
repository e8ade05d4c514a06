"""What was measured, read back from its CSV: the recorded tables, made again from the raw data."""

from __future__ import annotations

import csv
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
    found: dict[str, list[Record]] = {}
    with path.open(newline="") as file:
        for line in csv.DictReader(file):
            found.setdefault(_setting(line), []).append(
                {name: _value(text) for name, text in line.items()}
            )
    if not found:
        raise BluesError(f"{str(path)!r} has no line.")
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
    records = read_records(path)
    columns = list(next(iter(records.values()))[0])
    varied = columns[: columns.index("seed")]
    return summarise_runs(records, forms=of_forms([name for name in varied if name != "setting"]))


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
