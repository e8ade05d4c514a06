"""Pieces as sound (section 2.3: the report published its pieces as MP3 and WAV)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pretty_midi
import soundfile
from numpy.typing import NDArray

from lstm_blues.errors import BluesError, require_choice
from lstm_blues.files import write_safely
from lstm_blues.music.piece import Piece
from lstm_blues.music.timing import Timing
from lstm_blues.output.midi import (
    CHORD_PROGRAM,
    CHORD_VELOCITY,
    MELODY_PROGRAM,
    MELODY_VELOCITY,
    to_midi,
)
from lstm_blues.output.soundfont import SoundFont

RATE = 44100
"""Samples per second."""

TAIL = 1.0
"""Seconds after the last step, in which the last notes die away."""

PEAK = 0.89
"""The largest sample of a piece: -1 dB, so that no player or encoder clips."""

PLAYERS = ("builtin", "fluidsynth")

FORMATS = {".wav": "WAV", ".mp3": "MP3", ".flac": "FLAC", ".ogg": "OGG"}

# The melody stands in front of the chords.
_CHORD_GAIN, _MELODY_GAIN = 0.7, 1.0


@lru_cache(maxsize=1)
def general_midi() -> SoundFont:
    """The General MIDI sound font that pretty_midi brings (TimGM6mb)."""
    return SoundFont(Path(pretty_midi.__file__).parent / "TimGM6mb.sf2")


def to_audio(
    piece: Piece, timing: Timing | None = None, *, player: str = "builtin"
) -> NDArray[np.float32]:
    """A piece as sound, peak at -1 dB, a second longer than the piece.

    Args:
        piece: what to play.
        timing: tempo and swing.
        player: `builtin` plays the samples of a sound font in NumPy; `fluidsynth` has FluidSynth
            play the same font, with its filters and effects.

    Returns:
        Shape (2, samples), left and right, 44100 samples per second, float32.

    Raises:
        BluesError: an unknown player, or FluidSynth is not there.
    """
    require_choice("sound.player", player, PLAYERS)
    timing = timing or Timing()
    form = piece.form
    length = round((timing.seconds(piece.steps, form.steps_per_bar, form.time) + TAIL) * RATE)
    sound = (_builtin if player == "builtin" else _fluidsynth)(piece, timing, length)
    loudest = float(np.abs(sound).max(initial=0.0))
    return sound * np.float32(PEAK / loudest) if loudest > 0 else sound


def _builtin(piece: Piece, timing: Timing, length: int) -> NDArray[np.float32]:
    sound = np.zeros((2, length), np.float32)
    font, bar, metre = general_midi(), piece.form.steps_per_bar, piece.form.time

    def play(program: int, gain: float, velocity: int, pitch: int, start: int, end: int) -> None:
        first, last = (round(timing.seconds(step, bar, metre) * RATE) for step in (start, end))
        note = font.note(program, pitch, velocity, last - first, RATE)[:, : length - first]
        sound[:, first : first + note.shape[1]] += gain * note

    for chord in piece.chords:
        for pitch in chord.pitches:
            play(CHORD_PROGRAM, _CHORD_GAIN, CHORD_VELOCITY, pitch, chord.start, chord.end)
    for note in piece.melody:
        play(MELODY_PROGRAM, _MELODY_GAIN, MELODY_VELOCITY, *note)
    return sound


def _fluidsynth(piece: Piece, timing: Timing, length: int) -> NDArray[np.float32]:
    try:
        played = to_midi(piece, timing).fluidsynth(RATE, str(general_midi().path))
    except ImportError:
        raise BluesError(
            "sound.player=fluidsynth needs the extra 'fluidsynth' (pip install "
            "'lstm_blues[fluidsynth]') and FluidSynth itself: on Debian or Ubuntu apt install "
            "libfluidsynth3, on macOS brew install fluid-synth; sound.player=builtin needs neither."
        ) from None
    sound = np.zeros((2, length), np.float32)
    kept = np.asarray(played[:length], np.float32)
    sound[:, : len(kept)] = kept
    # The synthesiser goes on after the last note; what is cut ends softly.
    fade = np.linspace(1.0, 0.0, min(length, RATE // 20), dtype=np.float32)
    sound[:, length - len(fade) :] *= fade
    return sound


def write_sound(
    piece: Piece, path: Path, timing: Timing | None = None, *, player: str = "builtin"
) -> None:
    """Writes WAV (16 bits), FLAC, OGG (Vorbis) or MP3, by the suffix of `path`, see `to_audio`.

    Raises `BluesError` for another suffix, and where `to_audio` does.
    """
    suffix = path.suffix.lower()
    require_choice("the suffix of a sound file", suffix, FORMATS)
    sound = to_audio(piece, timing, player=player).T

    def write(file: BinaryIO) -> None:
        kind = FORMATS[suffix]
        with soundfile.SoundFile(file, "w", RATE, channels=2, format=kind) as whole:
            # In blocks: the Vorbis encoder keeps what it is given on the stack.
            for first in range(0, len(sound), RATE):
                whole.write(sound[first : first + RATE])

    write_safely(path, write)
