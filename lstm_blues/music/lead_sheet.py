"""`python -m lstm_blues.lead_sheet`: a form and a bar library from your own music as MIDI.

A lead sheet is a track of chords and one melody line.  Chords are read as chord symbols, notes are
moved to the nearest step, and everything is transposed together until the melody lies in the 13
notes of Figure 1.  What comes out is YAML that a person can read, mend and train on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import pretty_midi

from lstm_blues.errors import BluesError, require
from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.chords import NOTE_NAMES, chord_name, note_name, pitch_classes
from lstm_blues.music.form import Form
from lstm_blues.music.piece import Note
from lstm_blues.music.timing import BEATS_PER_BAR
from lstm_blues.music.tunes import read_midi

_HALF = 0.5


@dataclass(frozen=True)
class LeadSheetSettings:
    """`conf/lead_sheet.yaml`."""

    files: tuple[str, ...]
    name: str
    chord_track: str | None
    melody_track: str | None
    form_bars: int | None
    skip_bars: int
    steps_per_bar: int
    lowest_chord_note: int
    lowest_melody_note: int
    fold: bool
    output_dir: str

    def __post_init__(self) -> None:
        require(bool(self.files), "files", list(self.files), "one MIDI file or more")
        fine = re.fullmatch(r"\w[\w-]*", self.name) is not None
        require(fine, "name", self.name, "a word of letters, digits, _ and -")
        bars = self.form_bars
        require(bars is None or bars >= 1, "form_bars", bars, "at least 1, or null")
        require(self.skip_bars >= 0, "skip_bars", self.skip_bars, "at least 0")
        require(self.steps_per_bar >= 1, "steps_per_bar", self.steps_per_bar, "at least 1")


class Sheet(NamedTuple):
    """A lead sheet in steps: what chord sounds at each step (pitch classes, the bass first), and
    the melody's notes, one after the other without a gap."""

    file: str
    chords: list[tuple[int, ...]]
    melody: list[Note]


def read_lead_sheet(file: str, given: LeadSheetSettings) -> Sheet:
    """One MIDI file in steps, without the bars to skip, at its own pitch.

    Raises `BluesError`, naming file, bar and notes, for what is no lead sheet in 4/4.
    """
    midi = read_midi(file, "files")

    def step(seconds: float) -> float:
        beats = midi.time_to_tick(seconds) / midi.resolution
        return float((beats / BEATS_PER_BAR - given.skip_bars) * given.steps_per_bar)

    def notes_of(track: pretty_midi.Instrument) -> list[tuple[float, float, int]]:
        notes = [(step(note.start), step(note.end), note.pitch) for note in track.notes]
        return sorted(note for note in notes if note[1] > _HALF)

    chord_track, melody_track = _tracks(midi, file, given)
    line = _one_line(notes_of(melody_track), file, given.steps_per_bar)
    harmony = notes_of(chord_track)
    last = max(line[-1].end, max((end for _, end, _ in harmony), default=0.0))
    bars = math.ceil(round(last / given.steps_per_bar, 2))
    chorus = given.form_bars or bars
    if bars % chorus:
        raise BluesError(
            f"{file!r} has {bars} bars, which is no multiple of form_bars={chorus}: set form_bars, "
            "or skip_bars for bars before the first chorus."
        )
    steps = bars * given.steps_per_bar
    # The network never rests: the last note is held to the end.
    line[-1] = line[-1]._replace(end=steps)
    return Sheet(file, _chords_at(harmony, steps, file, given.steps_per_bar), line)


def _tracks(
    midi: pretty_midi.PrettyMIDI, file: str, given: LeadSheetSettings
) -> tuple[pretty_midi.Instrument, pretty_midi.Instrument]:
    """The tracks of chords and melody: by name, else by what they hold."""
    tracks = [track for track in midi.instruments if track.notes and not track.is_drum]
    names = ", ".join(repr(track.name.strip()) for track in tracks) or "none"
    found = []
    for setting, wanted, usual in (
        ("chord_track", given.chord_track, "chord"),
        ("melody_track", given.melody_track, "melody"),
    ):
        fits = [
            track
            for track in tracks
            if (usual in track.name.lower() if wanted is None else track.name.strip() == wanted)
        ]
        if wanted is not None and len(fits) != 1:
            raise BluesError(f"{setting} is {wanted!r}, but the tracks of {file!r} are {names}.")
        found.append(fits[0] if len(fits) == 1 else None)
    chords, melody = found
    others = [track for track in tracks if track is not chords and track is not melody]
    if chords is None and melody is None and len(others) == 2:
        if _is_one_line(others[0]) != _is_one_line(others[1]):
            others.sort(key=_is_one_line)
            chords, melody = others
    elif len(others) == 1:
        chords, melody = chords or others[0], melody or others[0]
    if chords is None or melody is None:
        raise BluesError(
            f"{file!r} has the tracks {names}, which don't tell chords from melody: set "
            "chord_track and melody_track."
        )
    return chords, melody


