"""Numbers as they are written in English prose, in digits or in words."""

from __future__ import annotations

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

WORDS: dict[str, int] = {
    **{word: number for number, word in enumerate(_ONES)},
    **{word: 10 * number for number, word in enumerate(_TENS, 2)},
    **{
        f"{ten}-{one}": 10 * tens + ones
        for tens, ten in enumerate(_TENS, 2)
        for ones, one in enumerate(_ONES[1:10], 1)
    },
}
"""What is written in words."""

NUMERAL = r"(?:\d[\d,]*\d(?:\.\d+)?|\d(?:\.\d+)?|" + "|".join(sorted(WORDS, key=len)[::-1]) + ")"
"""The pattern of a number, in digits or in words."""


def value_of(text: str) -> float:
    """The number that is written."""
    word = WORDS.get(text.lower())
    return float(text.replace(",", "")) if word is None else float(word)


def granularity(text: str) -> float:
    """The steps in which a number is written: 0.01 of 0.25, 10,000 of 170,000, 1e-6 of 2e-6.

    Zeros at the end of thousands count as rounding, those after the first two digits.
    """
    if text.lower() in WORDS:
        return 1.0
    digits, _, exponent = text.replace(",", "").partition("e")
    if exponent:
        return granularity(digits) * 10.0 ** int(exponent)
    if "." in digits:
        return 10.0 ** -len(digits.split(".")[1])
    zeros = min(len(digits) - len(digits.rstrip("0")), max(0, len(digits) - 2))
    return 10.0**zeros if len(digits) > 3 else 1.0
