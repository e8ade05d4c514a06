"""Pieces in other keys: every note and symbol moved by an interval, and spelled in the new key."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from lstm_blues.errors import BluesError, require_choice
from lstm_blues.music.bars import REST, BarLibrary
from lstm_blues.music.chords import (
    ACCIDENTALS,
    NATURALS,
    NOTE_NAMES,
    OCTAVE,
    note_name,
    pitch_of,
    read_symbol,
)
from lstm_blues.music.form import Form
from lstm_blues.music.piece import Piece
from lstm_blues.music.spelling import LETTERS, SIGNS, alteration, key_fifths

KEYS = ("C", "Db", "D", "Eb", "E", "F", "F#", "Gb", "G", "Ab", "A", "Bb", "B")
"""Names of keys; a form's key is the root of its first chord."""

_TRITONE = OCTAVE // 2


class Interval(NamedTuple):
    """How far a piece is moved up: semitones, and letters, by which notes are spelled."""

    semitones: int
    letters: int


CONCERT, B_FLAT, E_FLAT = "concert", "Bb", "Eb"

WRITTEN_FOR = {CONCERT: Interval(0, 0), B_FLAT: Interval(2, 1), E_FLAT: Interval(9, 5)}
"""What is written above what sounds, for instruments in Bb (trumpet, tenor saxophone) and Eb (alto
saxophone)."""


def interval_to(form: Form, key: str) -> Interval:
    """The shorter way from a form's key to another.  Raises `BluesError` for an unknown key."""
    require_choice("key", key, KEYS)
    old = read_symbol(form.symbols[0])
    letters = (LETTERS.index(key[0]) - LETTERS.index(old.root_name[0])) % 7
    pitch = NATURALS[key[0]] + ACCIDENTALS[key[1:]]
    semitones = (pitch - old.root) % OCTAVE
    if semitones > _TRITONE:
        return Interval(semitones - OCTAVE, letters - 7)
    return Interval(semitones, letters)


def _moved_name(name: str, by: Interval) -> str:
    """A note name without octave, moved; spelled plainly where it would need two accidentals."""
    letter = LETTERS[(LETTERS.index(name[0]) + by.letters) % 7]
    pitch = (NATURALS[name[0]] + ACCIDENTALS[name[1:]] + by.semitones) % OCTAVE
    alter = alteration(pitch, letter)
    return letter + SIGNS[alter] if alter in SIGNS else NOTE_NAMES[pitch]


def moved_symbol(symbol: str, by: Interval) -> str:
    """A chord symbol, moved; its quality is written as it was."""
    parts = read_symbol(symbol)
    text = symbol.strip()
    quality = text[len(parts.root_name) :]
    bass = ""
    if parts.bass_name is not None:
        quality = quality[: quality.rindex("/")]
        bass = "/" + _moved_name(parts.bass_name, by)
    return _moved_name(parts.root_name, by) + quality + bass


def moved_form(form: Form, by: Interval) -> Form:
    """A form, moved, units and all.  Raises `BluesError` where its notes would leave MIDI's."""
    chords = tuple(" ".join(moved_symbol(s, by) for s in bar.split()) for bar in form.chords)
    low = min(form.lowest_chord_note, form.lowest_melody_note) + by.semitones
    high = max(form.chord_pitches[-1], form.melody_pitches[-1]) + by.semitones
    if low < 0 or high > 127:
        raise BluesError(
            f"moved by {by.semitones} semitones, form {form.name} leaves MIDI's notes."
        )
    return replace(
        form,
        chords=chords,
        lowest_chord_note=form.lowest_chord_note + by.semitones,
        lowest_melody_note=form.lowest_melody_note + by.semitones,
    )


def moved_library(library: BarLibrary, by: Interval) -> BarLibrary:
    """A bar library, moved."""

    def moved(written: str) -> str:
        found = re.fullmatch(r"(~?)([^:]+)(:.*)?", written)
        assert found is not None
        tie, name, length = found[1], found[2], found[3] or ""
        if name == REST:
            return written
        return f"{tie}{note_name(pitch_of(name) + by.semitones)}{length}"

    return replace(
        library,
        scale=tuple(_moved_name(name, by) for name in library.scale),
        bars=tuple(
            tuple(tuple(moved(note) for note in segment) for segment in segments)
            for segments in library.bars
        ),
    )


def moved_piece(piece: Piece, by: Interval) -> Piece:
    """A piece that sounds an interval higher."""
    library = piece.library and moved_library(piece.library, by)
    return replace(piece, form=moved_form(piece.form, by), library=library)


def _readable(symbol: str, by: Interval) -> Interval:
    """The same way up, spelled so that the key on a chord, moved, has no more than six sharps or
    flats: E for an instrument in Eb is Db, not C#."""
    fifths = key_fifths(symbol) + 7 * by.semitones - 12 * by.letters
    return by._replace(letters=by.letters + (fifths > _TRITONE) - (fifths < -_TRITONE))


def written_for(piece: Piece, instrument: str) -> Piece:
    """A piece as players of a transposing instrument read it.

    Args:
        piece: at concert pitch.
        instrument: one of `WRITTEN_FOR`.
    """
    if instrument == CONCERT:
        return piece
    by = _readable(piece.form.symbols[0], WRITTEN_FOR[instrument])
    moved = moved_piece(piece, by)
    title = f"{piece.title} ({instrument} instruments)"
    return replace(moved, title=title, written_above=by)
