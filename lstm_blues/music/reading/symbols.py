"""Chord symbols as files spell them, in the spelling of `music.chords`."""

from __future__ import annotations

import re

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import read_symbol
from lstm_blues.music.qualities import OF_SIGN

_NO_CHORD = {"nc", "nochord", "nochords", "none"}

_SIGNS = str.maketrans("∆△Ø−♯♭", "ΔΔø-#b")
"""Signs that stand for others."""

_SYMBOL = re.compile(r"([A-G])([#b]?)([^/]*(?:/(?:9|11|13)[^/]*)?)(?:/([A-Ga-g])([#+b]?))?")

# How else the qualities are written; the empty sign is major.
_SPELLINGS = {
    "d": "dim",
    "a": "aug",
    "dim5": "dim",
    "mb5": "dim",
    "diminished": "dim",
    "+5": "aug",
    "#5": "aug",
    "augmented": "aug",
    "7+": "aug7",
    "7+5": "aug7",
    "7aug": "aug7",
    "h": "m7b5",
    "h7": "m7b5",
    "dom7": "7",
    "dominant": "7",
    "2": "sus2",
    "4": "sus4",
    "sus7": "7sus4",
    "sus9": "9sus4",
    "sus13": "13sus4",
    "9+": "9#5",
    "7add9": "9",
    "913": "13",
    "7913": "13",
    "m9maj7": "mM9",
    "add#5": "aug",
    "addb5": "majb5",
    "add2": "add9",
    "6add9": "6/9",
    "m6add9": "m6/9",
    "m#7": "mM7",
    "m+7": "mM7",
}

# One spelling for each part of a quality; a small m alone is minor, a capital one major.
_ONE_SPELLING = (
    (r"(?:no|No|NO|omit|Omit|OMIT)([35])(?:rd|th)?", r"no\1"),  # before `mi`
    (r"major|MAJOR|Major|MAJ|Maj|MA|Ma|ma(?!j)", "maj"),
    (r"minor|MINOR|Minor|min|MIN|Min|mi|MI|Mi|^-", "m"),
    (r"(?<!a)[Δ^j](?=9|11|13)", "maj"),
    (r"(?<!a)[Δ^j]7?", "maj7"),
    (r"(ALT|Alt|alt)(ered|\.)?", "alt"),
    (r"SUS|Sus", "sus"),
    (r"Dim", "dim"),
    (r"Aug", "aug"),
    (r"Add", "add"),
    (r"(?<=\d)-(?=\d)", "b"),
    (r"(?<=\d)\+(?=\d)", "#"),
    (r"(?<=\d)\+(?=[b#])", "#5"),
    (r"7(?=9$)", ""),
    (r"(?<=7)(?=1[13]$)", "add"),
    (",", ""),
)

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
    symbol = letter + accidental + _quality(quality)
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
    apart = re.sub(r"^([\s(\[]*[A-H][#b]?)\s*\((?=[#b]\d)", r"\1add", text.translate(_SIGNS))
    return re.sub(r"[\s()\[\]]|/(?=[#b]\d)", "", apart)


def _is_one(text: str) -> bool:
    bare = _bare(text)
    root = _ROOT.match(bare)
    return root is not None and bool(_AFTER_ROOT.fullmatch(bare[root.end() :]))


def _several(text: str) -> list[str]:
    """The symbols of a text that has nothing but two or more of them; else none."""
    parts = re.split(r"[\s|;]+", text.strip())
    return parts if len(parts) > 1 and all(_is_one(part) for part in parts) else []


def _quality(sign: str) -> str:
    spelled = sign
    for pattern, plain in _ONE_SPELLING:
        spelled = re.sub(pattern, plain, spelled)
    tried = [sign, _SPELLINGS.get(sign, ""), spelled, _SPELLINGS.get(spelled, "")]
    known = [one for one in tried if one in OF_SIGN and (one or not sign)]
    kept = [one for one in known if one in OF_SIGN[one].signs]
    return kept[0] if kept else OF_SIGN[known[0]].signs[0] if known else sign
