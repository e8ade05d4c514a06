"""Instruments synthesised in NumPy, so that the page carries no sample of anyone's.

Each function gives one note as mono samples, float64, around 1 at the most where it is loudest; a
sustained one gives with it the two samples between which it may go on for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RATE = 32000
"""Samples per second."""

Wave = NDArray[np.float64]


class Tone(NamedTuple):
    """A note: its samples, and the loop of a sustained one in samples, from and to."""

    wave: Wave
    loop: tuple[int, int] | None = None


def frequency(pitch: int) -> float:
    """Hertz of a MIDI note number."""
    return float(440.0 * 2 ** ((pitch - 69) / 12))


def _time(seconds: float) -> Wave:
    return np.arange(round(seconds * RATE)) / RATE


def _partials(pitch: int, ratios: Wave, levels: Wave, decays: Wave, time: Wave) -> Wave:
    """Sines that die away: ratios to the fundamental, levels, and seconds to fall by 1/e."""
    hertz = frequency(pitch) * ratios
    kept = hertz < 0.45 * RATE
    phases = np.arange(len(ratios)) * 2.4  # so that they do not add up to a peak
    parts = np.sin(2 * np.pi * hertz[kept, None] * time + phases[kept, None])
    return np.asarray((levels[kept, None] * np.exp(-time / decays[kept, None]) * parts).sum(0))


def _noise(seed: int, length: int) -> Wave:
    return np.random.default_rng(seed).standard_normal(length)


def _band(noise: Wave, low: float, high: float) -> Wave:
    """Noise between two frequencies in hertz, with soft edges."""
    spectrum = np.fft.rfft(noise)
    hertz = np.fft.rfftfreq(len(noise), 1 / RATE)
    rises = 1 / (1 + (low / np.maximum(hertz, 1e-3)) ** 6)
    falls = 1 / (1 + (hertz / high) ** 6)
    return np.fft.irfft(spectrum * rises * falls, len(noise))


def _shaped(wave: Wave, attack: float, fade: float) -> Wave:
    """A wave that begins and ends at zero: raised cosines of so many seconds."""
    wave = wave.copy()
    for seconds, end in ((attack, slice(None)), (fade, slice(None, None, -1))):
        count = round(seconds * RATE)
        wave[end][:count] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / max(count, 1))
    return wave


def piano(pitch: int) -> Tone:
    """A struck string: partials a little sharp, the high ones sooner gone, each in two phases of
    decay, and a hammer's knock."""
    time = _time(2.0)
    number = np.arange(1, 26, dtype=float)
    stiffness = 2e-4 * 2 ** ((pitch - 60) / 12)
    ratios = number * np.sqrt((1 + stiffness * number**2) / (1 + stiffness))
    # A hammer at an eighth of the string leaves out every eighth partial.
    struck = np.abs(np.sin(np.pi * number / 8)) + 0.03
    levels = struck * number**-1.25 * np.exp(-number * frequency(pitch) / 5200)
    slow = 1.5 * 2 ** (-(pitch - 60) / 24) / (1 + 0.12 * (number - 1))
    wave = 0.7 * _partials(pitch, ratios, levels, slow / 4, time)
    wave += 0.5 * _partials(pitch, ratios, levels, slow, time)
    knock = _band(_noise(pitch, len(time)), 120, 1400) * np.exp(-time / 0.012)
    return Tone(_shaped(wave + 0.12 * knock, 0.0015, 0.35))


def electric_piano(pitch: int) -> Tone:
    """A tine and a tone bar: frequency modulation whose index dies away, and a short bell."""
    time = _time(1.8)
    hertz = frequency(pitch)
    index = 1.3 * np.exp(-time / 0.35) + 0.25
    body = np.sin(2 * np.pi * hertz * time + index * np.sin(2 * np.pi * hertz * time))
    wave = body * np.exp(-time / (1.1 * 2 ** (-(pitch - 60) / 30)))
    bell = min(14 * hertz, 0.4 * RATE)
    wave += 0.12 * np.sin(2 * np.pi * bell * time) * np.exp(-time / 0.06)
    return Tone(_shaped(wave, 0.002, 0.4))


def vibraphone(pitch: int) -> Tone:
    """A bar tuned to the fundamental, its double octave and a tenth above it, under a fan."""
    time = _time(2.2)
    ratios, levels = np.array([1.0, 4.0, 10.0]), np.array([1.0, 0.22, 0.08])
    decays = np.array([1.3, 0.5, 0.09]) * 2 ** (-(pitch - 60) / 36)
    fan = 1 - 0.16 * (1 - np.cos(2 * np.pi * 5.0 * time))
    return Tone(_shaped(_partials(pitch, ratios, levels, decays, time) * fan, 0.001, 0.5))


_MARGIN = 256
"""Samples after a loop, which a player that interpolates may read."""