def _is_one_line(track: pretty_midi.Instrument) -> bool:
    starts = sorted(note.start for note in track.notes)
    return all(later - earlier > 1e-3 for earlier, later in pairwise(starts))


def _one_line(notes: list[tuple[float, float, int]], file: str, bar: int) -> list[Note]:
    """The melody with its notes moved to the nearest steps; rests become held notes."""
    if not notes:
        raise BluesError(f"the melody of {file!r} has no notes.")
    starts = [max(0, math.floor(start + _HALF)) for start, _, _ in notes]
    for (here, there), number in zip(pairwise(starts), range(len(notes)), strict=False):
        if here == there:
            two = f"{note_name(notes[number][2])} and {note_name(notes[number + 1][2])}"
            raise BluesError(
                f"bar {here // bar + 1} of the melody of {file!r}: {two} fall on the same step: a "
                "lead sheet has one melody line, and quicker notes need more steps_per_bar."
            )
    starts[0] = 0
    ends = [*starts[1:], max(starts[-1] + 1, math.floor(notes[-1][1] + _HALF))]
    return [
        Note(pitch, start, end)
        for (_, _, pitch), start, end in zip(notes, starts, ends, strict=True)
    ]


def _chords_at(
    notes: list[tuple[float, float, int]], steps: int, file: str, bar: int
) -> list[tuple[int, ...]]:
    """The pitch classes at the middle of each step; a chord goes on until the next one."""
    chords: list[tuple[int, ...]] = []
    for step in range(steps):
        middle = step + _HALF
        pitches = sorted(pitch for start, end, pitch in notes if start <= middle < end)
        sounding = tuple(dict.fromkeys(pitch % 12 for pitch in pitches))
        if not sounding and not chords:
            raise BluesError(f"bar 1 of {file!r} has no chord to begin with.")
        if sounding and (not chords or sounding != chords[-1]):
            _symbol(sounding, f"bar {step // bar + 1} of {file!r}")
        chords.append(sounding or chords[-1])
    return chords


def _symbol(classes: tuple[int, ...], where: str) -> str:
    """The symbol of pitch classes, the bass first."""
    symbol = chord_name([classes[0], *(pitch + 12 for pitch in classes[1:])])
    try:
        pitch_classes(symbol)
    except BluesError:
        names = ", ".join(NOTE_NAMES[pitch] for pitch in sorted(classes))
        raise BluesError(
            f"{where}: the notes {names} sound together, which is no chord with a known symbol."
        ) from None
    return symbol


def transposition(melodies: Sequence[Note], lowest: int, *, fold: bool) -> int:
    """Semitones that bring all notes into the 13 from `lowest` up: whole octaves where that works,
    else the least.  With `fold` octaves alone, those that leave the fewest notes outside.

    Raises `BluesError` where the range is too wide and must not be folded.
    """
    pitches = [note.pitch for note in melodies]
    low, high, room = min(pitches), max(pitches), Form.MELODY_NOTES - 1

    def nearest(shift: int) -> tuple[bool, int, int]:
        return bool(shift % 12), abs(shift), shift

    if high - low <= room:
        return min(range(lowest - low, lowest + room - high + 1), key=nearest)
    if not fold:
        raise BluesError(
            f"the melody goes from {note_name(low)} to {note_name(high)}, {high - low} semitones, "
            f"but the network's melody notes span {room}: fold=true moves what is outside by "
            "octaves."
        )

    def outside(shift: int) -> tuple[int, int]:
        return sum(not lowest <= p + shift <= lowest + room for p in pitches), abs(shift)

    return min(range(-120, 121, 12), key=outside)


def _folded(pitch: int, lowest: int) -> int:
    """The same note in the 13 from `lowest` up."""
    inside = lowest <= pitch < lowest + Form.MELODY_NOTES
    return pitch if inside else lowest + (pitch - lowest) % 12


