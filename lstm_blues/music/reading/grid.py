"""The coarsest steps that hold a tune's notes, written exactly or played."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from lstm_blues.music.metre import Metre

STEPS_PER_QUARTER = (2, 3, 4, 6, 8, 12, 24)
"""Eighths, their triplets, sixteenths, their triplets, and so on."""

_EXACT = 0.02
"""Quarter notes that a written note may be off its step, by the ticks of a MIDI file."""

_PLAYED = 0.08
"""Quarter notes that a player may be off, 40 ms at 120 quarter notes per minute."""

_MOST = 0.95
"""Of the notes that are played, how many must be that near."""

_SWUNG = 2 / 3
"""Where in a beat the second of two swung eighths begins."""


class Grid(NamedTuple):
    """Steps per quarter note, and whether eighths are swung: two thirds and one third of a beat."""

    per_quarter: int | Fraction
    swung: bool = False

    def step(self, quarters: Fraction) -> int:
        """The step nearest to a time in quarter notes; halves go up."""
        return math.floor(self._even(quarters) * self.per_quarter + 0.5)

    def _even(self, quarters: Fraction) -> float:
        if not self.swung:
            return float(quarters)
        beat, part = divmod(float(quarters), 1.0)
        if part < _SWUNG:
            return beat + part * 0.5 / _SWUNG
        return beat + 0.5 + (part - _SWUNG) * 0.5 / (1 - _SWUNG)

    def off(self, quarters: Fraction) -> float:
        """How far a time is from its step, in quarter notes."""
        even = self._even(quarters)
        return abs(self.step(quarters) / self.per_quarter - even)


def coarsest_grid(
    lines: Sequence[Sequence[Fraction]], metre: str, parts: Collection[int] = ()
) -> Grid:
    """The coarsest grid on which notes lie and no two that follow each other fall on one step.

    Args:
        lines: beginnings of notes in quarter notes, in order; those of a line must stay apart.
        metre: its bar must hold a whole number of steps.
        parts: so many equal parts of a bar must be whole steps, too, where any grid has them all.
    """
    time = Metre(metre)
    grids = [Grid(n) for n in STEPS_PER_QUARTER if (n * time.quarters).denominator == 1]
    starts = [start for line in lines for start in line]
    if not time.is_compound:
        grids.insert(1, Grid(2, swung=True))
    unequal = {g for g in grids if any(g.per_quarter * time.quarters % n for n in parts)}
    for near, most in ((_EXACT, 1.0), (_PLAYED, _MOST)):
        for grid in grids:
            if grid in unequal or (grid.swung and not _is_swung(starts)):
                continue
            hit = sum(1 for start in starts if grid.off(start) <= near)
            if hit >= most * len(starts) and _apart(lines, grid):
                return grid
    fine = [grid for grid in grids[2:] if grid not in unequal and _apart(lines, grid)]
    return fine[0] if fine else grids[-1]


def _apart(lines: Sequence[Sequence[Fraction]], grid: Grid) -> bool:
    return all(grid.step(a) < grid.step(b) for line in lines for a, b in pairwise(line))


def _is_swung(starts: Sequence[Fraction]) -> bool:
    """Whether notes begin after two thirds of a beat, and none after a third or a half."""
    parts = [float(start % 1) for start in starts]
    late = sum(1 for part in parts if abs(part - _SWUNG) < _PLAYED)
    early = sum(1 for part in parts if _PLAYED < part < _SWUNG - _PLAYED)
    return late >= 3 and early <= (1 - _MOST) * len(parts)
