"""Which of the texts in a MIDI file are chord symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from lstm_blues.music.reading.symbols import is_no_chord, looks_like_symbol

_NEARLY_ALL = 0.9
"""Of texts that might as well be no chords, how many must look like some."""

_NO_SECTION = "FG"
"""Letters of chords that hardly ever name a section."""

Texts = list[tuple[Fraction, str]]
"""Texts with their times in quarter notes."""


def chord_texts(texts: Mapping[tuple[int, str], Texts]) -> tuple[Texts, Texts]:
    """The chord symbols among the texts of the track and kind that holds the most, and its other
    texts; `texts` are those of each track, by its number, and kind of message."""
    chords: Texts = []
    words: Texts = []
    for (_, kind), of_one in texts.items():
        told = [(start, text) for start, text in of_one if text]
        found = [pair for pair in told if looks_like_symbol(pair[1]) or is_no_chord(pair[1])]
        if len(found) > len(chords) and _are_chords([text for _, text in found], len(told), kind):
            chords, words = found, [pair for pair in told if pair not in found]
    return chords, words


def _are_chords(symbols: Sequence[str], texts: int, kind: str) -> bool:
    """Whether texts that may be chord symbols are, told by how many others are among them: words
    of a song happen to be one, such as `A`, and so do names of sections, A and B."""
    if kind == "lyrics" or not any(len(text) > 1 or text in _NO_SECTION for text in symbols):
        return len(symbols) >= _NEARLY_ALL * texts
    return 2 * len(symbols) >= texts
