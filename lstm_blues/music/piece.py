"""A piece of music as the network played it: steps at units, read as chords and notes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstm_blues.music.bars import REST, BarLibrary
from lstm_blues.music.chords import chord_name
from lstm_blues.music.encoding import ON, REPORT, Encoding
from lstm_blues.music.form import Form
from lstm_blues.music.rhythm import rhythm_of
from lstm_blues.music.spelling import key_fifths, spell

LIBRARY, NEW, BROKEN, ENDING = "library", "new", "broken", "ending"
"""What a bar of a composition is."""


class Note(NamedTuple):
    """A melody note: MIDI note number, and the steps at which it begins and ends."""

    pitch: int
    start: int
    end: int


class Chord(NamedTuple):
    """A chord: its symbol, MIDI note numbers, and the steps at which it begins and ends."""

    symbol: str
    pitches: tuple[int, ...]
    start: int
    end: int


def sounding_notes(
    on: NDArray[np.bool_], lowest: int, struck: NDArray[np.bool_] | None = None
) -> list[Note]:
    """Notes from units that are on, by pitch and start.

    Args:
        on: shape (steps, units), the lowest pitch first.
        lowest: MIDI note number of the first unit.
        struck: where notes that are on begin anew, shape (steps, units) or (steps, 1); None:
            nowhere, so that a note lasts for as long as its unit stays on.
    """
    # A silent step before the first and after the last one, so that every note has both ends.
    now, before = np.pad(on, ((0, 1), (0, 0))), np.pad(on, ((1, 0), (0, 0)))
    anew = np.zeros((1, 1), bool) if struck is None else np.pad(struck, ((0, 1), (0, 0)))
    starts = np.argwhere((now & (~before | anew)).T)
    ends = np.argwhere((before & (~now | anew)).T)[:, 1]
    return [
        Note(lowest + unit, start, end)
        for (unit, start), end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


@dataclass(frozen=True)
class Piece:
    """What was played, and what is needed to read it.

    Args:
        notes: shape (steps, 12) for chords alone or (steps, units), on where above 0.5; chord
            units first.
        form: gives pitches, steps per bar and the chords' names.
        encoding: how held notes are told from repeated ones.
        library: the bar library of the training songs, where there is one.
        title: what the piece is called.
        written_above: semitones and letters that its notes stand above what sounds, for a
            transposing instrument.
        ends: whether its last bar is an ending by rule, see `music.ending`.
    """

    notes: Tensor
    form: Form
    encoding: Encoding = REPORT
    library: BarLibrary | None = None
    title: str = "12-bar blues"
    written_above: tuple[int, int] = (0, 0)
    ends: bool = False

    @property
    def steps(self) -> int:
        """How long the piece is."""
        return len(self.notes)

    @property
    def has_melody(self) -> bool:
        """Whether there are melody units."""
        return self.notes.shape[1] > Form.CHORD_NOTES

    @cached_property
    def _on(self) -> NDArray[np.bool_]:
        return np.asarray(self.notes.detach().cpu()) > ON

    @cached_property
    def chords(self) -> list[Chord]:
        """The chords in time; one lasts for as long as none of its notes changes, and no longer
        than its chorus.  Steps of silence have no chord."""
        harmony, steps = self._on[:, : Form.CHORD_NOTES], self.form.steps
        chords = []
        changes = (harmony[1:] != harmony[:-1]).any(axis=1)
        starts = [0, *(np.flatnonzero(changes) + 1).tolist(), *range(0, self.steps, steps)]
        starts = sorted(set(starts)) if self.steps else []
        for start, end in zip(starts, [*starts[1:], self.steps], strict=True):
            pitches = tuple(self.form.chord_pitches[k] for k in harmony[start].nonzero()[0])
            if pitches:
                # Where several symbols name the same notes, the form's own at this step.
                known = (self.form.symbols[start % steps], *self.form.symbols)
                chords.append(Chord(chord_name(pitches, known), pitches, start, end))
        return chords

    @cached_property
    def melody(self) -> list[Note]:
        """The melody's notes by start and pitch; of several voices all.

        A note lasts for as long as its unit stays on and no mark of the encoding ends it.
        """
        if not self.has_melody:
            return []
        played = self._on[:, Form.CHORD_NOTES :]
        on = played[:, : self.form.melody_notes]
        struck = played[:, -1:] if self.encoding.held == "begins" else None
        notes = sounding_notes(on, self.form.lowest_melody_note, struck)
        if self.encoding.held == "endings":
            # The mark of a note's end is a step of that note.
            silent = np.append(~played.any(axis=1), False)
            notes = [note._replace(end=note.end + int(silent[note.end])) for note in notes]
        return sorted(notes, key=lambda note: (note.start, note.pitch))

    @property
    def _rests(self) -> list[int]:
        """The steps at which a rest begins, where there is a unit that tells them."""
        if not (self.has_melody and self.encoding.rests):
            return []
        sounds = np.zeros(self.steps + 1, bool)
        sounds[0] = True
        for note in self.melody:
            sounds[note.start + 1 : note.end + 1] = True
        silent = ~sounds
        return np.flatnonzero(silent[1:] & ~silent[:-1]).tolist()

    @cached_property
    def bar_kinds(self) -> list[str]:
        """What each whole bar's melody is: `LIBRARY`, a segment of the library at its place in the
        form; `NEW`, another, each of whose notes has a place and length as in the library;
        `BROKEN`; or `ENDING`, which is not the network's.  Empty where there is no library or no
        melody."""
        if self.library is None or not self.has_melody:
            return []
        melody, begins = self.encoding.decode_melody(self.notes)
        size = self.form.steps_per_bar
        whole = len(melody) // size * size
        bars, marks = melody[:whole].reshape(-1, size), begins[:whole].reshape(-1, size).numpy()
        marked = None if self.encoding.held == "unmarked" else marks
        keeps = rhythm_of(self.library, self.form).keeps(bars.numpy(), marked)
        segments = self.library.units(self.form)
        known = [
            bool((segments[number % self.form.bars] == bar).all(1).any())
            for number, bar in enumerate(bars)
        ]
        kinds = [
            LIBRARY if is_known else NEW if is_whole else BROKEN
            for is_known, is_whole in zip(known, keeps, strict=True)
        ]
        return [*kinds[:-1], ENDING] if self.ends else kinds

    @property
    def bars_from_library(self) -> list[bool]:
        """For each whole bar whether its melody is a segment of the library at its place in the
        form; empty where there is no library or no melody."""
        return [kind == LIBRARY for kind in self.bar_kinds]

    @cached_property
    def fifths(self) -> int:
        """Sharps of its key, that of the form's first chord, flats being negative."""
        return key_fifths(self.form.symbols[0])

    def name_of(self, note: Note) -> str:
        """A note's name as scores spell it, with its octave."""
        before = bisect_right(self.chords, note.start, key=lambda chord: chord.start)
        symbol = self.chords[before - 1].symbol if before else ""
        return str(spell(note.pitch, symbol, self.fifths))

    def in_words(self, bars_before: int = 0) -> str:
        """Chords and melody, where there is one, as text, one line per bar; `-` is a step without a
        new note, `r` one where a rest begins, `%` a bar without a new chord.

        Bars are numbered from 1, or on from `bars_before`; each says what it is, see `bar_kinds`.
        """
        kinds = self.bar_kinds
        struck = dict.fromkeys(self._rests, REST)
        struck |= {note.start: self.name_of(note) for note in reversed(self.melody)}
        size, lines = self.form.steps_per_bar, []
        for number, first in enumerate(range(0, self.steps, size)):
            steps = range(first, min(first + size, self.steps))
            chords = [c.symbol for c in self.chords if c.start in steps] or ["%"]
            melody = [struck.get(step, "-") for step in steps]
            line = f"{bars_before + number + 1:4d}  {' '.join(chords):10s}"
            line = f"{line}  {' '.join(melody)}" if self.has_melody else line.rstrip()
            if number < len(kinds):
                line += f"  {kinds[number]}"
            lines.append(line)
        return "\n".join(lines)


