"""Sampled instruments from a SoundFont 2 file, played in NumPy.

Not in the report, which published its pieces as WAV and MP3; hearing one here should need no system
package.  What a lead sheet needs is played: samples with loops, key and velocity ranges,
tuning, attenuation, pan and the volume envelope; no filters, modulators or effects.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lstm_blues.errors import BluesError

# Generators of the SoundFont 2 specification, section 8.1.
_START, _END, _LOOP_START, _LOOP_END = 0, 1, 2, 3
_START_COARSE, _END_COARSE, _LOOP_START_COARSE, _LOOP_END_COARSE = 4, 12, 45, 50
_PAN, _DELAY, _ATTACK, _HOLD, _DECAY, _SUSTAIN, _RELEASE = 17, 33, 34, 35, 36, 37, 38
_INSTRUMENT, _KEYS, _VELOCITIES, _ATTENUATION = 41, 43, 44, 48
_COARSE, _FINE, _SAMPLE, _MODES, _SCALE, _ROOT = 51, 52, 53, 54, 56, 58

_TIMECENTS = {_DELAY, _ATTACK, _HOLD, _DECAY, _RELEASE}
_DEFAULTS = dict.fromkeys(_TIMECENTS, -12000) | {_SCALE: 100, _ROOT: -1}

# A preset's values of all others are added to its instruments'.
_NOT_ADDED = {_KEYS, _VELOCITIES, _INSTRUMENT, _SAMPLE, _MODES, _ROOT}

# Values of _MODES with which a sample is looped.
_LOOPED = (1, 3)

# E-mu's hardware applied this share of an attenuation; sound fonts are made for it.
_EMU = 0.4

_SILENT_DB = 100.0

_DRUM_BANK = 128

_BIAS = 0.002
"""A sample whose mean is further from 0 was recorded with a bias, which is taken out."""

_SLOWEST = 20.0
"""Hz: what is slower than this cannot be heard."""

_RUMBLE = 10.0
"""Hz: below this, loops that are not quite even and envelopes leave something, which is filtered
out of every note."""

_FILTERED = 4096
"""Samples that are filtered at once, few enough for powers of the filter's factor."""

Zone = dict[int, int]
"""Values by generator, unsigned ones as signed 16 bits."""


@dataclass(frozen=True)
class _Sample:
    start: int
    end: int
    loop_start: int
    loop_end: int
    rate: int
    root: int
    correction: int  # cents


