"""How else people and files write the qualities of chords."""

from __future__ import annotations

import re
from functools import lru_cache

from lstm_blues.music.qualities import OF_SIGN

SIGNS = str.maketrans("∆△Ø−♯♭", "ΔΔø-#b")
"""Signs that stand for others."""

# How else the qualities are written; the empty sign is major.
SPELLINGS = {
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
ONE_SPELLING = (
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


@lru_cache(maxsize=1024)
def sign_of(written: str) -> str | None:
    """The sign, in `OF_SIGN`, of a quality as it is written, without brackets; None for none."""
    spelled = written
    for pattern, plain in ONE_SPELLING:
        spelled = re.sub(pattern, plain, spelled)
    tried = [written, SPELLINGS.get(written, ""), spelled, SPELLINGS.get(spelled, "")]
    known = [one for one in tried if one in OF_SIGN and (one or not written)]
    kept = [one for one in known if one in OF_SIGN[one].signs]
    return kept[0] if kept else OF_SIGN[known[0]].signs[0] if known else None
