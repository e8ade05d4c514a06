"""Time signatures as files write them, `C|` or `3+2/4`, in the spelling of `music.metre`."""

from __future__ import annotations

import re
from fractions import Fraction

from lstm_blues.errors import BluesError
from lstm_blues.music.metre import METRES

FREE = "none"
"""The time signature of music without bars of one length."""

_SIGNS = {"C": "4/4", "C|": "2/2", "": FREE}

_TERM = re.compile(r"\(?(\d{1,4}(?:\+\d{1,4})*)\)?/(\d{1,4})(?!\d)")


class MetreError(BluesError):
    """A file in a metre that no form has, or in more than one."""


def plain_metre(text: str) -> str:
    """A time signature such as `6/8`; a sum such as `3+2/4`, `(3+2)/4` or `3/4+2/4` as the whole,
    `5/4`.  What is none, or a sum of different note values, comes back as it is."""
    bare = re.sub(r"\s*([+/()])\s*", r"\1", text.strip())
    bare = _SIGNS.get(bare, bare)
    terms = _terms(bare)
    if not terms or len({lower for _, lower in terms}) > 1:
        return bare
    return f"{sum(upper for upper, _ in terms)}/{terms[0][1]}"


def quarters_of(metre: str) -> Fraction:
    """Quarter notes of a bar in a metre as `plain_metre` gives it; 0 where it has none."""
    return sum((Fraction(4 * upper, lower) for upper, lower in _terms(metre)), Fraction(0))


def _terms(bare: str) -> list[tuple[int, int]]:
    """Upper and lower numbers of the fractions that a time signature is a sum of."""
    found, at = [], 0
    while term := _TERM.match(bare, at):
        upper, lower = sum(map(int, term[1].split("+"))), int(term[2])
        if not upper or not lower:
            return []
        found.append((upper, lower))
        at = term.end()
        if bare[at : at + 1] != "+":
            break
        at += 1
    return found


def require_metre(metre: str, file: str) -> None:
    """Raises `MetreError` for a time signature that no form has."""
    if metre not in METRES:
        told = "has no metre (free time)" if metre == FREE else f"is in {metre}"
        raise MetreError(f"{file!r} {told}, but a form must be in one of {', '.join(METRES)}.")
