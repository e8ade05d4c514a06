"""Tunes from the world as sounding notes: MIDI files, and scores that music21 reads."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import pretty_midi

from lstm_blues.errors import BluesError, require
from lstm_blues.music.chords import OCTAVE

BEATS_PER_BAR = 4

MUSIC21 = "music21:"
"""The prefix of a tune in music21's own corpus."""

_NEAR = 1e-3
"""Bars that a note may begin before or after a bar line and still count as on it."""


class Sounding(NamedTuple):
    """A note of a tune: MIDI note number, beginning and end in bars from the first whole bar."""

    pitch: int
    start: float
    end: float


def read_tune(tune: str) -> tuple[str, list[Sounding]]:
    """A tune's name and its notes.

    Args:
        tune: a MIDI file, a file that music21 reads, or `music21:` and a name in its corpus; with
            `#n` the n-th tune of a collection.

    Raises:
        BluesError: the tune is not there, cannot be read or is not in 4/4, or music21 is missing.
    """
    if not tune.startswith(MUSIC21) and Path(tune).suffix.lower() in (".mid", ".midi"):
        return Path(tune).stem, _from_first_bar(_sounding(read_midi(tune, "corpus.tunes")))
    try:
        from music21 import converter, corpus, stream  # noqa: PLC0415  # an extra
    except ImportError:
        raise BluesError(
            f"tune {tune!r} needs music21: install the package's extra 'tunes', or give MIDI files."
        ) from None
    place, _, number = tune.removeprefix(MUSIC21).partition("#")
    if number and not number.isdigit():
        raise BluesError(f"tune {tune!r} has {number!r} after #, but must have a number there.")
    if not tune.startswith(MUSIC21) and not Path(place).is_file():
        raise BluesError(f"corpus.tunes names {tune!r}, which is not a file.")
    try:
        read = corpus.parse(place) if tune.startswith(MUSIC21) else converter.parse(place)
        if isinstance(read, stream.Opus):
            read = list(read.scores)[int(number or 1) - 1]
    except Exception as error:  # the reader raises whatever it stumbles over
        why = " ".join(str(error).split()) or type(error).__name__
        raise BluesError(f"tune {tune!r} cannot be read by music21 ({why}).") from None
    title = read.metadata.title if read.metadata and read.metadata.title else Path(place).stem
    return title, _from_first_bar(list(_of_score(read, tune)))


def _from_first_bar(sounding: list[Sounding]) -> list[Sounding]:
    """The notes without upbeats and rests: from the first bar that begins with a note."""
    begins = [round(note.start) for note in sounding if abs(note.start - round(note.start)) < _NEAR]
    first = min((bar for bar in begins if bar >= 0), default=0)
    return [Sounding(n.pitch, n.start - first, n.end - first) for n in sounding if n.end > first]


def read_midi(file: str, setting: str) -> pretty_midi.PrettyMIDI:
    """A MIDI file in 4/4; `setting` is the one that names it, for error messages.

    Raises `BluesError` for a file that is not there, cannot be read or is in another metre.
    """
    if not Path(file).is_file():
        raise BluesError(f"{setting} names {file!r}, which is not a file.")
    try:
        midi = pretty_midi.PrettyMIDI(file)
    except OSError as error:
        why = error.strerror or "it is no MIDI file, or cut short"
        raise BluesError(f"{file!r} cannot be read as MIDI: {why}.") from None
    except Exception:  # the reader raises whatever it stumbles over
        raise BluesError(f"{file!r} cannot be read as MIDI: it is damaged or cut short.") from None
    for signature in midi.time_signature_changes:
        _require_four(file, signature.numerator, signature.denominator)
    return midi


def _sounding(midi: pretty_midi.PrettyMIDI) -> list[Sounding]:
    """The notes of all tracks but drums."""
    bar = midi.resolution * BEATS_PER_BAR
    return [
        Sounding(note.pitch, midi.time_to_tick(note.start) / bar, midi.time_to_tick(note.end) / bar)
        for track in midi.instruments
        if not track.is_drum
        for note in track.notes
    ]


def _require_four(tune: str, numerator: int, denominator: int) -> None:
    written = f"{numerator}/{denominator}"
    require(written in ("4/4", "2/2"), f"the time signature of {tune!r}", written, "4/4")


def _of_score(score: object, tune: str) -> Iterator[Sounding]:
    """The notes of a score, and its chord symbols, each lasting until the next."""
    from music21 import harmony, stream  # noqa: PLC0415  # an extra

    assert isinstance(score, stream.Stream)
    flat = score.flatten()
    for signature in flat.getElementsByClass("TimeSignature"):
        _require_four(tune, signature.numerator, signature.denominator)
    measures = score.recurse().getElementsByClass("Measure")
    # An upbeat is left out.
    first = next(
        (float(m.offset) for m in measures if m.duration.quarterLength >= BEATS_PER_BAR), 0.0
    )

    def in_bars(offset: float | Fraction) -> float:
        return (float(offset) - first) / BEATS_PER_BAR

    symbols = list(flat.getElementsByClass(harmony.ChordSymbol))
    ends = [float(symbol.offset) for symbol in symbols[1:]] + [float(flat.highestTime)]
    for symbol, end in zip(symbols, ends, strict=True):
        for pitch in symbol.pitches:
            # Below every tune's range: folded up into the lowest octave.
            yield Sounding(pitch.midi % OCTAVE, in_bars(symbol.offset), in_bars(end))
    for note in flat.notes:
        if not isinstance(note, harmony.ChordSymbol):
            for pitch in note.pitches:
                end = note.offset + note.duration.quarterLength
                yield Sounding(pitch.midi, in_bars(note.offset), in_bars(end))
