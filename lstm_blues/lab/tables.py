"""Rows as Markdown tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lstm_blues.lab.collect import Row
from lstm_blues.lab.statistics import Quartiles, Share


def show(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""

    def three(values: Quartiles, scale: float, digits: int = 1) -> str:
        """Small numbers with a digit more."""
        low, middle, high = (
            f"{v / scale:.{digits if v >= scale else max(digits, 2)}f}" if math.isfinite(v) else "∞"
            for v in values
        )
        return f"{middle} ({low} to {high})"

    def share(counted: Share, runs: int) -> str:
        return f"{counted[0]} of {runs} ({counted[1]:.2f} to {counted[2]:.2f})"

    melody = any(row.melody for row in rows)
    head = ["setting", "learned (95 % interval)", "held (95 % interval)", "fewest choruses held"]
    head += ["steps, M (quartiles)", "seconds (quartiles)"]
    head += ["melody above its floor, nats a step"] * melody
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in rows:
        cells = [
            row.setting,
            share(row.learned, row.runs),
            share(row.held, row.runs),
            "-" if row.choruses is None else str(row.choruses),
            three(row.steps, 1e6),
            three(row.seconds, 1),
        ]
        if melody:
            cells.append("-" if row.melody is None else three(row.melody, 1, 3))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
