"""The bar library: bar-long segments of melody for each bar of the form (section 2.3)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lstm_blues.errors import BluesError
from lstm_blues.form import Form, pitch_of, pitch_of_class


@dataclass(frozen=True)
class BarLibrary:
    """Segments of melody to choose from, one list for each bar of the form.

    Args:
        name: what the library is called.
        scale: note names that segments may use, such as `Eb`; empty for any.
        bars: for each bar its segments, each a list of equally long notes such as `Eb4`.
    """

    name: str
    scale: tuple[str, ...]
    bars: tuple[tuple[tuple[str, ...], ...], ...]

    def require_fitting(self, form: Form) -> None:
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
                if not segment or form.steps_per_bar % len(segment):
                    raise BluesError(
                        f"{where} has {len(segment)} notes, which don't divide a bar of "
                        f"{form.steps_per_bar} steps."
                    )
                for note in segment:
                    try:
                        pitch = pitch_of(note)
                    except BluesError as error:
                        raise BluesError(f"{where}: {error}") from None
                    if not low <= pitch <= high:
                        raise BluesError(
                            f"{where}: {note} is outside the melody's notes, MIDI {low} to {high}."
                        )
                    if scale and pitch % 12 not in scale:
                        raise BluesError(
                            f"{where}: {note} is not in the scale {' '.join(self.scale)}."
                        )

    @property
    def choices(self) -> tuple[int, ...]:
        """How many segments each bar has to choose from."""
        return tuple(len(segments) for segments in self.bars)

    def units(self, form: Form) -> list[Tensor]:
        """For each bar the melody unit of every step, shape (segments, steps_per_bar), int64."""
        return [
            torch.tensor(
                [
                    [
                        pitch_of(note) - form.lowest_melody_note
                        for note in segment
                        for _ in range(form.steps_per_bar // len(segment))
                    ]
                    for segment in segments
                ]
            )
            for segments in self.bars
        ]


def melody_floor(library: BarLibrary, form: Form) -> float:
    """The least expected cross-entropy of the melody, in nats a step (equation 1, 13 units).

    Computed exactly: the best predictor knows the library, that each bar's segment is drawn evenly
    and independently, and the notes so far; it predicts for every unit the share of the segments
    still possible that have it on.  No network can do better on average.
    """
    total = 0.0
    for units in library.units(form):
        for segment in units:
            possible = units
            for step, unit in enumerate(segment):
                total += _surprise(possible[:, step], unit, len(units))
                possible = possible[possible[:, step] == unit]
    return total / form.steps


def _surprise(following: Tensor, unit: Tensor, segments: int) -> float:
    """Cross-entropy of one step over all units, weighted by the segment's chance."""
    surprise = 0.0
    for other in set(following.tolist()):
        share = float((following == other).double().mean())
        right = share if other == int(unit) else 1 - share
        surprise -= math.log(right)
    return surprise / segments


def song_choices(song: int, choices: Sequence[int]) -> tuple[int, ...]:
    """The segment of each bar in song number `song`, bar 1 being the lowest digit (a bit)."""
    picked = []
    for count in choices:
        song, pick = divmod(song, count)
        picked.append(pick)
    return tuple(picked)


def song_number(picked: Sequence[int], choices: Sequence[int]) -> int:
    """The number of the song with these segments; the inverse of `song_choices`."""
    song = 0
    for pick, count in zip(reversed(picked), reversed(choices), strict=True):
        song = song * count + pick
    return song
