"""What was played, as MIDI (section 2.3: the report published its pieces as MIDI)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pretty_midi
from torch import Tensor

from lstm_blues.checkpoint import write_safely
from lstm_blues.errors import require
from lstm_blues.form import Form

CHORD_PROGRAM = 0  # acoustic grand piano
BEATS_PER_BAR = 4


def chords_to_midi(notes: Tensor, form: Form, tempo: float = 120.0) -> pretty_midi.PrettyMIDI:
    """MIDI of chord notes, one track named `chords`.

    The representation doesn't tell held notes from repeated ones (section 2.2): here a chord is
    held for as long as its notes stay the same, and struck anew where any of them changes.

    Args:
        notes: shape (n, 12), on where above 0.5; unit k is the note `form.chord_pitches[k]`.
        form: gives the pitches and the steps a bar (a bar is four quarter notes).
        tempo: quarter notes a minute.

    Raises:
        BluesError: the tempo is not above 0.
    """
    require(tempo > 0, "tempo", tempo, "a number of quarter notes a minute above 0")
    played = np.asarray(notes.cpu()) > 0.5
    seconds = 60.0 / tempo * BEATS_PER_BAR / form.steps_per_bar
    midi = pretty_midi.PrettyMIDI(initial_tempo=tempo)
    midi.time_signature_changes.append(pretty_midi.TimeSignature(BEATS_PER_BAR, 4, 0))
    track = pretty_midi.Instrument(CHORD_PROGRAM, name="chords")
    changes = [n for n in range(len(played)) if n == 0 or (played[n] != played[n - 1]).any()]
    for start, end in zip(changes, [*changes[1:], len(played)], strict=True):
        for unit in np.flatnonzero(played[start]):
            pitch = form.chord_pitches[int(unit)]
            track.notes.append(pretty_midi.Note(70, pitch, start * seconds, end * seconds))
    midi.instruments.append(track)
    return midi


def write_midi(midi: pretty_midi.PrettyMIDI, path: Path) -> None:
    """Writes a Standard MIDI File."""
    write_safely(path, midi.write)
