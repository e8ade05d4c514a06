"""The bar library: bar-long segments of melody for each bar of the form (section 2.3)."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import torch
from torch import Tensor

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import pitch_of, pitch_of_class
from lstm_blues.music.encoding import REPORT, Encoding
from lstm_blues.music.form import Form


@dataclass(frozen=True)
class BarLibrary:
    """Segments of melody to choose from, one list for each bar of the form.

    Args:
        name: what the library is called.
        scale: note names that segments may use, such as `Eb`; empty for any.
        bars: for each bar its segments, each a list of notes: equally long ones such as `Eb4`, or
            each with its length as a share of the bar, such as `Eb4:1/8`.
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
                for written, (pitch, steps) in zip(segment, notes, strict=True):
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
        if math.prod(self.choices) > sys.maxsize:
            raise BluesError(
                "bars.bars has so many segments that they make more songs than can be counted; "
                "remove some."
            )

    @property
    def choices(self) -> tuple[int, ...]:
        """How many segments each bar has to choose from."""
        return tuple(len(segments) for segments in self.bars)

    def units(self, form: Form) -> list[Tensor]:
        """For each bar the melody unit of every step, shape (segments, steps_per_bar), int64."""
        return self._by_step(form, lambda pitch, _: pitch - form.lowest_melody_note)

    def begins(self, form: Form) -> list[Tensor]:
        """For each bar where notes begin, shape (segments, steps_per_bar), bool."""
        return self._by_step(form, lambda _, step: step == 0)

    def _by_step(self, form: Form, value: Callable[[int, int], int]) -> list[Tensor]:
        """For each bar a value of every step, from its pitch and how long that has sounded."""
        return [
            torch.tensor(
                [
                    [
                        value(pitch, step)
                        for pitch, steps in read_segment(segment, form.steps_per_bar)
                        for step in range(steps)
                    ]
                    for segment in segments
                ]
            )
            for segments in self.bars
        ]

    def encoded(self, form: Form, encoding: Encoding) -> list[Tensor]:
        """For each bar the units, shape (segments, steps_per_bar, melody_units), float64."""
        return [
            encoding.encode_melody(units, begins)
            for units, begins in zip(self.units(form), self.begins(form), strict=True)
        ]


def read_segment(segment: Sequence[str], steps_per_bar: int) -> list[tuple[int, int]]:
    """MIDI note number and length in steps of each note of a segment.

    Raises `BluesError` where the notes don't fill the bar; its text goes on from the segment's
    place.
    """
    if not any(":" in note for note in segment):
        if not segment or steps_per_bar % len(segment):
            raise BluesError(
                f" has {len(segment)} notes, which do not divide a bar of {steps_per_bar} steps."
            )
        return [(_pitch(note), steps_per_bar // len(segment)) for note in segment]
    notes = []
    for written in segment:
        name, _, length = written.partition(":")
        try:
            steps = Fraction(length) * steps_per_bar
        except (ValueError, ZeroDivisionError):
            raise BluesError(
                f": {written!r} must be a note with its share of the bar, such as Eb4:1/8; either "
                "all notes of a segment have a share or none has."
            ) from None
        if steps.denominator != 1 or steps < 1:
            raise BluesError(
                f": {written} lasts {steps} steps of a bar of {steps_per_bar}, but must last whole "
                "ones."
            )
        notes.append((_pitch(name), int(steps)))
    filled = sum(steps for _, steps in notes)
    if filled != steps_per_bar:
        raise BluesError(f" fills {filled} steps of a bar of {steps_per_bar}.")
    return notes


def _pitch(note: str) -> int:
    try:
        return pitch_of(note)
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
