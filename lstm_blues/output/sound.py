"""Pieces as sound (section 2.3: the report published its pieces as MP3 and WAV)."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pretty_midi
import soundfile
from numpy.typing import NDArray

from lstm_blues.errors import BluesError, require_choice
from lstm_blues.files import write_safely
from lstm_blues.music.form import Form
from lstm_blues.music.piece import Piece, stretches
from lstm_blues.music.timing import Timing
from lstm_blues.output.loudness import Loudness
from lstm_blues.output.midi import to_midi
from lstm_blues.output.ogg import write_ogg
from lstm_blues.output.parts import NONE, REPORT_ARRANGEMENT, Arrangement
from lstm_blues.output.performance import Players
from lstm_blues.output.soundfont import SoundFont

RATE = 44100
"""Samples per second."""

TAIL = 1.0
"""Seconds after the last step, in which the last notes die away."""

PEAK = 0.84
"""The largest sample of a piece, -1.5 dB, so that no player or encoder clips between samples."""

LOUDNESS = -16.0
"""LUFS: as loud as a piece is, where its peaks allow it."""

PLAYERS = ("builtin", "fluidsynth")

FORMATS = {".wav": "WAV", ".mp3": "MP3", ".flac": "FLAC", ".ogg": "OGG"}


_GRAIN = RATE // 50


@lru_cache(maxsize=1)
def general_midi() -> SoundFont:
    """The General MIDI sound font that pretty_midi brings (TimGM6mb)."""
    return SoundFont(Path(pretty_midi.__file__).parent / "TimGM6mb.sf2")


def to_audio(
    piece: Piece,
    timing: Timing | None = None,
    *,
    player: str = "builtin",
    arrangement: Arrangement = REPORT_ARRANGEMENT,
) -> NDArray[np.float32]:
    """A piece as sound at -16 LUFS, or softer where its peaks would be above -1.5 dB, a second
    longer than the piece.

    Args:
        piece: what to play.
        timing: tempo and swing.
        player: `builtin` plays the samples of a sound font in NumPy; `fluidsynth` has FluidSynth
            play the same font, with its filters and effects.
        arrangement: who plays.

    Returns:
        Shape (2, samples), left and right, 44100 samples per second, float32.

    Raises:
        BluesError: an unknown player, or FluidSynth is not there.
    """
    require_choice("player", player, PLAYERS)
    timing = timing or Timing()
    length = sample_of(timing, piece.steps, piece.form) + round(TAIL * RATE)
    if player == "builtin":
        sound = np.zeros((2, length), np.float32)
        at, players = 0, Players(timing, arrangement)
        for stretch in stretches(piece.notes.unbind(0), piece):
            heard = dry_sound(stretch, players, at)
            first = sample_of(timing, at, piece.form)
            heard = heard[:, : length - first]
            sound[:, first : first + heard.shape[1]] += heard
            at += stretch.steps
    else:
        sound = _fluidsynth(piece, timing, length, arrangement)
    loudness = Loudness(RATE)
    loudness.add(sound)
    return sound * gain_for(float(np.abs(sound).max(initial=0.0)), loudness.lufs)


def gain_for(loudest: float, lufs: float) -> np.float32:
    """What sound whose largest sample is `loudest` is multiplied by, to be as loud as `LOUDNESS`
    where its peak stays below `PEAK`."""
    if not loudest:
        return np.float32(1.0)
    wanted = 10 ** ((LOUDNESS - lufs) / 20) if math.isfinite(lufs) else math.inf
    return np.float32(min(wanted, PEAK / loudest))


def sample_of(timing: Timing, step: int, form: Form) -> int:
    """The sample at which a step of a form begins."""
    return round(timing.seconds(step, form.steps_per_bar, form.time) * RATE)


def dry_sound(stretch: Piece, players: Players, at: int) -> NDArray[np.float32]:
    """The next stretch that `players` play, by the player `builtin`, until its last note has died
    away, neither louder nor softer than the font is; it begins `at` this step of the piece.

    Shape (2, samples), as in `to_audio`.
    """
    font, form, timing = general_midi(), stretch.form, players.timing
    begin = sample_of(timing, at, form)
    before = timing.quarters(at, form.steps_per_bar, form.time)
    sound = np.zeros((2, sample_of(timing, at + stretch.steps, form) - begin), np.float32)
    for part in players.play(stretch):
        # Balance: the other side is softened, so that the middle is as loud as ever.
        sides = np.array([[min(1.0, 1 - part.pan)], [min(1.0, 1 + part.pan)]], np.float32)
        for pitch, start, end, velocity in part.notes:
            first, last = (
                round((before + time) * 60 / timing.tempo * RATE) - begin for time in (start, end)
            )
            samples, loud = last - first, velocity
            if players.arrangement.band != NONE:
                # Players differ by a few milliseconds, and by less than can be heard: coarser
                # lengths and velocities let a note that was played be used again.
                samples = max(1, round(samples / _GRAIN)) * _GRAIN
                loud = max(1, round(velocity / 4) * 4)
            note = font.note(part.program, pitch, loud, samples, RATE, drums=part.drums)
            lacking = first + note.shape[1] - sound.shape[1]
            if lacking > 0:
                sound = np.pad(sound, ((0, 0), (0, lacking)))
            sound[:, first : first + note.shape[1]] += part.gain * sides * note
    return sound


def _fluidsynth(
    piece: Piece, timing: Timing, length: int, arrangement: Arrangement
) -> NDArray[np.float32]:
    try:
        played = to_midi(piece, timing, arrangement).fluidsynth(RATE, str(general_midi().path))
    except ImportError:
        raise BluesError(
            "player=fluidsynth needs the extra 'fluidsynth' (pip install "
            "'lstm_blues[fluidsynth]') and FluidSynth itself: on Debian or Ubuntu apt install "
            "libfluidsynth3, on macOS brew install fluid-synth; player=builtin needs neither."
        ) from None
    sound = np.zeros((2, length), np.float32)
    kept = np.asarray(played[:length], np.float32)
    sound[:, : len(kept)] = kept
    # The synthesiser goes on after the last note; what is cut ends softly.
    fade = np.linspace(1.0, 0.0, min(length, RATE // 20), dtype=np.float32)
    sound[:, length - len(fade) :] *= fade
    return sound


def write_sound(
    piece: Piece,
    path: Path,
    timing: Timing | None = None,
    *,
    player: str = "builtin",
    arrangement: Arrangement = REPORT_ARRANGEMENT,
) -> None:
    """Writes WAV (16 bits), FLAC, OGG (Vorbis) or MP3, by the suffix of `path`, see `to_audio`.

    Raises `BluesError` for another suffix, and where `to_audio` does.
    """
    suffix = path.suffix.lower()
    require_choice("the suffix of a sound file", suffix, FORMATS)
    sound = to_audio(piece, timing, player=player, arrangement=arrangement).T

    kind = FORMATS[suffix]

    def write(file: BinaryIO) -> None:
        with soundfile.SoundFile(file, "w", RATE, channels=2, format=kind) as whole:
            # In blocks: the Vorbis encoder keeps what it is given on the stack.
            for first in range(0, len(sound), RATE):
                whole.write(sound[first : first + RATE])

    write_safely(path, write_ogg(write) if kind == "OGG" else write)
