"""A bass that walks, by rule, from the chords that the network plays: where it plays, and what."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import NamedTuple

from lstm_blues.music.piece import Chord
from lstm_blues.output.bass_line import Place, cheapest, place
from lstm_blues.output.parts import Struck
from lstm_blues.output.scene import Scene, lowest_of

REGISTER = range(28, 51)
"""MIDI note numbers, E1 to D3."""

_PATIENCE = 0.5
"""Quarter notes that a chord's lowest note waits for the next beat at most."""

_LENGTH = 0.92
"""Share of the time until the next note is due that a note sounds."""


class _Due(NamedTuple):
    """A note that is due.

    time, end: in quarter notes from where the stretch begins.  strength: 2 where a bar begins, 1 on
    its other strong beats, 0 elsewhere.  anew: whether its chord begins whatever came before.
    """

    chord: Chord
    time: float
    end: float
    strength: int
    chance: random.Random
    anew: bool = False

    def begins(self, before: int | None) -> bool:
        """Whether its chord begins for a bass that plays one from the step `before`."""
        return self.anew or self.chord.start != before


class Walk:
    """A bass player, bar after bar, who remembers the last notes and where the line leads.

    Where a chord begins it plays the lowest note; between, notes of the chord, notes that pass from
    one to the next, and a step above or below where the next chord begins.  A chord that begins off
    the beat waits for a beat that is an eighth note away at most and on which it still sounds, for
    a walking bass anticipates nothing; any other gets its lowest note where it begins.

    Args:
        register: MIDI note numbers that it plays, an octave or more.
    """

    def __init__(self, register: range = REGISTER) -> None:
        self.register = register
        self._played: tuple[int, ...] = ()
        self._aim: int | None = None
        self._chord: int | None = None

    def begin(self) -> None:
        """A stretch begins: its first chord is a new one."""
        self._chord = None

    def bar(self, scene: Scene, bar: int) -> list[Struck]:
        """What it plays in a bar of a stretch; bars come one after the other.  In an ending it
        rests on the tonic."""
        due = _due(scene, bar)
        if not due:
            return []
        places = self._places([*due, *_ahead(scene, bar)])
        if self._aim is not None and self._aim in places[0].costs:
            places[0] = places[0]._replace(costs={self._aim: 0})
        line = cheapest(places, self._played)
        self._aim = line[-1] if len(line) > len(due) else None
        self._played = (*self._played, *line[: len(due)])[-2:]
        self._chord = due[-1].chord.start
        return [
            scene.struck(note, one.time, one.end, 84.0 if one.strength > 1 else 78.0, one.chance)
            for note, one in zip(line, due, strict=False)
        ]

    def _places(self, due: list[_Due]) -> list[Place]:
        places, before = list[Place](), self._chord
        for one, following in zip(due, [*due[1:], None], strict=True):
            start, towards = one.chord.start, None
            if following is not None and (following.strength > 1 or following.begins(start)):
                towards = lowest_of(following.chord)
            places.append(
                place(
                    self.register,
                    one.chord,
                    one.chance,
                    begins=one.begins(before),
                    strength=one.strength,
                    towards=towards,
                )
            )
            before = start
        return places


def _due(scene: Scene, bar: int) -> list[_Due]:
    """The notes of a bar: on its beats, and where chords begin that cannot wait for one."""
    found = []
    strong = scene.piece.form.time.strong_beats
    for beat in range(scene.beats):
        now = bar * scene.bar + beat * scene.beat
        if now >= scene.end - 1e-6:
            break
        if scene.is_ending(bar):
            last = scene.chord(now)
            end, chance = now + scene.bar, scene.chance("bass 0", bar)
            return [] if last is None else [_Due(last, now, end, 2, chance, anew=True)]
        after = now + scene.beat
        chord, late = scene.chord(now), _hurried(scene, now, after)
        times = [now, *(scene.at(one.start) for one in late), after]
        ends = [time + _LENGTH * (until - time) for time, until in pairwise(times)]
        if chord is not None:
            strength = 2 if beat == 0 else int(beat in strong)
            found.append(_Due(chord, now, ends[0], strength, scene.chance(f"bass {beat}", bar)))
        for one, time, end in zip(late, times[1:], ends[1:], strict=False):
            step = one.start - bar * scene.piece.form.steps_per_bar
            chance = scene.chance(f"bass step {step}", bar)
            found.append(_Due(one, time, end, 0, chance))
    return found


def _hurried(scene: Scene, now: float, after: float) -> list[Chord]:
    """The chords that begin between two beats and cannot wait for the second one."""
    return [
        chord
        for chord in scene.chords_between(now, after)
        if scene.written(chord.end) <= after + 1e-6
        or after - scene.written(chord.start) > _PATIENCE + 1e-6
    ]


def _ahead(scene: Scene, bar: int) -> list[_Due]:
    """The first note of the next bar, where there is one; a stretch's last bar leads to its
    beginning."""
    if scene.is_ending(bar):
        return []
    now = (bar + 1) * scene.bar
    is_last = now >= scene.end - 1e-6
    chord = scene.chord(0.0 if is_last else now)
    if chord is None:
        return []
    anew = is_last or scene.is_ending(bar + 1)
    return [_Due(chord, now, now, 2, scene.chance("bass 0", bar + 1), anew)]
