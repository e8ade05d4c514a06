"""When steps sound: tempo and swing."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_blues.errors import require
from lstm_blues.music.form import Form

BEATS_PER_BAR = 4


STRAIGHT = 0.5


MIN_TEMPO, MAX_TEMPO = 4.0, 1000.0


@dataclass(frozen=True)
class Timing:
    """When steps sound.

    Args:
        tempo: quarter notes a minute.
        swing: share of a beat that its first half lasts, from 0.5 (straight) to below 1.

    Raises:
        BluesError: a value out of range.
    """

    tempo: float = 120.0
    swing: float = STRAIGHT

    def __post_init__(self) -> None:
        # A MIDI file counts the microseconds of a quarter note in 24 bits.
        require(
            MIN_TEMPO <= self.tempo <= MAX_TEMPO,
            "tempo",
            self.tempo,
            f"from {MIN_TEMPO:g} to {MAX_TEMPO:g} quarter notes a minute",
        )
        require(STRAIGHT <= self.swing < 1, "swing", self.swing, "from 0.5 to below 1")

    def beats(self, step: int, form: Form) -> float:
        """When a step begins, in quarter notes from the start."""
        beat, part = divmod(step * BEATS_PER_BAR / form.steps_per_bar, 1.0)
        if part < STRAIGHT:
            part *= self.swing / STRAIGHT
        else:
            part = self.swing + (part - STRAIGHT) * (1 - self.swing) / (1 - STRAIGHT)
        return beat + part

    def seconds(self, step: int, form: Form) -> float:
        """When a step begins, in seconds from the start."""
        return self.beats(step, form) * 60.0 / self.tempo
