"""What the music of ABC is made of: its signs as regular expressions."""

from __future__ import annotations

import re
from fractions import Fraction

_NOTE = r"(?P<acc>\^{1,2}|_{1,2}|=)?(?P<letter>[A-Ga-g])(?P<octave>[,']*)"

TOKEN = re.compile(
    r'"(?P<text>[^"]*)"|(?P<skip>![^!\n]*!|\+[a-z()<>.]+\+|\{[^}]*\})'
    r"|\[(?P<field>[A-Za-z]):(?P<value>[^\]]*)\]"
    r"|\[\s*(?P<ending>\d[\d,\-]*)"
    r"|(?P<bar>:*\|+[\]:]*|\[\||::+|:?\|\])\s*(?P<number>\d[\d,\-]*)?"
    r"|\((?P<p>\d)(?::(?P<q>\d*))?(?::(?P<r>\d*))?"
    rf"|{_NOTE}(?P<size>\d*(?:/+\d*)?)"
    r"|(?P<rest>[zxZX])(?P<restsize>\d*(?:/+\d*)?)"
    r"|\[(?P<chord>[^\]|:]*)\](?P<chordsize>\d*(?:/+\d*)?)"
    r"|(?P<broken><+|>+)|(?P<tie>-)|(?P<overlay>&)"
)
"""The next sign of a line of music."""

IN_CHORD = re.compile(_NOTE + r"(?P<size>\d*(?:/+\d*)?)(?P<tie>-?)")
"""A note inside the brackets of a chord."""

_JUMP = re.compile(r"\bD\. ?[CS]\b\.?|da ?capo|dal ?segno|(da|to) ?coda", re.IGNORECASE)


def size_of(text: str) -> Fraction:
    """A length, such as `3/2`, `/` or nothing, as a multiple of the unit."""
    upper, slash, lower = text.partition("/")
    size = Fraction(int(upper or 1))
    if slash:
        size /= max(1, int(lower)) if lower.isdigit() else 2 ** (1 + lower.count("/"))
    return size


def is_jump(text: str) -> bool:
    """Whether a text or a decoration asks to go on elsewhere, as `D.C.` does."""
    return _JUMP.search(text) is not None
