"""Chord symbols and note names (section 2.2 of the report): a chord is a set of pitch classes."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from lstm_blues.errors import BluesError
from lstm_blues.music.qualities import OF_SIGN, QUALITIES
from lstm_blues.music.quality_spellings import SIGNS, sign_of

NOTE_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
"""Names of the pitch classes 0 to 11, as jazz players in the flat keys spell them."""

NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""The pitch class of each letter without an accidental, in the order of the scale."""

ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
"""Semitones that an accidental moves its letter up."""

OCTAVE = 12
"""Semitones."""

_ROOT = re.compile(r"([A-G])([#♯b♭]?)")

_BRACKETS = re.compile(r"\(([^()]+)\)")

_ADDED = re.compile(r"^\((?=[#b]\d)")
"""An alteration that is all there is of a quality, as in `C(b5)`, which is no C flat."""

_MINUS, _PLUS = re.compile(r"(?<=\d)-(?=\d)"), re.compile(r"(?<=\d)\+(?=\d)")
"""Accidentals of a degree."""


def _root(text: str) -> tuple[int, str] | None:
    """The pitch class that `text` begins with and what follows it."""
    match = _ROOT.match(text)
    if match is None:
        return None
    return (NATURALS[match[1]] + ACCIDENTALS[match[2]]) % 12, text[match.end() :]


class Symbol(NamedTuple):
    """A chord symbol in parts: the root, the first sign of its quality, and a bass after a slash,
    both as they are written."""

    root: int
    root_name: str
    quality: str
    bass: int | None
    bass_name: str | None


@lru_cache(maxsize=1024)
def read_symbol(symbol: str) -> Symbol:
    """A chord symbol, such as `Gm7`, `Cdim` or `C/E`, in parts.

    Raises `BluesError` for a symbol it does not know.
    """
    symbol = symbol.strip()
    root = _root(symbol)
    if root is None:
        raise BluesError(f"chord symbol {symbol!r} must begin with a note name from A to G.")
    pitch, quality = root
    name = symbol[: len(symbol) - len(quality)]
    bass = bass_name = None
    quality = _bare(quality)
    if sign_of(quality) is None and "/" in quality:
        quality, _, bass_name = quality.rpartition("/")
        under = _root(bass_name)
        if under is None or under[1]:
            raise BluesError(
                f"chord symbol {symbol!r} has {bass_name!r}, which is not a note, as bass."
            )
        bass = under[0]
    sign = sign_of(quality)
    if sign is None:
        known = ", ".join(repr(one.signs[0]) for one in QUALITIES if one.usual)
        raise BluesError(
            f"chord symbol {symbol!r} has the unknown quality {quality!r}; known are {known}, and "
            "altered ones such as '7alt', '7#5#9' and '13b9'."
        )
    return Symbol(pitch, _plain(name), OF_SIGN[sign].signs[0], bass, bass_name)


def _plain(name: str) -> str:
    return name.translate(SIGNS)


def _bare(quality: str) -> str:
    """What follows a root without brackets and commas, `7b9#5` for `7(b9,#5)`, and `7b9` for
    `7-9`."""
    bare = _BRACKETS.sub(r"\1", _ADDED.sub("(add", _plain(quality))).replace(",", "")
    return _PLUS.sub("#", _MINUS.sub("b", bare))


@lru_cache(maxsize=1024)
def pitch_classes(symbol: str) -> frozenset[int]:
    """The pitch classes (0 = C ... 11 = B) of a chord symbol; a bass note joins the set.

    Raises `BluesError` for a symbol it does not know.
    """
    parts = read_symbol(symbol)
    classes = {(parts.root + interval) % 12 for interval in OF_SIGN[parts.quality].intervals}
    return frozenset(classes if parts.bass is None else classes | {parts.bass})


def moved(symbol: str, semitones: int) -> str:
    """The same chord some semitones higher; its root and bass are named as in `NOTE_NAMES`."""
    if semitones % OCTAVE == 0:
        return symbol
    parts = read_symbol(symbol)
    name = NOTE_NAMES[(parts.root + semitones) % OCTAVE] + parts.quality
    return name if parts.bass is None else f"{name}/{NOTE_NAMES[(parts.bass + semitones) % OCTAVE]}"


def pitch_of_class(name: str) -> int:
    """The pitch class of a note name without octave; `BluesError` for what is none."""
    root = _root(name)
    if root is None or root[1]:
        raise BluesError(f"{name!r} is not a note name; note names run from Ab to G#.")
    return root[0]


def pitch_of(note: str) -> int:
    """The MIDI note number of a note name with its octave; `C4` is 60.

    Raises `BluesError` for what is not a note name.
    """
    match = re.fullmatch(r"([A-G])([#♯b♭]?)(-?\d)", note)
    if match is None:
        raise BluesError(f"{note!r} is not a note; notes are written like Eb4, with C4 as MIDI 60.")
    return NATURALS[match[1]] + ACCIDENTALS[match[2]] + 12 * (int(match[3]) + 1)


def note_name(pitch: int) -> str:
    """The name of a MIDI note number with its octave; 60 is `C4`."""
    return f"{NOTE_NAMES[pitch % 12]}{pitch // 12 - 1}"


def chord_name(pitches: Collection[int], known: Collection[str] = ()) -> str:
    """A symbol for the pitch classes of MIDI note numbers.

    The first of the `known` symbols that fits; else one of a usual quality on the lowest note where
    there is one, and the most usual of them; else the note names joined by dots, and `-` for
    silence.
    """
    classes = frozenset(pitch % 12 for pitch in pitches)
    if not classes:
        return "-"
    for symbol in known:
        if pitch_classes(symbol) == classes:
            return symbol
    lowest = min(pitches) % 12
    fits = [
        (root != lowest, rank, NOTE_NAMES[root] + one.signs[0])
        for root in classes
        for rank, one in enumerate(QUALITIES)
        if one.usual
        and frozenset((root + interval) % OCTAVE for interval in one.intervals) == classes
    ]
    if fits:
        return min(fits)[-1]
    return ".".join(NOTE_NAMES[pitch] for pitch in sorted(classes))
