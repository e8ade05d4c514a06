"""Pieces written while they are played, however long: MIDI, text and sound as streams.

A stream is given a piece stretch by stretch, see `music.piece.stretches`, and holds no more than
one of them in memory; what is written so far stands in temporary files.  It gives what `render`
gives for the whole piece, to the byte.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Protocol

import mido
import numpy as np
import soundfile
import torch
from mido.midifiles.meta import encode_variable_int
from numpy.typing import NDArray

from lstm_blues.files import write_safely
from lstm_blues.music.piece import Piece
from lstm_blues.music.timing import Timing
from lstm_blues.music.transpose import CONCERT
from lstm_blues.output.loudness import Loudness
from lstm_blues.output.midi import midi_file
from lstm_blues.output.ogg import write_ogg
from lstm_blues.output.parts import REPORT_ARRANGEMENT, Arrangement
from lstm_blues.output.performance import Players
from lstm_blues.output.render import render
from lstm_blues.output.sound import FORMATS, RATE, TAIL, dry_sound, gain_for, sample_of


class Stream(Protocol):
    """A file that grows with its piece."""

    def add(self, stretch: Piece) -> None:
        """Takes the next stretch."""

    def finish(self) -> None:
        """Writes the file, whole, with all that came."""


class MidiStream:
    """A Standard MIDI File, see `output.midi.midi_file`."""

    def __init__(self, path: Path, timing: Timing, arrangement: Arrangement) -> None:
        self._path, self._timing = path, timing
        self._players = Players(timing, arrangement)
        self._tracks: list[_Track] = []

    def add(self, stretch: Piece) -> None:
        """See `Stream`."""
        file = midi_file(stretch, self._timing, self._players.play(stretch))
        first = not self._tracks
        if first:
            self._tracks = [_Track() for _ in file.tracks]
            self._ticks = file.ticks_per_beat
        for own, track in zip(self._tracks, file.tracks, strict=True):
            own.add(track, first=first)

    def finish(self) -> None:
        """See `Stream`."""

        def write(out: BinaryIO) -> None:
            head = (1, len(self._tracks), self._ticks)
            out.write(b"MThd" + (6).to_bytes(4) + b"".join(n.to_bytes(2) for n in head))
            for track in self._tracks:
                track.write(out)

        write_safely(self._path, write)


class _Track:
    """A track's events as they stand in the file, on disk where they are many."""

    def __init__(self) -> None:
        self._bytes = tempfile.SpooledTemporaryFile(max_size=2**16)  # noqa: SIM115  # finish closes
        self._status: int | None = None
        self._waited = 0  # ticks since the last event

    def add(self, track: mido.MidiTrack, *, first: bool) -> None:
        for message in track:
            self._waited += message.time
            if message.type == "end_of_track":
                break
            starts = message.is_meta or message.type in ("program_change", "control_change")
            if first or not starts:
                self._write(message)

    def _write(self, message: mido.Message) -> None:
        status, *rest = message.bytes()
        # A status that is the last event's need not be said again.
        said = [] if status == self._status else [status]
        self._bytes.write(bytes([*encode_variable_int(self._waited), *said, *rest]))
        self._status = None if message.is_meta else status
        self._waited = 0

    def write(self, out: BinaryIO) -> None:
        self._write(mido.MetaMessage("end_of_track"))
        out.write(b"MTrk" + self._bytes.tell().to_bytes(4))
        self._bytes.seek(0)
        shutil.copyfileobj(self._bytes, out)
        self._bytes.close()


