"""The line of a walking bass: of those that lead through some places one that costs little."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lstm_blues.music.chords import OCTAVE
from lstm_blues.music.piece import Chord
from lstm_blues.output.scene import lowest_of, root_of

# What a move costs, by its semitones; the last entry is for all that are larger.
_MOVES = (6, 1, 0, 0, 1, 2, 5, 3, 12, 12, 30, 40, 26, 60)
_MOVES_TO_BEGIN = (6, 0, 0, 3, 3, 1, 6, 2, 12, 12, 30, 40, 26, 60)

_STEP, _LEAP = 2, 5
"""Semitones: the most of a step, the least of a leap."""

_THRICE, _RETURN, _TURN = 100, 3, 2
"""What it costs to play a note a third time; to return to the note before the last; to turn, but
after a leap not to."""

_REACHED, _LEFT = 3, 40
"""What it costs to reach, and to leave, a note outside its chord by more than a step."""

_END, _AT_END = 2, 2
"""Semitones that are an end of the register, and what a note costs there."""

_BY_CHANCE = 5
"""What each note costs by chance is below this."""

_FIFTH, _PASSING = 7, (2, 5, 9)
"""Semitones above a root: the fifth; second, fourth and sixth, which pass between chord notes."""

_APPROACHES = (-1, 1, 2)
"""Semitones above the note that a line leads to: half steps from both sides, a step from above."""

_KEPT = 12
"""Lines that are followed from place to place."""


class Place(NamedTuple):
    """Where a note is due.

    costs: of each note that may be played there, by its MIDI note number.  chord: its pitch
    classes.  begins: whether it begins there for the bass.
    """

    costs: Mapping[int, int]
    chord: frozenset[int]
    begins: bool


def place(
    register: range,
    chord: Chord,
    chance: random.Random,
    *,
    begins: bool,
    strength: int,
    towards: int | None,
) -> Place:
    """A place, and what each note costs there.

    Args:
        register: MIDI note numbers that the bass plays, an octave or more.
        chord: what sounds there.
        chance: draws what notes cost by chance.
        begins: whether the chord begins there for the bass, which then plays its lowest note.
        strength: 2 where a bar begins, 1 on its other strong beats, 0 elsewhere.
        towards: the pitch class that the next place is for, where a line leads to one.
    """
    classes = frozenset(pitch % OCTAVE for pitch in chord.pitches)
    lowest, root = lowest_of(chord), root_of(chord)
    costs = dict.fromkeys(classes, 3 if strength > 1 else 0)
    if begins:
        costs = {lowest: 0}
    elif strength > 1:
        if (root + _FIFTH) % OCTAVE in costs:
            costs[(root + _FIFTH) % OCTAVE] = 2
        costs[lowest] = 0
    else:
        costs[lowest] = 1
        for above in _PASSING:
            costs.setdefault((root + above) % OCTAVE, 1 + 2 * strength)
        if towards is not None:
            for by in _APPROACHES:
                costs.setdefault((towards + by) % OCTAVE, 1)
    drawn = [int(_BY_CHANCE * chance.random()) for _ in register]
    ends = (*register[:_END], *register[-_END:])
    own = {
        note: costs[note % OCTAVE] + by_chance + (_AT_END if note in ends else 0)
        for note, by_chance in zip(register, drawn, strict=True)
        if note % OCTAVE in costs
    }
    return Place(own, classes, begins)


def cheapest(places: Sequence[Place], played: tuple[int, ...]) -> tuple[int, ...]:
    """A line, one note per place, that costs little after the notes that were `played` last."""
    lines, before = [(0, played)], frozenset(range(OCTAVE))
    for one in places:
        longer = [
            (cost + own + _move(line, note, one, before), (*line, note))
            for cost, line in lines
            for note, own in one.costs.items()
        ]
        lines = sorted(longer, key=lambda line: line[0])[:_KEPT]
        before = one.chord
    return lines[0][1][len(played) :]


def _move(line: tuple[int, ...], note: int, to: Place, chord: frozenset[int]) -> int:
    """What it costs to go on to a note of the next place from a line whose last note sounds with
    this chord."""
    if not line:
        return 0
    last = line[-1]
    by = note - last
    size = abs(by)
    moves = _MOVES_TO_BEGIN if to.begins else _MOVES
    cost = moves[min(size, len(moves) - 1)]
    if last % OCTAVE not in chord and not 0 < size <= _STEP:
        cost += _LEFT
    if note % OCTAVE not in to.chord and size > _STEP:
        cost += _REACHED
    if len(line) > 1:
        before = last - line[-2]
        if note == line[-2]:
            cost += _RETURN if by else _THRICE
        if by * before and (by * before < 0) != (abs(before) >= _LEAP):
            cost += _TURN
    return cost
