"""Transition tables: melodies drawn note by note from what followed in the songs (section 4.3).

Mozer compared his networks with such tables.  Blind ones know the last notes alone; others are also
told the chord that sounds, or the place in the form.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from numpy.typing import NDArray

from lstm_blues.lab.melody_metrics import Melodies
from lstm_blues.music.form import Form

BLIND, CHORD, PLACE = "blind", "told the chord", "told the place"

TOLD = (BLIND, CHORD, PLACE)
"""What a table is told beside the last notes."""


def told_labels(form: Form, grid: int, told: str) -> NDArray[np.int64]:
    """What a table is told at each place of a chorus, shape (steps / grid,): nothing, the chord, or
    the place itself."""
    symbols = form.symbols[::grid]
    if told == CHORD:
        return np.array([symbols.index(symbol) for symbol in symbols])
    return np.arange(len(symbols)) * int(told == PLACE)


class TransitionTable:
    """What followed the last notes in the songs.

    Args:
        songs: melody units to count, shape (songs, steps), whole choruses from the form's first
            step.
        order: how many notes it looks back.
        grid: steps that a note lasts at least; it looks at every `grid`th.
        labels: what the table is told at each place of a chorus, see `told_labels`.
    """

    def __init__(self, songs: Melodies, order: int, grid: int, labels: NDArray[np.int64]) -> None:
        self.order, self.grid, self.labels = order, grid, labels
        self._followers: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        for song in songs[:, ::grid].tolist():
            for place, note in enumerate(song):
                for length in range(min(order, place) + 1):
                    self._followers[self._key(song, place, length)][note] += 1

    def _key(self, song: list[int], place: int, length: int) -> tuple[int, ...]:
        """What is known before the note at `place` to one who looks `length` notes back."""
        return int(self.labels[place % len(self.labels)]), *song[place - length : place]

    def draw(self, pieces: int, length: int, rng: np.random.Generator) -> Melodies:
        """Melodies of `length` notes, shape (pieces, length * grid).

        Where the last notes never stood in the songs, the table looks at fewer of them.
        """
        drawn = []
        for _ in range(pieces):
            piece: list[int] = []
            for place in range(length):
                keys = (
                    self._key(piece, place, back) for back in range(min(self.order, place), -1, -1)
                )
                followers = next(self._followers[key] for key in keys if key in self._followers)
                weights = np.array(list(followers.values()), float)
                piece.append(int(rng.choice(list(followers), p=weights / weights.sum())))
            drawn.append(piece)
        return np.array(drawn, np.int64).repeat(self.grid, 1)
