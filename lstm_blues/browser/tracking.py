"""How many performed notes the page's tracker puts on their steps, see page/music/tracker.js.

Performances are drawn: melodies of a bar library, a tempo, a swing of the player's own, a place
behind or before the beat that drifts, and jitter, the standard deviation of each note.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_blues.errors import BluesError
from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.form import Form
from lstm_blues.music.timing import STRAIGHT, Timing

JITTERS = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1)
"""Seconds: standard deviations."""

TEMPI = (80.0, 120.0, 160.0, 200.0)

SWINGS = (0.5, 0.58, 0.67)
"""Of the player."""

BAND_SWING = 0.58

LAG, DRIFT = 0.02, 0.015
"""Seconds: standard deviations of how late a player is, and of how that drifts about it."""

DRIFTS_OVER = 16.0
"""Seconds after which little is left of a drift."""

_SCRIPT = Path(__file__).with_name("tracking.js")


@dataclass(frozen=True)
class Performance:
    """A melody as somebody plays it.

    library: its name.  jitter: seconds.  swing: the player's.  grace: share of notes that a grace
    note comes before.  times: seconds at which the band plays each step of the piece, and its end.
    leans: seconds by which each step is later if the first half of the beat is longer by a beat.
    onsets: seconds, in order.  steps: of each onset; -1 of a grace note.
    """

    library: str
    tempo: float
    swing: float
    jitter: float
    grace: float
    times: NDArray[np.float64]
    leans: NDArray[np.float64]
    onsets: NDArray[np.float64]
    steps: NDArray[np.int64]


def perform(
    library: BarLibrary,
    form: Form,
    *,
    tempo: float,
    swing: float,
    jitter: float,
    seed: int,
    grace: float = 0.0,
    choruses: int = 2,
) -> Performance:
    """Draws a performance of a melody of the library, by a person who hears the band's grid."""
    random = np.random.default_rng(seed)
    picks = [[random.integers(count) for count in library.choices] for _ in range(choruses)]
    begins = [bar.numpy() for bar in library.begins(form)]
    units = [bar.numpy() for bar in library.units(form)]
    sounding = np.concatenate(
        [
            begins[bar][pick] & (units[bar][pick] < form.melody_notes)
            for chorus in picks
            for bar, pick in enumerate(chorus)
        ]
    )
    steps = np.flatnonzero(sounding)

    def grid(swing: float) -> NDArray[np.float64]:
        timing = Timing(tempo, swing)
        return np.array(
            [timing.seconds(n, form.steps_per_bar, form.time) for n in range(len(sounding) + 1)]
        )

    times, own = grid(BAND_SWING), grid(swing)
    leans = (grid(0.6) - grid(STRAIGHT)) / 0.1
    lag = random.normal(0, LAG) + _drift(own[steps], random)
    # One melody: whoever is late keeps the order of the notes.
    onsets = np.sort(own[steps] + lag + random.normal(0, jitter, len(steps)))
    graced = random.random(len(steps)) < grace
    early = onsets[graced] - random.uniform(0.03, 0.07, graced.sum())
    everything = np.concatenate((onsets, early))
    numbers = np.concatenate((steps, np.full(graced.sum(), -1)))
    order = np.argsort(everything, kind="stable")
    return Performance(
        library.name, tempo, swing, jitter, grace, times, leans, everything[order], numbers[order]
    )


def _drift(times: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """A place that wanders about 0 with the standard deviation `DRIFT`."""
    found, place, before = [], random.normal(0, DRIFT), times[0]
    for time in times:
        kept = np.exp(-(time - before) / DRIFTS_OVER)
        place = kept * place + random.normal(0, DRIFT * np.sqrt(1 - kept**2))
        before = time
        found.append(place)
    return np.array(found)


def tracked(performances: Sequence[Performance]) -> list[NDArray[np.int64]]:
    """The steps that the page's tracker gives to the onsets, -1 for none, as they come.

    Raises `BluesError` where Node.js is missing or the page's code fails.
    """
    node = shutil.which("node")
    if node is None:
        raise BluesError("the tracker is measured under Node.js, but there is no `node`.")
    asked = [
        {name: getattr(each, name).tolist() for name in ("times", "leans", "onsets")}
        for each in performances
    ]
    done = subprocess.run(
        [node, str(_SCRIPT)], input=json.dumps(asked), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BluesError(f"the tracker failed under Node.js: {done.stderr.strip()[-500:]}")
    return [np.array(steps, np.int64) for steps in json.loads(done.stdout)]


def nearest(onsets: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.int64]:
    """The nearest of the times to each onset: what rounding would do."""
    after = np.searchsorted(times, onsets).clip(1, len(times) - 1)
    return after - (onsets - times[after - 1] < times[after] - onsets)


def straight(performance: Performance) -> NDArray[np.float64]:
    """The steps' times of a grid that knows of no swing."""
    return performance.times - performance.leans * (BAND_SWING - STRAIGHT)
