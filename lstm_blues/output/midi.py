"""What was played, as MIDI (section 2.3: the report published its pieces as MIDI)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import mido
import numpy as np
import pretty_midi
from torch import Tensor

from lstm_blues.files import write_safely
from lstm_blues.music.corpus import Corpus
from lstm_blues.music.encoding import ON
from lstm_blues.music.metre import FOUR_FOUR, Metre
from lstm_blues.music.piece import Note, Piece, sounding_notes
from lstm_blues.music.timing import Timing

CHORD_PROGRAM = 0  # acoustic grand piano
MELODY_PROGRAM = 65  # alto saxophone

CHORD_VELOCITY, MELODY_VELOCITY, SONG_VELOCITY = 60, 95, 80

TICKS_PER_QUARTER = 480

_CLOCKS_PER_QUARTER = 24

_CHANNELS = [channel for channel in range(16) if channel != 9]  # 9 plays drums


class Track(NamedTuple):
    """A track to be written: its name, General MIDI program, velocity, and notes in steps."""

    name: str
    program: int
    velocity: int
    notes: Iterable[Note]


def _midi(
    title: str,
    tracks: Iterable[Track],
    steps: int,
    steps_per_bar: int,
    timing: Timing,
    metre: Metre = FOUR_FOUR,
) -> mido.MidiFile:
    """A Standard MIDI File: title, tempo and metre, then the tracks, all of them `steps` long."""

    def tick(step: int) -> int:
        return round(timing.quarters(step, steps_per_bar, metre) * TICKS_PER_QUARTER)

    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER)
    head = mido.MidiTrack()
    head.append(mido.MetaMessage("track_name", name=_latin_1(title)))
    head.append(mido.MetaMessage("set_tempo", tempo=round(60e6 / timing.tempo)))
    head.append(
        mido.MetaMessage(
            "time_signature",
            numerator=metre.numerator,
            denominator=metre.denominator,
            clocks_per_click=int(_CLOCKS_PER_QUARTER * metre.beat),
        )
    )
    file.tracks.append(head)
    for (name, program, velocity, notes), channel in zip(tracks, cycle(_CHANNELS), strict=False):
        track = mido.MidiTrack()
        track.append(mido.MetaMessage("track_name", name=_latin_1(name)))
        track.append(mido.Message("program_change", channel=channel, program=program))
        events = []
        for pitch, start, end in notes:
            events += [(tick(start), 1, pitch), (tick(end), 0, pitch)]
        now = 0
        for at, on, pitch in sorted(events):  # at the same tick, ends come before beginnings
            # Every number is known to be in range: the checks would take most of the time.
            track.append(
                mido.Message(
                    "note_on" if on else "note_off",
                    skip_checks=True,
                    channel=channel,
                    note=pitch,
                    velocity=velocity if on else 0,
                    time=at - now,
                )
            )
            now = at
        track.append(mido.MetaMessage("end_of_track", time=tick(steps) - now))
        file.tracks.append(track)
    return file


def _latin_1(text: str) -> str:
    """A text as MIDI can hold it."""
    return text.encode("latin-1", "replace").decode("latin-1")


def midi_file(piece: Piece, timing: Timing | None = None) -> mido.MidiFile:
    """A Standard MIDI File of a piece: a track named `chords`, one named `melody` where there is
    one, and before them title, tempo and time signature.

    Chords are struck where any of their notes changes and where a chorus begins.
    """
    harmony = [Note(p, chord.start, chord.end) for chord in piece.chords for p in chord.pitches]
    tracks = [Track("chords", CHORD_PROGRAM, CHORD_VELOCITY, harmony)]
    if piece.has_melody:
        tracks.append(Track("melody", MELODY_PROGRAM, MELODY_VELOCITY, piece.melody))
    form, timing = piece.form, timing or Timing()
    return _midi(piece.title, tracks, piece.steps, form.steps_per_bar, timing, form.time)


def write_midi(piece: Piece, path: Path, timing: Timing | None = None) -> None:
    """Writes a Standard MIDI File, see `midi_file`."""
    write_safely(path, lambda file: midi_file(piece, timing).save(file=file))


def to_midi(piece: Piece, timing: Timing | None = None) -> pretty_midi.PrettyMIDI:
    """The piece as `pretty_midi` holds it, times in seconds: what `write_midi` writes."""
    buffer = io.BytesIO()
    midi_file(piece, timing).save(file=buffer)
    return pretty_midi.PrettyMIDI(io.BytesIO(buffer.getvalue()))


def write_songs(
    songs: Mapping[str, Tensor], corpus: Corpus, path: Path, timing: Timing | None = None
) -> None:
    """Writes songs of a corpus as MIDI, one after the other, each on a track with its name.

    Args:
        songs: by name, each of shape (n, notes) with any n; a unit is on where it is above 0.5.
            Notes are struck where they were off the step before.
        corpus: gives the notes' pitches, the steps per bar and the file's title.
        path: where to write.
        timing: tempo and swing.
    """
    tracks, begin = [], 0
    for name, song in songs.items():
        notes = sounding_notes(np.asarray(song.cpu()) > ON, corpus.lowest_note)
        moved = [Note(pitch, begin + start, begin + end) for pitch, start, end in notes]
        tracks.append(Track(name, CHORD_PROGRAM, SONG_VELOCITY, moved))
        begin += len(song)
    midi = _midi(corpus.name, tracks, begin, corpus.steps_per_bar, timing or Timing())
    write_safely(path, lambda file: midi.save(file=file))
