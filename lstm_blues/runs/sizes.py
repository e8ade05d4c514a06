"""What a run would need, so that what is too large is refused before any work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_blues.errors import require_room

if TYPE_CHECKING:
    from lstm_blues.runs.settings import Settings

_REAL = 8
"""Bytes of a number in float64."""


def require_room_for(settings: Settings) -> None:
    """Raises `BluesError` naming the setting for which this machine's memory is too small.

    Estimates of the largest parts alone: what a run needs beside them fits wherever torch does.
    """
    for setting, (value, needed) in _needs(settings).items():
        require_room(setting, value, needed)


def _needs(settings: Settings) -> dict[str, tuple[object, float]]:
    """By setting its value and the bytes that come of it."""
    network, learning, run = settings.network, settings.learning, settings.run
    units = sum(part.units for part in network.units.values())
    if network.has_blocks:
        groups = network.groups.values()
        cells = sum(group.blocks * group.cells for group in groups)
        rows = cells + sum(3 * group.blocks for group in groups)
        largest = max(groups, key=lambda group: group.blocks * group.cells)
        size, chosen = f"network.groups.{largest.name}.cells", largest.cells
    else:
        # The hidden units of an LSTM, the largest, have four rows.
        cells, rows = network.hidden, 4 * network.hidden
        size, chosen = "network.hidden", network.hidden
    sources = units + cells + 1
    weights = (rows + units) * sources
    # Weights, their last changes and their gradient; traces.
    needed = (4 * weights + 3 * cells * sources) * _REAL
    if learning.gradient == "rtrl":
        needed += cells * rows * sources * _REAL
    if learning.update == "kalman":
        # The covariances of all weights of a part with one another, at least.
        needed += rows * sources * sources * _REAL
    stretch = max(learning.stretch(settings.song_steps), learning.melody.unroll)
    if not learning.rule.gradient.unrolled:
        stretch = 0
    unrolled = stretch * (2 * rows + 3 * cells + 2 * units) * _REAL
    window = network.window * units * (network.hidden + 1 + stretch) * _REAL
    # What a free run plays, and the outputs that it plays by.
    chorus = settings.song_steps * units * (_REAL + 1)
    return {
        size: (chosen, needed),
        "learning.unroll": (learning.unroll, unrolled),
        "network.window": (network.window, window if network.window > 1 else 0),
        "run.final_choruses": (run.final_choruses, run.final_choruses * chorus),
        "learning.test_choruses": (learning.test_choruses, learning.test_choruses * chorus),
    }
