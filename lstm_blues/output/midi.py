"""What was played, as MIDI (section 2.3: the report published its pieces as MIDI)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path

import mido
import numpy as np
import pretty_midi
from torch import Tensor

from lstm_blues.files import write_safely
from lstm_blues.music.corpus import Corpus
from lstm_blues.music.encoding import ON
from lstm_blues.music.metre import FOUR_FOUR, Metre
from lstm_blues.music.piece import Piece, sounding_notes
from lstm_blues.music.timing import Timing
from lstm_blues.output.parts import CHORD_PROGRAM, REPORT_ARRANGEMENT, Arrangement, Part, Struck
from lstm_blues.output.performance import perform

SONG_VELOCITY = 80

TICKS_PER_QUARTER = 480

_CLOCKS_PER_QUARTER = 24

DRUM_CHANNEL = 9

_CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]

_PAN = 10  # the controller


def _midi(
    title: str, parts: Iterable[Part], quarters: float, timing: Timing, metre: Metre = FOUR_FOUR
) -> mido.MidiFile:
    """A Standard MIDI File: title, tempo and metre, then the parts, each a track of so many
    quarter notes."""

    def tick(time: float) -> int:
        return round(time * TICKS_PER_QUARTER)

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
    channels = cycle(_CHANNELS)
    for part in parts:
        channel = DRUM_CHANNEL if part.drums else next(channels)
        track = mido.MidiTrack()
        track.append(mido.MetaMessage("track_name", name=_latin_1(part.name)))
        track.append(mido.Message("program_change", channel=channel, program=part.program))
        if part.pan:
            value = round(64 + part.pan * 63)
            track.append(mido.Message("control_change", channel=channel, control=_PAN, value=value))
        events = []
        for pitch, start, end, velocity in part.notes:
            events += [(tick(start), 1, pitch, velocity), (tick(end), 0, pitch, 0)]
        now = 0
        # At the same tick, ends come before beginnings.
        for at, on, pitch, velocity in sorted(events):
            # Every number is known to be in range: the checks would take most of the time.
            track.append(
                mido.Message(
                    "note_on" if on else "note_off",
                    skip_checks=True,
                    channel=channel,
                    note=pitch,
                    velocity=velocity,
                    time=at - now,
                )
            )
            now = at
        track.append(mido.MetaMessage("end_of_track", time=tick(quarters) - now))
        file.tracks.append(track)
    return file


def _latin_1(text: str) -> str:
    """A text as MIDI can hold it."""
    return text.encode("latin-1", "replace").decode("latin-1")


def midi_file(
    piece: Piece, timing: Timing | None = None, parts: Sequence[Part] | None = None
) -> mido.MidiFile:
    """A Standard MIDI File of a piece: a track for each part, and before them title, tempo and time
    signature.

    Args:
        piece: what to write, or a stretch of it.
        timing: tempo and swing.
        parts: those that play it; chords and melody as the network plays them where there are none.
    """
    form, timing = piece.form, timing or Timing()
    parts = perform(piece, timing) if parts is None else parts
    quarters = timing.quarters(piece.steps, form.steps_per_bar, form.time)
    return _midi(piece.title, parts, quarters, timing, form.time)


def write_midi(
    piece: Piece,
    path: Path,
    timing: Timing | None = None,
    arrangement: Arrangement = REPORT_ARRANGEMENT,
) -> None:
    """Writes a Standard MIDI File, see `midi_file`."""
    timing = timing or Timing()
    parts = perform(piece, timing, arrangement)
    write_safely(path, lambda file: midi_file(piece, timing, parts).save(file=file))


def to_midi(
    piece: Piece,
    timing: Timing | None = None,
    arrangement: Arrangement = REPORT_ARRANGEMENT,
) -> pretty_midi.PrettyMIDI:
    """The piece as `pretty_midi` holds it, times in seconds: what `write_midi` writes."""
    timing, buffer = timing or Timing(), io.BytesIO()
    midi_file(piece, timing, perform(piece, timing, arrangement)).save(file=buffer)
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
    timing, size = timing or Timing(), corpus.steps_per_bar
    parts, begin = [], 0
    for name, song in songs.items():
        notes = [
            Struck(
                pitch,
                timing.quarters(begin + start, size),
                timing.quarters(begin + end, size),
                SONG_VELOCITY,
            )
            for pitch, start, end in sounding_notes(np.asarray(song.cpu()) > ON, corpus.lowest_note)
        ]
        parts.append(Part(name, CHORD_PROGRAM, notes))
        begin += len(song)
    midi = _midi(corpus.name, parts, timing.quarters(begin, size), timing)
    write_safely(path, lambda file: midi.save(file=file))
