"""The sounds of the page: instruments as files, all of one loudness.

They are synthesised, see `synth`: the sound font that `compose` plays with, TimGM6mb, is under the
GPL, which would be the page's licence, too, if it carried samples of it.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from lstm_blues.browser import synth
from lstm_blues.browser.synth import RATE, Synth, Tone, Wave
from lstm_blues.engine.compiler import cache_folder
from lstm_blues.files import write_bytes
from lstm_blues.output.band import KICK, PEDAL_HAT, RIDE, SNARE
from lstm_blues.output.loudness import Loudness
from lstm_blues.output.parts import INSTRUMENTS

FOLDER = "samples"

CLICK = 76
"""The pitch of the metronome's click among the drums: General MIDI's high wood block."""

LOUDNESS = -20.0
"""LUFS of the first half second of a note at full velocity."""

_PEAK = 0.9
"""The largest sample of a file."""

_HEARD = 0.5
"""Seconds of a note that its loudness is measured in."""


@dataclass(frozen=True)
class Instrument:
    """What the page plays on.

    Args:
        name: the General MIDI name, or `piano` and `drums`.
        title: what the menu shows.
        program: of General MIDI, a kit's for drums.
        notes: by pitch what makes it.
        release: seconds in which a note that is let go dies away; 0: it rings.
        pitched: whether samples are moved to other pitches.
        level: decibels above the others.
    """

    name: str
    title: str
    program: int
    notes: dict[int, Synth]
    release: float
    pitched: bool = True
    level: float = 0.0


def _every(semitones: int, low: int, high: int, of: Synth) -> dict[int, Synth]:
    return dict.fromkeys(range(low, high + 1, semitones), of)


def _named(name: str, title: str, notes: dict[int, Synth], release: float) -> Instrument:
    return Instrument(name, title, INSTRUMENTS.index(name), notes, release)


_DRUMS: dict[int, Synth] = {
    RIDE: synth.ride,
    PEDAL_HAT: synth.pedal_hat,
    SNARE: synth.snare,
    KICK: synth.kick,
    CLICK: synth.click,
}

ORCHESTRA = (
    _named("alto sax", "Alto saxophone", _every(4, 54, 86, synth.alto_sax), 0.09),
    _named("clarinet", "Clarinet", _every(4, 54, 86, synth.clarinet), 0.09),
    _named("vibraphone", "Vibraphone", _every(4, 54, 86, synth.vibraphone), 0.5),
    _named("electric piano 1", "Electric piano", _every(4, 54, 86, synth.electric_piano), 0.2),
    Instrument("piano", "Piano", 0, _every(4, 44, 72, synth.piano), 0.16),
    _named("acoustic bass", "Bass", _every(4, 28, 52, synth.acoustic_bass), 0.12),
    Instrument("drums", "Drums", 32, _DRUMS, 0.0, pitched=False, level=5.0),
)
"""Whom the page can hear."""


def sample_files() -> dict[str, bytes]:
    """The files of the sounds, by path below the page: FLAC, and `samples.json`, which says what
    they are.  The user's cache keeps them."""
    sources = [Path(str(file)).read_bytes() for file in (__file__, synth.__file__)]
    versions = f"{np.__version__} {soundfile.__version__}".encode()
    digest = hashlib.sha256(b"\0".join([*sources, versions])).hexdigest()[:24]
    path = cache_folder() / f"page-sounds-{digest}.zip"
    with suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(path) as kept:
        return {name: kept.read(name) for name in kept.namelist()}
    files = synthesised()
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with suppress(OSError):  # a cache that cannot be written is gone without
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_bytes(path, whole.getvalue())
    return files


def synthesised() -> dict[str, bytes]:
    """The files of `sample_files`, made anew."""
    files: dict[str, bytes] = {}
    told = []
    for instrument in ORCHESTRA:
        samples = []
        tones = {pitch: made(pitch) for pitch, made in instrument.notes.items()}
        waves, gain = leveled(instrument, tones)
        for pitch, wave in waves.items():
            loop = tones[pitch].loop
            name = f"{instrument.name.replace(' ', '_')}_{pitch}.flac"
            files[f"{FOLDER}/{name}"] = _flac(wave)
            seconds = None if loop is None else [sample / RATE for sample in loop]
            samples.append({"file": name, "pitch": pitch, "loop": seconds})
        told.append(
            {
                "name": instrument.name,
                "title": instrument.title,
                "program": instrument.program,
                "pitched": instrument.pitched,
                "gain": gain,
                "release": instrument.release,
                "samples": samples,
            }
        )
    files[f"{FOLDER}/samples.json"] = json.dumps(told, separators=(",", ":")).encode() + b"\n"
    return files


def leveled(instrument: Instrument, tones: dict[int, Tone]) -> tuple[dict[int, Wave], float]:
    """An instrument's notes, all equally loud and below the peak, and what makes them as loud as
    `LOUDNESS`; drums keep their balance."""
    wanted = {pitch: LOUDNESS - loudness(tone) for pitch, tone in tones.items()}
    if not instrument.pitched:
        wanted = dict.fromkeys(wanted, wanted[RIDE])
    waves = {pitch: tone.wave * 10 ** (wanted[pitch] / 20) for pitch, tone in tones.items()}
    loudest = max(float(np.abs(wave).max()) for wave in waves.values())
    down = _PEAK / loudest
    return {pitch: wave * down for pitch, wave in waves.items()}, 10 ** (
        instrument.level / 20
    ) / down


def loudness(tone: Tone) -> float:
    """LUFS of a note's first half second, in both ears."""
    wave, loop = tone
    size = round(_HEARD * RATE)
    if loop is not None:
        begin, end = loop
        wave = np.concatenate((wave[:end], *[wave[begin:end]] * (size // (end - begin) + 1)))
    wave = np.pad(wave[:size], (0, max(0, size - len(wave))))
    measured = Loudness(RATE)
    measured.add(np.stack((wave, wave)).astype(np.float32))
    return measured.lufs


def _flac(wave: Wave) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, wave, RATE, format="FLAC", subtype="PCM_16")
    return file.getvalue()
