"""`python -m lstm_blues.benchmark`: steps per second of both engines and of their peers.

All contenders take turns in one process on one core and are compared by the median of their
rounds, so that a machine whose speed drifts doesn't favour one.  The peers learn the same song
online with as many cells, one weight change per step, the gradient cut at the step:
`torch.nn.LSTMCell`, a linear layer and `torch.optim.SGD`, eagerly and through `torch.compile`;
and, where JAX is installed, its jitted scan.

--check learns each experiment with seed 1 instead and compares weights, counters and losses with
what is stored: every machine must find the same bits.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from lstm_blues.browser.speed import compare_page, compare_runs, opened_page
from lstm_blues.errors import BluesError, require, require_choice
from lstm_blues.files import write_text
from lstm_blues.lab.benchmarks.answers import HEARD, answers, answers_csv, answers_table
from lstm_blues.lab.benchmarks.hashes import EXPERIMENTS, verdicts
from lstm_blues.lab.benchmarks.speed import compare, compare_learners, grow, populate
from lstm_blues.lab.benchmarks.timing import Turns
from lstm_blues.lab.benchmarks.tracking import (
    PLAYED,
    measure,
    performances,
    tracker_csv,
    tracker_figure,
    tracker_table,
)
from lstm_blues.lab.benchmarks.webassembly import compare_webassembly
from lstm_blues.lab.recorded import RUNS
from lstm_blues.lab.results import write_results
from lstm_blues.lab.tables import markdown, table_csv
from lstm_blues.runs.command import fail, say
from lstm_blues.runs.settings import require_device
from lstm_blues.runs.trained import load_trained

LONGEST_TURN = 3600.0
"""Seconds."""

TRADES = 100
"""Of `--answers`, for each network and what it hears."""

PAGE_SEED = 2
"""Of the whole runs of --page: the first seed with which both experiments are learned."""

MOST = 100_000
"""Blocks of a network, and networks of a population."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The command; `arguments` as on the command line, which they are where None."""
    parser = argparse.ArgumentParser(
        prog="python -m lstm_blues.benchmark",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=0.5, help="of one turn (default 0.5)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (default 7)")
    parser.add_argument("--blocks", type=int, nargs="*", default=[4, 8, 16, 32, 64])
    parser.add_argument("--members", type=int, nargs="*", default=[1, 16, 128, 1024])
    parser.add_argument("--no-learners", dest="learners", action="store_false")
    parser.add_argument("--device", default="cpu", help="of the batched populations")
    parser.add_argument("--no-compile", action="store_true", help="leave out torch.compile")
    parser.add_argument("--against", help="a program: steps as argument, prints 'N ns/step'")
    parser.add_argument(
        "--webassembly",
        type=int,
        nargs="?",
        const=2_000_000,
        metavar="STEPS",
        help="compare WebAssembly in Node.js with the native kernel instead, over so many steps "
        "(default 2000000)",
    )
    parser.add_argument(
        "--cpu-time", action="store_true", help="time on the processor, on a busy machine"
    )
    parser.add_argument(
        "--tracker",
        type=int,
        nargs="?",
        const=5,
        metavar="SEEDS",
        help="measure how many performed notes the page's tracker puts on their own steps instead, "
        "over so many seeds (default 5)",
    )
    parser.add_argument(
        "--answers",
        nargs="*",
        metavar="NETWORK",
        help="measure how networks go on after what they heard in a trade instead: checkpoints, or "
        "bundled ones by name; report by default",
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="write each table into this folder: as CSV, or with --tracker and "
        "--answers with its data and figure",
    )
    parser.add_argument(
        "--page",
        type=int,
        nargs="?",
        const=2_000_000,
        metavar="STEPS",
        help="compare the page for a browser, in Chromium, with the native kernel instead, over so "
        f"many steps (default 2000000) and over whole runs of seed {PAGE_SEED}",
    )
    parser.add_argument("--json", type=Path, help="write the figures there too")
    parser.add_argument(
        "--check",
        nargs="*",
        metavar="NAME",
        help=f"compare what is learned with what is stored instead; of {', '.join(EXPERIMENTS)}, "
        "or of all; ends with 0 where all agree, else with 1",
    )
    parser.add_argument("--write", action="store_true", help="with --check: store what is learned")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        _require_possible(given)
        if given.check is not None:
            sys.exit(_check(given.check or list(EXPERIMENTS), write=given.write))
        if given.tracker is not None:
            _track(given.tracker, given.out)
            sys.exit(0)
        if given.answers is not None:
            _answer(given.answers or ["report"], given.out)
            sys.exit(0)
        figures = _compare(given)
        if given.json:
            write_text(given.json, json.dumps(figures, indent=2) + "\n")
    except (BluesError, OSError) as error:
        fail(error)
    sys.exit(0)


