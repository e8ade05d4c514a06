"""How notes are spelled, by chord and key."""

from __future__ import annotations

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
from lstm_blues.music.qualities import OF_SIGN

LETTERS = "".join(NATURALS)

SIGNS = {-1: "b", 0: "", 1: "#"}
"""Accidentals by the semitones that they move their letter up."""

# How many letters above its root a chord's note stands, by semitones: a flat fifth, not a sharp
# fourth, where its quality does not say so; a flat ninth; a flat third, also as a sharp ninth.
_LETTERS_UP = (0, 1, 1, 2, 2, 3, 4, 4, 4, 5, 6, 6)

_SPELLED = {6: 9, 11: 5, 13: 9}
"""Degrees that are spelled as a quality has them, and their semitones above the root."""

_SHARPS = "FCGDAEB"
"""Letters in the order in which key signatures raise them."""

_MOST_FIFTHS = 7
"""Sharps or flats that a key signature can have."""

_SHARP_FROM, _FLAT_FROM = 2, -1
"""Sharps of a key from which on notes that are not its own are sharps, and are flats."""


class Spelled(NamedTuple):
    """A written pitch: letter, alteration in semitones, octave."""

    letter: str
    alter: int
    octave: int

    def __str__(self) -> str:
        return f"{self.letter}{SIGNS[self.alter]}{self.octave}"


def spell(pitch: int, chord: str, fifths: int) -> Spelled:
    """How a melody note is written.

    A note of the sounding chord is spelled as a part of it (Gb in Cdim), another of the key as the
    key has it, and all others with sharps where the key has two or more, with flats where it has
    any, else as `chords.NOTE_NAMES`.

    Args:
        pitch: MIDI note number.
        chord: the symbol of the sounding chord; empty for none.
        fifths: sharps of the key, flats being negative.
    """
    letter, alter = _of_chord(pitch % 12, chord) or _of_key(pitch % 12, fifths)
    octave = (pitch - alter - NATURALS[letter]) // 12 - 1
    return Spelled(letter, alter, octave)


def _of_chord(pitch_class: int, chord: str) -> tuple[str, int] | None:
    """Letter and alteration of a note of a chord; None for others."""
    parts = symbol_parts(chord)
    if parts is None or pitch_class not in pitch_classes(chord):
        return None
    interval = (pitch_class - parts.root) % 12
    up = _LETTERS_UP[interval]
    for value, alter, _ in OF_SIGN[parts.quality].degrees:
        if interval - alter == _SPELLED.get(value):
            up = (value - 1) % 7
    letter = LETTERS[(LETTERS.index(parts.root_name[0]) + up) % 7]
    alter = alteration(pitch_class, letter)
    return (letter, alter) if abs(alter) <= 1 else None


def _of_key(pitch_class: int, fifths: int) -> tuple[str, int]:
    """Letter and alteration of a note in a key."""
    signature = key_signature(fifths)
    for letter in LETTERS:
        if (NATURALS[letter] + signature.get(letter, 0)) % 12 == pitch_class:
            return letter, signature.get(letter, 0)
    name = NOTE_NAMES[pitch_class]
    letter, alter = name[0], ACCIDENTALS[name[1:]]
    if (fifths >= _SHARP_FROM and alter < 0) or (fifths <= _FLAT_FROM and alter > 0):
        letter = LETTERS[(LETTERS.index(letter) + alter) % 7]
        alter = -alter
    return letter, alter


def alteration(pitch_class: int, letter: str) -> int:
    """Semitones by which a letter is altered to be a pitch class."""
    return (pitch_class - NATURALS[letter] + 6) % 12 - 6


def symbol_parts(symbol: str) -> Symbol | None:
    """A symbol in parts; None where notes have none and stand by their names."""
    try:
        return read_symbol(symbol)
    except BluesError:
        return None


def key_fifths(symbol: str) -> int:
    """Sharps of the key on a chord, flats being negative; minor where the chord is: C7#9 isn't."""
    parts = read_symbol(symbol)
    above = {(pitch - parts.root) % 12 for pitch in pitch_classes(symbol)}
    minor = 3 in above and 4 not in above
    name = parts.root_name
    fifths = _SHARPS.index(name[0]) - 1 + 7 * ACCIDENTALS[name[1:]] - 3 * minor
    if abs(fifths) > _MOST_FIFTHS:
        fifths -= 12 if fifths > 0 else -12
    return fifths


def key_signature(fifths: int) -> dict[str, int]:
    """The alterations of a key signature, by letter."""
    if fifths >= 0:
        return dict.fromkeys(_SHARPS[:fifths], 1)
    return dict.fromkeys(_SHARPS[::-1][:-fifths], -1)
