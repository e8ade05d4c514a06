"""How notes are written in scores: their spelling, their cuts at beats, their beams."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import (
    ACCIDENTALS,
    NATURALS,
    NOTE_NAMES,
    Symbol,
    pitch_classes,
    read_symbol,
)
from lstm_blues.music.piece import Note, Piece
from lstm_blues.music.timing import BEATS_PER_BAR

LETTERS = "".join(NATURALS)

# How many letters above its root a chord's note stands, by semitones: a flat fifth, not a sharp
# fourth; a flat ninth; a flat third.
_LETTERS_UP = (0, 1, 1, 2, 2, 3, 4, 4, 4, 5, 6, 6)

# Sharps (positive) or flats of the major key on each pitch class.
_FIFTHS = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)

_SHARP_FROM = 2

_TYPES = {1: "whole", 2: "half", 4: "quarter", 8: "eighth", 16: "16th", 32: "32nd", 64: "64th"}


class Spelled(NamedTuple):
    """A written pitch: letter, alteration in semitones, octave."""

    letter: str
    alter: int
    octave: int


def spell(pitch: int, chord: str, fifths: int) -> Spelled:
    """How a melody note is written.

    A note of the sounding chord is spelled as a part of it (Gb in Cdim); any other by the key:
    with sharps where the key has two or more of them, else as `chords.NOTE_NAMES`.

    Args:
        pitch: MIDI note number.
        chord: the symbol of the sounding chord; empty for none.
        fifths: sharps of the key, flats being negative.
    """
    name = NOTE_NAMES[pitch % 12]
    letter, alter = name[0], ACCIDENTALS[name[1:]]
    if fifths >= _SHARP_FROM and alter < 0:
        letter, alter = LETTERS[LETTERS.index(letter) - 1], 1
    parts = symbol_parts(chord)
    if parts is not None and pitch % 12 in pitch_classes(chord):
        root = parts.root
        up = _LETTERS_UP[(pitch - root) % 12]
        root_letter = parts.root_name[0]
        of_chord = LETTERS[(LETTERS.index(root_letter) + up) % 7]
        by = (pitch - NATURALS[of_chord] + 6) % 12 - 6
        if abs(by) <= 1:
            letter, alter = of_chord, by
    octave = (pitch - alter - NATURALS[letter]) // 12 - 1
    return Spelled(letter, alter, octave)


def symbol_parts(symbol: str) -> Symbol | None:
    """A symbol in parts; None where notes have none and stand by their names."""
    try:
        return read_symbol(symbol)
    except BluesError:
        return None


def key_fifths(piece: Piece) -> int:
    """Sharps of the key on the form's first chord, flats being negative; minor where it is."""
    parts = read_symbol(piece.form.symbols[0])
    minor = 3 in {(pitch - parts.root) % 12 for pitch in pitch_classes(piece.form.symbols[0])}
    return _FIFTHS[(parts.root + 3 * minor) % 12]


class Slice(NamedTuple):
    """A stretch in which the same notes sound; `tied`: those that go on after it."""

    pitches: tuple[int, ...]
    start: int
    end: int
    tied: frozenset[int]


def written_slices(melody: Sequence[Note], start: int, end: int, bar: int) -> list[Slice]:
    """What one voice writes from step `start` to `end`, a bar or a part of it.

    Stretches are cut where notes begin and end, and then until each can be written as one note or
    rest that doesn't hide the beat.
    """
    inside = [note for note in melody if note.start < end and note.end > start]
    cuts = {start, end}
    for note in inside:
        cuts |= {max(note.start, start), min(note.end, end)}
    points = sorted(cuts)
    slices = []
    for first, last in pairwise(points):
        sounding = [n for n in inside if n.start <= first and n.end >= last]
        for begin, finish in _writable(first - start, last - start, bar):
            tied = frozenset(n.pitch for n in sounding if n.end > finish + start)
            pitches = tuple(sorted({n.pitch for n in sounding}))
            slices.append(Slice(pitches, begin + start, finish + start, tied))
    return slices


def _writable(start: int, end: int, bar: int) -> list[tuple[int, int]]:
    """A stretch of a bar, `start` and `end` counted from its first step, as notes that can be
    written: cut at its strongest beat where need be."""
    length = end - start
    power = _is_power(bar, length)
    dotted = length % 3 == 0 and _is_power(bar, length // 3 * 2)
    size = length if power else length // 3 * 2
    aligned = (power or dotted) and start % size == 0
    # An off-beat note of half the size on each side is a syncopation that players read at sight.
    syncope = power and length > 1 and start % length == length // 2 and length * 4 <= bar
    # Without a middle inside the same half of the bar.
    syncope = syncope and start // (bar // 2) == (end - 1) // (bar // 2) if bar % 2 == 0 else False
    if aligned or syncope or length == 1:
        return [(start, end)]
    step = bar
    while True:
        step = step // 2 if step % 2 == 0 else 1
        cut = (start // step + 1) * step
        if start < cut < end:
            return _writable(start, cut, bar) + _writable(cut, end, bar)


def _is_power(bar: int, length: int) -> bool:
    """Whether a length is the bar, or the bar halved once or more."""
    whole, left = divmod(bar, length)
    return left == 0 and whole & (whole - 1) == 0


def key_signature(fifths: int) -> dict[str, int]:
    """The alterations of a key signature, by letter."""
    sharps = "FCGDAEB"
    if fifths >= 0:
        return dict.fromkeys(sharps[:fifths], 1)
    return dict.fromkeys(sharps[::-1][:-fifths], -1)


def beam_names(slices: Sequence[Slice], first: int, bar: int) -> list[list[str]]:
    """For each slice of a bar its beams, outermost first: notes shorter than a beat that begin in
    the same beat are joined."""
    beat = bar // BEATS_PER_BAR or 1

    def levels(here: Slice) -> int:
        kind, _ = note_type(here.end - here.start, bar)
        return max(0, list(_TYPES.values()).index(kind) - 2) if kind and here.pitches else 0

    counts = [levels(here) for here in slices]
    beats = [(here.start - first) // beat for here in slices]
    beams: list[list[str]] = []
    for place, count in enumerate(counts):
        before = counts[place - 1] if place and beats[place - 1] == beats[place] else 0
        after = 0
        if place + 1 < len(counts) and beats[place + 1] == beats[place]:
            after = counts[place + 1]
        names = []
        if before or after:
            for level in range(1, count + 1):
                left, right = level <= before, level <= after
                hook = "backward hook" if before else "forward hook"
                names.append(
                    "continue" if left and right else "end" if left else "begin" if right else hook
                )
        beams.append(names)
    return beams


def note_type(length: int, bar: int) -> tuple[str, int]:
    """MusicXML's name of a length and its dots; empty for one that has none."""
    for share, name in _TYPES.items():
        if length * share == bar:
            return name, 0
        if length * share * 2 == bar * 3:
            return name, 1
    return "", 0
