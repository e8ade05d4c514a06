"""A piece as it is played: who plays which note, when and how loud."""

from __future__ import annotations

from collections.abc import Iterable

from lstm_blues.music.piece import Note, Piece
from lstm_blues.music.timing import Timing
from lstm_blues.output.band import play_with_band
from lstm_blues.output.parts import (
    CHORD_PROGRAM,
    CHORD_VELOCITY,
    MELODY_VELOCITY,
    NONE,
    REPORT_ARRANGEMENT,
    Arrangement,
    Part,
    Struck,
)


def perform(
    piece: Piece,
    timing: Timing,
    arrangement: Arrangement = REPORT_ARRANGEMENT,
    bars_before: int = 0,
) -> list[Part]:
    """The parts of a piece, or of a stretch of it that `bars_before` others come before.

    Chords are struck where any of their notes changes and where a chorus begins, or as the band's
    rules say.
    """
    if arrangement.band != NONE:
        return play_with_band(piece, timing, arrangement, bars_before)
    harmony = [Note(p, chord.start, chord.end) for chord in piece.chords for p in chord.pitches]
    parts = [
        Part("chords", CHORD_PROGRAM, evenly(harmony, piece, timing, CHORD_VELOCITY), gain=0.7)
    ]
    if piece.has_melody:
        notes = evenly(piece.melody, piece, timing, MELODY_VELOCITY)
        parts.append(Part("melody", arrangement.program, notes))
    return parts


def evenly(notes: Iterable[Note], piece: Piece, timing: Timing, velocity: int) -> list[Struck]:
    """Notes as they are written, all equally loud."""
    form = piece.form

    def at(step: int) -> float:
        return timing.quarters(step, form.steps_per_bar, form.time)

    return [Struck(pitch, at(start), at(end), velocity) for pitch, start, end in notes]
