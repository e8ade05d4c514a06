"""A form and a bar library from lead sheets: what they have in common, and where they differ.

All sheets are transposed together until the melody lies in the form's melody notes, the 13 of
Figure 1 by default.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from lstm_blues.errors import BluesError
from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.chords import OCTAVE, note_name
from lstm_blues.music.form import Form
from lstm_blues.music.lead_sheet import Sheet, symbol_of
from lstm_blues.music.piece import Note


def form_and_library(
    sheets: Sequence[Sheet],
    name: str,
    *,
    form_bars: int | None = None,
    lowest_chord_note: int = 48,
    lowest_melody_note: int = 60,
    melody_notes: int = 13,
    fold: bool = False,
) -> tuple[Form, BarLibrary, int]:
    """The form that all sheets share, a library with one segment per bar from each chorus, and the
    transposition in semitones.

    Args:
        sheets: one or more, with the same steps per bar.
        name: what form and library will be called.
        form_bars: bars of a chorus; None: all of the first sheet.
        lowest_chord_note, lowest_melody_note: MIDI note numbers of the form's lowest units.
        melody_notes: notes of the form's melody.
        fold: whether a melody of too wide a range is moved in by octaves.

    Raises:
        BluesError: choruses differ in their chords, or the melody doesn't fit; names file and bar.
    """
    first, bar = sheets[0], sheets[0].steps_per_bar
    chorus = form_bars * bar if form_bars else len(first.chords)
    for sheet in sheets:
        for step, chord in enumerate(sheet.chords):
            if set(chord) != set(first.chords[step % chorus]):
                here = symbol_of(chord, sheet.file)
                there = symbol_of(first.chords[step % chorus], first.file)
                raise BluesError(
                    f"bar {step // bar + 1} of {sheet.file!r} has the chord {here} where the first "
                    f"chorus of {first.file!r} has {there}: all choruses must have the same chords."
                )
    shift = transposition(
        [note for sheet in sheets for note in sheet.melody],
        lowest_melody_note,
        melody_notes,
        fold=fold,
    )
    symbols = [
        symbol_of(tuple((pitch + shift) % OCTAVE for pitch in chord), first.file)
        for chord in first.chords[:chorus]
    ]
    form = Form(
        name,
        tuple(_bar_symbols(symbols[at : at + bar]) for at in range(0, chorus, bar)),
        chorus // bar,
        bar,
        lowest_chord_note,
        lowest_melody_note,
        melody_notes=melody_notes,
    )
    segments: list[list[tuple[str, ...]]] = [[] for _ in range(form.bars)]
    for sheet in sheets:
        for at in range(0, len(sheet.chords), bar):
            segment = _segment(sheet.melody, at, bar, shift, form.melody_pitches)
            choices = segments[at // bar % form.bars]
            if segment not in choices:
                choices.append(segment)
    library = BarLibrary(name, (), tuple(tuple(choices) for choices in segments))
    library.require_fitting(form)
    return form, library, shift


def transposition(notes: Sequence[Note], lowest: int, count: int = 13, *, fold: bool) -> int:
    """Semitones up that bring all notes into `count` from `lowest` up: whole octaves where they do,
    else as few as possible.  Where the range is too wide for both, the octaves that leave the
    fewest notes outside, to be folded.

    Raises `BluesError` where the range is too wide and `fold` is false.
    """
    pitches = [note.pitch for note in notes]
    low, high, room = min(pitches), max(pitches), count - 1

    def nearest(shift: int) -> tuple[bool, int, int]:
        return bool(shift % OCTAVE), abs(shift), shift

    if high - low <= room:
        return min(range(lowest - low, lowest + room - high + 1), key=nearest)
    if not fold:
        raise BluesError(
            f"the melody ranges from {note_name(low)} to {note_name(high)}, {high - low} "
            f"semitones, but the network's melody notes span {room}: fold=true moves notes "
            "outside by octaves."
        )

    def outside(shift: int) -> tuple[int, int]:
        return sum(not lowest <= p + shift <= lowest + room for p in pitches), abs(shift)

    return min(range(-10 * OCTAVE, 10 * OCTAVE + 1, OCTAVE), key=outside)


def _folded(pitch: int, allowed: Sequence[int]) -> int:
    """A pitch moved by octaves into the `allowed` notes, from the lowest up."""
    return pitch if pitch in allowed else allowed[0] + (pitch - allowed[0]) % OCTAVE


def _bar_symbols(symbols: Sequence[str]) -> str:
    """The symbols of a bar's steps, as few as its equal parts allow."""
    for parts in range(1, len(symbols) + 1):
        size, left = divmod(len(symbols), parts)
        shares = [symbols[n * size : (n + 1) * size] for n in range(parts)]
        if not left and all(len(set(share)) == 1 for share in shares):
            return " ".join(share[0] for share in shares)
    raise AssertionError("single steps are always equal parts")


def _segment(
    melody: Sequence[Note], start: int, bar: int, shift: int, allowed: Sequence[int]
) -> tuple[str, ...]:
    """The notes of the bar that begins at step `start`; a note held over a bar line is two."""
    inside = [note for note in melody if note.start < start + bar and note.end > start]
    names = [note_name(_folded(note.pitch + shift, allowed)) for note in inside]
    lengths = [min(note.end, start + bar) - max(note.start, start) for note in inside]
    if len(set(lengths)) == 1:
        return tuple(names)
    return tuple(
        f"{name}:{Fraction(length, bar)}" + ("" if Fraction(length, bar).denominator > 1 else "/1")
        for name, length in zip(names, lengths, strict=True)
    )
