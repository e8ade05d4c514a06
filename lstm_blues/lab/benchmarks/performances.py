"""Melodies of a bar library as somebody plays them: drawn, with all that is known about them.

A player has a swing of his own, a place behind or before the beat that drifts, and jitter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.form import Form
from lstm_blues.music.timing import STRAIGHT, Timing

BAND_SWING = 0.58

LAG, DRIFT = 0.02, 0.015
"""Seconds: standard deviations of how late players are, and of how that drifts about it."""

DRIFTS_OVER = 16.0
"""Seconds after which a drift is 1/e of what it was."""

GRACE = (0.03, 0.07)
"""Seconds by which a grace note comes before its note."""


@dataclass(frozen=True)
class Performance:
    """A melody as somebody plays it.

    library: its name.  tempo: quarter notes per minute.  swing: the player's.  jitter: seconds.
    grace: share of notes that a grace note comes before.  times: seconds at which the band plays
    each step of the piece, and its end.  leans: seconds by which each step is later if the first
    half of the beat is longer by a beat.  places: of each step in the beat, 0 on it.  onsets:
    seconds, in order.  steps: of each onset, -1 of a grace note.
    """

    library: str
    tempo: float
    swing: float
    jitter: float
    grace: float
    times: NDArray[np.float64]
    leans: NDArray[np.float64]
    places: NDArray[np.float64]
    onsets: NDArray[np.float64]
    steps: NDArray[np.int64]


def perform(
    library: BarLibrary,
    form: Form,
    *,
    tempo: float,
    swing: float,
    jitter: float,
    seed: int | Sequence[int],
    grace: float = 0.0,
    choruses: int = 2,
) -> Performance:
    """Draws a performance of a melody of the library.

    Args:
        library: of bars to draw from, for each bar of each chorus one.
        form: that the library fits.
        tempo: quarter notes per minute.
        swing: of the player; the band's is `BAND_SWING`.
        jitter: standard deviation of each onset, in seconds.
        seed: of all that is drawn.
        grace: share of notes that a grace note comes before.
        choruses: how many.
    """
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
    places = np.arange(len(sounding)) * float(form.time.quarters) / form.steps_per_bar % 1
    lag = random.normal(0, LAG) + _drift(own[steps], random)
    # One melody: whoever is late keeps the order of the notes.
    onsets = np.sort(own[steps] + lag + random.normal(0, jitter, len(steps)))
    graced = random.random(len(steps)) < grace
    early = onsets[graced] - random.uniform(*GRACE, graced.sum())
    everything = np.concatenate((onsets, early))
    numbers = np.concatenate((steps, np.full(graced.sum(), -1)))
    order = np.argsort(everything, kind="stable")
    return Performance(
        *(library.name, tempo, swing, jitter, grace),
        *(times, leans, places, everything[order], numbers[order]),
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


def on_swing(performance: Performance, swing: float) -> NDArray[np.float64]:
    """The times of the steps, if the band swung so."""
    return performance.times + performance.leans * (swing - BAND_SWING)
