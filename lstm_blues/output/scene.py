"""What a band sees of a stretch of music, and how its players strike their notes."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from math import lcm

from lstm_blues.music.chords import OCTAVE
from lstm_blues.music.piece import Chord, Piece
from lstm_blues.music.spelling import symbol_parts
from lstm_blues.music.timing import STRAIGHT, Timing
from lstm_blues.output.parts import Arrangement, Struck

_LOOSENESS = 0.008
"""Seconds: the standard deviation of when a player plays."""

_LEEWAY = 0.4
"""Share of the shortest time between two notes that a player is early or late at most: no note
comes before one that is written before it."""


class Scene:
    """What the players see: the piece's chords and beats, in quarter notes."""

    def __init__(
        self, piece: Piece, timing: Timing, arrangement: Arrangement, bars_before: int
    ) -> None:
        self.piece, self.timing, self.seed = piece, timing, arrangement.seed
        self.bars_before = bars_before
        form = piece.form
        self.bar = float(form.time.quarters)
        self.beat = float(form.time.beat)
        self.beats = form.time.beats
        self.bars = -(-piece.steps // form.steps_per_bar)
        self.end = self.at(piece.steps)
        # Whatever is written stands on a step or on an eighth note.
        grid = self.bar / lcm(int(2 * form.time.quarters), form.steps_per_bar)
        self._leeway = _LEEWAY * grid
        if form.time.swings:
            self._leeway *= (1 - timing.swing) / (1 - STRAIGHT)
        self._starts = [chord.start for chord in piece.chords]

    def at(self, step: int) -> float:
        """When a step begins."""
        form = self.piece.form
        return self.timing.quarters(step, form.steps_per_bar, form.time)

    def time(self, bar: int, beats: float) -> float:
        """When so many beats of a bar have passed: with the swing of the melody's quarter notes;
        where eighths come in threes, halves of a beat are two of these."""
        swung = self.timing.swung(self.written_beat(beats) * self.beat, self.piece.form.time)
        return bar * self.bar + swung

    def written_beat(self, beats: float) -> float:
        """Where in its bar that time is written, in beats: halves are thirds where eighths come in
        threes."""
        whole, part = divmod(beats, 1.0)
        swings = self.piece.form.time.swings
        return whole + (part if swings or part != 0.5 else 2 / 3)

    def is_ending(self, bar: int) -> bool:
        """Whether a bar is an ending by rule, see `Piece.ends`."""
        return self.piece.ends and bar == self.bars - 1

    def chord(self, time: float) -> Chord | None:
        """The chord that sounds, or sounded last."""
        step = time / self.bar * self.piece.form.steps_per_bar
        before = bisect_right(self._starts, step + 1e-6)
        return self.piece.chords[before - 1] if before else None

    def chords_between(self, time: float, until: float) -> list[Chord]:
        """The chords that begin after a time and before another."""
        size = self.piece.form.steps_per_bar
        first = bisect_right(self._starts, time / self.bar * size + 1e-6)
        last = bisect_left(self._starts, until / self.bar * size - 1e-6)
        return self.piece.chords[first:last]

    def written(self, step: int) -> float:
        """When a step begins without swing."""
        return step / self.piece.form.steps_per_bar * self.bar

    def chance(self, player: str, bar: int) -> random.Random:
        """What a player leaves to chance in a bar: the same wherever the stretch begins."""
        return random.Random(f"{self.seed} {player} {self.bars_before + bar}")

    def struck(
        self, pitch: int, start: float, end: float, velocity: float, chance: random.Random
    ) -> Struck:
        """A note, played as loosely as people do, within the stretch."""
        late = chance.gauss(0, _LOOSENESS) * self.timing.tempo / 60
        late = min(max(late, -self._leeway), self._leeway)
        begin = min(max(start + late, 0.0), self.end)
        velocity = round(velocity + chance.uniform(-4, 4))
        last = min(max(end, begin + 0.05), self.end)
        return Struck(pitch, begin, last, min(127, max(1, velocity)))


def let_go(notes: list[Struck]) -> list[Struck]:
    """A part's notes, those of each pitch in time: none sounds on where another of its pitch
    begins, for a key that is struck again was let go before."""
    found, begins = list[Struck](), dict[int, float]()
    for note in reversed(notes):
        found.append(note._replace(end=min(note.end, begins.get(note.pitch, note.end))))
        begins[note.pitch] = note.start
    return found[::-1]


def root_of(chord: Chord) -> int:
    """The pitch class of a chord's root; of notes without a symbol the lowest."""
    parts = symbol_parts(chord.symbol)
    return min(chord.pitches) % OCTAVE if parts is None else parts.root


def lowest_of(chord: Chord) -> int:
    """The pitch class that a bass player plays where a chord begins: E for C/E."""
    parts = symbol_parts(chord.symbol)
    return root_of(chord) if parts is None or parts.bass is None else parts.bass
