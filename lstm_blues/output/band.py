"""A band: piano, bass and drums by rule, from the chords that the network plays.

The network remains the author of chords and melody; the rules are those of a rhythm section that
reads its chords.  Whatever is left to chance is drawn by the arrangement's seed and the bar.
"""

from __future__ import annotations

import random

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import OCTAVE, read_symbol
from lstm_blues.music.piece import Chord, Piece
from lstm_blues.music.timing import Timing
from lstm_blues.output.parts import (
    CHORD_PROGRAM,
    MELODY_VELOCITY,
    TRIO,
    Arrangement,
    Part,
    Struck,
)
from lstm_blues.output.voicing import root_of, voicing

BASS_PROGRAM, DRUM_KIT = 32, 32  # acoustic bass; jazz kit

RIDE, PEDAL_HAT, KICK, SNARE = 51, 44, 36, 38

_LOWEST_BASS, _HIGHEST_BASS = 28, 50  # E1 to D3

# Of a bar of four beats: where the piano plays, in beats, and for how long.
_COMPING: tuple[tuple[tuple[float, float], ...], ...] = (
    ((0.0, 1.2), (1.5, 0.4)),  # the Charleston
    ((0.5, 0.4), (2.5, 1.0)),
    ((1.5, 0.4), (3.5, 0.4)),
    ((0.0, 0.4), (2.0, 1.4)),
    ((0.0, 1.8), (2.5, 0.4)),
)

_LOOSENESS = 0.008
"""Seconds: the standard deviation of when a player plays."""


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
        self._at = 36

    def play(self, stretch: Piece) -> list[Part]:
        """The parts of the next stretch."""
        scene = _Scene(stretch, self.timing, self.arrangement, self.bars)
        self.bars += scene.bars
        parts = []
        if stretch.has_melody:
            program = self.arrangement.program
            parts.append(Part("melody (by the network)", program, _phrased(scene), gain=1.0))
        name = "piano (by rule, from the network's chords)"
        parts.append(Part(name, CHORD_PROGRAM, self._comping(scene), pan=-0.35, gain=0.75))
        if self.arrangement.band == TRIO:
            bass = self._walking(scene)
            parts.append(Part("bass (by rule)", BASS_PROGRAM, bass, pan=0.1, gain=1.1))
            drums = _drumming(scene)
            parts.append(Part("drums (by rule)", DRUM_KIT, drums, drums=True, pan=0.35, gain=0.6))
        return parts

    def _comping(self, scene: _Scene) -> list[Struck]:
        """A piano that comps: chords off the beat, voices led, softer than the melody; none sounds
        on where another chord comes."""
        found: list[Struck] = []
        for bar in range(scene.bars):
            chance = scene.chance("piano", bar)
            for beat, length in _places(scene, bar, chance):
                time = scene.time(bar, beat)
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

    def _walking(self, scene: _Scene) -> list[Struck]:
        """A bass that walks: the lowest note where chords begin, chord notes between, and a step
        from above or below to the next; in an ending it rests on the tonic."""
        places = [
            (bar, beat)
            for bar in range(scene.bars)
            for beat in range(scene.beats)
            if bar * scene.bar + beat * scene.beat < scene.end - 1e-6
            and not (beat and scene.is_ending(bar))
        ]
        found: list[Struck] = []
        chords = [scene.chord(bar * scene.bar + beat * scene.beat) for bar, beat in places]
        following = [*chords[1:], chords[0] if chords else None]
        before: Chord | None = None
        for (bar, beat), chord, ahead in zip(places, chords, following, strict=True):
            if chord is None:
                continue
            chance = scene.chance(f"bass {beat}", bar)
            begins = before is None or chord.start != before.start
            if begins or scene.is_ending(bar) or (beat == 0 and chance.random() < 0.5):
                target = _nearest(_lowest(chord), self._at)
            elif ahead is not None and _lowest(ahead) != _lowest(chord) and ahead != chord:
                low = _nearest(_lowest(ahead), self._at)
                target = low + chance.choice((-1, 1)) if chance.random() < 0.6 else low + 2
            else:
                notes = [_nearest(p % OCTAVE, self._at) for p in chord.pitches]
                target = chance.choice([n for n in notes if n != self._at] or [self._at])
            self._at = min(max(target, _LOWEST_BASS), _HIGHEST_BASS)
            time = scene.time(bar, beat)
            velocity = 84.0 if beat == 0 else 78.0
            length = scene.beats if scene.is_ending(bar) else 0.92
            end = time + length * scene.beat
            found.append(scene.struck(self._at, time, end, velocity, chance))
            before = chord
        return found


