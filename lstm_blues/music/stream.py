"""The songs in the order in which a learner hears them (section 2.3 of the report)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from lstm_blues.music.songs import BluesSongs

Place = TypeVar("Place", int, Tensor)


@dataclass(frozen=True)
class Stream:
    """Songs in the order in which a learner hears them.

    Args:
        table: what sounds at each step when its bar has segment v, shape (V, T, units).
        picks: the segment of each bar of each song in order, shape (songs, bars), int64; after the
            last song the order begins anew.
        by_episode: whether a song is repeated, chorus after chorus, until the next reset; else
            another one follows every chorus.
        given: steps of a song that a frozen network is given before it plays by itself.
    """

    table: Tensor
    picks: Tensor
    by_episode: bool = False
    given: int = 1

    @property
    def steps(self) -> int:
        """Steps in a song: T."""
        return self.table.shape[1]

    def notes(self, song: int, step: Place) -> Tensor:
        """What sounds at a step, or at steps, of the stream's song number `song`, shape (units,) or
        (len(step), units)."""
        return self.table[self.picks[song % len(self.picks), self.bar_of(step)], step]

    def bar_of(self, step: Place) -> Place:
        """The bar in which a step of a song lies, from 0; a song of an episode is all one bar."""
        return step * self.picks.shape[1] // self.steps

    @staticmethod
    def of_one(song: Tensor) -> Stream:
        """The same song, shape (T, units), again and again."""
        return Stream(song[None], torch.zeros(1, 1, dtype=torch.int64))

    @staticmethod
    def of_corpus(table: Tensor, count: int, seed: int, given: int) -> Stream:
        """`count` songs drawn uniformly from `table`, shape (V, T, units), each for an episode."""
        generator = torch.Generator().manual_seed(seed)
        picks = torch.randint(len(table), (count, 1), generator=generator)
        return Stream(table, picks, by_episode=True, given=given)

    @property
    def tested(self) -> int:
        """Songs, from the first, that a frozen network has to play to have learned them."""
        return len(self.table) if self.by_episode else 1

    @staticmethod
    def at_random(songs: BluesSongs, count: int, seed: int, held_out: Sequence[int] = ()) -> Stream:
        """`count` songs drawn uniformly, with repetition, from all but those held out."""
        generator = torch.Generator().manual_seed(seed)
        apart = torch.tensor(held_out, dtype=torch.int64)
        places = torch.tensor(songs.places)

        def draw(number: int) -> Tensor:
            choices = songs.library.choices
            picks = [torch.randint(c, (number,), generator=generator) for c in choices]
            return torch.stack(picks, 1)

        picks = draw(count)
        while (again := torch.isin((picks * places).sum(1), apart)).any():
            picks[again] = draw(int(again.sum()))
        return Stream(songs.table, picks)
