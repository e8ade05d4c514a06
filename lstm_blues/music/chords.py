"""Chord symbols and note names (section 2.2 of the report): a chord is a set of pitch classes."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

from lstm_blues.errors import BluesError

NOTE_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
"""Names of the pitch classes 0 to 11, as jazz players in the flat keys spell them."""

NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""The pitch class of each letter without an accidental, in the order of the scale."""

ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
"""Semitones that an accidental moves its letter up."""

OCTAVE = 12
"""Semitones."""

_ROOT = re.compile(r"([A-G])([#♯b♭]?)")

# Semitones above the root.  Where players use several signs for one quality, all are listed.
# Of two qualities with the same notes, the one that comes first names them.
_QUALITIES: dict[tuple[str, ...], tuple[int, ...]] = {
    ("", "maj", "M"): (0, 4, 7),
    ("m", "min", "-"): (0, 3, 7),
    ("5",): (0, 7),
    ("dim", "°", "o"): (0, 3, 6),
    ("aug", "+"): (0, 4, 8),
    ("sus2",): (0, 2, 7),
    ("sus4", "sus"): (0, 5, 7),
    ("7",): (0, 4, 7, 10),
    ("maj7", "M7", "Δ", "Δ7"): (0, 4, 7, 11),
    ("m7", "min7", "-7"): (0, 3, 7, 10),
    ("mM7", "mmaj7", "m(maj7)", "-Δ", "mMaj7"): (0, 3, 7, 11),
    ("dim7", "°7", "o7"): (0, 3, 6, 9),
    ("m7b5", "m7♭5", "-7b5", "ø", "ø7"): (0, 3, 6, 10),
    ("6", "maj6"): (0, 4, 7, 9),
    ("m6", "min6", "-6"): (0, 3, 7, 9),
    ("6/9", "69"): (0, 2, 4, 7, 9),
    ("aug7", "+7", "7#5", "7♯5"): (0, 4, 8, 10),
    ("7b5", "7♭5"): (0, 4, 6, 10),
    ("7sus4", "7sus"): (0, 5, 7, 10),
    ("7b9", "7♭9"): (0, 1, 4, 7, 10),
    ("7#9", "7♯9"): (0, 3, 4, 7, 10),
    ("9",): (0, 2, 4, 7, 10),
    ("maj9", "M9", "Δ9"): (0, 2, 4, 7, 11),
    ("m9", "min9", "-9"): (0, 2, 3, 7, 10),
    ("add9",): (0, 2, 4, 7),
    ("11", "9sus4", "9sus"): (0, 2, 5, 7, 10),
    ("m11", "min11", "-11"): (0, 2, 3, 5, 7, 10),
    ("13",): (0, 2, 4, 7, 9, 10),
    # What only files bring; at the end, so that no other chord changes its name.
    ("augmaj7", "+M7", "maj7#5", "M7#5"): (0, 4, 8, 11),
    ("maj7#11", "M7#11"): (0, 4, 6, 7, 11),
    ("7#11", "7♯11"): (0, 4, 6, 7, 10),
    ("7b13", "7♭13"): (0, 4, 7, 8, 10),
    ("maj11", "M11"): (0, 2, 4, 5, 7, 11),
    ("maj13", "M13"): (0, 2, 4, 7, 9, 11),
    ("m13", "min13", "-13"): (0, 2, 3, 7, 9, 10),
    ("m6/9", "m69"): (0, 2, 3, 7, 9),
    ("madd9",): (0, 2, 3, 7),
    ("add4", "add11"): (0, 4, 5, 7),
}

_INTERVALS = {sign: intervals for signs, intervals in _QUALITIES.items() for sign in signs}

CHORD_QUALITIES = tuple(_INTERVALS)
"""Every sign that `pitch_classes` knows after the root; the empty one is the major triad."""


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
    if quality not in _INTERVALS and "/" in quality:
        quality, _, bass_name = quality.rpartition("/")
        under = _root(bass_name)
        if under is None or under[1]:
            raise BluesError(
                f"chord symbol {symbol!r} has {bass_name!r}, which is not a note, as bass."
            )
        bass = under[0]
    if quality not in _INTERVALS:
        known = ", ".join(repr(sign) for sign in _INTERVALS if sign.isascii())
        raise BluesError(
            f"chord symbol {symbol!r} has the unknown quality {quality!r}; known are {known}."
        )
    first = next(signs[0] for signs in _QUALITIES if quality in signs)
    bass_name = None if bass_name is None else _plain(bass_name)
    return Symbol(pitch, _plain(name), first, bass, bass_name)


def _plain(name: str) -> str:
    return name.replace("♯", "#").replace("♭", "b")


@lru_cache(maxsize=1024)
def pitch_classes(symbol: str) -> frozenset[int]:
    """The pitch classes (0 = C ... 11 = B) of a chord symbol; a bass note joins the set.

    Raises `BluesError` for a symbol it does not know.
    """
    parts = read_symbol(symbol)
    classes = {(parts.root + interval) % 12 for interval in _INTERVALS[parts.quality]}
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

    The first of the `known` symbols that fits; else one on the lowest note where there is one, and
    the most usual of them; else the note names joined by dots, and `-` for silence.
    """
    classes = frozenset(pitch % 12 for pitch in pitches)
    if not classes:
        return "-"
    for symbol in known:
        if pitch_classes(symbol) == classes:
            return symbol
    lowest = min(pitches) % 12
    fits = [
        (root != lowest, rank, NOTE_NAMES[root] + signs[0])
        for root in classes
        for rank, (signs, intervals) in enumerate(_QUALITIES.items())
        if frozenset((root + interval) % 12 for interval in intervals) == classes
    ]
    if fits:
        return min(fits)[2]
    return ".".join(NOTE_NAMES[pitch] for pitch in sorted(classes))
