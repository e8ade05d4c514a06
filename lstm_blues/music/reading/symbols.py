"""Chord symbols as files spell them, in the spelling of `music.chords`."""

from __future__ import annotations

import re

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import read_symbol
from lstm_blues.music.quality_spellings import SIGNS, sign_of

_NO_CHORD = {"nc", "nochord", "nochords", "none"}

_SYMBOL = re.compile(r"([A-G])([#b]?)([^/]*(?:/(?:9|11|13)[^/]*)?)(?:/([A-Ga-g])([#+b]?))?")

_ROOT = re.compile(r"[A-H][#b]?")

# What may follow the root of a chord symbol, known or not; `d` and `a` alone are dim and aug.
_AFTER_ROOT = re.compile(
    r"([da]\d?"
    r"|(\d(rd|th)?|[#b+°øΔ^,*?-]|m|M|[Mm]a|MA|[Mm]i|MI|[Mm]aj|MAJ|[Mm]in|MIN|[Mm]ajor|[Mm]inor"
    r"|[Dd]im|diminished|[Aa]ug|augmented|[Ss]us|SUS|[Aa]dd|omit|no|([Aa]lt|ALT)(ered|\.)?|dominant|dom"
    r"|[ohj](?=7|9|maj|M|$))*)"
    r"(/([A-Ga-g][#b+]?|\d+([#b]\d+)*))*"
)


def plain_symbol(text: str) -> str | None:
    """A chord symbol in the spelling of `chords.read_symbol`, such as `D/F#` for `D/f+`; None where
    it stands for no chord, as `N.C.` does.

    Raises `BluesError` for a text that is no chord symbol, or several.
    """
    if is_no_chord(text):
        return None
    text, _ = without_note(text)
    if len(_several(text)) > 1:
        raise BluesError(
            f"{text!r} is {len(_several(text))} chord symbols in one text, but must be one, each "
            "above the note where it begins."
        )
    bare = _bare(text)
    if bare.startswith("H"):
        raise BluesError(
            f"{text!r} is not a chord symbol: the German H must be written B, and the German B Bb."
        )
    match = _SYMBOL.fullmatch(bare)
    if match is None:
        raise BluesError(f"{text!r} is not a chord symbol, such as Gm7 or C/E.")
    letter, accidental, quality, bass, bass_accidental = match.groups()
    symbol = letter + accidental + (sign_of(quality) or quality)
    if bass:
        symbol += "/" + bass.upper() + bass_accidental.replace("+", "#")
    try:
        read_symbol(symbol)
    except BluesError:
        raise BluesError(
            f"{text!r} is not a chord symbol that is known: write a simpler one, such as C7."
        ) from None
    return symbol


def is_no_chord(text: str) -> bool:
    """Whether a text says that no chord sounds, as `N.C.` does."""
    return re.sub(r"[\s.()\[\]]", "", text).lower() in _NO_CHORD


def looks_like_symbol(text: str) -> bool:
    """Whether a text is meant as a chord symbol or several, known or not, and is no word, such as
    `Fine` or `Coda`."""
    text, _ = without_note(text)
    return _is_one(text) or bool(_several(text))


def without_note(text: str) -> tuple[str, str]:
    """A chord symbol without a word or another chord in brackets after it, as `C (fill)` and
    `G(Em)` have, and what was in the brackets."""
    found = re.fullmatch(r"(.*[^\s(\[])\s*\(([^()]*)\)\s*", text)
    if found is None or _AFTER_ROOT.fullmatch(_bare(found[2])):
        return text, ""
    is_note = re.fullmatch(r"[A-Za-z][a-z]{2,}[\s.a-z]*", found[2]) or _is_one(found[2])
    return (found[1], found[2]) if is_note else (text, "")


def _bare(text: str) -> str:
    """A text without spaces and brackets; `C(#5)` is C with a sharp fifth, and no C sharp."""
    apart = re.sub(r"^([\s(\[]*[A-H][#b]?)\s*\((?=[#b]\d)", r"\1add", text.translate(SIGNS))
    return re.sub(r"[\s()\[\]]|/(?=[#b]\d)", "", apart)


def _is_one(text: str) -> bool:
    bare = _bare(text)
    root = _ROOT.match(bare)
    return root is not None and bool(_AFTER_ROOT.fullmatch(bare[root.end() :]))


def _several(text: str) -> list[str]:
    """The symbols of a text that has nothing but two or more of them; else none."""
    parts = re.split(r"[\s|;]+", text.strip())
    return parts if len(parts) > 1 and all(_is_one(part) for part in parts) else []
