"""A piece as it is played: who plays which note, when and how loud."""

from __future__ import annotations

from collections.abc import Iterable

from lstm_blues.music.piece import Note, Piece, stretches
from lstm_blues.music.timing import Timing
from lstm_blues.output.band import Band
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


class Players:
    """Those who play a piece, stretch after stretch, see `music.piece.stretches`.

    Args:
        timing: tempo and swing.
        arrangement: who plays.
    """

    def __init__(self, timing: Timing, arrangement: Arrangement = REPORT_ARRANGEMENT) -> None:
        self.timing, self.arrangement = timing, arrangement
        self._band = None if arrangement.band == NONE else Band(timing, arrangement)

    def play(self, stretch: Piece) -> list[Part]:
        """The parts of the next stretch.

        Chords are struck where any of their notes changes and where a chorus begins, or as the
        band's rules say.
        """
        if self._band is not None:
            return self._band.play(stretch)
        timing, chords = self.timing, stretch.chords
        harmony = [Note(p, chord.start, chord.end) for chord in chords for p in chord.pitches]
        struck = evenly(harmony, stretch, timing, CHORD_VELOCITY)
        parts = [Part("chords", CHORD_PROGRAM, struck, gain=0.7)]
        if stretch.has_melody:
            notes = evenly(stretch.melody, stretch, timing, MELODY_VELOCITY)
            parts.append(Part("melody", self.arrangement.program, notes))
        return parts


def perform(
    piece: Piece, timing: Timing, arrangement: Arrangement = REPORT_ARRANGEMENT
) -> list[Part]:
    """The parts of a whole piece, see `Players`."""
    players, parts = Players(timing, arrangement), list[Part]()
    steps, form = 0, piece.form
    for stretch in stretches(piece.notes.unbind(0), piece):
        before = timing.quarters(steps, form.steps_per_bar, form.time)
        steps += stretch.steps
        played = players.play(stretch)
        parts = parts or [part._replace(notes=[]) for part in played]
        for part, more in zip(parts, played, strict=True):
            part.notes.extend(
                note._replace(start=before + note.start, end=before + note.end)
                for note in more.notes
            )
    return parts or players.play(piece)


def evenly(notes: Iterable[Note], piece: Piece, timing: Timing, velocity: int) -> list[Struck]:
    """Notes as they are written, all equally loud."""
    form = piece.form

    def at(step: int) -> float:
        return timing.quarters(step, form.steps_per_bar, form.time)

    return [Struck(pitch, at(start), at(end), velocity) for pitch, start, end in notes]
