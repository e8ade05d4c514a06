"""Hearing its own notes while learning: scheduled sampling (Bengio et al. 2015), not in the report.

At some steps the melody's units hear the note that the network draws (section 4.2) in place of the
song's.  The song goes on from there where it can: with a segment of the bar that has that note
after the notes so far; otherwise it stays as it is, and what is learned is the way back (Goldberg
and Nivre 2012).  Were it to stay always, the network would learn to leave a right note for that of
another segment, in the middle of a quarter.  kernel/own_notes.c is the same, compiled.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lstm_blues.errors import BluesError
from lstm_blues.learning.state import Counters
from lstm_blues.music.stream import Stream
from lstm_blues.network.network import Network
from lstm_blues.network.topology import MELODY
from lstm_blues.playing.sampler import draws, next_notes

_64_BITS = 2**64 - 1


def random_number(step: int, place: int) -> float:
    """A number in [0, 1) for a step and a place below 16, the same in every run: SplitMix64 (Steele
    et al. 2014) of both."""
    mixed = (16 * step + place + 1) * 0x9E3779B97F4A7C15 & _64_BITS
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & _64_BITS
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & _64_BITS
    return ((mixed ^ mixed >> 31) >> 11) / 2**53


class OwnNotes:
    """Draws the notes that the melody's units hear, and has the song follow them.

    What it came to stands in `Counters.own_note` and `Counters.own_segment`.

    Args:
        network: draws.
        stream: the songs.
        share: of the steps at which the network hears its own note.
    """

    def __init__(self, network: Network, stream: Stream, share: float) -> None:
        self.network, self.stream, self.share = network, stream, share
        self.melody = network.topology.unit_slice(MELODY)
        self.begins = network.encoding.held == "begins"

    def hear(self, notes: Tensor, count: Counters) -> Tensor:
        """The notes of a step, shape (units,), with its own in place of the melody's where it has
        drawn one."""
        if not count.own_note:
            return notes
        note, begins = divmod(count.own_note - 1, 2)
        heard = notes.clone()
        melody = heard[self.melody]
        melody[:] = 0
        if note < len(melody) - self.begins:
            melody[note] = 1
        if self.begins:
            melody[-1] = begins
        return heard

    def play(self, logits: Tensor, heard: Tensor, before: Counters, count: Counters) -> None:
        """Draws the next step's note, where it is that step's turn, and notes it in `count`.

        logits: of the step, shape (units,), after the notes `heard`, with `before` as its counters;
        `count` stands at the next step.
        """
        stream, position = self.stream, count.position
        bar = stream.bar_of(position)
        if position == 0 or bar != stream.bar_of(before.position):
            count.own_segment = 0
        count.own_note = 0
        if random_number(count.steps, 0) >= self.share:
            return
        places = range(2, 2 + draws(self.network.encoding))
        uniform = torch.tensor([random_number(count.steps, place) for place in places]).double()
        try:
            drawn = next_notes(
                self.network, torch.sigmoid(logits)[None], uniform[None], heard[None]
            )
        except BluesError:  # no note can be drawn
            return
        melody = drawn[0, self.melody].to(heard)
        sounds = melody[:-1] if self.begins else melody
        note = int(sounds.argmax()) if bool(sounds.any()) else len(sounds)
        count.own_note = 1 + 2 * note + int(self.begins and bool(melody[-1]))
        if note < len(sounds):
            self._follow(melody, bar, count)

    def _follow(self, melody: Tensor, bar: int, count: Counters) -> None:
        """Goes on with another segment of the bar where that has the note drawn and the song's own
        segment has not."""
        position, table = count.position, self.stream.table[..., self.melody]
        places = (torch.tensor([count.songs]), torch.tensor([position]))
        segment = int(segments_at(self.stream, count, *places))
        if torch.equal(table[segment, position], melody):
            return
        first = next(step for step in range(position + 1) if self.stream.bar_of(step) == bar)
        same = (table[:, first:position] == table[segment, first:position]).flatten(1).all(1)
        same &= (table[:, position] == melody).all(1)
        candidates = same.nonzero()[:, 0].tolist()
        if candidates:
            chosen = int(random_number(count.steps, 1) * len(candidates))
            count.own_segment = 1 + candidates[chosen]


def segments_at(stream: Stream, count: Counters, songs: Tensor, steps: Tensor) -> Tensor:
    """The segments that sound at steps of the stream's songs with these numbers, for a learner that
    stands at `count`: the one that it has gone on with, in its bar, or the songs'."""
    bars = stream.bar_of(steps)
    picked = stream.picks[songs % len(stream.picks), bars]
    if not count.own_segment:
        return picked
    here = (bars == stream.bar_of(count.position)) & (songs == count.songs)
    return torch.where(here, count.own_segment - 1, picked)
