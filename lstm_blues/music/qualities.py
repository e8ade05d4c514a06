"""Qualities of chords: their signs, their notes, and how scores tell them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple


class Degree(NamedTuple):
    """A degree of MusicXML: its number, its alteration in semitones, and `add`, `alter` or
    `subtract`."""

    value: int
    alter: int
    how: str


class Quality(NamedTuple):
    """What follows the root of a chord symbol.

    signs: how it is written; scores have the first.  also: what else is read, such as `Maj7` and
    `7b9#5`.  intervals: semitones above the root.  kind, degrees: of MusicXML.  usual: whether
    notes that come without a symbol are named by it.
    """

    signs: tuple[str, ...]
    also: tuple[str, ...]
    intervals: tuple[int, ...]
    kind: str
    degrees: tuple[Degree, ...]
    usual: bool


_Row = tuple[tuple[str, ...], tuple[int, ...], str, str]

# Of two qualities with the same notes, the one that comes first names them.
_USUAL: tuple[_Row, ...] = (
    (("", "maj", "M"), (0, 4, 7), "major", ""),
    (("m", "min", "-"), (0, 3, 7), "minor", ""),
    (("5", "no3"), (0, 7), "power", ""),
    (("dim", "°", "o"), (0, 3, 6), "diminished", ""),
    (("aug", "+", "maj#5"), (0, 4, 8), "augmented", ""),
    (("sus2", "add9no3"), (0, 2, 7), "suspended-second", ""),
    (("sus4", "sus"), (0, 5, 7), "suspended-fourth", ""),
    (("7",), (0, 4, 7, 10), "dominant", ""),
    (("maj7", "M7", "Δ", "Δ7"), (0, 4, 7, 11), "major-seventh", ""),
    (("m7", "min7", "-7"), (0, 3, 7, 10), "minor-seventh", ""),
    (("mM7", "mmaj7", "-Δ", "mMaj7"), (0, 3, 7, 11), "major-minor", ""),
    (("dim7", "°7", "o7"), (0, 3, 6, 9), "diminished-seventh", ""),
    (("m7b5", "-7b5", "ø", "ø7"), (0, 3, 6, 10), "half-diminished", ""),
    (("6", "maj6"), (0, 4, 7, 9), "major-sixth", ""),
    (("m6", "min6", "-6"), (0, 3, 7, 9), "minor-sixth", ""),
    (("6/9", "69", "maj6/9", "maj69"), (0, 2, 4, 7, 9), "major-sixth", "add 9"),
    (("aug7", "+7", "7#5"), (0, 4, 8, 10), "augmented-seventh", ""),
    (("7b5",), (0, 4, 6, 10), "dominant", "alter b5"),
    (("7sus4", "7sus"), (0, 5, 7, 10), "suspended-fourth", "add b7"),
    (("7b9",), (0, 1, 4, 7, 10), "dominant", "add b9"),
    (("7#9",), (0, 3, 4, 7, 10), "dominant", "add #9"),
    (("9",), (0, 2, 4, 7, 10), "dominant-ninth", ""),
    (("maj9", "M9", "Δ9"), (0, 2, 4, 7, 11), "major-ninth", ""),
    (("m9", "min9", "-9"), (0, 2, 3, 7, 10), "minor-ninth", ""),
    (("add9", "majadd9"), (0, 2, 4, 7), "major", "add 9"),
    (("11", "9sus4", "9sus"), (0, 2, 5, 7, 10), "dominant-11th", ""),
    (("m11", "min11", "-11"), (0, 2, 3, 5, 7, 10), "minor-11th", ""),
    (("13",), (0, 2, 4, 7, 9, 10), "dominant-13th", ""),
    # What only files bring.
    (
        ("augmaj7", "+M7", "+maj7", "augM7", "maj7#5", "M7#5"),
        (0, 4, 8, 11),
        "major-seventh",
        "alter #5",
    ),
    (("maj7#11", "M7#11"), (0, 4, 6, 7, 11), "major-seventh", "add #11"),
    (("7#11",), (0, 4, 6, 7, 10), "dominant", "add #11"),
    (("7b13",), (0, 4, 7, 8, 10), "dominant", "add b13"),
    (("maj11", "M11"), (0, 2, 4, 5, 7, 11), "major-11th", ""),
    (("maj13", "M13"), (0, 2, 4, 7, 9, 11), "major-13th", ""),
    (("m13", "min13", "-13"), (0, 2, 3, 7, 9, 10), "minor-13th", ""),
    (("m6/9", "m69"), (0, 2, 3, 7, 9), "minor-sixth", "add 9"),
    (("madd9",), (0, 2, 3, 7), "minor", "add 9"),
    (("add4", "add11"), (0, 4, 5, 7), "major", "add 4"),
)

# What only symbols bring: notes that come without one and would be such a chord mostly are none.
_RARE: tuple[_Row, ...] = (
    (("7alt", "alt"), (0, 1, 3, 4, 8, 10), "dominant", "subtract 5, add b9, add #9, add b13"),
    (("7b5b9",), (0, 1, 4, 6, 10), "dominant", "alter b5, add b9"),
    (("7b5#9",), (0, 3, 4, 6, 10), "dominant", "alter b5, add #9"),
    (("7#5b9", "+7b9", "aug7b9"), (0, 1, 4, 8, 10), "dominant", "alter #5, add b9"),
    (("7#5#9", "+7#9", "aug7#9"), (0, 3, 4, 8, 10), "dominant", "alter #5, add #9"),
    (("7#5#11", "+7#11", "aug7#11", "7b5#5"), (0, 4, 6, 8, 10), "dominant", "alter #5, add #11"),
    (("7b9#9",), (0, 1, 3, 4, 7, 10), "dominant", "add b9, add #9"),
    (("7b9#11",), (0, 1, 4, 6, 7, 10), "dominant", "add b9, add #11"),
    (("7#9#11",), (0, 3, 4, 6, 7, 10), "dominant", "add #9, add #11"),
    (("7b9b13",), (0, 1, 4, 7, 8, 10), "dominant", "add b9, add b13"),
    (("7#9b13",), (0, 3, 4, 7, 8, 10), "dominant", "add #9, add b13"),
    (("7#11b13",), (0, 4, 6, 7, 8, 10), "dominant", "add #11, add b13"),
    (("7add11", "7add4"), (0, 4, 5, 7, 10), "dominant", "add 11"),
    (("7add13", "7add6"), (0, 4, 7, 9, 10), "dominant", "add 13"),
    (("9b5",), (0, 2, 4, 6, 10), "dominant-ninth", "alter b5"),
    (("9#5", "+9", "aug9"), (0, 2, 4, 8, 10), "dominant-ninth", "alter #5"),
    (("9#11",), (0, 2, 4, 6, 7, 10), "dominant-ninth", "add #11"),
    (("9b13",), (0, 2, 4, 7, 8, 10), "dominant-ninth", "add b13"),
    (("13b5",), (0, 2, 4, 6, 9, 10), "dominant-ninth", "alter b5, add 13"),
    (("13b9",), (0, 1, 4, 7, 9, 10), "dominant", "add b9, add 13"),
    (("13#9",), (0, 3, 4, 7, 9, 10), "dominant", "add #9, add 13"),
    (("13#11",), (0, 2, 4, 6, 7, 9, 10), "dominant-ninth", "add #11, add 13"),
    (("13b9#11",), (0, 1, 4, 6, 7, 9, 10), "dominant", "add b9, add #11, add 13"),
    (("13#9#11",), (0, 3, 4, 6, 7, 9, 10), "dominant", "add #9, add #11, add 13"),
    (
        ("7sus4b9", "7susb9", "7b9sus4", "7b9sus", "susb9"),
        (0, 1, 5, 7, 10),
        "suspended-fourth",
        "add b7, add b9",
    ),
    (("13sus4", "13sus"), (0, 2, 5, 7, 9, 10), "suspended-fourth", "add b7, add 9, add 13"),
    (
        ("13sus4b9", "13susb9", "13b9sus4", "13b9sus"),
        (0, 1, 5, 7, 9, 10),
        "suspended-fourth",
        "add b7, add b9, add 13",
    ),
    (("sus4add9", "sus2sus4", "sus24"), (0, 2, 5, 7), "suspended-fourth", "add 9"),
    (("7sus2", "9no3"), (0, 2, 7, 10), "suspended-second", "add b7"),
    (("maj7sus2", "maj9no3"), (0, 2, 7, 11), "major-seventh", "subtract 3, add 2"),
    (("maj7sus4", "maj7sus"), (0, 5, 7, 11), "major-seventh", "subtract 3, add 4"),
    (("maj7b5",), (0, 4, 6, 11), "major-seventh", "alter b5"),
    (("maj7#9",), (0, 3, 4, 7, 11), "major-seventh", "add #9"),
    (("maj7add13", "maj7add6"), (0, 4, 7, 9, 11), "major-seventh", "add 13"),
    (("maj9#5", "augmaj9", "+M9"), (0, 2, 4, 8, 11), "major-ninth", "alter #5"),
    (("maj9#11",), (0, 2, 4, 6, 7, 11), "major-ninth", "add #11"),
    (("maj13#11",), (0, 2, 4, 6, 7, 9, 11), "major-ninth", "add #11, add 13"),
    (("6/9#11", "69#11"), (0, 2, 4, 6, 7, 9), "major-sixth", "add 9, add #11"),
    (("majb5",), (0, 4, 6), "major", "alter b5"),
    (("addb9",), (0, 1, 4, 7), "major", "add b9"),
    (("add#9",), (0, 3, 4, 7), "major", "add #9"),
    (("add#11", "add#4"), (0, 4, 6, 7), "major", "add #11"),
    (("mb6",), (0, 3, 7, 8), "minor", "add b6"),
    (("madd11", "madd4"), (0, 3, 5, 7), "minor", "add 11"),
    (("m7#5",), (0, 3, 8, 10), "minor-seventh", "alter #5"),
    (("m7b9",), (0, 1, 3, 7, 10), "minor-seventh", "add b9"),
    (("m7#11",), (0, 3, 6, 7, 10), "minor-seventh", "add #11"),
    (("m7b13",), (0, 3, 7, 8, 10), "minor-seventh", "add b13"),
    (("m7add11", "m7add4"), (0, 3, 5, 7, 10), "minor-seventh", "add 11"),
    (("m7add13", "m7add6"), (0, 3, 7, 9, 10), "minor-seventh", "add 13"),
    (("mM9", "mmaj9", "mMaj9", "mΔ9"), (0, 2, 3, 7, 11), "major-minor", "add 9"),
    (("m7b5b9",), (0, 1, 3, 6, 10), "half-diminished", "add b9"),
    (("m9b5", "ø9"), (0, 2, 3, 6, 10), "half-diminished", "add 9"),
    (("m11b5", "ø11"), (0, 2, 3, 5, 6, 10), "half-diminished", "add 9, add 11"),
    (("dimM7", "dimmaj7", "°M7", "oM7"), (0, 3, 6, 11), "major-minor", "alter b5"),
    (("no5", "majno5"), (0, 4), "major", "subtract 5"),
    (("mno5",), (0, 3), "minor", "subtract 5"),
    (("7no5",), (0, 4, 10), "dominant", "subtract 5"),
    (("7no3",), (0, 7, 10), "dominant", "subtract 3"),
    (("maj7no5",), (0, 4, 11), "major-seventh", "subtract 5"),
    (("maj7no3",), (0, 7, 11), "major-seventh", "subtract 3"),
    (("m7no5",), (0, 3, 10), "minor-seventh", "subtract 5"),
    (("add9no5",), (0, 2, 4), "major", "add 9, subtract 5"),
    (("9no5",), (0, 2, 4, 10), "dominant-ninth", "subtract 5"),
    (("maj9no5",), (0, 2, 4, 11), "major-ninth", "subtract 5"),
    (("m9no5",), (0, 2, 3, 10), "minor-ninth", "subtract 5"),
    (("13no5",), (0, 2, 4, 9, 10), "dominant-ninth", "subtract 5, add 13"),
)

_HEADS = {"maj": ("M", "Maj", "ma", "Ma", "MA"), "m": ("min", "mi", "Min", "Mi", "-")}
"""How else a sign may begin."""

_ALTERATIONS = re.compile(r"(.*?)((?:[b#](?:5|9|11|13)){2,})")


def _spelled(sign: str) -> Iterator[str]:
    """A sign in all spellings: alterations stand in any order, and `omit` for `no`."""
    if "no" in sign:
        yield from _spelled(sign.replace("no", "omit"))
    found = _ALTERATIONS.fullmatch(sign)
    base, altered = found.groups() if found else (sign, "")
    for order in permutations(re.findall(r"[b#]\d+", altered)):
        written = base + "".join(order)
        yield written
        head = next((head for head in _HEADS if re.match(rf"{head}(?!in)", written)), None)
        if head is not None:
            yield from (other + written.removeprefix(head) for other in _HEADS[head])
        if re.match(r"maj\d", written):
            yield "Δ" + written.removeprefix("maj")
            yield "Δ" + written.removeprefix("maj").removeprefix("7")


def _degrees(text: str) -> Iterator[Degree]:
    for how, sign, value in re.findall(r"(\w+) ([b#]?)(\d+)", text):
        yield Degree(int(value), {"b": -1, "": 0, "#": 1}[sign], how)


def _quality(row: _Row, *, usual: bool) -> Quality:
    signs, intervals, kind, degrees = row
    every = dict.fromkeys(written for sign in signs for written in _spelled(sign))
    also = tuple(sign for sign in every if sign not in signs)
    return Quality(signs, also, intervals, kind, tuple(_degrees(degrees)), usual)


QUALITIES = (
    *(_quality(row, usual=True) for row in _USUAL),
    *(_quality(row, usual=False) for row in _RARE),
)
"""Every quality, those that name notes first."""

OF_SIGN = {sign: one for one in QUALITIES for sign in (*one.signs, *one.also)}
"""The quality of each sign; the empty one is the major triad."""
