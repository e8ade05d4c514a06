"""What was played, as MIDI (section 2.3: the report published its pieces as MIDI)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mido
import pretty_midi

from lstm_blues.checkpoint import write_safely
from lstm_blues.errors import require
from lstm_blues.form import Form
from lstm_blues.piece import Piece
from lstm_blues.songs import BluesSongs

CHORD_PROGRAM = 0  # acoustic grand piano
MELODY_PROGRAM = 65  # alto saxophone
CHORD_VELOCITY, MELODY_VELOCITY = 60, 95
BEATS_PER_BAR = 4
STRAIGHT = 0.5
TICKS_PER_BEAT = 480
MIN_TEMPO, MAX_TEMPO = 4.0, 1000.0


@dataclass(frozen=True)
class Timing:
    """When steps sound.

    Args:
        tempo: quarter notes a minute.
        swing: share of a beat that its first half lasts, from 0.5 (straight) to below 1.

    Raises:
        BluesError: a value out of range.
    """

    tempo: float = 120.0
    swing: float = STRAIGHT

    def __post_init__(self) -> None:
        # A MIDI file counts the microseconds of a quarter note in 24 bits.
        require(
            MIN_TEMPO <= self.tempo <= MAX_TEMPO,
            "tempo",
            self.tempo,
            f"from {MIN_TEMPO:g} to {MAX_TEMPO:g} quarter notes a minute",
        )
        require(STRAIGHT <= self.swing < 1, "swing", self.swing, "from 0.5 to below 1")

    def beats(self, step: int, form: Form) -> float:
        """When a step begins, in quarter notes from the start."""
        beat, part = divmod(step * BEATS_PER_BAR / form.steps_per_bar, 1.0)
        if part < STRAIGHT:
            part *= self.swing / STRAIGHT
        else:
            part = self.swing + (part - STRAIGHT) * (1 - self.swing) / (1 - STRAIGHT)
        return beat + part

    def seconds(self, step: int, form: Form) -> float:
        """When a step begins, in seconds from the start."""
        return self.beats(step, form) * 60.0 / self.tempo


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