class _Scene:
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

    def at(self, step: int) -> float:
        """When a step begins."""
        form = self.piece.form
        return self.timing.quarters(step, form.steps_per_bar, form.time)

    def time(self, bar: int, beats: float) -> float:
        """When so many beats of a bar have passed; halves of a beat swing, and are two eighths of
        three where those come in threes."""
        whole, part = divmod(beats, 1.0)
        if part <= 0.5:
            part *= 2 * (self.timing.swing if self.piece.form.time.swings else 2 / 3)
        return bar * self.bar + (whole + part) * self.beat

    def is_ending(self, bar: int) -> bool:
        """Whether a bar is an ending by rule, see `Piece.ends`."""
        return self.piece.ends and bar == self.bars - 1

    def chord(self, time: float) -> Chord | None:
        """The chord that sounds, or sounded last."""
        step = time / self.bar * self.piece.form.steps_per_bar
        sounding = [chord for chord in self.piece.chords if chord.start <= step + 1e-6]
        return sounding[-1] if sounding else None

    def chance(self, player: str, bar: int) -> random.Random:
        """What a player leaves to chance in a bar: the same wherever the stretch begins."""
        return random.Random(f"{self.seed} {player} {self.bars_before + bar}")

    def struck(
        self, pitch: int, start: float, end: float, velocity: float, chance: random.Random
    ) -> Struck:
        """A note, played as loosely as people do, within the stretch."""
        late = chance.gauss(0, _LOOSENESS) * self.timing.tempo / 60
        begin = min(max(start + late, 0.0), self.end)
        velocity = round(velocity + chance.uniform(-4, 4))
        last = min(max(end, begin + 0.05), self.end)
        return Struck(pitch, begin, last, min(127, max(1, velocity)))


def _phrased(scene: _Scene) -> list[Struck]:
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


def _lowest(chord: Chord) -> int:
    """The pitch class that a bass player plays where a chord begins: E for C/E."""
    try:
        bass = read_symbol(chord.symbol).bass
    except BluesError:
        bass = None
    return root_of(chord) if bass is None else bass


def _places(scene: _Scene, bar: int, chance: random.Random) -> list[tuple[float, float]]:
    """Where in a bar the piano plays, in beats, and for how long: by a pattern, and where a chord
    comes within the bar; an ending is one long chord."""
    pattern = chance.choice(_COMPING)
    if scene.is_ending(bar):
        return [(0.0, float(scene.beats))]
    inside = [(beat, length) for beat, length in pattern if beat < scene.beats]
    size = scene.piece.form.steps_per_bar
    for start in (chord.start for chord in scene.piece.chords):
        beat = (start - bar * size) / size * scene.beats
        if 0 < beat < scene.beats and not any(abs(b - beat) <= 0.5 for b, _ in inside):
            inside.append((beat, 0.9))
    return sorted(inside)


def _nearest(pitch_class: int, at: int) -> int:
    """The pitch of a class in the bass's range that is nearest to `at`."""
    register = range(_LOWEST_BASS, _HIGHEST_BASS + 1)
    return min((p for p in register if p % OCTAVE == pitch_class), key=lambda p: (abs(p - at), p))


def _drumming(scene: _Scene) -> list[Struck]:
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
