"""The bar library: bar-long segments of melody for each bar of the form (section 2.3)."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import torch
from torch import Tensor

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import pitch_of, pitch_of_class
from lstm_blues.music.encoding import REPORT, Encoding
from lstm_blues.music.form import Form

REST = "r"
"""How a rest is written in a segment."""

TIE = "~"
"""Before a segment's first note: the note goes on from the bar before, where that ends on it."""


class SegmentNote(NamedTuple):
    """A note of a segment, or a rest.

    pitch: MIDI note number; None for a rest.  steps: how long it lasts.  tied: whether it goes on
    from the bar before, where that ends on the same pitch.
    """

    pitch: int | None
    steps: int
    tied: bool = False


@dataclass(frozen=True)
class BarLibrary:
    """Segments of melody to choose from, one list for each bar of the form.

    The form is a cycle: a pickup stands at the end of the last bar, and a note of the first bar may
    be tied to it.

    Args:
        name: what the library is called.
        scale: note names that segments may use, such as `Eb`; empty for any.
        bars: for each bar its segments, each a list of notes, `Eb4`, and rests, `r`: equally long
            ones, or each with its length as a share of the bar, `Eb4:1/8`, `r:1/4`.  The first of a
            segment may be tied to the bar before, `~Eb4`.
    """

    name: str
    scale: tuple[str, ...]
    bars: tuple[tuple[tuple[str, ...], ...], ...]

    def require_fitting(self, form: Form, encoding: Encoding = REPORT) -> None:
        """Raises `BluesError`, naming bar, segment and note, where the library doesn't fit."""
        if len(self.bars) != form.bars:
            raise BluesError(
                f"bars.bars has segments for {len(self.bars)} bars, but the form has {form.bars}."
            )
        scale = {pitch_of_class(name) for name in self.scale}
        low, high = form.melody_pitches[0], form.melody_pitches[-1]
        for number, segments in enumerate(self.bars, start=1):
            if not segments:
                raise BluesError(f"bar {number} of bars.bars has no segment.")
            for which, segment in enumerate(segments, start=1):
                where = f"bar {number}, segment {which} of bars.bars"
                try:
                    notes = read_segment(segment, form.steps_per_bar)
                except BluesError as error:
                    raise BluesError(f"{where}{error}") from None
                for written, (pitch, steps, tied) in zip(segment, notes, strict=True):
                    if pitch is None:
                        if not encoding.rests:
                            raise BluesError(
                                f"{where} has a rest, but encoding.rests is false: set it to true, "
                                "or to null for what the library needs."
                            )
                        continue
                    if not low <= pitch <= high:
                        raise BluesError(
                            f"{where}: {written} is outside the melody's notes, "
                            f"MIDI {low} to {high}."
                        )
                    if scale and pitch % 12 not in scale:
                        raise BluesError(
                            f"{where}: {written} is not in the scale {' '.join(self.scale)}."
                        )
                    if encoding.held == "endings" and steps < 2:
                        raise BluesError(
                            f"{where}: {written} lasts one step of form.steps_per_bar="
                            f"{form.steps_per_bar}, but encoding.held=endings marks the last of "
                            "two or more."
                        )
                    if encoding.held == "endings" and tied:
                        raise BluesError(
                            f"{where}: {written} is tied to the bar before, but "
                            "encoding.held=endings ends every note within its bar; use begins or "
                            "unmarked."
                        )
        if math.prod(self.choices) > sys.maxsize:
            raise BluesError(
                "bars.bars has so many segments that they make more songs than can be counted; "
                "remove some."
            )

    @property
    def choices(self) -> tuple[int, ...]:
        """How many segments each bar has to choose from."""
        return tuple(len(segments) for segments in self.bars)

    @property
    def rests(self) -> bool:
        """Whether any segment has a rest."""
        return any(
            note.partition(":")[0] == REST
            for segments in self.bars
            for segment in segments
            for note in segment
        )

    def units(self, form: Form) -> list[Tensor]:
        """For each bar the melody unit of every step, that after the last note for a rest, shape
        (segments, steps_per_bar), int64."""

        def unit(note: SegmentNote, _: int) -> int:
            rest = form.melody_notes
            return rest if note.pitch is None else note.pitch - form.lowest_melody_note

        return self._by_step(form, unit)

    def begins(self, form: Form) -> list[Tensor]:
        """For each bar where notes and rests begin, shape (segments, steps_per_bar), bool; a tied
        one never does."""
        return self._by_step(form, lambda note, step: step == 0 and not note.tied)

    def _by_step(self, form: Form, value: Callable[[SegmentNote, int], int]) -> list[Tensor]:
        """For each bar a value of every step, from its note and how long that has sounded."""
        return [
            torch.tensor(
                [
                    [
                        value(note, step)
                        for note in read_segment(segment, form.steps_per_bar)
                        for step in range(note.steps)
                    ]
                    for segment in segments
                ]
            )
            for segments in self.bars
        ]

    def encoded(self, form: Form, encoding: Encoding) -> list[Tensor]:
        """For each bar the units, shape (segments, steps_per_bar, melody_units), float64."""
        return [
            encoding.encode_melody(units, begins, form.melody_notes)
            for units, begins in zip(self.units(form), self.begins(form), strict=True)
        ]


