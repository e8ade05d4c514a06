"""How notes are spelled in scores, by chord and key."""

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
from lstm_blues.music.piece import Piece

LETTERS = "".join(NATURALS)

# How many letters above its root a chord's note stands, by semitones: a flat fifth, not a sharp
# fourth; a flat ninth; a flat third.
_LETTERS_UP = (0, 1, 1, 2, 2, 3, 4, 4, 4, 5, 6, 6)

# Sharps (positive) or flats of the major key on each pitch class.
_FIFTHS = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)

# Sharps of F# major: as many flats has Gb major.
_TRITONE = 6

_SHARP_FROM = 2


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
    fifths = _FIFTHS[(parts.root + 3 * minor) % 12]
    return -fifths if fifths == _TRITONE and "b" in parts.root_name else fifths


def key_signature(fifths: int) -> dict[str, int]:
    """The alterations of a key signature, by letter."""
    sharps = "FCGDAEB"
    if fifths >= 0:
        return dict.fromkeys(sharps[:fifths], 1)
    return dict.fromkeys(sharps[::-1][:-fifths], -1)
