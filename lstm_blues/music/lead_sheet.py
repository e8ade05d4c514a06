"""Lead sheets from MIDI files: a track of chords and one melody line, in steps."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import pretty_midi

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import NOTE_NAMES, OCTAVE, chord_name, note_name, pitch_classes
from lstm_blues.music.piece import Note
from lstm_blues.music.tunes import BEATS_PER_BAR, read_midi

MOST_BARS = 10_000
"""Of a lead sheet: hours of music."""


class Sheet(NamedTuple):
    """A lead sheet in steps.

    file: where it was read from.  chords: what sounds at each step, as pitch classes, the bass
    first.  melody: its notes, one after the other without a gap.  steps_per_bar: of both.
    """

    file: str
    chords: list[tuple[int, ...]]
    melody: list[Note]
    steps_per_bar: int = 8


def read_lead_sheet(
    file: str,
    *,
    steps_per_bar: int = 8,
    skip_bars: int = 0,
    form_bars: int | None = None,
    chord_track: str | None = None,
    melody_track: str | None = None,
) -> Sheet:
    """One MIDI file in steps, at its own pitch.

    Args:
        file: its path.
        steps_per_bar: notes are moved to the nearest of so many steps per bar.
        skip_bars: bars to leave out before the first chorus.
        form_bars: bars of a chorus, which the file's bars must be a multiple of; None: any number.
        chord_track, melody_track: the tracks' names; None: tracks named so, else the one with one
            note at a time is the melody.

    Raises:
        BluesError: the file is no lead sheet in 4/4; names file, bar and notes.
    """
    midi = read_midi(file, "files")

    def step(seconds: float) -> float:
        beats = midi.time_to_tick(seconds) / midi.resolution
        return float((beats / BEATS_PER_BAR - skip_bars) * steps_per_bar)

    def notes_of(track: pretty_midi.Instrument) -> list[tuple[float, float, int]]:
        notes = [(step(note.start), step(note.end), note.pitch) for note in track.notes]
        return sorted(note for note in notes if note[1] > 0.5)

    chords, melody = _tracks(midi, file, chord_track, melody_track)
    line = _one_line(notes_of(melody), file, steps_per_bar)
    harmony = notes_of(chords)
    last = max(line[-1].end, max((end for _, end, _ in harmony), default=0.0))
    bars = math.ceil(round(last / steps_per_bar, 2))
    if bars > MOST_BARS:
        raise BluesError(f"{file!r} has {bars:,} bars, but must have at most {MOST_BARS:,}.")
    if form_bars and bars % form_bars:
        raise BluesError(
            f"{file!r} has {bars} bars, which is not a multiple of form_bars={form_bars}: set "
            "form_bars, or skip_bars for bars before the first chorus."
        )
    steps = bars * steps_per_bar
    # The network never rests: the last note is held to the end.
    line[-1] = line[-1]._replace(end=steps)
    return Sheet(file, _chords_at(harmony, steps, file, steps_per_bar), line, steps_per_bar)


def _tracks(
    midi: pretty_midi.PrettyMIDI, file: str, chord_track: str | None, melody_track: str | None
) -> tuple[pretty_midi.Instrument, pretty_midi.Instrument]:
    """The tracks of chords and melody, by name, else by which of two holds one line; a track alone
    is both."""
    tracks = [track for track in midi.instruments if track.notes and not track.is_drum]
    names = ", ".join(repr(track.name.strip()) for track in tracks) or "none"
    found = []
    for setting, wanted, usual in (
        ("chord_track", chord_track, "chord"),
        ("melody_track", melody_track, "melody"),
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
            f"{file!r} has the tracks {names}, which do not distinguish chords from melody: set "
            "chord_track and melody_track."
        )
    return chords, melody


def _is_one_line(track: pretty_midi.Instrument) -> bool:
    """Whether no two notes begin together."""
    starts = sorted(note.start for note in track.notes)
    return all(later - earlier > 1e-3 for earlier, later in pairwise(starts))


def _one_line(notes: list[tuple[float, float, int]], file: str, bar: int) -> list[Note]:
    """The melody with its notes moved to the nearest steps; rests become held notes."""
    if not notes:
        raise BluesError(f"the melody of {file!r} has no notes.")
    starts = [max(0, _nearest(start)) for start, _, _ in notes]
    for (here, there), number in zip(pairwise(starts), range(len(notes)), strict=False):
        if here == there:
            two = f"{note_name(notes[number][2])} and {note_name(notes[number + 1][2])}"
            raise BluesError(
                f"bar {here // bar + 1} of the melody of {file!r}: {two} fall on the same step: a "
                "lead sheet has one melody line, and faster notes need more steps_per_bar."
            )
    starts[0] = 0
    ends = [*starts[1:], max(starts[-1] + 1, _nearest(notes[-1][1]))]
    return [
        Note(pitch, start, end)
        for (_, _, pitch), start, end in zip(notes, starts, ends, strict=True)
    ]


def _nearest(step: float) -> int:
    """The nearest whole step; halves go up."""
    return math.floor(step + 0.5)


def _chords_at(
    notes: list[tuple[float, float, int]], steps: int, file: str, bar: int
) -> list[tuple[int, ...]]:
    """The pitch classes at the middle of each step; a chord goes on until the next one."""
    chords: list[tuple[int, ...]] = []
    for step in range(steps):
        middle = step + 0.5
        pitches = sorted(pitch for start, end, pitch in notes if start <= middle < end)
        sounding = tuple(dict.fromkeys(pitch % OCTAVE for pitch in pitches))
        if not sounding and not chords:
            raise BluesError(f"bar 1 of {file!r} must begin with a chord.")
        if sounding and (not chords or sounding != chords[-1]):
            symbol_of(sounding, f"bar {step // bar + 1} of {file!r}")
        chords.append(sounding or chords[-1])
    return chords


def symbol_of(classes: tuple[int, ...], where: str) -> str:
    """The symbol of pitch classes, the bass first.

    Raises `BluesError`, beginning with `where`, where there is none.
    """
    symbol = chord_name([classes[0], *(pitch + OCTAVE for pitch in classes[1:])])
    try:
        pitch_classes(symbol)
    except BluesError:
        names = ", ".join(NOTE_NAMES[pitch] for pitch in sorted(classes))
        raise BluesError(
            f"{where}: the notes {names} sound together, but form no chord with a known symbol."
        ) from None
    return symbol