def _require_possible(given: argparse.Namespace) -> None:
    """Raises `BluesError` for what cannot be measured."""
    require(0 < given.seconds <= LONGEST_TURN, "--seconds", given.seconds, "above 0, at most 3600")
    for name, value in (
        ("--rounds", given.rounds),
        ("--webassembly", given.webassembly or 1),
        ("--page", given.page or 1),
    ):
        require(1 <= value <= 2**31, name, value, f"from 1 to {2**31}")
    seeds = given.tracker
    require(seeds is None or 1 <= seeds <= MOST, "--tracker", seeds, f"from 1 to {MOST}")
    for name, values in (("--blocks", given.blocks), ("--members", given.members)):
        fine = all(1 <= value <= MOST for value in values)
        require(fine, name, values, f"numbers from 1 to {MOST}")
    require_device("--device", given.device)


def _check(names: Sequence[str], *, write: bool) -> int:
    """Prints a line per experiment; returns the exit code."""
    for name in names:
        require_choice("--check", name, EXPERIMENTS)
    differ = False
    for verdict in verdicts(names, write=write):
        say(f"{verdict.name:<12} {verdict.words}")
        differ |= verdict.agrees is False
    return int(differ)


def _track(seeds: int, folder: Path | None) -> None:
    """Prints the table of the tracker; writes it with its data where there is a folder."""
    found = measure(performances(PLAYED, seeds))
    table = tracker_table(found)
    say(table)
    if folder:
        write_results(folder, RUNS, tracker_csv(found), table, tracker_figure(found))


def _answer(names: Sequence[str], folder: Path | None) -> None:
    """Prints the table of answers; writes it where there is a folder."""
    networks = [load_trained(name) for name in names]
    found = [answers(network, heard, TRADES) for network in networks for heard in HEARD]
    table = answers_table(found)
    say(table)
    if folder:
        write_results(folder, RUNS, answers_csv(found), table)


def _compare(given: argparse.Namespace) -> dict[str, Any]:
    """Prints a table for each comparison that is asked for; returns their figures."""
    turns, figures = Turns(given.seconds, given.rounds, given.cpu_time), {}

    def tell(name: str, found: tuple[str, Any]) -> None:
        text, figures[name] = found
        say(text + "\n")
        if given.out:
            given.out.mkdir(parents=True, exist_ok=True)
            write_text(given.out / f"{name}.csv", table_csv(text))

    if given.page:
        with opened_page() as page:
            head, rows, found = compare_page(page, given.page, given.rounds)
            tell("page", (markdown(head, rows), found))
            head, rows, found = compare_runs(page, PAGE_SEED)
            tell("page_runs", (markdown(head, rows), found))
        return figures
    cores = set(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else set()
    if cores:
        os.sched_setaffinity(0, {max(cores)})
    if given.webassembly:
        tell("webassembly", compare_webassembly(given.webassembly, given.rounds))
        return figures
    tell("engines", compare(turns, compiled=not given.no_compile, against=given.against))
    if given.learners:
        tell("learners", compare_learners(turns))
    if given.blocks:
        tell("blocks", grow(turns, given.blocks))
    if cores:
        os.sched_setaffinity(0, cores)
    if given.members:
        tell("populations", populate(replace(turns, cpu=False), given.members, given.device))
    return figures


if __name__ == "__main__":
    main()
