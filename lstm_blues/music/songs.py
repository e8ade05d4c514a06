"""The songs: every combination of one segment per bar, 2^12 = 4096 in the report (section 2.3)."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Subset

from lstm_blues.errors import require
from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.encoding import REPORT, Encoding
from lstm_blues.music.form import Form
from lstm_blues.music.piece import Piece


class Song(NamedTuple):
    """One song, encoded: inputs and targets of shape (steps, units), float64, chords first.

    Both are 1.0 and 0.0; the network itself standardises what it hears, where it does.  There are
    25 units in the report, and more where the melody has more notes, or where units tell its rests
    or the beginnings of its notes.  The target of a step is the input of the next one; the last
    step's is the first input.
    """

    inputs: Tensor
    targets: Tensor


class BluesSongs(Dataset[Song]):
    """All songs of a form and its bar library.

    Bit b - 1 of a song's number is the choice of segment in bar b; where a bar has more than two
    segments, it is a digit.  Songs are made when asked for.

    Args:
        form: the chords.
        library: the segments.
        encoding: how notes stand at the units.

    Raises:
        BluesError: the library does not fit the form or the encoding.
    """

    def __init__(self, form: Form, library: BarLibrary, encoding: Encoding = REPORT) -> None:
        library.require_fitting(form, encoding)
        self.form, self.library, self.encoding = form, library, encoding
        most = max(library.choices)
        # table[c] is the chorus in which every bar has its segment c, shape (most, steps, units)
        units = form.CHORD_NOTES + encoding.melody_units(form.melody_notes)
        self.table = torch.zeros(most, form.steps, units).double()
        self.table[:, :, : form.CHORD_NOTES] = form.chord_tensor()
        for bar, segments in enumerate(library.encoded(form, encoding)):
            steps = slice(bar * form.steps_per_bar, (bar + 1) * form.steps_per_bar)
            self.table[: len(segments), steps, form.CHORD_NOTES :] = segments
        # the same by bar: (12, most, steps_per_bar, units)
        self._by_bar = self.table.reshape(most, form.bars, form.steps_per_bar, -1).transpose(0, 1)
        self._bars = torch.arange(form.bars)

    def __len__(self) -> int:
        return math.prod(self.library.choices)

    def __getitem__(self, song: int) -> Song:
        if not -len(self) <= song < len(self):
            raise IndexError(f"song {song} of {len(self)}")
        picked = torch.tensor(self.choices(song % len(self)))
        inputs = self._by_bar[self._bars, picked].flatten(0, 1)
        return Song(inputs, inputs.roll(-1, 0))

    def piece(self, song: int) -> Piece:
        """Song number `song` as a `Piece`, to be read, heard and written."""
        title = f"{self.library.name}, song {song}"
        return Piece(self[song].inputs, self.form, self.encoding, self.library, title)

    def choices(self, song: int) -> tuple[int, ...]:
        """The segment of each bar in song number `song`, bar 1 being the lowest digit (a bit)."""
        picked = []
        for count in self.library.choices:
            song, pick = divmod(song, count)
            picked.append(pick)
        return tuple(picked)

    @property
    def places(self) -> tuple[int, ...]:
        """What each bar's choice of segment counts in a song's number: powers of two where every
        bar has two segments."""
        counts = self.library.choices
        return tuple(math.prod(counts[:bar]) for bar in range(len(counts)))

    def number(self, picked: Sequence[int]) -> int:
        """The number of the song with these segments, one per bar; the inverse of `choices`."""
        song = 0
        for pick, count in zip(reversed(picked), reversed(self.library.choices), strict=True):
            song = song * count + pick
        return song

    def subset(self, count: int, seed: int) -> Subset[Song]:
        """`count` different songs at random, "choosing randomly from the space of unique complete
        pieces" (section 2.3).  Raises `BluesError` where there are not so many."""
        require(1 <= count <= len(self), "count", count, f"from 1 to {len(self)}")
        return Subset(self, random.Random(seed).sample(range(len(self)), count))

    def held_out(self, count: int, seed: int) -> tuple[int, ...]:
        """The numbers, in order, of `count` different songs that a run with this seed does not
        learn.  Raises `BluesError` unless at least one song is left to learn."""
        allowed = f"from 0 to {len(self) - 1}, fewer than there are songs"
        require(0 <= count < len(self), "songs.held_out", count, allowed)
        # Not the numbers of `subset`, which other songs are drawn by.
        drawn = random.Random(f"held out {seed}").sample(range(len(self)), count)
        return tuple(sorted(drawn))

    def unit_statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each unit over all songs, shape (units,); exact, so that
        they are the same on every machine."""
        shares = [
            [Fraction(int(on), count) for on in segments[:count].sum((0, 1))]
            for segments, count in zip(self._by_bar, self.library.choices, strict=True)
        ]
        mean = torch.tensor(
            [float(sum(of_unit) / self.form.steps) for of_unit in zip(*shares, strict=True)],
            dtype=torch.float64,
        )
        return mean, deviation_of(mean)


def deviation_of(mean: Tensor) -> Tensor:
    """The standard deviation of units that are on in a share `mean` of all steps, float64.

    NumPy's root is rounded as IEEE 754 says; torch's may differ in the last bit.
    """
    return torch.from_numpy(np.sqrt((mean * (1 - mean)).numpy()))
