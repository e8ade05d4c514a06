"""The fields of ABC: tunes in a file, titles, keys, metres and unit lengths."""

from __future__ import annotations

import re
from fractions import Fraction

from lstm_blues.music.chords import ACCIDENTALS

_FRACTION = r"0*([1-9]\d{0,3})\s*/\s*0*([1-9]\d{0,3})(?!\d)"

_MODES = {"": 0, "maj": 0, "ion": 0, "m": -3, "min": -3, "aeo": -3, "mix": -1, "dor": -2}
_MODES |= {"phr": -4, "lyd": 1, "loc": -5}
_MODE_NAMES = {"": "major", "maj": "major", "m": "minor", "min": "minor", "ion": "major"}
_MODE_NAMES |= {"aeo": "minor", "mix": "mixolydian", "dor": "dorian", "phr": "phrygian"}
_MODE_NAMES |= {"lyd": "lydian", "loc": "locrian"}

_SHARPS = "FCGDAEB"


def tunes_of(text: str) -> list[str]:
    """The tunes of a file, each from its `X:` on."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = re.split(r"(?m)^(?=X:)", text)
    return [part for part in parts if re.match(r"X:", part) and re.search(r"(?m)^K:", part)]


def title_of(tune: str) -> str:
    """The first title of a tune."""
    found = re.search(r"(?m)^T:\s*(.*)", tune)
    return found[1].strip() if found else ""


def key_of(value: str) -> tuple[dict[str, int], str | None]:
    """What a key alters, by letter, and its name, such as `D dorian`; None where it has none."""
    found = re.match(r"([A-G])([#b]?)\s*([A-Za-z]*)", value)
    name = None
    if found and not value.startswith("HP"):
        letter, accidental, mode = found.groups()
        mode = "m" if mode.lower() == "m" else mode.lower()[:3]
        fifths = _SHARPS.index(letter) - 1 + 7 * ACCIDENTALS[accidental] + _MODES.get(mode, 0)
        altered = _signature(fifths)
        name = f"{letter}{accidental} {_MODE_NAMES.get(mode, 'major')}"
    else:
        altered = _signature(2) if value.startswith(("HP", "Hp")) else {}  # the Highland pipes
    for sign, letter in re.findall(r"(\^|_|=)([a-gA-G])", value):
        altered[letter.upper()] = {"^": 1, "_": -1, "=": 0}[sign]
    return altered, name


def unit_of(value: str) -> Fraction:
    """The length of a note without a number, in quarter notes; 0 where the field has none."""
    found = re.match(_FRACTION, value)
    return Fraction(4 * int(found[1]), int(found[2])) if found else Fraction(0)


def _signature(fifths: int) -> dict[str, int]:
    if fifths >= 0:
        return dict.fromkeys(_SHARPS[:fifths], 1)
    return dict.fromkeys(_SHARPS[::-1][:-fifths], -1)
