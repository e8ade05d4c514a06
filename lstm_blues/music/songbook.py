"""A form and a bar library from lead sheets: what they have in common, and where they differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from lstm_blues.errors import BluesError
from lstm_blues.music.bars import REST, TIE, BarLibrary
from lstm_blues.music.chords import moved, note_name, pitch_classes
from lstm_blues.music.encoding import Encoding
from lstm_blues.music.form import Form
from lstm_blues.music.melody_range import Placing, given_range, own_range
from lstm_blues.music.metre import Metre
from lstm_blues.music.piece import Note
from lstm_blues.music.reading.sheet import Sheet

SHORTEST_CHORUS = 8
"""Bars of the shortest chorus that is looked for in a file."""


class Learnable(NamedTuple):
    """A form and a library of the same name, and what was decided, each a sentence for the user."""

    form: Form
    library: BarLibrary
    remarks: list[str]


def form_and_library(
    sheets: Sequence[Sheet],
    name: str,
    *,
    form_bars: int | None = None,
    lowest_chord_note: int = 48,
    lowest_melody_note: int | None = None,
    melody_notes: int | None = None,
    rests: float | None = 1.0,
) -> Learnable:
    """The form that all sheets share, and a library with one segment per bar from each chorus.

    Args:
        sheets: one or more, with the same metre and steps per bar.
        name: what form and library will be called.
        form_bars: bars of a chorus; None: see `chorus_bars`.
        lowest_chord_note: MIDI note number of the form's lowest chord unit.
        lowest_melody_note: that of its lowest melody unit; None: as `own_range` decides.
        melody_notes: the melody is brought into so many notes; None: the 13 from C4 where octaves
            bring it there, else as many as it has from its lowest to its highest, in its own key.
        rests: quarter notes that a rest must last; shorter ones belong to the note before.  None:
            all do.

    Raises:
        BluesError: choruses differ in their chords; names file and bar.
    """
    first, bar = sheets[0], sheets[0].steps_per_bar
    chorus = (form_bars or chorus_bars(first)) * bar
    _require_alike(sheets, chorus)
    remarks = [f"{sheet.file}: {remark}" for sheet in sheets for remark in sheet.remarks]
    choruses = sum(len(sheet.chords) for sheet in sheets) // chorus
    if form_bars is None and choruses > len(sheets):
        remarks.append(f"{choruses} choruses of {chorus // bar} bars are choices for each bar")
    pitches = [note.pitch for sheet in sheets for note in sheet.melody]
    if melody_notes is None:
        placing = own_range(pitches, lowest_melody_note)
    else:
        placing = given_range(pitches, lowest_melody_note, melody_notes)
    remarks += [placing.remark] if placing.remark else []
    symbols = [moved(symbol, placing.shift) for symbol in first.chords[:chorus]]
    form = Form(
        name,
        tuple(_bar_symbols(symbols[at : at + bar]) for at in range(0, chorus, bar)),
        chorus // bar,
        bar,
        lowest_chord_note,
        placing.lowest,
        first.metre,
        placing.notes,
    )
    shortest = None if rests is None else max(1, round(rests * bar / Metre(first.metre).quarters))
    segments: list[list[tuple[str, ...]]] = [[] for _ in range(form.bars)]
    for sheet in sheets:
        notes = list(_filled(sheet.melody, len(sheet.chords), shortest))
        for at in range(0, len(sheet.chords), bar):
            segment = _segment(notes, at, bar, placing)
            choices = segments[at // bar % form.bars]
            if segment not in choices:
                choices.append(segment)
    library = BarLibrary(name, (), tuple(tuple(choices) for choices in segments))
    if any(_repeats(segment) for choices in segments for segment in choices):
        remarks.append(
            "a repeated note is learned as a held one, unless train has encoding.held=begins"
        )
    library.require_fitting(form, Encoding(rests=library.rests))
    return Learnable(form, library, remarks)


def in_words(sheets: Sequence[Sheet], found: Learnable) -> str:
    """What was read, and each decision on a line of its own."""
    form, first = found.form, sheets[0]
    songs = math.prod(found.library.choices)
    key = f" in {first.key}" if first.key else ""
    told = (
        f"{first.title}{key}: {form.bars} bars of {form.metre} with {form.steps_per_bar} steps "
        f"each, {songs:,} song{'s' if songs > 1 else ''}."
    )
    return "\n".join([told, *(f"- {remark}" for remark in found.remarks)])


def chorus_bars(sheet: Sheet) -> int:
    """Bars of the shortest chorus, of 8 or more, whose chords come again until the end of the
    sheet; all bars where none do."""
    bar = sheet.steps_per_bar
    bars = len(sheet.chords) // bar
    notes = [pitch_classes(symbol) for symbol in sheet.chords]
    for chorus in range(SHORTEST_CHORUS, bars // 2 + 1):
        if bars % chorus == 0 and notes[chorus * bar :] == notes[: -chorus * bar]:
            return chorus
    return bars


def _require_alike(sheets: Sequence[Sheet], chorus: int) -> None:
    """Raises `BluesError` unless all choruses have the chords of the first."""
    first, bar = sheets[0], sheets[0].steps_per_bar
    for sheet in sheets:
        if len(sheet.chords) % chorus:
            raise BluesError(
                f"{sheet.file!r} has {len(sheet.chords) // bar} bars, which is not a multiple of "
                f"the {chorus // bar} of a chorus: set form_bars, or skip_bars for bars before the "
                "first chorus."
            )
        for step, symbol in enumerate(sheet.chords):
            there = first.chords[step % chorus]
            if pitch_classes(symbol) != pitch_classes(there):
                raise BluesError(
                    f"bar {step // bar + 1} of {sheet.file!r} has the chord {symbol} where the "
                    f"first chorus of {first.file!r} has {there}: all choruses must have the same "
                    "chords."
                )


def _bar_symbols(symbols: Sequence[str]) -> str:
    """The symbols of a bar's steps, as few as its equal parts allow."""
    for parts in range(1, len(symbols) + 1):
        size, left = divmod(len(symbols), parts)
        shares = [symbols[n * size : (n + 1) * size] for n in range(parts)]
        if not left and all(len(set(share)) == 1 for share in shares):
            return " ".join(share[0] for share in shares)
    raise AssertionError("single steps are always equal parts")


