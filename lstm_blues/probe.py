"""`python -m lstm_blues.probe WHAT FOLDER ...`: what trained networks of a sweep are like inside.

    drift    10,000 choruses alone, and what a wrong chord or a lost memory does (section 3.2)
    blocks   when, while learning, each block begins to matter (section 3.1)
    melody   how the melodies fit chords and songs (section 4.1)
    songs    which songs of a corpus each network holds, learned or not (section 5)

Every run below the folders is probed with its own settings; runs that differ in nothing but their
seed make a row.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from lstm_blues.errors import BluesError
from lstm_blues.files import write_text
from lstm_blues.lab.collect import by_setting, read_runs
from lstm_blues.lab.figures import blocks_table, drift_table, melody_table, songs_table
from lstm_blues.lab.probes import Record, probe_blocks, probe_drift, probe_melody, probe_songs
from lstm_blues.output.pictures import write_picture
from lstm_blues.runs.command import fail

PROBES = {
    "drift": (probe_drift, drift_table),
    "blocks": (probe_blocks, blocks_table),
    "melody": (probe_melody, melody_table),
    "songs": (probe_songs, songs_table),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m lstm_blues.probe",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=PROBES)
    parser.add_argument("folders", nargs="+", type=Path, help="folders with runs below them")
    parser.add_argument("--out", type=Path, help="write probe.csv, table.md and figure.png there")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    probe, tell = PROBES[given.what]
    try:
        groups = by_setting(read_runs(given.folders))
        runs = [(setting, run) for setting, of_seeds in groups.items() for run in of_seeds]
        rows: dict[str, list[Record]] = defaultdict(list)
        for setting, run in tqdm(runs, unit="run", disable=None):
            shared = {"setting": setting, "seed": run.summary["seed"]}
            rows[setting] += [shared | record for record in probe(run)]
        rows = {setting: records for setting, records in rows.items() if records}
        if not rows:
            raise BluesError("no run below the given folders has what is probed.")
        table, figure = tell(rows)
        print(table)
        if given.out:
            given.out.mkdir(parents=True, exist_ok=True)
            write_text(given.out / "probe.csv", _csv(rows))
            write_text(given.out / "table.md", table + "\n")
            write_picture(figure, given.out / "figure.png")
    except (BluesError, OSError) as error:
        fail(error)
    sys.exit(0)


def _csv(rows: dict[str, list[Record]]) -> str:
    text = io.StringIO()
    records = [record for each in rows.values() for record in each]
    writer = csv.DictWriter(text, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


if __name__ == "__main__":
    main()
