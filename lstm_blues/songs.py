"""The songs: every combination of one segment a bar, 2^12 = 4096 in the report (section 2.3)."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset, Subset

from lstm_blues.bars import BarLibrary, song_choices, song_number
from lstm_blues.encoding import REPORT, Encoding
from lstm_blues.errors import require
from lstm_blues.form import Form
from lstm_blues.piece import Piece


class Song(NamedTuple):
    """One song, encoded: inputs and targets of shape (steps, units), float64, chords first.

    Both are 1.0 and 0.0; the network itself standardises what it hears, where it does.  There are
    25 units, 26 where one tells the beginnings of notes.  The target of a step is the input of the
    next one; the last step's is the first input.
    """

    inputs: Tensor
    targets: Tensor


class BluesSongs(Dataset[Song]):
    """All songs of a form and its bar library.

    Song number n has, in bar b, the segment that bit b of n says (bar 1 is bit 0); with other
    numbers of segments than two, a digit.  Items are made when asked for.

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
        self.table = torch.zeros(most, form.steps, encoding.units).double()
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
        """Song number `song` as a `Piece`, to read, to hear and to write."""
        title = f"{self.library.name}, song {song}"
        return Piece(self[song].inputs, self.form, self.encoding, self.library, title)

    def choices(self, song: int) -> tuple[int, ...]:
        """The segment of each bar in song number `song`."""
        return song_choices(song, self.library.choices)

    def number(self, picked: tuple[int, ...]) -> int:
        """The song with these segments."""
        return song_number(picked, self.library.choices)

    def subset(self, count: int, seed: int) -> Subset[Song]:
        """`count` different songs at random, "choosing randomly from the space of unique complete
        pieces" (section 2.3).  Raises `BluesError` where there are not so many."""
        require(1 <= count <= len(self), "count", count, f"from 1 to {len(self)}")
        return Subset(self, random.Random(seed).sample(range(len(self)), count))

    def unit_statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each unit over all songs, shape (units,); exact."""
        shares = torch.stack(
            [
                segments[:count].mean(0)
                for segments, count in zip(self._by_bar, self.library.choices, strict=True)
            ]
        )
        mean = shares.mean((0, 1))
        return mean, (mean * (1 - mean)).sqrt()


@dataclass(frozen=True)
class Stream:
    """Songs in the order in which a learner hears them.

    table: shape (V, T, units): what sounds at each step when its bar has segment v.
    picks: shape (songs, bars), int64: the segment of each bar of each song in order; after the last
    song the order begins anew.
    by_episode: a song goes on until the next reset, chorus after chorus; else another one follows
    every chorus.
    given: steps that a frozen network is given of a song before it plays by itself.
    """

    table: Tensor
    picks: Tensor
    by_episode: bool = False
    given: int = 1

    @property
    def steps(self) -> int:
        """Steps in a song: T."""
        return self.table.shape[1]

    def notes(self, song: int, step: int) -> Tensor:
        """What sounds at a step of the song-th song, shape (units,)."""
        bar = step * self.picks.shape[1] // self.steps
        return self.table[self.picks[song % len(self.picks), bar], step]

    @staticmethod
    def of_one(song: Tensor) -> Stream:
        """The same song, shape (T, units), again and again."""
        return Stream(song[None], torch.zeros(1, 1, dtype=torch.int64))

    @staticmethod
    def of_corpus(table: Tensor, count: int, seed: int, given: int) -> Stream:
        """Whole songs, shape (V, T, units), `count` times one of them at random, each for an
        episode."""
        generator = torch.Generator().manual_seed(seed)
        picks = torch.randint(len(table), (count, 1), generator=generator)
        return Stream(table, picks, by_episode=True, given=given)

    @property
    def tested(self) -> int:
        """Songs, from the first, that a frozen network has to play to have learned them."""
        return len(self.table) if self.by_episode else 1

    @staticmethod
    def at_random(songs: BluesSongs, count: int, seed: int) -> Stream:
        """`count` songs drawn evenly from all, with repetition."""
        generator = torch.Generator().manual_seed(seed)
        picks = [
            torch.randint(choices, (count,), generator=generator)
            for choices in songs.library.choices
        ]
        return Stream(songs.table, torch.stack(picks, 1))
