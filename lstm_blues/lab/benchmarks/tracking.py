"""How many performed notes the page's tracker puts on their own steps, and how many rounding does.

The tracker is browser/page/music/tracker.js; it hears the onsets one after the other and decides a
step when it closes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lstm_blues.errors import BluesError
from lstm_blues.lab.benchmarks.performances import Performance, on_swing, perform
from lstm_blues.lab.statistics import interval
from lstm_blues.lab.tables import csv_text, markdown
from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.form import Form
from lstm_blues.music.timing import STRAIGHT
from lstm_blues.output.pictures import HARMONY, RULE, TUNE
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

JITTERS = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1)
"""Seconds: standard deviations."""

TEMPI = (80.0, 120.0, 160.0, 200.0)

SWINGS = (0.5, 0.58, 0.67)
"""Of the player."""

GRACES = (0.0, 0.1)
"""Shares of notes that a grace note comes before."""

PLAYED = ("melody", "bebop")
"""Experiments whose bar libraries are played."""

_SCRIPT = Path(__file__).with_name("tracking.js")


def tracked(performances: Sequence[Performance]) -> list[NDArray[np.int64]]:
    """The steps that the page's tracker gives to the onsets, -1 for none, as they come.

    Raises `BluesError` where no program that runs JavaScript is there, or the page's code fails.
    """
    asked = [
        {name: getattr(each, name).tolist() for name in ("times", "leans", "places", "onsets")}
        for each in performances
    ]
    given, command = json.dumps(asked), [*_interpreter(), str(_SCRIPT)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BluesError(f"the page's tracker failed: {done.stderr.strip()[-500:]}")
    return [np.array(steps, np.int64) for steps in json.loads(done.stdout)]


def _interpreter() -> list[str]:
    if node := shutil.which("node"):
        return [node]
    beside = Path(sys.executable).with_name("deno")
    if deno := shutil.which("deno") or (str(beside) if beside.is_file() else None):
        return [deno, "run", "--quiet", "--no-config"]
    raise BluesError("the page's tracker needs Node.js, or Deno: pip install deno.")


def nearest(onsets: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.int64]:
    """The nearest of the times to each onset, which is what rounding does."""
    after = np.searchsorted(times, onsets).clip(1, len(times) - 1)
    below = onsets - times[after - 1] < times[after] - onsets
    return np.where(below, after - 1, after)


class Found(NamedTuple):
    """The share of a performance's notes that are on their own step: by the tracker, and rounded to
    the band's grid and to a straight one.  false: grace notes that the tracker took for a note, as
    a share of the notes."""

    performance: Performance
    tracker: float
    band: float
    straight: float
    false: float


def measure(performances: Sequence[Performance]) -> list[Found]:
    """How the tracker and its rivals do; raises `BluesError` as `tracked` does."""
    found = []
    for each, steps in zip(performances, tracked(performances), strict=True):
        notes = each.steps >= 0

        def share(given: NDArray[np.int64], each: Performance = each) -> float:
            own = each.steps >= 0
            return float((given[own] == each.steps[own]).mean())

        found.append(
            Found(
                each,
                share(steps),
                share(nearest(each.onsets, each.times)),
                share(nearest(each.onsets, on_swing(each, STRAIGHT))),
                float((steps[~notes] >= 0).sum() / notes.sum()),
            )
        )
    return found


def performances(experiments: Sequence[str], seeds: int) -> list[Performance]:
    """One performance for each experiment's library, seed, share of grace notes, jitter, tempo and
    swing."""
    melodies = [melodies_of(name) for name in experiments]
    conditions = product(melodies, range(1, seeds + 1), GRACES, JITTERS, TEMPI, SWINGS)
    return [
        perform(
            library,
            form,
            tempo=tempo,
            swing=swing,
            jitter=jitter,
            grace=grace,
            seed=[seed, number],
        )
        for number, ((library, form), seed, grace, jitter, tempo, swing) in enumerate(conditions)
    ]


def melodies_of(experiment: str) -> tuple[BarLibrary, Form]:
    """The bar library of an experiment, and the form that it fits."""
    songs = Parts(settings_from(compose_config([f"+experiment={experiment}"]))).require_songs()
    return songs.library, songs.form


def tracker_table(found: Sequence[Found]) -> str:
    """Shares of notes on their own step, by library and jitter, as Markdown."""
    head = ["library", "jitter, ms", "tracker", "nearest step, band's grid", "straight grid"]
    head += ["tracker, with grace notes", "grace notes taken for notes"]
    rows = []
    for library, jitter in _cells(found):
        plain, graced = (_of(found, library, jitter, grace=grace) for grace in GRACES)
        mean, low, high = interval(_column(plain, "tracker"), 2000, np.random.default_rng(1))
        rows.append(
            [
                *(library, f"{1000 * jitter:.0f}", f"{mean:.3f} ({low:.3f} to {high:.3f})"),
                *(f"{_column(plain, rival).mean():.3f}" for rival in ("band", "straight")),
                f"{_column(graced, 'tracker').mean():.3f}",
                f"{_column(graced, 'false').mean() / GRACES[1]:.3f}",
            ]
        )
    return markdown(head, rows)


def tracker_csv(found: Sequence[Found]) -> str:
    """A row for every performance."""
    head = ["library", "tempo", "swing", "jitter", "grace", *Found._fields[1:]]
    return csv_text(
        head,
        [
            [
                *(getattr(each.performance, name) for name in head[:5]),
                *(f"{v:.4f}" for v in each[1:]),
            ]
            for each in found
        ],
    )


def tracker_figure(found: Sequence[Found]) -> Figure:
    """Shares of notes on their own step against the jitter, one picture per library."""
    libraries = list(dict.fromkeys(library for library, _ in _cells(found)))
    figure = Figure(figsize=(9.0, 3.4), layout="constrained")
    pictures = figure.subplots(1, len(libraries), sharey=True, squeeze=False)[0]
    lines = [("tracker", TUNE, "o-", "the tracker"), ("band", HARMONY, "s--", "nearest step")]
    lines += [("straight", RULE, "^:", "nearest step of a straight grid")]
    for axes, library in zip(pictures, libraries, strict=True):
        for name, colour, style, label in lines:
            shares = [_column(_of(found, library, jitter), name).mean() for jitter in JITTERS]
            axes.plot(1000 * np.array(JITTERS), shares, style, color=colour, label=label)
        axes.set_title(library, fontsize=9)
        axes.set_xlabel("jitter: standard deviation, ms")
        axes.grid(color=RULE, alpha=0.2)
    pictures[0].set_ylabel("notes on their own step")
    pictures[0].legend(loc="lower left", fontsize=8, frameon=False)
    return figure


def _cells(found: Sequence[Found]) -> list[tuple[str, float]]:
    return list(
        dict.fromkeys((each.performance.library, each.performance.jitter) for each in found)
    )


def _of(found: Sequence[Found], library: str, jitter: float, grace: float = 0.0) -> list[Found]:
    wanted = (library, jitter, grace)
    return [
        each
        for each in found
        if (each.performance.library, each.performance.jitter, each.performance.grace) == wanted
    ]


def _column(found: Sequence[Found], name: str) -> NDArray[np.float64]:
    return np.array([getattr(each, name) for each in found])
