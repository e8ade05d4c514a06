"""Intervals and quartiles."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054
"""The normal quantile of a two-sided interval of 95 %."""

Quartiles = tuple[float, float, float]
"""Lower quartile, median and upper quartile."""

Interval = tuple[float, float, float]
"""A mean, and the ends of its interval."""

Share = tuple[int, float, float]
"""How many runs, and the ends of the Wilson interval of their share."""


def wilson(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """The ends of the Wilson score interval of a share; 0 and 1 where there are no trials."""
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def quartiles(values: Sequence[float]) -> Quartiles:
    """Quartiles that are among the values; infinite ones are allowed."""
    low, middle, high = np.quantile(np.asarray(values), [0.25, 0.5, 0.75], method="inverted_cdf")
    return float(low), float(middle), float(high)


def interval(values: NDArray[np.float64], resamples: int, rng: np.random.Generator) -> Interval:
    """Mean and 95 % bootstrap interval of values, shape (n,), one per piece or network."""
    picks = rng.integers(len(values), size=(resamples, len(values)))
    low, high = np.quantile(values[picks].mean(1), [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def fisher(successes: int, trials: int, other: int, of: int) -> float:
    """Fisher's exact test, two-sided: the probability, were two shares the same, of a table no more
    likely than `successes` of `trials` beside `other` of `of`."""
    every, total = trials + of, successes + other

    def likelihood(count: int) -> float:
        ways = math.comb(trials, count) * math.comb(of, total - count)
        return ways / math.comb(every, total)

    found = likelihood(successes)
    counts = range(max(0, total - of), min(trials, total) + 1)
    return sum(p for p in map(likelihood, counts) if p <= found * (1 + 1e-9))
