"""The metre of a form: its bars and beats in quarter notes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lstm_blues.errors import BluesError

METRES = ("2/4", "3/4", "4/4", "5/4", "6/4", "2/2", "3/2", "3/8", "6/8", "9/8", "12/8")
"""Every metre that a form can have."""

_COMPOUND = 3
"""Eighths that a beat of a compound metre groups."""

_EIGHTH = 8

_GROUPED = {4: 2, 5: 3, 6: 3}
"""By the beats of a bar how many of them its first part has."""


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
        return self.denominator == _EIGHTH and self.numerator > _COMPOUND

    @property
    def beat(self) -> Fraction:
        """Quarter notes in a beat: 1 in 4/4 and 3/4, 2 in 2/2, 3/2 in compound metres."""
        counted = Fraction(4, self.denominator)
        if self.denominator == _EIGHTH:
            return counted * _COMPOUND
        return counted

    @property
    def beats(self) -> int:
        """Beats in a bar: 4 in 4/4, 3 in 3/4, 2 in 6/8, 1 in 3/8."""
        return int(self.quarters / self.beat)

    @property
    def spans(self) -> tuple[Fraction, ...]:
        """The bar, the parts that its beats are grouped in where there are such, and the beat, in
        quarter notes: 4, 2, 1 in 4/4; 3, 1 in 3/4; 6, 3, 3/2 in 12/8; 5, 3, 1 in 5/4, whose second
        part is shorter."""
        grouped = _GROUPED.get(self.beats)
        parts = (self.quarters, *((grouped * self.beat,) if grouped else ()), self.beat)
        return tuple(dict.fromkeys(parts))

    @property
    def strong_beats(self) -> tuple[int, ...]:
        """The beats that begin a part of the bar, from 0: 0 and 2 in 4/4, 0 in 3/4, 0 and 3 in
        5/4."""
        return tuple(range(0, self.beats, _GROUPED.get(self.beats, self.beats)))

    @property
    def swings(self) -> bool:
        """Whether its quarters are divided in two, which swing makes unequal.  Where eighths are
        counted they come in threes, and are played as written."""
        return self.denominator < _EIGHTH


FOUR_FOUR = Metre()
"""The metre of the report's form."""
