"""Which numbers of a text state measurements."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from lstm_blues.lab.facts import Fact
from lstm_blues.lab.numerals import NUMERAL, granularity, value_of

_UNITS = {
    **dict.fromkeys(("s", "second", "seconds"), 1.0),
    **dict.fromkeys(("minute", "minutes"), 60.0),
    **dict.fromkeys(("hour", "hours"), 3600.0),
    **{"ms": 1e-3, "µs": 1e-6, "ns": 1e-9},
}

_SECTIONS = r"(?:2\.[123]|3\.[12]|4\.[12])"

_NO_MEASUREMENT = re.compile(
    r"`[^`]*`|\]\([^)]*\)|https?://\S+|"
    r"\b(?:[Ss]ections?|[Ee]quations?|Figures?|Python|[Vv]ersions?)\s+"
    r"[\d.]+(?:(?:,| and| to) [\d.]+)*|"
    r"(?:intervals?|Wilson)[^.|]{0,20}95 %|95 %(?: \w+)? intervals?|"
    rf"\((?:{_SECTIONS}|5)(?:[,;:][^()]*)?\)|"
    rf"(?<=\| )(?:{_SECTIONS}|5)(?:, (?:{_SECTIONS}|5))*(?= \|)"
)

_PATTERNS = {
    "share": re.compile(
        rf"\b(?P<n>{NUMERAL}|none|all)(?: seeds?| networks?| runs?)? of (?:the )?(?P<of>{NUMERAL})"
        rf"|\ball (?P<whole>{NUMERAL})(?= seeds| networks| runs)"
        rf"|\bno (?:seed|network|run) of (?P<none>{NUMERAL})",
        re.I,
    ),
    "percent": re.compile(rf"\b(?P<n>{NUMERAL}) ?%", re.I),
    "millions": re.compile(rf"\b(?P<n>{NUMERAL}) (?:million|M)\b", re.I),
    "steps": re.compile(r"\b(?P<n>\d{1,3}(?:,\d{3})+) (?:right )?steps\b(?!/)"),
    "seconds": re.compile(rf"\b(?P<n>{NUMERAL}) (?P<unit>{'|'.join(_UNITS)})\b"),
    "number": re.compile(
        rf"\b(?P<n>{NUMERAL})(?= times (?:as|fewer|more|faster|slower|longer|larger|the)\b)"
        rf"|\b(?P<count>{NUMERAL})(?= (?:seeds|networks|runs)\b)"
        r"|(?<=\bp = )(?P<tiny>\d+(?:\.\d+)?e-\d+)"
        r"|(?<![\w.,])(?P<decimal>\d+\.\d+)(?![\w]|\.\d)",
        re.I,
    ),
}


class Measurement(NamedTuple):
    """A number in a text that states a measurement.

    kind: of `_PATTERNS`.  text: as it stands there.  begin: where.  value, step: the number and how
    finely it is written; of: of how many, for a share; unit: in seconds, for a time.
    """

    kind: str
    text: str
    begin: int
    value: float
    step: float
    of: float = math.nan
    unit: float = 1.0

    def is_in(self, found: Sequence[Fact]) -> bool:
        """Whether one of the facts, rounded as this is, says so."""
        return any(self._says(fact) for fact in found)

    def equals(self, value: float) -> bool:
        """Whether a value, rounded as this is, is this number."""
        return abs(value - self.value) <= self.step / 2 * (1 + 1e-9)

    def _says(self, fact: Fact) -> bool:
        if self.kind == "share" or fact.kind == "share":
            shares = self.kind == fact.kind == "share"
            if self.kind == "percent":
                return self.equals(100 * fact.value / fact.of)
            return shares and (fact.value, fact.of) == (self.value, self.of)
        scale = {"millions": 1e6, "seconds": self.unit, "percent": 0.01}.get(self.kind, 1.0)
        if fact.kind == "number":
            return self.equals(fact.value) or self.equals(fact.value / scale)
        if self.kind == "number":
            return self.equals(fact.value / 1e6) or self.equals(fact.value)
        same = {"millions": "steps", "steps": "steps", "seconds": "seconds"}.get(self.kind)
        return fact.kind == same and self.equals(fact.value / scale)


def measurements(text: str) -> list[Measurement]:
    """The measurements in a paragraph or table of Markdown, in their order."""
    left = _NO_MEASUREMENT.sub(lambda match: "·" * len(match[0]), text)
    left = re.sub(r"\s", " ", left)
    found = []
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(left):
            found.append(_measured(kind, match))
        left = pattern.sub(lambda match: "·" * len(match[0]), left)
    return sorted(found, key=lambda each: each.begin)


def _measured(kind: str, match: re.Match[str]) -> Measurement:
    groups = {name: text for name, text in match.groupdict().items() if text is not None}
    told, begin = match[0], match.start()
    if kind == "share":
        if "of" in groups:
            of = value_of(groups["of"])
            n = {"none": 0.0, "all": of}.get(groups["n"].lower())
            return Measurement(
                kind, told, begin, value_of(groups["n"]) if n is None else n, 1.0, of
            )
        of = value_of(groups.get("whole") or groups["none"])
        return Measurement(kind, told, begin, of if "whole" in groups else 0.0, 1.0, of)
    unit = _UNITS[groups.pop("unit")] if "unit" in groups else 1.0
    (number,) = groups.values()
    return Measurement(kind, told, begin, value_of(number), granularity(number), math.nan, unit)
