"""When steps sound: tempo and swing."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_blues.errors import require
from lstm_blues.music.metre import FOUR_FOUR, Metre

STRAIGHT = 0.5
"""The swing of even eighths."""

MIN_TEMPO, MAX_TEMPO = 4.0, 1000.0
"""Quarter notes per minute.  A MIDI file counts a quarter note's microseconds in 24 bits."""


@dataclass(frozen=True)
class Timing:
    """When steps sound.

    Args:
        tempo: quarter notes per minute.
        swing: share of a quarter note that its first half lasts, from 0.5 (straight) to below 1; in
            metres that count eighths there is none.

    Raises:
        BluesError: a value out of range.
    """

    tempo: float = 120.0
    swing: float = STRAIGHT

    def __post_init__(self) -> None:
        require(
            MIN_TEMPO <= self.tempo <= MAX_TEMPO,
            "tempo",
            self.tempo,
            f"from {MIN_TEMPO:g} to {MAX_TEMPO:g} quarter notes per minute",
        )
        require(STRAIGHT <= self.swing < 1, "swing", self.swing, "from 0.5 to below 1")

    def require_fitting(self, metre: Metre) -> None:
        """Raises `BluesError` for swing in a metre that has none."""
        require(
            metre.swings or self.swing == STRAIGHT,
            "swing",
            self.swing,
            f"0.5 in {metre.text}, whose eighths come in threes",
        )

    def quarters(self, step: int, steps_per_bar: int, metre: Metre = FOUR_FOUR) -> float:
        """When a step begins, in quarter notes from the start."""
        return self.swung(step * float(metre.quarters) / steps_per_bar, metre)

    def swung(self, written: float, metre: Metre = FOUR_FOUR) -> float:
        """When sounds what is written so many quarter notes from the start, in the same unit."""
        quarter, part = divmod(written, 1.0)
        if not metre.swings:
            return quarter + part
        if part < STRAIGHT:
            part *= self.swing / STRAIGHT
        else:
            part = self.swing + (part - STRAIGHT) * (1 - self.swing) / (1 - STRAIGHT)
        return quarter + part

    def seconds(self, step: int, steps_per_bar: int, metre: Metre = FOUR_FOUR) -> float:
        """When a step begins, in seconds from the start."""
        return self.quarters(step, steps_per_bar, metre) * 60.0 / self.tempo
