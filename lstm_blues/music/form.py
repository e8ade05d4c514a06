"""The form: chord symbols to note vectors (sections 2.2 and 2.3 of the report).

A chord is a set of pitch classes: inversions fold every chord into one range of twelve notes, one
unit per note, 1.0 for on and 0.0 for off.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lstm_blues.errors import BluesError, require
from lstm_blues.music.chords import pitch_classes
from lstm_blues.music.metre import FOUR_FOUR, Metre

MOST_STEPS_PER_QUARTER = 480
"""A step lasts no less than a tick of a MIDI file with 480 of them per quarter note."""


def require_steps_per_bar(setting: str, value: int, metre: Metre = FOUR_FOUR) -> None:
    """Raises `BluesError` for more steps in a bar than can be written, or none."""
    most = int(MOST_STEPS_PER_QUARTER * metre.quarters)
    require(1 <= value <= most, setting, value, f"from 1 to {most}")


PITCHES = 128
"""MIDI note numbers."""


@dataclass(frozen=True)
class Form:
    """A song's chords in time: one chorus (section 2.3, Figure 2).

    Args:
        name: what the form is called.
        chords: one string per bar; several symbols in a bar share its steps equally.
        bars: bars per chorus; `chords` must fill them.
        steps_per_bar: network steps per bar (8: one step is an eighth note, section 2.2).
        lowest_chord_note: MIDI note number of the lowest of the 12 chord units (Figure 1).
        lowest_melody_note: MIDI note number of the lowest of the melody units (Figure 1).
        metre: the time signature of every bar, one of `metre.METRES`.
        melody_notes: notes of the melody, a unit each (13 in section 2.2).

    Raises:
        BluesError: an unknown metre, a bar is missing, a chord is unknown, or a bar's chords do
            not divide its steps.
    """

    name: str
    chords: tuple[str, ...]
    bars: int = 12
    steps_per_bar: int = 8
    lowest_chord_note: int = 48
    lowest_melody_note: int = 60
    metre: str = FOUR_FOUR.text
    melody_notes: int = 13

    CHORD_NOTES = 12

    def __post_init__(self) -> None:
        require(self.bars > 0, "form.bars", self.bars, "at least 1")
        require_steps_per_bar("form.steps_per_bar", self.steps_per_bar, self.time)
        if len(self.chords) != self.bars:
            raise BluesError(
                f"form.chords fills {len(self.chords)} bars, but form.bars is {self.bars}."
            )
        notes = self.melody_notes
        require(1 <= notes <= PITCHES, "form.melody_notes", notes, f"from 1 to {PITCHES}")
        for setting, count in (("chord", self.CHORD_NOTES), ("melody", notes)):
            low = getattr(self, f"lowest_{setting}_note")
            top = PITCHES - count
            require(0 <= low <= top, f"form.lowest_{setting}_note", low, f"from 0 to {top}")
        for number, bar in enumerate(self.chords, start=1):
            symbols = bar.split()
            if not symbols or self.steps_per_bar % len(symbols):
                raise BluesError(
                    f"bar {number} of form.chords is {bar!r}: {len(symbols)} chords do not divide "
                    f"its {self.steps_per_bar} steps."
                )
            for symbol in symbols:
                try:
                    pitch_classes(symbol)
                except BluesError as error:
                    raise BluesError(f"bar {number} of form.chords: {error}") from None

    @property
    def time(self) -> Metre:
        """The metre, with its beats."""
        return Metre(self.metre)

    @property
    def steps(self) -> int:
        """Network steps in a chorus (96 in the report)."""
        return self.bars * self.steps_per_bar

    @property
    def steps_per_beat(self) -> int:
        """Network steps in a beat of the metre (2 in the report).

        Raises `BluesError` where a beat is no whole number of steps.
        """
        beats = self.time.beats
        allowed = f"a multiple of the {beats} beats of form.metre={self.metre} where beats count"
        require(self.steps_per_bar % beats == 0, "form.steps_per_bar", self.steps_per_bar, allowed)
        return self.steps_per_bar // beats

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """The chord symbol that sounds at each step, length `steps`."""
        return tuple(
            symbol
            for bar in self.chords
            for symbol in bar.split()
            for _ in range(self.steps_per_bar // len(bar.split()))
        )

    @property
    def chord_pitches(self) -> tuple[int, ...]:
        """MIDI note numbers of the chord units, lowest first."""
        return tuple(range(self.lowest_chord_note, self.lowest_chord_note + self.CHORD_NOTES))

    @property
    def melody_pitches(self) -> tuple[int, ...]:
        """MIDI note numbers of the melody units, lowest first."""
        return tuple(range(self.lowest_melody_note, self.lowest_melody_note + self.melody_notes))

    def chord_tensor(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """The chorus as note vectors, shape (steps, 12); unit k is the note `chord_pitches[k]`."""
        notes = torch.zeros(self.steps, self.CHORD_NOTES, dtype=dtype)
        for step, symbol in enumerate(self.symbols):
            for pitch in pitch_classes(symbol):
                notes[step, (pitch - self.lowest_chord_note) % 12] = 1.0
        return notes
