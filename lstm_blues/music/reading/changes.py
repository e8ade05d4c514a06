"""Chord changes from the texts of a file, and what is told of those that are none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from lstm_blues.errors import BluesError
from lstm_blues.music.reading.score import ChordChange
from lstm_blues.music.reading.symbols import plain_symbol, without_note


class Placed(NamedTuple):
    """A chord symbol as it is written, its beginning in quarter notes from the first whole bar, and
    the number of its bar in the file."""

    text: str
    start: Fraction
    bar: int


def changes_of(symbols: Sequence[Placed], file: str) -> tuple[list[ChordChange], list[str]]:
    """The chords, and remarks on what of the symbols is passed over: the second of two at one
    place, words in brackets, and signs that no chord sounds.

    Raises `BluesError`, naming file and bar, for a symbol that is not known.
    """
    changes: list[ChordChange] = []
    silent: list[int] = []
    second: list[tuple[str, int]] = []
    notes: list[tuple[str, int]] = []
    for text, start, bar in symbols:
        try:
            symbol = plain_symbol(text)
        except BluesError as error:
            raise BluesError(f"bar {bar} of {file!r}: {error}") from None
        note = without_note(text)[1]
        if symbol is None:
            silent.append(bar)
        elif changes and changes[-1].start == start:
            # Of alternatives, as ABC has them, the first counts.
            second += [(text, bar)] if symbol != changes[-1].symbol else []
        else:
            changes.append(ChordChange(symbol, start))
        notes += [(note, bar)] if note else []
    remarks = []
    if silent:
        remarks.append(
            f"no chord ({_bars(silent)}) is passed over: a form has no silence, so the chord "
            "before sounds on"
        )
    if second:
        remarks.append(f"of two chord symbols at one place the first is read, not {_where(second)}")
    return changes, [*remarks, *passed_over(notes)]


def passed_over(words: Sequence[tuple[str, int]]) -> list[str]:
    """A remark on texts that are no chord symbols, each with its bar, where there are any."""
    return [f"passed over, as no chord symbol: {_where(words)}"] if words else []


def _where(texts: Iterable[tuple[str, int]]) -> str:
    """Texts, each once, with the bars in which they stand."""
    bars: dict[str, list[int]] = {}
    for text, bar in texts:
        bars.setdefault(" ".join(text.split()), []).append(bar)
    return ", ".join(f"{text!r} ({_bars(at)})" for text, at in bars.items())


def _bars(numbers: Iterable[int]) -> str:
    *first, last = [str(number) for number in sorted(set(numbers))]
    return f"bars {', '.join(first)} and {last}" if first else f"bar {last}"
