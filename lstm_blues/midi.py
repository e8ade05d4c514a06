"""What was played, as MIDI (section 2.3: the report published its pieces as MIDI)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pretty_midi
from torch import Tensor

from lstm_blues.checkpoint import write_safely
from lstm_blues.errors import require
from lstm_blues.form import Form

CHORD_PROGRAM = 0  # acoustic grand piano
MELODY_PROGRAM = 65  # alto saxophone
BEATS_PER_BAR = 4
STRAIGHT = 0.5


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
        require(
            0 < self.tempo < math.inf, "tempo", self.tempo, "a number of quarter notes a minute"
        )
        require(STRAIGHT <= self.swing < 1, "swing", self.swing, "from 0.5 to below 1")

    def seconds(self, step: int, form: Form) -> float:
        """When a step begins, in seconds from the start."""
        beat, part = divmod(step * BEATS_PER_BAR / form.steps_per_bar, 1.0)
        if part < STRAIGHT:
            part *= self.swing / STRAIGHT
        else:
            part = self.swing + (part - STRAIGHT) * (1 - self.swing) / (1 - STRAIGHT)
        return (beat + part) * 60.0 / self.tempo


def to_midi(notes: Tensor, form: Form, timing: Timing | None = None) -> pretty_midi.PrettyMIDI:
    """MIDI of a piece: a track named `chords` and, where there is one, one named `melody`.

    The representation doesn't tell held notes from repeated ones (section 2.2): here a melody note
    is held for as long as its unit stays on; a chord for as long as its notes stay the same, and
    struck anew where any of them changes.

    Args:
        notes: shape (n, 12) or (n, 25), on where above 0.5; chord units first.
        form: gives the pitches and the steps a bar (a bar is four quarter notes).
        timing: tempo and swing.
    """
    timing = timing or Timing()
    played = np.asarray(notes.cpu()) > STRAIGHT
    midi = pretty_midi.PrettyMIDI(initial_tempo=timing.tempo)
    midi.time_signature_changes.append(pretty_midi.TimeSignature(BEATS_PER_BAR, 4, 0))
    chords = pretty_midi.Instrument(CHORD_PROGRAM, name="chords")
    harmony = played[:, : form.CHORD_NOTES]
    for start, end in _runs(harmony):
        for on in np.flatnonzero(harmony[start]).tolist():
            chords.notes.append(_note(form.chord_pitches[on], 60, start, end, form, timing))
    midi.instruments.append(chords)
    if played.shape[1] > form.CHORD_NOTES:
        melody = pretty_midi.Instrument(MELODY_PROGRAM, name="melody")
        for unit, pitch in enumerate(form.melody_pitches, start=form.CHORD_NOTES):
            for start, end in _runs(played[:, unit : unit + 1]):
                if played[start, unit]:
                    melody.notes.append(_note(pitch, 95, start, end, form, timing))
        melody.notes.sort(key=lambda note: (note.start, note.pitch))
        midi.instruments.append(melody)
    return midi


def _runs(played: np.ndarray) -> list[tuple[int, int]]:
    """Where rows stay the same: (first step, step after the last)."""
    changes = np.flatnonzero((played[1:] != played[:-1]).any(axis=1)) + 1
    starts = [0, *changes.tolist()] if len(played) else []
    return list(zip(starts, [*starts[1:], len(played)], strict=True))


def _note(
    pitch: int, velocity: int, start: int, end: int, form: Form, timing: Timing
) -> pretty_midi.Note:
    return pretty_midi.Note(velocity, pitch, timing.seconds(start, form), timing.seconds(end, form))


def write_midi(midi: pretty_midi.PrettyMIDI, path: Path) -> None:
    """Writes a Standard MIDI File."""
    write_safely(path, midi.write)
