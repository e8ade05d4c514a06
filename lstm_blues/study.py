"""`python -m lstm_blues.study FOLDER ...`: the runs below some folders as a table and a figure.

Runs that differ in nothing but their seed make a row.  Shares of runs come with 95 % Wilson
intervals; steps and seconds with quartiles over all seeds, where a run that didn't learn counts as
infinitely long; the melody's distance from its floor with those of all runs.

`python -m lstm_blues.study all` makes the whole study again: see its --help.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lstm_blues.errors import BluesError
from lstm_blues.lab.collect import read_runs
from lstm_blues.lab.figures import study_figure
from lstm_blues.lab.plan import plan_table, read_plan
from lstm_blues.lab.recorded import RUNS, added
from lstm_blues.lab.renew import Renewal
from lstm_blues.lab.results import write_results
from lstm_blues.lab.summaries import tabulate
from lstm_blues.lab.tables import markdown, runs_csv, study_table
from lstm_blues.runs.command import fail

ALL = "all"
"""In place of folders: the whole study."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The command; `arguments` as on the command line, which they are where None."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given[:1] == [ALL]:
            sys.exit(_make_all(given[1:]))
        _collect(given)
    except (BluesError, OSError) as error:
        fail(error)
    sys.exit(0)


def _collect(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m lstm_blues.study", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="folders with runs below them")
    parser.add_argument(
        "--out", type=Path, help="write runs.csv, table.md and figure.png into this folder"
    )
    parser.add_argument(
        "--add",
        action="store_true",
        help="keep the runs that are recorded there with other seeds or settings",
    )
    given = parser.parse_args(arguments)
    if given.add and not given.out:
        parser.error("--add needs --out, the folder with what is recorded.")
    runs = read_runs(given.folders)
    rows, data = tabulate(runs), runs_csv(runs)
    if given.add:
        data, rows = added(given.out / RUNS, data)
    table = study_table(rows)
    print(table)
    if given.out:
        write_results(given.out, RUNS, data, table, study_figure(rows))


def _make_all(arguments: Sequence[str]) -> int:
    """`python -m lstm_blues.study all`; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lstm_blues.study all",
        description="Makes the whole study again, as conf/plan.yaml says: every sweep of "
        "conf/study, the probes of their networks, and tables, figures and raw data of all.  Given "
        "again after it was stopped, it continues.",
    )
    parser.add_argument("--list", action="store_true", help="only print the plan and its cost")
    parser.add_argument(
        "settings",
        nargs="*",
        help="only=[NAME,NAME]: these studies alone; output_dir=FOLDER: of the results, docs/study "
        "where none is given; others are handed to every sweep, such as hydra/launcher=joblib",
    )
    given = parser.parse_args(arguments)
    told = {"output_dir": "docs/study", "only": ""}
    others = []
    for setting in given.settings:
        name, found, value = setting.partition("=")
        if not found:
            raise BluesError(f"{setting!r} is no setting and its value.")
        if name in told:
            told[name] = value
        else:
            others.append(setting)
    only = [name.strip() for name in told["only"].strip("[]").split(",") if name.strip()]
    output = Path(told["output_dir"])
    own = [each for each in others if not each.startswith("hydra")]
    studies, looks = read_plan(output, only, own)
    head = ["study", "runs", "finished", "core-hours", "core-hours left"]
    print(markdown(head, plan_table(studies)), flush=True)
    return 0 if given.list else Renewal(studies, looks, output, others).run()


if __name__ == "__main__":
    main()
