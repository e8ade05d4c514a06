"""The metre of a form: its bars and beats in quarter notes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lstm_blues.errors import BluesError

METRES = ("2/4", "3/4", "4/4", "5/4", "6/4", "2/2", "3/2", "3/8", "6/8", "9/8", "12/8")
"""Every metre that a form can have."""

_COMPOUND = 3
"""Eighths that a beat of a compound metre groups."""


@dataclass(frozen=True)
class Metre:
    """A time signature.

    Args:
        text: such as `4/4`, one of `METRES`.

    Raises:
        BluesError: another one.
    """

    text: str = "4/4"

    def __post_init__(self) -> None:
        if self.text not in METRES:
            known = ", ".join(METRES)
            raise BluesError(f"form.metre is {self.text!r}, but must be one of {known}.")

    @property
    def numerator(self) -> int:
        """The upper number of the time signature."""
        return int(self.text.split("/")[0])

    @property
    def denominator(self) -> int:
        """The lower number of the time signature: the note value that it counts."""
        return int(self.text.split("/")[1])

    @property
    def quarters(self) -> Fraction:
        """Quarter notes in a bar: 4 in 4/4, 3 in 3/4 and 6/8, 6 in 12/8."""
        return Fraction(4 * self.numerator, self.denominator)

    @property
    def is_compound(self) -> bool:
        """Whether a beat is a dotted quarter: 6/8, 9/8 and 12/8."""
        return self.denominator == 8 and self.numerator > _COMPOUND

    @property
    def beat(self) -> Fraction:
        """Quarter notes in a beat: 1 in 4/4 and 3/4, 2 in 2/2, 3/2 in compound metres."""
        counted = Fraction(4, self.denominator)
        if self.denominator == 8:
            return counted * _COMPOUND
        return counted

    @property
    def beats(self) -> int:
        """Beats in a bar: 4 in 4/4, 3 in 3/4, 2 in 6/8, 1 in 3/8."""
        return int(self.quarters / self.beat)


FOUR_FOUR = Metre()
"""The metre of the report's form."""
