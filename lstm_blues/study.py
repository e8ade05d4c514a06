"""`python -m lstm_blues.study FOLDER ...`: the runs below some folders as a table and a figure.

Runs that differ in nothing but their seed make a row.  Shares of runs come with 95 % Wilson
intervals; steps and seconds with quartiles over all seeds, where a run that didn't learn counts as
infinitely long; the melody's distance from its floor with those of all runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lstm_blues.errors import BluesError
from lstm_blues.files import write_text
from lstm_blues.lab.collect import read_runs
from lstm_blues.lab.figures import study_figure
from lstm_blues.lab.summaries import tabulate
from lstm_blues.lab.tables import runs_csv, study_table
from lstm_blues.output.pictures import write_picture
from lstm_blues.runs.command import fail


def main(arguments: Sequence[str] | None = None) -> None:
    """The command; `arguments` as on the command line, which they are where None."""
    parser = argparse.ArgumentParser(prog="python -m lstm_blues.study", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="folders with runs below them")
    parser.add_argument(
        "--out", type=Path, help="write runs.csv, table.md and figure.png into this folder"
    )
    given = parser.parse_args(arguments)
    try:
        runs = read_runs(given.folders)
        rows = tabulate(runs)
        table = study_table(rows)
        print(table)
        if given.out:
            given.out.mkdir(parents=True, exist_ok=True)
            write_text(given.out / "runs.csv", runs_csv(runs))
            write_text(given.out / "table.md", table + "\n")
            write_picture(study_figure(rows), given.out / "figure.png")
    except (BluesError, OSError) as error:
        fail(error)
    sys.exit(0)


if __name__ == "__main__":
    main()
