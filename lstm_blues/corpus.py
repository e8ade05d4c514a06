"""A corpus: several songs that one network learns, each for whole episodes (section 5).

Songs are forms in several keys, or tunes: MIDI files, or scores that music21 reads or brings along.
In a corpus chords and melody are blended in one range of notes, as the report intends (2.2): a note
that sounds is a unit that is on, whoever plays it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pretty_midi
import torch
from torch import Tensor

from lstm_blues.checkpoint import write_safely
from lstm_blues.errors import BluesError, require
from lstm_blues.form import NOTE_NAMES, Form

MUSIC21 = "music21:"
"""What a tune begins with that stands in music21's own corpus."""
BEATS_PER_BAR = 4
OCTAVE = 12
_NEAR = 1e-3


@dataclass(frozen=True)
class FormChords:
    """One form of a corpus: its chords, one string a bar, see `lstm_blues.form.Form`."""

    name: str
    chords: tuple[str, ...]


class Sounding(NamedTuple):
    """A note of a tune: MIDI note number, beginning and end in bars from the first whole bar."""

    pitch: int
    start: float
    end: float


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

    def __post_init__(self) -> None:
        for setting in ("bars", "steps_per_bar", "primer"):
            require(
                getattr(self, setting) >= 1, f"corpus.{setting}", getattr(self, setting), ">= 1"
            )
        require(self.notes >= OCTAVE, "corpus.notes", self.notes, "at least 12")
        top = 128 - self.notes
        require(0 <= self.lowest_note <= top, "corpus.lowest_note", self.lowest_note, f"0 to {top}")
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
                song[:, :OCTAVE] = chords.roll(key, 1)
                found[f"{form.name} in {NOTE_NAMES[key % OCTAVE]}"] = song
        for tune in self.tunes:
            name, sounding = read_tune(tune)
            found[name] = self._in_steps(tune, sounding)
        names = list(found)
        for number, name in enumerate(names):
            for other in names[:number]:
                if torch.equal(found[name], found[other]):
                    raise BluesError(f"the corpus has the same song twice: {other} and {name}.")
        return found

    @cached_property
    def table(self) -> Tensor:
        """All songs, shape (songs, steps, notes)."""
        return torch.stack(list(self.songs.values()))

    def _in_steps(self, tune: str, sounding: list[Sounding]) -> Tensor:
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


def read_tune(tune: str) -> tuple[str, list[Sounding]]:
    """A tune's name and its notes.

    Raises `BluesError` for one that is not there or cannot be read, or is not in 4/4.
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
        raise BluesError(f"corpus.tunes names {tune!r}, where there is no file.")
    try:
        read = corpus.parse(place) if tune.startswith(MUSIC21) else converter.parse(place)
        if isinstance(read, stream.Opus):
            read = list(read.scores)[int(number or 1) - 1]
    except Exception as error:  # the reader raises whatever it stumbles over
        raise BluesError(f"tune {tune!r} cannot be read ({error}).") from None
    title = read.metadata.title if read.metadata and read.metadata.title else Path(place).stem
    return title, _from_first_bar(list(_of_score(read, tune)))


def _from_first_bar(sounding: list[Sounding]) -> list[Sounding]:
    """Without what comes before the first bar that begins with a note: upbeats and rests."""
    begins = [round(note.start) for note in sounding if abs(note.start - round(note.start)) < _NEAR]
    first = min((bar for bar in begins if bar >= 0), default=0)
    return [Sounding(n.pitch, n.start - first, n.end - first) for n in sounding if n.end > first]


def read_midi(file: str, setting: str) -> pretty_midi.PrettyMIDI:
    """A MIDI file in 4/4 that `setting` names.

    Raises `BluesError` for one that is not there, cannot be read or is in another time.
    """
    if not Path(file).is_file():
        raise BluesError(f"{setting} names {file!r}, where there is no file.")
    try:
        midi = pretty_midi.PrettyMIDI(file)
    except Exception as error:  # the reader raises whatever it stumbles over
        raise BluesError(f"{file!r} cannot be read as MIDI ({error}).") from None
    for signature in midi.time_signature_changes:
        _require_four(file, signature.numerator, signature.denominator)
    return midi


def _sounding(midi: pretty_midi.PrettyMIDI) -> list[Sounding]:
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
    """The notes of a score, and its chord symbols as chords that last until the next one."""
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


def write_songs(songs: dict[str, Tensor], corpus: Corpus, path: Path, tempo: float = 120.0) -> None:
    """Songs as MIDI, one track each by its name, one after the other.

    songs: shape (n, notes) each, any number of steps.  Notes are struck where they were off the
    step before.
    """
    midi = pretty_midi.PrettyMIDI(initial_tempo=tempo)
    step = 60.0 / tempo * BEATS_PER_BAR / corpus.steps_per_bar
    begin = 0.0
    for name, song in songs.items():
        track = pretty_midi.Instrument(0, name=name.encode("latin-1", "replace").decode("latin-1"))
        on = song > 0
        for unit in range(on.shape[1]):
            began = None
            for n, sounds in enumerate([*on[:, unit].tolist(), False]):
                if sounds and began is None:
                    began = n
                if not sounds and began is not None:
                    pitch = corpus.lowest_note + unit
                    times = (begin + began * step, begin + n * step)
                    track.notes.append(pretty_midi.Note(80, pitch, *times))
                    began = None
        midi.instruments.append(track)
        begin += len(song) * step
    buffer = io.BytesIO()
    midi.write(buffer)
    write_safely(path, lambda file: file.write(buffer.getvalue()))
