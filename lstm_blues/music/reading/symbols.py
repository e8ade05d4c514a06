"""Chord symbols as files spell them, in the spelling of `music.chords`."""

from __future__ import annotations

import re

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import CHORD_QUALITIES, read_symbol

_NO_CHORD = {"n.c.", "nc", "n.c", "no chord", "none", ""}

_SYMBOL = re.compile(r"([A-G])([#♯b♭]?)([^/]*(?:/9|/11|/13)?)(?:/([A-Ga-g])([#♯+b♭]?))?")

# How else the qualities are written; the empty sign is major.
_SPELLINGS = {
    "d": "dim",
    "a": "aug",
    "dim5": "dim",
    "mb5": "dim",
    "+5": "aug",
    "#5": "aug",
    "7+": "aug7",
    "7+5": "aug7",
    "7aug": "aug7",
    "7-5": "7b5",
    "m7-5": "m7b5",
    "min7b5": "m7b5",
    "h7": "m7b5",
    "7-9": "7b9",
    "7+9": "7#9",
    "7+11": "7#11",
    "major": "",
    "minor": "m",
    "mi": "m",
    "mi7": "m7",
    "ma7": "maj7",
    "j7": "maj7",
    "^7": "maj7",
    "^": "maj7",
    "maj": "",
    "dom7": "7",
    "dominant": "7",
    "2": "sus2",
    "4": "sus4",
    "sus7": "7sus4",
    "7sus": "7sus4",
    "7sus2": "9",
    "add2": "add9",
    "6add9": "6/9",
    "m6add9": "m6/9",
    "minmaj7": "mM7",
    "m#7": "mM7",
    "m+7": "mM7",
}


def plain_symbol(text: str) -> str | None:
    """A chord symbol in the spelling of `chords.read_symbol`, such as `D/F#` for `D/f+`; None where
    it stands for no chord, as `N.C.` does.

    Raises `BluesError` for a text that is no chord symbol.
    """
    bare = re.sub(r"[\s()\[\]]", "", text)
    if text.strip().lower() in _NO_CHORD or bare.lower() in _NO_CHORD:
        return None
    match = _SYMBOL.fullmatch(bare)
    if match is None:
        raise BluesError(f"{text!r} is not a chord symbol, such as Gm7 or C/E.")
    letter, accidental, quality, bass, bass_accidental = match.groups()
    symbol = letter + accidental + _quality(quality)
    if bass:
        symbol += "/" + bass.upper() + bass_accidental.replace("+", "#")
    try:
        read_symbol(symbol)
    except BluesError:
        raise BluesError(f"{text!r} is not a chord symbol that is known.") from None
    return symbol


def _quality(sign: str) -> str:
    if sign in CHORD_QUALITIES:
        return sign
    lower = sign.replace("Maj", "maj").replace("MAJ", "maj").replace("Min", "min")
    for tried in (_SPELLINGS.get(sign), lower, _SPELLINGS.get(lower), lower.replace("min", "m")):
        if tried is not None and tried in CHORD_QUALITIES:
            return tried
    return sign


_SIGNS = re.compile(
    r"(\d|[#b♯♭+°øΔ()^,-]|maj|Maj|min|Min|mi|ma|m|M|dim|aug|sus|add|omit|no|alt|dom|o|h|j|d|a)*"
)


def looks_like_symbol(text: str) -> bool:
    """Whether a text is meant as a chord symbol, known or not, and is no word, such as `Fine`."""
    bare = re.sub(r"\s", "", text)
    found = re.match(r"\(?[A-G][#b♯♭]?", bare)
    return found is not None and bool(_SIGNS.fullmatch(bare[found.end() :].partition("/")[0]))


def is_symbol(text: str) -> bool:
    """Whether a text is a chord symbol, or stands for no chord."""
    try:
        plain_symbol(text)
    except BluesError:
        return False
    return bool(text.strip())
