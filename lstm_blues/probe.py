"""`python -m lstm_blues.probe WHAT FOLDER ...`: what trained networks of a sweep are like inside.

    drift    10,000 choruses alone, and what a wrong chord or a lost memory does (section 3.2)
    blocks   when, while learning, each block begins to matter (section 3.1)
    melody   how the melodies fit chords and songs (section 4.1)
    exposure whether the melodies are what the networks predict (section 4.2)
    novelty  how near to their songs networks are, and what of their music is new
    songs    which songs of a corpus each network holds, learned or not (section 5)

Every run below the folders is probed with its own settings; runs that differ in nothing but their
seed make a row.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from matplotlib.figure import Figure
from tqdm import tqdm

from lstm_blues.errors import BluesError
from lstm_blues.lab.collect import Run, by_setting, read_runs
from lstm_blues.lab.exposure import probe_exposure, summarise_exposure
from lstm_blues.lab.figures import (
    blocks_figure,
    drift_figure,
    exposure_figure,
    melody_figure,
    novelty_figure,
    songs_figure,
)
from lstm_blues.lab.novelty import probe_novelty, summarise_novelty
from lstm_blues.lab.probes import probe_blocks, probe_drift, probe_melody, probe_songs
from lstm_blues.lab.recorded import PROBE
from lstm_blues.lab.results import write_results
from lstm_blues.lab.summaries import (
    Record,
    Records,
    summarise_blocks,
    summarise_drift,
    summarise_melody,
    summarise_songs,
)
from lstm_blues.lab.tables import (
    blocks_table,
    drift_table,
    exposure_table,
    melody_table,
    novelty_table,
    records_csv,
    songs_table,
)
from lstm_blues.runs.command import fail
from lstm_blues.runs.terminal import terminal


@dataclass(frozen=True)
class Probe:
    """What one probe is: how a run is measured, and how its records are summarised and shown."""

    measure: Callable[[Run], list[Record]]
    summarise: Callable[[Records], Any]
    table: Callable[[Any], str]
    figure: Callable[[Any], Figure]


PROBES = {
    "drift": Probe(probe_drift, summarise_drift, drift_table, drift_figure),
    "blocks": Probe(probe_blocks, summarise_blocks, blocks_table, blocks_figure),
    "melody": Probe(probe_melody, summarise_melody, melody_table, melody_figure),
    "exposure": Probe(probe_exposure, summarise_exposure, exposure_table, exposure_figure),
    "novelty": Probe(probe_novelty, summarise_novelty, novelty_table, novelty_figure),
    "songs": Probe(probe_songs, summarise_songs, songs_table, songs_figure),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """The command; `arguments` as on the command line, which they are where None."""
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
    probe = PROBES[given.what]
    try:
        groups = by_setting(read_runs(given.folders))
        runs = [(setting, run) for setting, of_seeds in groups.items() for run in of_seeds]
        found: dict[str, list[Record]] = defaultdict(list)
        for setting, run in tqdm(runs, unit="run", disable=None, **terminal()):
            shared = {"setting": setting, "seed": run.summary["seed"]}
            found[setting] += [shared | record for record in probe.measure(run)]
        records = {setting: measured for setting, measured in found.items() if measured}
        if not records:
            raise BluesError("no run below the given folders can be probed for this.")
        rows = probe.summarise(records)
        table = probe.table(rows)
        print(table)
        if given.out:
            write_results(given.out, PROBE, records_csv(records), table, probe.figure(rows))
    except (BluesError, OSError) as error:
        fail(error)
    sys.exit(0)


if __name__ == "__main__":
    main()
