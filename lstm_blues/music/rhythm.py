"""Where the notes of a library begin and end within their bars, and bars that keep to it."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lstm_blues.music.bars import BarLibrary, read_segment
from lstm_blues.music.form import Form


class Rhythm:
    """The places and lengths of all notes and rests of a library's segments.

    Args:
        library: gives the segments, of all bars of the form alike.
        form: gives the steps per bar.

    Attributes:
        grid: steps that every note's beginning and end is a multiple of (2 in the report's songs:
            quarter notes).
        begins: share of the segments that have a note or rest beginning at each step of a bar,
            shape (steps_per_bar,).
    """

    def __init__(self, library: BarLibrary, form: Form) -> None:
        self.size = form.steps_per_bar
        self._notes = np.zeros((self.size + 1, self.size + 1), bool)
        counts = np.zeros(self.size)
        segments = [segment for of_bar in library.bars for segment in of_bar]
        for segment in segments:
            start = end = 0
            silent = False
            for note in read_segment(segment, self.size):
                # Rests in a row are one.
                if not (silent and note.pitch is None):
                    start = end
                    counts[start] += not note.tied
                end += note.steps
                self._notes[start, end] = True
                silent = note.pitch is None
        self.begins = counts / len(segments)
        self.grid = math.gcd(self.size, *np.flatnonzero(self._notes.any(1)).tolist())
        # Two notes of one pitch, one after the other, look like one where nothing marks beginnings.
        self._runs = self._notes.copy()
        for length in range(2, self.size + 1):
            for start in range(self.size - length + 1):
                end = start + length
                middles = range(start + 1, end)
                self._runs[start, end] |= any(
                    self._runs[start, m] and self._runs[m, end] for m in middles
                )

    def keeps(
        self, bars: NDArray[np.int64], begins: NDArray[np.bool_] | None = None
    ) -> NDArray[np.bool_]:
        """Whether every note of a bar has a place and length that a note of the library has.

        Args:
            bars: melody units, shape (n, steps_per_bar).
            begins: where notes begin, the same shape; None where nothing marks it: a note is then
                what sounds until another pitch does, and may be several of one pitch.

        Returns:
            Shape (n,).
        """
        cuts = bars[:, 1:] != bars[:, :-1]
        if begins is not None:
            cuts = cuts | begins[:, 1:]
        allowed = self._runs if begins is None else self._notes
        patterns, which = np.unique(cuts, axis=0, return_inverse=True)
        kept = [
            all(
                allowed[start, end]
                for start, end in pairwise([0, *(np.flatnonzero(cut) + 1).tolist(), self.size])
            )
            for cut in patterns
        ]
        return np.array(kept, bool)[which.reshape(-1)]


@lru_cache(maxsize=8)
def rhythm_of(library: BarLibrary, form: Form) -> Rhythm:
    """The rhythm of a library's notes, made once."""
    return Rhythm(library, form)
