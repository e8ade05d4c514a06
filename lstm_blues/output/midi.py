"""What was played, as MIDI (section 2.3: the report published its pieces as MIDI)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import mido
import pretty_midi
from torch import Tensor

from lstm_blues.files import write_safely
from lstm_blues.music.corpus import Corpus
from lstm_blues.music.piece import Piece
from lstm_blues.music.songs import BluesSongs
from lstm_blues.music.timing import BEATS_PER_BAR, Timing


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


CHORD_PROGRAM = 0  # acoustic grand piano


MELODY_PROGRAM = 65  # alto saxophone


CHORD_VELOCITY, MELODY_VELOCITY = 60, 95


TICKS_PER_BEAT = 480


def midi_file(piece: Piece, timing: Timing | None = None) -> mido.MidiFile:
    """A Standard MIDI File of a piece: a track named `chords`, one named `melody` where there is
    one, and before them tempo and time signature.

    Chords are struck where any of their notes changes and where a chorus begins.
    """
    timing = timing or Timing()
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    head = mido.MidiTrack()
    # MIDI texts are Latin-1.
    title = piece.title.encode("latin-1", "replace").decode("latin-1")
    head.append(mido.MetaMessage("track_name", name=title))
    head.append(mido.MetaMessage("set_tempo", tempo=round(60e6 / timing.tempo)))
    head.append(mido.MetaMessage("time_signature", numerator=BEATS_PER_BAR, denominator=4))
    file.tracks.append(head)
    harmony = [(p, chord.start, chord.end) for chord in piece.chords for p in chord.pitches]
    file.tracks.append(_track("chords", 0, CHORD_PROGRAM, CHORD_VELOCITY, harmony, piece, timing))
    if piece.has_melody:
        file.tracks.append(
            _track("melody", 1, MELODY_PROGRAM, MELODY_VELOCITY, piece.melody, piece, timing)
        )
    return file


def _track(
    name: str,
    channel: int,
    program: int,
    velocity: int,
    notes: Sequence[tuple[int, int, int]],
    piece: Piece,
    timing: Timing,
) -> mido.MidiTrack:
    def tick(step: int) -> int:
        return round(timing.beats(step, piece.form) * TICKS_PER_BEAT)

    # Notes end before others begin at the same tick.
    events = [(tick(start), 1, pitch) for pitch, start, _ in notes]
    events += [(tick(end), 0, pitch) for pitch, _, end in notes]
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("track_name", name=name))
    track.append(mido.Message("program_change", channel=channel, program=program))
    now = 0
    for at, on, pitch in sorted(events):
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
    track.append(mido.MetaMessage("end_of_track", time=tick(piece.steps) - now))
    return track


def to_midi(piece: Piece, timing: Timing | None = None) -> pretty_midi.PrettyMIDI:
    """The piece as `pretty_midi` holds it, times in seconds: what `write_midi` writes."""
    buffer = io.BytesIO()
    midi_file(piece, timing).save(file=buffer)
    return pretty_midi.PrettyMIDI(io.BytesIO(buffer.getvalue()))


def write_midi(piece: Piece, path: Path, timing: Timing | None = None) -> None:
    """Writes a Standard MIDI File."""
    write_safely(path, lambda file: midi_file(piece, timing).save(file=file))


def export_song(songs: BluesSongs, number: int, path: Path, timing: Timing | None = None) -> None:
    """Writes song `number` of a dataset as MIDI.  Raises IndexError where there is no such song."""
    write_midi(songs.piece(number), Path(path), timing)