def _sustained(pitch: int, levels: Wave, attack: float, breath: float) -> Tone:
    """A blown note with a slow vibrato, which its loop holds whole periods of."""
    head = round(0.24 * RATE)
    # The loop is one period of the vibrato: as many whole periods of the tone as take a fifth of a
    # second, to the sample.
    periods = round(frequency(pitch) / 5.0)
    size = round(periods * RATE / frequency(pitch))
    hertz = periods * RATE / size
    time = np.arange(head + size + _MARGIN) / RATE
    turn = 2 * np.pi * time * RATE / size
    # What is only of the beginning is gone where the loop begins.
    fading = 0.5 + 0.5 * np.cos(np.pi * np.clip(time * RATE / head, 0, 1))
    depth = 0.0035 * np.clip((time - 0.08) / 0.15, 0, 1)
    phase = 2 * np.pi * hertz * time - depth * hertz * (size / RATE) * np.cos(turn)
    number = np.arange(1, len(levels) + 1)
    kept = number * hertz < 0.45 * RATE
    parts = np.sin(number[kept, None] * phase + 0.7 * number[kept, None] ** 1.5)
    # The higher a partial, the later it speaks.
    speaks = 1 - fading * np.exp(-time / (attack * (0.5 + 0.12 * number[kept, None])))
    wave = (levels[kept, None] * parts * speaks).sum(0)
    wave *= 1 + 0.05 * np.sin(turn) * depth / 0.0035
    puff = _band(_noise(pitch, len(time)), 700, 4500) * np.exp(-time / 0.05)
    return Tone(_shaped(wave + breath * fading * puff, 0.004, 0), (head, head + size))


def alto_sax(pitch: int) -> Tone:
    """A cone: all partials, strongest around 600 and 1500 hertz."""
    number = np.arange(1, 24)
    hertz = number * frequency(pitch)
    formants = np.exp(-((np.log2(hertz / 620) / 0.8) ** 2))
    formants += 0.55 * np.exp(-((np.log2(hertz / 1500) / 0.6) ** 2))
    return _sustained(pitch, (formants + 0.06) * number**-0.55, 0.02, 0.10)


def clarinet(pitch: int) -> Tone:
    """A cylinder: odd partials above all."""
    number = np.arange(1, 20)
    levels = np.where(number % 2, 1.0, 0.09) * number**-1.0
    return _sustained(pitch, levels * np.exp(-number * frequency(pitch) / 6000), 0.02, 0.05)


def acoustic_bass(pitch: int) -> Tone:
    """A plucked string, whose high partials are lost first."""
    seconds, hertz = 1.5, frequency(pitch)
    time = _time(seconds)
    number = np.arange(1, 40, dtype=float)
    ratios = number * np.sqrt(1 + 6e-5 * number**2)
    # Plucked at a fifth of the string, which leaves out every fifth partial.
    levels = np.abs(np.sin(np.pi * number / 5)) / number**1.55
    decays = 1 / (1.25 + 0.32 * number**1.6 * (hertz / 60) ** 0.4)
    wave = _partials(pitch, ratios, levels, decays, time)
    thumb = _band(_noise(pitch, len(time)), 60, 900) * np.exp(-time / 0.014)
    return Tone(_shaped(wave + 0.14 * thumb, 0.003, 0.3))


def ride(_: int) -> Tone:
    """A cymbal: many bell-like modes that are no one's partials, a wash, and the stick."""
    time = _time(1.6)
    generator = np.random.default_rng(51)
    hertz = np.exp(generator.uniform(np.log(380), np.log(14000), 90))
    phases = generator.uniform(0, 2 * np.pi, 90)
    decays = 0.75 * (hertz / 1000) ** -0.3 * generator.uniform(0.5, 1.3, 90)
    modes = np.sin(2 * np.pi * hertz[:, None] * time + phases[:, None])
    wave = (modes * np.exp(-time / decays[:, None]) * (hertz[:, None] / 3000) ** 0.15).sum(0) / 12
    wave += 0.35 * _band(_noise(51, len(time)), 3500, 12000) * np.exp(-time / 0.4)
    wave += 1.2 * _band(_noise(52, len(time)), 2500, 9000) * np.exp(-time / 0.006)
    return Tone(_shaped(wave, 0.0006, 0.7))


def pedal_hat(_: int) -> Tone:
    """Two cymbals that close: a chick."""
    time = _time(0.22)
    wave = _band(_noise(44, len(time)), 4200, 11500) * np.exp(-time / 0.035)
    return Tone(_shaped(wave, 0.002, 0.08))


def snare(_: int) -> Tone:
    """A soft stroke: the skin's two modes and the wires."""
    time = _time(0.3)
    skin = np.sin(2 * np.pi * 186 * time) + 0.6 * np.sin(2 * np.pi * 331 * time)
    wires = _band(_noise(38, len(time)), 1200, 8000) * np.exp(-time / 0.07)
    return Tone(_shaped(0.8 * skin * np.exp(-time / 0.05) + 0.7 * wires, 0.001, 0.1))


def kick(_: int) -> Tone:
    """A feathered bass drum: a tone that falls, and felt."""
    time = _time(0.38)
    phase = 2 * np.pi * (52 * time + 2.2 * (1 - np.exp(-time / 0.03)))
    felt = _band(_noise(36, len(time)), 150, 1500) * np.exp(-time / 0.008)
    return Tone(_shaped(1.5 * np.sin(phase) * np.exp(-time / 0.11) + 0.2 * felt, 0.002, 0.15))


def click(_: int) -> Tone:
    """A metronome: wood."""
    time = _time(0.09)
    wave = np.sin(2 * np.pi * 1250 * time) + 0.5 * np.sin(2 * np.pi * 2710 * time)
    return Tone(_shaped(wave * np.exp(-time / 0.014), 0.0008, 0.03))


Synth = Callable[[int], Tone]