@dataclass(eq=False)
class SoundFont:
    """A SoundFont 2 file.

    Args:
        path: the file.

    Raises:
        BluesError: the file cannot be read, is no SoundFont 2 file, or lacks one of its parts.
    """

    path: Path
    _chunks: dict[bytes, bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            self._chunks = dict(_chunks(self.path.read_bytes()))
            self._wave = np.frombuffer(self._chunks[b"smpl"], "<i2").astype(np.float32) / 32768
            self._samples = [
                _Sample(*values[1:8])
                for values in struct.iter_unpack("<20sIIIIIBbHH", self._chunks[b"shdr"])
            ]
        except (KeyError, struct.error, OSError, ValueError):
            raise BluesError(f"{str(self.path)!r} is not a SoundFont 2 file.") from None
        for sample in self._samples:
            parts = (sample.start, sample.end), (sample.loop_start, sample.loop_end)
            means = [abs(self._wave[a:b].mean()) for a, b in parts if b > a]
            if sample.end > sample.start and max(means) > _BIAS:
                inside = slice(sample.start, sample.end)
                self._wave[inside] = _without_bias(self._wave[inside], sample.rate)

    def _bags(self, kind: bytes, first: int, last: int) -> list[Zone]:
        """The zones `first` to before `last` of presets (p) or instruments (i)."""
        bags = np.frombuffer(self._chunks[kind + b"bag"], "<u2").reshape(-1, 2)[:, 0]
        generators = list(struct.iter_unpack("<Hh", self._chunks[kind + b"gen"]))
        return [dict(generators[bags[n] : bags[n + 1]]) for n in range(first, last)]

    @lru_cache(maxsize=64)  # noqa: B019  # fonts live as long as the program
    def _zones(self, program: int, bank: int) -> list[tuple[Zone, Zone]]:
        """Preset and instrument zones of a General MIDI program, global ones merged in."""
        presets = list(struct.iter_unpack("<20sHHHIII", self._chunks[b"phdr"]))
        instruments = list(struct.iter_unpack("<20sH", self._chunks[b"inst"]))
        number = next((n for n, p in enumerate(presets[:-1]) if p[1:3] == (program, bank)), None)
        if number is None:
            raise BluesError(f"{str(self.path)!r} has no program {program} in bank {bank}.")
        first, last = presets[number][3], presets[number + 1][3]
        zones = []
        for outer in _with_global(self._bags(b"p", first, last), _INSTRUMENT):
            number = outer[_INSTRUMENT]
            bags = self._bags(b"i", instruments[number][1], instruments[number + 1][1])
            zones += [(outer, inner) for inner in _with_global(bags, _SAMPLE)]
        return zones

    @lru_cache(maxsize=4096)  # noqa: B019  # fonts live as long as the program
    def note(
        self,
        program: int,
        pitch: int,
        velocity: int,
        samples: int,
        rate: int,
        *,
        drums: bool = False,
    ) -> NDArray[np.float32]:
        """One note, released after `samples` samples.

        Args:
            program: General MIDI program, 0 to 127; with `drums` the program of a kit.
            pitch: MIDI note number.
            velocity: 1 to 127.
            samples: how long the key is held.
            rate: samples per second.
            drums: a kit of percussion, in which every pitch is an instrument.

        Returns:
            Shape (2, n), left and right, float32; longer than `samples` by the release.

        Raises:
            BluesError: the font has no such program.
        """
        parts = [
            self._sound(_added(outer, inner), pitch, velocity, samples, rate)
            for outer, inner in self._zones(program, _DRUM_BANK if drums else 0)
            if _covers(outer, pitch, velocity) and _covers(inner, pitch, velocity)
        ]
        whole = np.zeros((2, max([samples, *(part.shape[1] for part in parts)])), np.float32)
        for part in parts:
            whole[:, : part.shape[1]] += part
        return _without_rumble(whole, rate)

    def _sound(
        self, zone: Zone, pitch: int, velocity: int, samples: int, rate: int
    ) -> NDArray[np.float32]:
        """The sample of a zone at a pitch, in its envelope, shape (2, n)."""
        sample = self._samples[zone[_SAMPLE]]

        def get(generator: int) -> int:
            return zone.get(generator, _DEFAULTS.get(generator, 0))

        def place(at: int, fine: int, coarse: int) -> int:
            return at + get(fine) + 32768 * get(coarse)

        root = sample.root if get(_ROOT) < 0 else get(_ROOT)
        cents = (pitch - root) * get(_SCALE) + 100 * get(_COARSE) + get(_FINE) + sample.correction
        speed = 2 ** (cents / 1200) * sample.rate / rate
        times = {generator: _seconds(get(generator)) for generator in _TIMECENTS}
        envelope = _envelope(times, get(_SUSTAIN) / 10, samples, rate)
        at = np.arange(len(envelope)) * speed + place(sample.start, _START, _START_COARSE)
        end = place(sample.end, _END, _END_COARSE)
        if get(_MODES) in _LOOPED:
            loop = place(sample.loop_start, _LOOP_START, _LOOP_START_COARSE)
            loop_end = place(sample.loop_end, _LOOP_END, _LOOP_END_COARSE)
            if loop_end > loop:
                at = np.where(at < loop_end, at, loop + (at - loop) % (loop_end - loop))
        below = at.astype(np.int64)
        ended = below >= end - 1
        below = np.minimum(below, len(self._wave) - 2)
        share = (at - below).astype(np.float32)
        wave = self._wave[below] * (1 - share) + self._wave[below + 1] * share
        wave[ended] = 0.0
        # The specification's default modulator makes the level the square of the velocity.
        level = (velocity / 127) ** 2 * 10 ** (-_EMU * get(_ATTENUATION) / 200)
        wave *= (envelope * level).astype(np.float32)
        pan = (min(500, max(-500, get(_PAN))) + 500) / 1000 * math.pi / 2
        return np.stack((wave * math.cos(pan), wave * math.sin(pan))).astype(np.float32)


def _without_bias(wave: NDArray[np.floating], rate: int) -> NDArray[np.float32]:
    """A sample less its mean over a sliding window, which leaves what is faster than `_SLOWEST`."""
    half = min(round(rate / _SLOWEST / 2), len(wave) - 1)
    padded = np.pad(wave.astype(np.float64), half, mode="reflect")
    sums = np.concatenate(([0.0], padded.cumsum()))
    width = 2 * half + 1
    slow = (sums[width:] - sums[:-width]) / width
    return (wave - slow).astype(np.float32)


def _without_rumble(sound: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Sound, shape (2, n), through a high-pass filter of first order at `_RUMBLE`."""
    factor = 1 / (1 + 2 * math.pi * _RUMBLE / rate)
    heard = factor * np.diff(sound.astype(np.float64), prepend=0.0)
    powers = factor ** np.arange(1, _FILTERED + 1)
    last = np.zeros((2, 1))
    for first in range(0, heard.shape[1], _FILTERED):
        block = heard[:, first : first + _FILTERED]
        own = powers[: block.shape[1]]
        block[:] = own * (last + (block / own).cumsum(1))
        last = block[:, -1:].copy()
    return heard.astype(np.float32)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Name and content of all chunks of a RIFF file; lists are opened."""
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise ValueError("no SoundFont")
    found = []
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"LIST":
            at += 12
            continue
        found.append((name, data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return found


def _with_global(bags: list[Zone], needed: int) -> list[Zone]:
    """The zones that have the `needed` generator, each with the values of the global one, which is
    the first and has none."""
    shared = bags[0] if bags and needed not in bags[0] else {}
    return [shared | bag for bag in bags if needed in bag]


def _covers(zone: Zone, pitch: int, velocity: int) -> bool:
    """Whether a zone's ranges, the lowest in the low byte, hold the note."""
    for generator, value in ((_KEYS, pitch), (_VELOCITIES, velocity)):
        if generator in zone:
            both = zone[generator] & 0xFFFF
            if not both & 0xFF <= value <= both >> 8:
                return False
    return True


def _added(outer: Zone, inner: Zone) -> Zone:
    """An instrument's zone with its preset's values added to its own."""
    zone = dict(inner)
    for generator, value in outer.items():
        if generator not in _NOT_ADDED:
            zone[generator] = zone.get(generator, _DEFAULTS.get(generator, 0)) + value
    return zone


def _seconds(timecents: int) -> float:
    """A time in seconds; 1200 timecents double it."""
    return float(2 ** (timecents / 1200))


def _envelope(
    seconds: dict[int, float], sustain: float, samples: int, rate: int
) -> NDArray[np.float64]:
    """The volume envelope, 0 to 1, of a key held for `samples` samples; sustain in dB below full.

    The attack is a line in amplitude, decay and release are lines in dB.
    """
    release = seconds[_RELEASE]
    time = np.arange(samples + max(1, round(release * rate))) / rate
    begun = time - seconds[_DELAY]
    rising = np.clip(begun / seconds[_ATTACK], 0.0, 1.0)
    decaying = (begun - seconds[_ATTACK] - seconds[_HOLD]) / seconds[_DECAY] * _SILENT_DB
    lost = np.clip(decaying, 0.0, min(sustain, _SILENT_DB))
    let_go = np.maximum(time - samples / rate, 0.0)
    return np.asarray(rising * 10 ** (-(lost + let_go / release * _SILENT_DB) / 20))