def read_segment(segment: Sequence[str], steps_per_bar: int) -> list[SegmentNote]:
    """The notes and rests of a segment.

    Raises `BluesError` where they don't fill the bar; its text goes on from the segment's place.
    """
    for place, written in enumerate(segment):
        if written.startswith(TIE) and place > 0:
            raise BluesError(
                f": {written!r} is tied, but must be the segment's first note to go on from the "
                "bar before."
            )
    if not any(":" in note for note in segment):
        if not segment or steps_per_bar % len(segment):
            raise BluesError(
                f" has {len(segment)} notes, which do not divide a bar of {steps_per_bar} steps."
            )
        return [_note(written, steps_per_bar // len(segment)) for written in segment]
    notes = []
    for written in segment:
        name, _, length = written.partition(":")
        try:
            steps = Fraction(length) * steps_per_bar
        except (ValueError, ZeroDivisionError):
            raise BluesError(
                f": {written!r} must be a note or a rest with its share of the bar, such as "
                "Eb4:1/8 or r:1/4; either all of a segment have a share or none has."
            ) from None
        if steps.denominator != 1 or steps < 1:
            raise BluesError(
                f": {written} lasts {steps} steps of a bar of {steps_per_bar}, but must last whole "
                "ones."
            )
        notes.append(_note(name, int(steps)))
    filled = sum(note.steps for note in notes)
    if filled != steps_per_bar:
        raise BluesError(f" fills {filled} steps of a bar of {steps_per_bar}.")
    return notes


def _note(name: str, steps: int) -> SegmentNote:
    if name == REST:
        return SegmentNote(None, steps)
    try:
        return SegmentNote(pitch_of(name.removeprefix(TIE)), steps, name.startswith(TIE))
    except BluesError as error:
        raise BluesError(f": {error}") from None


def melody_floor(library: BarLibrary, form: Form, encoding: Encoding = REPORT) -> float:
    """The least expected cross-entropy of the melody, in nats per step (equation 1, all its units).

    Computed exactly, as the loss of an optimal predictor, which knows the library, that each bar's
    segment is drawn uniformly and independently, and the notes so far.  It predicts for every unit
    the share of the segments still possible that have it on.  No network can do better on average.
    """
    total = Decimal(0)
    for segments in library.encoded(form, encoding):
        for segment in segments:
            possible, right, of = segments, 1, 1
            for step, units in enumerate(segment):
                same = (possible[:, step] == units).sum(0)
                right *= math.prod(same.tolist())
                of *= len(possible) ** len(units)
                possible = possible[(possible[:, step] == units).all(1)]
            # Whole numbers and decimal logarithms are the same on every machine.
            total -= (Decimal(right).ln() - Decimal(of).ln()) / len(segments)
    return float(total / form.steps)