def _filled(
    melody: Sequence[Note], steps: int, shortest: int | None
) -> Iterator[tuple[int | None, int, int]]:
    """Pitch, start and end of the notes and rests that fill all steps.

    A rest shorter than `shortest` belongs to the note before; that of the first note is the last
    one, as the form is a cycle.
    """
    ends = [note.start for note in melody[1:]] + [steps + melody[0].start]
    held = [
        note.end if shortest is not None and end - note.end >= shortest else end
        for note, end in zip(melody, ends, strict=True)
    ]
    around = held[-1] - steps  # how far the last note reaches into the beginning
    if melody[0].start:
        if around > 0:
            yield melody[-1].pitch, 0, around
        if around < melody[0].start:
            yield None, max(around, 0), melody[0].start
    for note, own, end in zip(melody, held, ends, strict=True):
        yield note.pitch, note.start, min(own, steps)
        if own < min(end, steps):
            yield None, own, min(end, steps)


def _repeats(segment: Sequence[str]) -> bool:
    names = [note.partition(":")[0] for note in segment]
    return any(one == other != REST for one, other in pairwise(names))


def _segment(
    notes: Sequence[tuple[int | None, int, int]], start: int, bar: int, placing: Placing
) -> tuple[str, ...]:
    """The notes of the bar that begins at step `start`; one held over a bar line is two, tied."""
    names, lengths = [], []
    for pitch, begins, ends in notes:
        if begins < start + bar and ends > start:
            tie = TIE if pitch is not None and begins < start else ""
            names.append(REST if pitch is None else tie + note_name(placing.place(pitch)))
            lengths.append(min(ends, start + bar) - max(begins, start))
    if len(set(lengths)) == 1:
        return tuple(names)
    return tuple(
        f"{name}:{Fraction(length, bar)}" for name, length in zip(names, lengths, strict=True)
    )
