"""How melodies move, in numbers: range, rests, steps and leaps, turns, notes off the beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstm_blues.music.form import Form

STEP, LEAP = 2, 5
"""Semitones of the largest step, and of the smallest leap."""


def contour(
    melodies: NDArray[np.int64], begins: NDArray[np.bool_] | None, form: Form
) -> dict[str, NDArray[np.float64]]:
    """Measures of the melodies, each of shape (pieces,); a share of nothing is 0.

    Intervals are those from one note to the next, over rests as well; a turn is one that goes the
    other way than the last one that went anywhere.

    Args:
        melodies: melody units, 0 the lowest, that after the highest note for a rest, shape (pieces,
            steps).
        begins: where notes begin, the same shape; None where only another pitch tells it.
        form: gives the beats and the number of notes.
    """
    found = [
        _of_one(melody, None if begins is None else begins[number], form)
        for number, melody in enumerate(melodies)
    ]
    return {name: np.array([each[name] for each in found]) for name in found[0]}


def _of_one(
    melody: NDArray[np.int64], begins: NDArray[np.bool_] | None, form: Form
) -> dict[str, float]:
    sounds = melody < form.melody_notes
    onsets = np.append(True, melody[1:] != melody[:-1])
    if begins is not None:
        onsets |= begins
    places = np.flatnonzero(onsets & sounds)
    notes = melody[places]
    moves = np.diff(notes)
    ways = np.sign(moves[moves != 0])
    return {
        "range, semitones": float(np.ptp(notes)) if len(notes) else 0.0,
        "rests": float((~sounds).mean()),
        "onsets off the beat": _mean(places % form.steps_per_beat != 0),
        "steps, of intervals": _mean((moves != 0) & (abs(moves) <= STEP)),
        "leaps, of intervals": _mean(abs(moves) >= LEAP),
        "turns, of intervals": _mean(ways[1:] != ways[:-1]),
    }


def _mean(of: NDArray[np.bool_]) -> float:
    return float(of.mean()) if len(of) else 0.0
