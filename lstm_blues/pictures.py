"""Pictures of what was played."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from torch import Tensor

from lstm_blues.checkpoint import write_safely
from lstm_blues.form import Form, chord_name, note_name
from lstm_blues.piece import Piece

# Okabe and Ito's colours, told apart by the colour-blind too.
RIGHT, WRONG, MISSED, RULE = "#0072B2", "#D55E00", "#F0E442", "#666666"
# Told apart in black and white, too: the melody is the darker one.
CHORDS, TUNE, NEW_BAR = "#E69F00", "#0072B2", "#EDEDED"


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


def piece_roll(piece: Piece) -> Figure:
    """A piano roll of a piece, one row a chorus: chords orange, melody blue.

    Chord names stand above, bars and choruses are ruled; bars whose melody is not in the library
    are shaded and marked `new`.
    """
    form = piece.form
    choruses = max(1, -(-piece.steps // form.steps))
    top = form.melody_pitches[-1] if piece.has_melody else form.chord_pitches[-1]
    lowest = form.lowest_chord_note
    figure = Figure(figsize=(11.0, 0.9 + 2.6 * choruses), layout="constrained")
    rows = figure.subplots(choruses, 1, squeeze=False)[:, 0]
    for number, axes in enumerate(rows):
        first = number * form.steps
        last = min(first + form.steps, piece.steps)
        axes.set_xlim(0, form.steps)
        axes.set_ylim(lowest - 1.9, top + 0.6)
        for chord in piece.chords:
            if first <= chord.start < last:
                for pitch in chord.pitches:
                    _bar(axes, pitch, chord.start - first, chord.end - first, CHORDS)
                axes.text(chord.start - first + 0.3, top + 1.0, chord.symbol, fontsize=8)
        for note in piece.melody:
            if note.start < last and note.end > first:
                start, end = max(note.start, first) - first, min(note.end, last) - first
                _bar(axes, note.pitch, start, end, TUNE)
        _rule(axes, piece, number)
        octaves = [pitch for pitch in range(lowest, top + 1) if pitch % 12 in (0, 7)]
        axes.set_yticks(octaves, [note_name(pitch) for pitch in octaves], fontsize=7)
        axes.tick_params(length=0)
    rows[0].set_title(piece.title, fontsize=10, loc="left", pad=16)
    handles = [Patch(color=CHORDS, label="chords")]
    if piece.has_melody:
        handles.append(Patch(color=TUNE, label="melody"))
    if piece.bars_from_library:
        handles.append(Patch(facecolor=NEW_BAR, edgecolor=RULE, label="bar not in the library"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure


def _bar(axes: Axes, pitch: int, start: int, end: int, colour: str) -> None:
    shape = Rectangle((start + 0.06, pitch - 0.42), end - start - 0.12, 0.84, color=colour)
    axes.add_patch(shape)


def _rule(axes: Axes, piece: Piece, chorus: int) -> None:
    """Rules the bars of a chorus, numbers them, and shades the new ones."""
    form, size = piece.form, piece.form.steps_per_bar
    from_library = piece.bars_from_library[chorus * form.bars : (chorus + 1) * form.bars]
    for bar in range(form.bars + 1):
        edge = bar in (0, form.bars)
        axes.axvline(bar * size, color=RULE, linewidth=1.6 if edge else 0.5)
    for bar, known in enumerate(from_library):
        if not known:
            axes.axvspan(bar * size, (bar + 1) * size, color=NEW_BAR, zorder=0)
            below = form.lowest_chord_note - 1.7
            axes.text((bar + 1) * size - 0.2, below, "new", fontsize=6, ha="right")
    axes.axhline(form.lowest_melody_note - 0.5, color=RULE, linewidth=0.4, linestyle=":")
    axes.set_xticks([(bar + 0.5) * size for bar in range(form.bars)])
    numbers = range(chorus * form.bars + 1, (chorus + 1) * form.bars + 1)
    axes.set_xticklabels([str(number) for number in numbers], fontsize=7)


def write_picture(figure: Figure, path: Path) -> None:
    """Writes a PNG at 150 dots an inch."""
    with matplotlib.rc_context({"savefig.dpi": 150}):
        write_safely(path, lambda file: figure.savefig(file, format="png"))