def learn_sheets(sheets: Sequence[Sheet], given: LeadSheetSettings) -> tuple[Form, BarLibrary, int]:
    """The form that all sheets share, a segment a bar from each chorus, and the transposition.

    Raises `BluesError` where choruses differ in their chords or the melody doesn't fit.
    """
    bar = given.steps_per_bar
    first = sheets[0]
    chorus = given.form_bars * bar if given.form_bars else len(first.chords)
    for sheet in sheets:
        for step, chord in enumerate(sheet.chords):
            if set(chord) != set(first.chords[step % chorus]):
                here = _symbol(chord, sheet.file)
                there = _symbol(first.chords[step % chorus], first.file)
                raise BluesError(
                    f"bar {step // bar + 1} of {sheet.file!r} has the chord {here} where the first "
                    f"chorus of {first.file!r} has {there}: all choruses must have the same chords."
                )
    shift = transposition(
        [note for sheet in sheets for note in sheet.melody],
        given.lowest_melody_note,
        fold=given.fold,
    )
    symbols = [
        _symbol(tuple((pitch + shift) % 12 for pitch in chord), first.file)
        for chord in first.chords[:chorus]
    ]
    form = Form(
        given.name,
        tuple(_bar_symbols(symbols[at : at + bar]) for at in range(0, chorus, bar)),
        chorus // bar,
        bar,
        given.lowest_chord_note,
        given.lowest_melody_note,
    )
    segments: list[list[tuple[str, ...]]] = [[] for _ in range(form.bars)]
    for sheet in sheets:
        for at in range(0, len(sheet.chords), bar):
            segment = _segment(sheet.melody, at, bar, shift, given.lowest_melody_note)
            choices = segments[at // bar % form.bars]
            if segment not in choices:
                choices.append(segment)
    library = BarLibrary(given.name, (), tuple(tuple(choices) for choices in segments))
    library.require_fitting(form)
    return form, library, shift


def _bar_symbols(symbols: Sequence[str]) -> str:
    """The symbols of a bar's steps, as few as its equal parts allow."""
    for parts in range(1, len(symbols) + 1):
        size, left = divmod(len(symbols), parts)
        shares = [symbols[n * size : (n + 1) * size] for n in range(parts)]
        if not left and all(len(set(share)) == 1 for share in shares):
            return " ".join(share[0] for share in shares)
    raise AssertionError("single steps are always equal parts")


def _segment(
    melody: Sequence[Note], start: int, bar: int, shift: int, lowest: int
) -> tuple[str, ...]:
    """The notes of the bar that begins at step `start`; a note held over a bar line is two."""
    inside = [note for note in melody if note.start < start + bar and note.end > start]
    names = [note_name(_folded(note.pitch + shift, lowest)) for note in inside]
    lengths = [min(note.end, start + bar) - max(note.start, start) for note in inside]
    if len(set(lengths)) == 1:
        return tuple(names)
    return tuple(
        f"{name}:{Fraction(length, bar)}" + ("" if Fraction(length, bar).denominator > 1 else "/1")
        for name, length in zip(names, lengths, strict=True)
    )


def form_yaml(form: Form, sources: str) -> str:
    """The form as a file of `conf/form`."""
    return (
        f"# Read from {sources}.\n"
        f"name: {form.name}\nbars: {form.bars}\n"
        f"chords: [{', '.join(form.chords)}]\n"
        f"steps_per_bar: {form.steps_per_bar}\n"
        f"lowest_chord_note: {form.lowest_chord_note}\n"
        f"lowest_melody_note: {form.lowest_melody_note}\n"
    )


def library_yaml(library: BarLibrary, form: Form, sources: str) -> str:
    """The bar library as a file of `conf/bars`, the chords of each bar beside it."""
    lines = [f"# Read from {sources}.", f"name: {library.name}", "scale: []", "bars:"]
    for number, (chords, segments) in enumerate(zip(form.chords, library.bars, strict=True), 1):
        lines.append(f"  # bar {number}: {chords}")
        lines += [
            f"  {'- ' if first == 0 else '  '}- [{', '.join(_quoted(note) for note in segment)}]"
            for first, segment in enumerate(segments)
        ]
    return "\n".join(lines) + "\n"


def _quoted(note: str) -> str:
    return f"'{note}'" if ":" in note else note
