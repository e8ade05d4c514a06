"""A band: piano, bass and drums by rule, from the chords that the network plays.

The network remains the author of chords and melody; the rules are those of a rhythm section that
reads its chords.  Whatever is left to chance is drawn by the arrangement's seed and the bar.
"""

from __future__ import annotations

import random

from lstm_blues.music.piece import Piece
from lstm_blues.music.timing import Timing
from lstm_blues.output.parts import (
    CHORD_PROGRAM,
    MELODY_VELOCITY,
    TRIO,
    Arrangement,
    Part,
    Struck,
)
from lstm_blues.output.scene import Scene, let_go
from lstm_blues.output.voicing import voicing
from lstm_blues.output.walking import Walk

BASS_PROGRAM, DRUM_KIT = 32, 32  # acoustic bass; jazz kit

RIDE, PEDAL_HAT, KICK, SNARE = 51, 44, 36, 38


# Of a bar of four beats: where the piano plays, in beats, and for how long.
_COMPING: tuple[tuple[tuple[float, float], ...], ...] = (
    ((0.0, 1.2), (1.5, 0.4)),  # the Charleston
    ((0.5, 0.4), (2.5, 1.0)),
    ((1.5, 0.4), (3.5, 0.4)),
    ((0.0, 0.4), (2.0, 1.4)),
    ((0.0, 1.8), (2.5, 0.4)),
)


class Band:
    """The players of a piece, stretch after stretch; they remember where their hands are.

    Args:
        timing: tempo and swing.
        arrangement: who plays.
        bars: of the piece, before the first stretch.
    """

    def __init__(self, timing: Timing, arrangement: Arrangement, bars: int = 0) -> None:
        self.timing, self.arrangement, self.bars = timing, arrangement, bars
        self._voices: tuple[int, ...] = ()
        self._walk = Walk()

    def play(self, stretch: Piece) -> list[Part]:
        """The parts of the next stretch."""
        scene = Scene(stretch, self.timing, self.arrangement, self.bars)
        self.bars += scene.bars
        parts = []
        if stretch.has_melody:
            program = self.arrangement.program
            parts.append(Part("melody (by the network)", program, _phrased(scene), gain=1.0))
        name = "piano (by rule, from the network's chords)"
        parts.append(Part(name, CHORD_PROGRAM, self._comping(scene), pan=-0.35, gain=0.75))
        if self.arrangement.band == TRIO:
            self._walk.begin()
            bass = [note for bar in range(scene.bars) for note in self._walk.bar(scene, bar)]
            parts.append(Part("bass (by rule)", BASS_PROGRAM, bass, pan=0.1, gain=1.1))
            drums = _drumming(scene)
            parts.append(Part("drums (by rule)", DRUM_KIT, drums, drums=True, pan=0.35, gain=0.6))
        return [part._replace(notes=let_go(part.notes)) for part in parts]

    def _comping(self, scene: Scene) -> list[Struck]:
        """A piano that comps: chords off the beat, voices led, softer than the melody; none sounds
        on where another chord comes."""
        found: list[Struck] = []
        for bar in range(scene.bars):
            chance = scene.chance("piano", bar)
            for beat, time, length in _places(scene, bar, chance):
                chord = scene.chord(bar * scene.bar + beat * scene.beat)
                if chord is None or time >= scene.end:
                    continue
                self._voices = voicing(chord, self._voices, rootless=True)
                velocity = 62.0 if beat % 1 else 56.0
                end, over = time + length * scene.beat, scene.at(chord.end)
                if over > time:
                    end = min(end, over)
                found += [scene.struck(p, time, end, velocity, chance) for p in self._voices]
        return found


def _phrased(scene: Scene) -> list[Struck]:
    """The network's melody: accents on strong beats and off them, softer where a phrase ends."""
    notes, form, found = scene.piece.melody, scene.piece.form, []
    for note, following in zip(notes, [*notes[1:], None], strict=True):
        bar, step = divmod(note.start, form.steps_per_bar)
        beat = step / form.steps_per_bar * scene.beats
        velocity = MELODY_VELOCITY - 8.0
        if beat % 1:
            velocity += 5.0  # off the beat, as bebop players accent
        elif int(beat) in form.time.strong_beats:
            velocity += 3.0
        if following is not None and note.pitch > following.pitch:
            velocity += 4.0
        ends = following is None or following.start > note.end
        if ends or note.end - note.start > form.steps_per_bar // 2:
            velocity -= 10.0
        length = scene.at(note.end) - scene.at(note.start)
        end = scene.at(note.start) + length * (0.85 if ends else 0.97)
        chance = scene.chance(f"melody {step}", bar)
        found.append(scene.struck(note.pitch, scene.at(note.start), end, velocity, chance))
    return found


def _places(scene: Scene, bar: int, chance: random.Random) -> list[tuple[float, float, float]]:
    """Where in a bar the piano plays, in beats, when and for how many beats: by a pattern, and
    where a chord begins that the pattern leaves out or comes late for; an ending is one long
    chord."""
    pattern = chance.choice(_COMPING)
    if scene.is_ending(bar):
        return [(0.0, scene.time(bar, 0.0), float(scene.beats))]
    inside = [
        (scene.written_beat(beat), scene.time(bar, beat), length)
        for beat, length in pattern
        if beat < scene.beats
    ]
    size = scene.piece.form.steps_per_bar
    for chord in scene.piece.chords:
        if chord.start // size != bar:
            continue
        beat, end = ((step - bar * size) / size * scene.beats for step in (chord.start, chord.end))
        # Where a chord begins on a beat, the piano may come before it; off the beat it does not.
        early = 0.0 if beat % 1 else 0.5
        sounds = any(beat - 1e-6 <= b < end - 1e-6 for b, _, _ in inside)
        near = beat == 0 or any(-early - 1e-6 <= b - beat <= 0.5 + 1e-6 for b, _, _ in inside)
        if not (sounds and near):
            inside.append((beat, scene.at(chord.start), 0.9))
    return sorted(inside)


def _drumming(scene: Scene) -> list[Struck]:
    """Ride cymbal and hi-hat: ding, ding-a-ding; the hat on the weak beats."""
    found = []
    strong = scene.piece.form.time.strong_beats
    for bar in range(scene.bars):
        chance = scene.chance("drums", bar)
        if scene.is_ending(bar):
            time = scene.time(bar, 0)
            last = ((RIDE, 70.0), (KICK, 50.0))
            found += [scene.struck(drum, time, time + 0.2, loud, chance) for drum, loud in last]
            continue
        for beat in range(scene.beats):
            hits = [(RIDE, float(beat), 70.0 if beat in strong else 78.0)]
            weak = beat not in strong
            if weak:
                hits.append((PEDAL_HAT, float(beat), 66.0))
                if chance.random() < 0.85:
                    hits.append((RIDE, beat + 0.5, 56.0))
            elif beat == 0:
                hits.append((KICK, 0.0, 38.0))
            if chance.random() < 0.08:
                hits.append((SNARE, beat + 0.5, 40.0))
            for drum, place, velocity in hits:
                time = scene.time(bar, place)
                if time < scene.end - 1e-6:
                    found.append(scene.struck(drum, time, time + 0.2, velocity, chance))
    return found
