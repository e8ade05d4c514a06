"""Pictures of what was played."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor

from lstm_blues.checkpoint import write_safely
from lstm_blues.form import Form, chord_name, note_name

# Okabe and Ito's colours, told apart by the colour-blind too.
RIGHT, WRONG, MISSED, RULE = "#0072B2", "#D55E00", "#F0E442", "#666666"


def chord_roll(target: Tensor, played: Tensor, form: Form) -> Figure:
    """A piano roll of a free run under the form that it should play.

    Notes of the free run that the form doesn't have are orange, notes that it misses yellow.

    Args:
        target: the form's notes, shape (n, 12), n whole choruses.
        played: the notes of the free run from the same step, shape (m, 12) with m <= n.
        form: names the notes, rules bars and choruses.
    """
    goal = np.asarray(target.cpu()) > 0.5
    notes = np.zeros_like(goal)
    notes[: len(played)] = np.asarray(played.cpu()) > 0.5
    choruses = -(-len(goal) // form.steps)
    figure = Figure(figsize=(max(11.0, 6.5 * choruses), 5.6), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True, sharey=True)
    compared = np.where(notes & goal, 1, np.where(notes, 2, np.where(goal, 3, 0)))
    compared[len(played) :] = 0
    _roll(axes[0], goal.astype(int), form, "the form")
    _roll(axes[1], compared, form, "the frozen network, playing by itself")
    axes[1].set_xlabel("bar")
    return figure


def _roll(axes: Axes, kinds: np.ndarray, form: Form, title: str) -> None:
    colours = ListedColormap(["white", RIGHT, WRONG, MISSED])
    axes.imshow(
        kinds.T, origin="lower", aspect="auto", interpolation="none", cmap=colours, vmin=0, vmax=3
    )
    steps = len(kinds)
    for bar in range(0, steps + 1, form.steps_per_bar):
        chorus = bar % form.steps == 0
        axes.axvline(bar - 0.5, color=RULE, linewidth=1.4 if chorus else 0.5)
    for pitch in range(1, form.CHORD_NOTES):
        axes.axhline(pitch - 0.5, color=RULE, linewidth=0.15)
    starts = [n for n in range(steps) if n == 0 or (kinds[n] != kinds[n - 1]).any()]
    for start, end in zip(starts, [*starts[1:], steps], strict=True):
        on = [form.chord_pitches[k] for k in np.flatnonzero((kinds[start] % 3) > 0)]
        if end - start >= form.steps_per_bar // 2 and on:
            axes.text(
                start + 0.3,
                form.CHORD_NOTES - 0.3,
                chord_name(on, form.symbols),
                fontsize=7,
                clip_on=False,
            )
    bars = range(0, steps, form.steps_per_bar)
    axes.set_xticks([bar + (form.steps_per_bar - 1) / 2 for bar in bars])
    axes.set_xticklabels([str(n % form.bars + 1) for n in range(len(bars))], fontsize=7)
    axes.set_yticks(range(form.CHORD_NOTES))
    axes.set_yticklabels([note_name(pitch) for pitch in form.chord_pitches], fontsize=7)
    axes.tick_params(length=0)
    axes.set_title(title, fontsize=10, loc="left", pad=14)


def write_picture(figure: Figure, path: Path) -> None:
    """Writes a PNG at 150 dots an inch."""
    with matplotlib.rc_context({"savefig.dpi": 150}):
        write_safely(path, lambda file: figure.savefig(file, format="png"))
