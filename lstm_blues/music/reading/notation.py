"""Scores that music21 reads, MusicXML above all: bars from its parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from lstm_blues.errors import BluesError
from lstm_blues.music.reading.kinds import symbol_text
from lstm_blues.music.reading.parts import is_melody_name
from lstm_blues.music.reading.sheet import MOST_BARS
from lstm_blues.music.reading.time_signatures import FREE, plain_metre
from lstm_blues.music.reading.written import ZERO, WrittenBar, WrittenNote

MUSIC21 = "music21:"
"""The prefix of a tune in music21's own corpus."""

_JUMPS = ("RepeatExpressionCommand", "DaCapo", "DalSegno")


class Notated(NamedTuple):
    """A score in bars: its title, key and bars, and what was decided in reading."""

    title: str
    key: str | None
    bars: list[WrittenBar]
    remarks: list[str]


def read_notation(place: str, number: int | None, file: str) -> Notated:
    """The bars of a score in a format that music21 reads.

    Args:
        place: a path, or `music21:` and a name in its corpus.
        number: which score of a collection, from 1; None for the only one.
        file: what the user calls it.

    Raises:
        BluesError: music21 is missing or cannot read the score.
    """
    try:
        from music21 import converter, corpus, stream  # noqa: PLC0415  # an extra
    except ImportError:
        raise BluesError(
            f"{file!r} needs music21: install the package's extra 'tunes', or give MIDI or ABC."
        ) from None
    try:
        read = (
            corpus.parse(place.removeprefix(MUSIC21))
            if place.startswith(MUSIC21)
            else converter.parse(place)
        )
    except Exception as error:  # the reader raises whatever it stumbles over
        told = " ".join(str(error).split()) or type(error).__name__
        raise BluesError(f"{file!r} cannot be read by music21 ({told}).") from None
    if isinstance(read, stream.Opus):
        scores = list(read.scores)
        if not 1 <= (number or 1) <= len(scores):
            raise BluesError(f"{file!r} has {len(scores)} tunes.")
        read = scores[(number or 1) - 1]
    title = (read.metadata.bestTitle if read.metadata else None) or Path(place).stem
    with suppress(Exception):  # as written, where the reader stumbles
        read = read.toSoundingPitch()
    parts = list(read.parts) if hasattr(read, "parts") and len(read.parts) else [read]
    if not any(part.getElementsByClass("Measure") for part in parts):
        parts = [part.makeMeasures() for part in parts]
    melody, *others = _melody_first(parts)
    bars = _bars(melody, parts)
    for part in others:
        for bar, measure in zip(bars, part.getElementsByClass("Measure"), strict=False):
            bar.others += _notes(measure)
    jumps = {
        str(getattr(e, "name", "") or e) for e in read.recurse() if set(_JUMPS) & set(e.classes)
    }
    remarks = [f"the jump {name!r} is not followed" for name in sorted(jumps)]
    return Notated(str(title), _key(read), bars, remarks)


def _melody_first(parts: list[Any]) -> list[Any]:
    """The part of the melody, then the others: one with chord symbols, one named so, or the one
    with the highest notes."""

    def rank(part: Any) -> tuple[bool, bool, float]:
        pitches = [p.midi for n in part.recurse().notes for p in getattr(n, "pitches", ())]
        named = is_melody_name(str(part.partName or ""))
        symbols = bool(part.recurse().getElementsByClass("ChordSymbol"))
        return (not named, not symbols, -sum(pitches) / max(1, len(pitches)))

    sounding = [part for part in parts if part.recurse().notes] or parts
    return sorted(sounding, key=rank)


def _bars(melody: Any, parts: list[Any]) -> list[WrittenBar]:
    from music21 import bar as bars21  # noqa: PLC0415  # an extra

    measures = list(melody.getElementsByClass("Measure"))
    endings: dict[int, frozenset[int]] = {}
    for spanner in melody.recurse().getElementsByClass("RepeatBracket"):
        for measure in spanner.getSpannedElements():
            endings[id(measure)] = frozenset(spanner.numberRange)
    for part in parts:  # brackets may stand in the score or beside the measures
        for spanner in part.spanners:
            if "RepeatBracket" in spanner.classes:
                for measure in spanner.getSpannedElements():
                    endings[id(measure)] = frozenset(spanner.numberRange)
    found: list[WrittenBar] = []
    metre, section = "4/4", False
    for number, measure in enumerate(measures):
        if measure.timeSignature is not None:
            metre = plain_metre(measure.timeSignature.ratioString)
        elif measure.getElementsByClass("SenzaMisuraTimeSignature"):
            metre = FREE
        bar = WrittenBar(metre, endings=endings.get(id(measure), frozenset()), section=section)
        bar.notes = _notes(measure)
        for part in parts:
            row = list(part.getElementsByClass("Measure"))
            if number < len(row):
                bar.symbols += _symbols(row[number])
        bar.symbols.sort(key=lambda pair: pair[0])
        filled = [_exact(e.offset + e.quarterLength) for e in _timed(measure)]
        bar.length = max([*filled, *(note.end for note in bar.notes)], default=ZERO) or bar.quarters
        left, right = measure.leftBarline, measure.rightBarline
        bar.opens = isinstance(left, bars21.Repeat) and left.direction == "start"
        bar.closes = isinstance(right, bars21.Repeat) and right.direction == "end"
        if bar.closes:
            bar.times = min(max(right.times or 0, 2), MOST_BARS + 1)
        section = right is not None and right.type in ("double", "final")
        found.append(bar)
    return found


def _timed(measure: Any) -> Iterator[Any]:
    # Exporters fill short bars, those before a repeated pickup, with rests that are not printed.
    for element in measure.notesAndRests:
        hidden = element.isRest and element.style.hideObjectOnPrint
        if "Harmony" not in element.classes and not hidden:
            yield element


def _notes(measure: Any) -> list[WrittenNote]:
    notes = []
    for element in measure.recurse().notes:
        if "Harmony" in element.classes or element.duration.isGrace:
            continue
        start = _exact(element.getOffsetInHierarchy(measure))
        end = start + _exact(element.quarterLength)
        for single in element.notes if element.isChord else [element]:
            tie = single.tie or element.tie
            tied = tie is not None and tie.type in ("start", "continue")
            if hasattr(single, "pitch"):
                notes.append(WrittenNote(single.pitch.midi, start, end, tied))
    return notes


def _symbols(measure: Any) -> list[tuple[Fraction, str]]:
    return [
        (_exact(symbol.getOffsetInHierarchy(measure)), symbol_text(symbol))
        for symbol in measure.recurse().getElementsByClass("ChordSymbol")
    ]


def _key(score: Any) -> str | None:
    """The key, or both that a signature without a mode may mean."""
    for signature in score.recurse().getElementsByClass("KeySignature"):
        if "Key" in signature.classes and signature.mode:
            return f"{signature.tonic.name.replace('-', 'b')} {signature.mode}"
        both = (signature.asKey("major"), signature.asKey("minor"))
        return " or ".join(f"{k.tonic.name.replace('-', 'b')} {k.mode}" for k in both)
    return None


def _exact(quarters: Any) -> Fraction:
    return Fraction(quarters).limit_denominator(960)