LONGEST_STRETCH = 32
"""Choruses in which a melody note may be held over every chorus's end."""


class Stretches:
    """Cuts a piece, as its steps come, into stretches of whole choruses over whose ends no melody
    note is held, and no rest.

    A note that would be held over `LONGEST_STRETCH` choruses is struck anew.

    Args:
        like: gives all but the notes.
    """

    def __init__(self, like: Piece) -> None:
        self._like = like
        self._kept: list[Tensor] = []

    def add(self, notes: Tensor) -> Piece | None:
        """Takes the notes of a step, shape (units,); returns the stretch that ends before it."""
        kept, chorus, found = self._kept, self._like.form.steps, None
        if kept and len(kept) % chorus == 0:
            # With the step after them, a note or a rest that goes on shows.
            ahead, end = replace(self._like, notes=torch.stack([*kept, notes])), len(kept)
            held = any(note.start < end < note.end for note in ahead.melody)
            silent = not any(note.end >= end for note in ahead.melody)
            held |= self._like.encoding.rests and silent
            if not held or len(kept) >= LONGEST_STRETCH * chorus:
                found, self._kept = self.rest(), []
        self._kept.append(notes)
        return found

    def rest(self) -> Piece | None:
        """The stretch since the last one."""
        return replace(self._like, notes=torch.stack(self._kept)) if self._kept else None


def stretches(steps: Iterable[Tensor], like: Piece) -> Iterator[Piece]:
    """The stretches of a piece, see `Stretches`, from the notes of each step, shape (units,)."""
    cut = Stretches(replace(like, ends=False))
    for notes in steps:
        if (found := cut.add(notes)) is not None:
            yield found
    if (last := cut.rest()) is not None:
        yield replace(last, ends=like.ends)
