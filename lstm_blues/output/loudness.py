"""How loud a piece is: programme loudness by ITU-R BS.1770-4, in LUFS."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK, OVERLAP = 0.4, 4
"""Seconds of a gating block, and how many of them share a moment."""

_ABSOLUTE_GATE, _RELATIVE_GATE = -70.0, -10.0  # LUFS, LU
_OFFSET = -0.691

# The two filters of the recommendation at 48 kHz, as numerators and denominators.
_SHELF = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285),
    (1.0, -1.69065929318241, 0.73248077421585),
)
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))
_FILTER_RATE = 48_000


class Loudness:
    """Measures sound that comes block by block.

    Args:
        rate: samples per second, of both channels.
    """

    def __init__(self, rate: int) -> None:
        self._size, self._hop = round(BLOCK * rate), round(BLOCK * rate / OVERLAP)
        frequencies = np.fft.rfftfreq(self._size, 1 / rate)
        z = np.exp(-2j * np.pi * frequencies / _FILTER_RATE)
        self._weights = np.ones(len(z))
        for above, below in (_SHELF, _HIGH_PASS):
            response = np.polyval(above[::-1], z) / np.polyval(below[::-1], z)
            self._weights *= np.abs(response) ** 2
        # Each frequency but the first and the last stands for two.
        self._weights[1:-1] *= 2
        self._waiting: NDArray[np.float64] = np.zeros((2, 0))
        self._powers: list[float] = []

    def add(self, sound: NDArray[np.float32]) -> None:
        """Takes what follows, shape (2, samples)."""
        heard = np.concatenate((self._waiting, sound.astype(np.float64)), 1)
        first = 0
        while first + self._size <= heard.shape[1]:
            spectrum = np.fft.rfft(heard[:, first : first + self._size])
            power = (np.abs(spectrum) ** 2 * self._weights).sum() / self._size**2
            self._powers.append(float(power))
            first += self._hop
        self._waiting = heard[:, first:]

    @property
    def lufs(self) -> float:
        """The loudness of all that came; minus infinity of silence and of less than a block."""
        powers = np.array(self._powers)
        loud = powers[_in_lufs(powers) > _ABSOLUTE_GATE]
        if not len(loud):
            return -np.inf
        gate = _in_lufs(loud.mean()) + _RELATIVE_GATE
        return float(_in_lufs(loud[_in_lufs(loud) > gate].mean()))


def _in_lufs(power: NDArray[np.float64] | np.floating) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(_OFFSET + 10 * np.log10(power))
