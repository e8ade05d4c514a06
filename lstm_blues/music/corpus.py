"""A corpus: several songs that one network learns, each for whole episodes (section 5).

Songs are forms in several keys, or tunes: MIDI files, or scores that music21 reads or brings along.
In a corpus chords and melody are blended in one range of notes, as the report intends (2.2): a note
that sounds is a unit that is on, whoever plays it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lstm_blues.errors import BluesError, require, require_room
from lstm_blues.music.chords import NOTE_NAMES, OCTAVE
from lstm_blues.music.form import Form, require_steps_per_bar
from lstm_blues.music.tunes import Sounding, read_tune


@dataclass(frozen=True)
class FormChords:
    """One form of a corpus: its chords, one string per bar, as in `music.form.Form`."""

    name: str
    chords: tuple[str, ...]


@dataclass(frozen=True)
class Corpus:
    """Songs of one length, in one range of notes.

    Args:
        name: what it is called.
        forms: by name; each is a song in each of the keys.
        keys: semitones up that the forms are transposed by.
        tunes: MIDI files (or others that music21 reads), or `music21:` and a name in its corpus,
            with `#n` for the n-th tune of a collection.
        bars: how many are learned of each song, from its first whole bar.
        steps_per_bar: network steps in a bar of 4/4.
        lowest_note: MIDI note number of the first unit.
        notes: units; notes outside are moved in by octaves.
        primer: steps of a song that the frozen network hears before it plays by itself.
        most: only the first so many of the forms' songs, form by form; None: all.

    Raises:
        BluesError: a mistake in a form or a value out of range.
    """

    name: str
    forms: dict[str, FormChords]
    keys: tuple[int, ...]
    tunes: tuple[str, ...]
    bars: int
    steps_per_bar: int
    lowest_note: int
    notes: int
    primer: int
    most: int | None = None

    def __post_init__(self) -> None:
        require_steps_per_bar("corpus.steps_per_bar", self.steps_per_bar)
        for setting in ("bars", "primer"):
            value = getattr(self, setting)
            require(value >= 1, f"corpus.{setting}", value, "at least 1")
        most = self.most
        require(most is None or most >= 1, "corpus.most", most, "null, or at least 1")
        require(OCTAVE <= self.notes <= 128, "corpus.notes", self.notes, "from 12 to 128")
        top = 128 - self.notes
        require(
            0 <= self.lowest_note <= top, "corpus.lowest_note", self.lowest_note, f"from 0 to {top}"
        )
        # Songs are held as they are, once more as a table, and as what is being read.
        for setting, value in (("bars", self.steps), ("primer", self.primer)):
            needed = value * self.notes * 8 * 4
            require_room(f"corpus.{setting}", getattr(self, setting), needed)
        require(bool(self.forms or self.tunes), "corpus.forms", [], "forms, or tunes beside them")
        require(bool(self.keys or not self.forms), "corpus.keys", [], "one key or more")
        for name, form in self.forms.items():
            try:
                self._form(form)
            except BluesError as error:
                raise BluesError(f"corpus.forms.{name}: {error}") from None

    @property
    def steps(self) -> int:
        """Steps in each song."""
        return self.bars * self.steps_per_bar

    def _form(self, form: FormChords) -> Form:
        return Form(form.name, form.chords, self.bars, self.steps_per_bar, self.lowest_note)

    @cached_property
    def songs(self) -> dict[str, Tensor]:
        """The songs by name, each of shape (steps, notes), float64, 1.0 and 0.0.

        Raises `BluesError` for a tune that cannot be read or is too short, and for two songs that
        are the same.
        """
        found: dict[str, Tensor] = {}
        for form in self.forms.values():
            chords = self._form(form).chord_tensor()
            for key in self.keys:
                song = torch.zeros(self.steps, self.notes, dtype=torch.float64)
                song[:, :OCTAVE] = chords.roll(key % OCTAVE, 1)
                found[f"{form.name} in {NOTE_NAMES[key % OCTAVE]}"] = song
        found = dict(list(found.items())[: self.most])
        for tune in self.tunes:
            name, sounding = read_tune(tune)
            found[name] = self._in_steps(tune, sounding)
        names = list(found)
        for number, name in enumerate(names):
            for other in names[:number]:
                if torch.equal(found[name], found[other]):
                    same = f"{other} and {name}"
                    raise BluesError(f"the corpus contains the same song twice: {same}.")
        return found

    @cached_property
    def table(self) -> Tensor:
        """All songs, shape (songs, steps, notes), float64."""
        return torch.stack(list(self.songs.values()))

    def _in_steps(self, tune: str, sounding: list[Sounding]) -> Tensor:
        """A tune's notes moved to the nearest steps and, by octaves, into the range; shape as a
        song's."""
        song = torch.zeros(self.steps, self.notes, dtype=torch.float64)
        for note in sounding:
            first = round(note.start * self.steps_per_bar)
            last = max(first + 1, round(note.end * self.steps_per_bar))
            unit = note.pitch - self.lowest_note
            if unit >= self.notes:
                unit = self.notes - OCTAVE + (unit - self.notes) % OCTAVE
            if unit < 0:
                unit %= OCTAVE
            if last > 0:
                song[max(first, 0) : last, unit] = 1.0
        silent = (~(song > 0).any(1)).nonzero()[:, 0]
        if len(silent) > self.steps // 2:
            raise BluesError(
                f"tune {tune!r} is silent for more than half of its first {self.bars} whole bars."
            )
        return song