class TextStream:
    """Chords and notes in words, see `Piece.in_words`."""

    def __init__(self, path: Path, _timing: Timing, _arrangement: Arrangement) -> None:
        self._path, self._bars = path, 0
        self._text = tempfile.SpooledTemporaryFile(max_size=2**16)  # noqa: SIM115  # finish closes

    def add(self, stretch: Piece) -> None:
        """See `Stream`."""
        self._text.write(stretch.in_words(self._bars).encode() + b"\n")
        self._bars += -(-stretch.steps // stretch.form.steps_per_bar)

    def finish(self) -> None:
        """See `Stream`."""
        self._text.seek(0)
        write_safely(self._path, lambda out: shutil.copyfileobj(self._text, out))
        self._text.close()


class SoundStream:
    """Sound by the player `builtin`, see `output.sound.to_audio`: samples go to a temporary file,
    to be made as loud as the loudest of them allows in the end."""

    def __init__(self, path: Path, timing: Timing, arrangement: Arrangement) -> None:
        self._path, self._timing = path, timing
        self._players = Players(timing, arrangement)
        self._samples = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115  # finish closes
        self._ringing = np.zeros((2, 0), np.float32)  # of notes that have ended
        self._steps = self._written = 0
        self._loudest, self._loudness = 0.0, Loudness(RATE)

    def add(self, stretch: Piece) -> None:
        """See `Stream`."""
        sound = dry_sound(stretch, self._players, self._steps)
        ringing = self._ringing
        if ringing.shape[1] > sound.shape[1]:
            sound, ringing = ringing, sound
        sound[:, : ringing.shape[1]] += ringing
        self._steps += stretch.steps
        ended = sample_of(self._timing, self._steps, stretch.form) - self._written
        self._put(sound[:, :ended])
        self._ringing = sound[:, ended:].copy()

    def _put(self, sound: NDArray[np.float32]) -> None:
        self._loudest = max(self._loudest, float(np.abs(sound).max(initial=0.0)))
        self._loudness.add(sound)
        self._samples.write(np.ascontiguousarray(sound.T).tobytes())
        self._written += sound.shape[1]

    def finish(self) -> None:
        """See `Stream`."""
        last = np.zeros((2, round(TAIL * RATE)), np.float32)
        heard = self._ringing[:, : last.shape[1]]
        last[:, : heard.shape[1]] = heard
        self._put(last)
        gain = gain_for(self._loudest, self._loudness.lufs)
        kind = FORMATS[self._path.suffix.lower()]

        def write(out: BinaryIO) -> None:
            self._samples.seek(0)
            with soundfile.SoundFile(out, "w", RATE, channels=2, format=kind) as whole:
                # In blocks: the Vorbis encoder keeps what it is given on the stack.
                while block := self._samples.read(RATE * 2 * 4):
                    whole.write(np.frombuffer(block, np.float32).reshape(-1, 2) * gain)

        write_safely(self._path, write_ogg(write) if kind == "OGG" else write)
        self._samples.close()


class WholePiece:
    """A file that only the whole piece makes: a score, a picture, what FluidSynth plays."""

    def __init__(
        self,
        path: Path,
        timing: Timing,
        arrangement: Arrangement,
        player: str,
        instrument: str,
    ) -> None:
        self._path, self._timing, self._player = path, timing, player
        self._arrangement, self._instrument = arrangement, instrument
        self._stretches: list[Piece] = []

    def add(self, stretch: Piece) -> None:
        """See `Stream`."""
        self._stretches.append(stretch)

    def finish(self) -> None:
        """See `Stream`."""
        notes = torch.cat([stretch.notes for stretch in self._stretches])
        piece = replace(self._stretches[-1], notes=notes)
        tempo, swing = self._timing.tempo, self._timing.swing
        arrangement, instrument = self._arrangement, self._instrument
        render(piece, self._path, tempo, swing, self._player, arrangement, instrument)


_STREAMS: dict[str, Callable[[Path, Timing, Arrangement], Stream]] = {
    "mid": MidiStream,
    "txt": TextStream,
    **{suffix[1:]: SoundStream for suffix in FORMATS},
}


def open_stream(
    path: Path,
    timing: Timing,
    player: str = "builtin",
    arrangement: Arrangement = REPORT_ARRANGEMENT,
    instrument: str = CONCERT,
) -> Stream:
    """What writes a piece in the format that the suffix of `path` names, one of `render.FORMATS`,
    as it comes; scores, pictures and what FluidSynth plays are written at its end."""
    suffix = path.suffix[1:].lower()
    if suffix in _STREAMS and (player == "builtin" or path.suffix not in FORMATS):
        return _STREAMS[suffix](path, timing, arrangement)
    return WholePiece(path, timing, arrangement, player, instrument)
