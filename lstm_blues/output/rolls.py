"""Piano rolls: of a free run beside its form, of a corpus, and of a piece."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray
from torch import Tensor

from lstm_blues.music.chords import chord_name, note_name
from lstm_blues.music.corpus import Corpus
from lstm_blues.music.encoding import ON
from lstm_blues.music.form import Form
from lstm_blues.music.piece import BROKEN, LIBRARY, NEW, Piece
from lstm_blues.music.spelling import spell
from lstm_blues.output.pictures import HARMONY, MISSED, RIGHT, RULE, TUNE, WRONG, image

BAR_COLOURS = {NEW: "#DCEFDC", BROKEN: "#F6DDD6"}
"""Of bars that are not in the library."""

_WIDTH, _LETTER = 11.0, 0.08
"""Inches: of a piano roll, and of a letter of a chord's name."""

_KINDS = ListedColormap(["white", RIGHT, WRONG, MISSED])


def chord_roll(target: Tensor, played: Tensor, form: Form) -> Figure:
    """A piano roll of a free run under the form that it should play.

    Notes of the free run are blue where the form has them and orange where it has not; notes that
    it misses are yellow.

    Args:
        target: the form's notes, shape (n, 12), n whole choruses.
        played: the notes of the free run from the same step, shape (m, 12) with m <= n.
        form: names the notes, rules bars and choruses.
    """
    goal = np.asarray(target.cpu()) > ON
    notes = np.zeros_like(goal)
    notes[: len(played)] = np.asarray(played.cpu()) > ON
    choruses = -(-len(goal) // form.steps)
    figure = Figure(figsize=(max(11.0, 6.5 * choruses), 5.6), layout="constrained")
    axes = figure.subplots(2, 1, sharex=True, sharey=True)
    compared = _compared(notes, goal)
    compared[len(played) :] = 0
    _roll(axes[0], goal.astype(int), form, "the form")
    _roll(axes[1], compared, form, "the frozen network, playing by itself")
    axes[1].set_xlabel("bar")
    return figure


def corpus_roll(played: Mapping[str, Tensor], corpus: Corpus) -> Figure:
    """Piano rolls of the free runs of a corpus: notes that the song has and that it hasn't.

    Args:
        played: by the songs' names, shape (n, notes), from the songs' first step.
        corpus: gives what each song should be, its notes' names, and the steps given.
    """
    figure = Figure(figsize=(13.0, 0.8 + 1.8 * len(played)), layout="constrained")
    rows = figure.subplots(len(played), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, notes) in zip(rows, played.items(), strict=True):
        found = np.asarray(notes.cpu()) > ON
        song = np.asarray(corpus.songs[name].cpu()) > ON
        goal = song[np.arange(len(found)) % corpus.steps]
        image(axes, _compared(found, goal), _KINDS, 0, 3)
        axes.axvline(corpus.primer - 0.5, color="black", linewidth=1.4)
        for bar in range(0, len(found) + 1, corpus.steps_per_bar):
            axes.axvline(bar - 0.5, color=RULE, linewidth=1.0 if bar % corpus.steps == 0 else 0.3)
        low = corpus.lowest_note
        octaves = [pitch for pitch in range(low, low + corpus.notes) if pitch % 12 == 0]
        axes.set_yticks([pitch - low for pitch in octaves], [note_name(p) for p in octaves])
        axes.set_title(name, fontsize=9, loc="left")
    rows[-1].set_xlabel("step; the network plays by itself from the black line on")
    return figure


def _compared(played: NDArray[np.bool_], goal: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The kind of each note: 0 silent, 1 right, 2 wrong, 3 missed."""
    return np.where(played & goal, 1, np.where(played, 2, np.where(goal, 3, 0)))


def _roll(axes: Axes, kinds: NDArray[np.int64], form: Form, title: str) -> None:
    """Notes by their kind, see `_compared`, shape (steps, 12), with bars ruled and chords named."""
    image(axes, kinds, _KINDS, 0, 3)
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
    """A piano roll of a piece, one row per chorus: chords orange, melody blue.

    Chord names stand above, bars and choruses are ruled, every pitch that sounds is named; bars
    whose melody is not in the library are shaded and marked, see `Piece.bar_kinds`.
    """
    form = piece.form
    choruses = max(1, -(-piece.steps // form.steps))
    pitches = (*form.chord_pitches, *(form.melody_pitches if piece.has_melody else ()))
    lowest, top = min(pitches), max(pitches)
    sounding = sorted(
        {pitch for chord in piece.chords for pitch in chord.pitches}
        | {note.pitch for note in piece.melody}
    )
    names = [str(spell(pitch, "", piece.fifths)) for pitch in sounding]
    figure = Figure(figsize=(_WIDTH, 0.9 + 2.6 * choruses), layout="constrained")
    rows = figure.subplots(choruses, 1, squeeze=False)[:, 0]
    crowded = _is_crowded(piece)
    turned = {"rotation": 60, "rotation_mode": "anchor"} if crowded else {}
    for number, axes in enumerate(rows):
        first = number * form.steps
        last = min(first + form.steps, piece.steps)
        axes.set_xlim(0, form.steps)
        axes.set_ylim(lowest - 1.9, top + 0.6)
        for chord in piece.chords:
            if first <= chord.start < last:
                for pitch in chord.pitches:
                    _bar(axes, pitch, chord.start - first, chord.end - first, HARMONY)
                axes.text(chord.start - first + 0.3, top + 1.0, chord.symbol, fontsize=8, **turned)
        for note in piece.melody:
            if note.start < last and note.end > first:
                start, end = max(note.start, first) - first, min(note.end, last) - first
                _bar(axes, note.pitch, start, end, TUNE)
        _rule(axes, piece, number)
        axes.set_yticks(sounding, names, fontsize=5)
        axes.tick_params(length=0)
    rows[0].set_title(piece.title, fontsize=10, loc="left", pad=48 if crowded else 16)
    handles = [Patch(color=HARMONY, label="chords")]
    if piece.has_melody:
        handles.append(Patch(color=TUNE, label="melody"))
    if piece.bars_from_library:
        labels = {NEW: "new bar, whole", BROKEN: "new bar with a broken note"}
        handles += [
            Patch(facecolor=BAR_COLOURS[kind], edgecolor=RULE, label=label)
            for kind, label in labels.items()
        ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _is_crowded(piece: Piece) -> bool:
    """Whether names of chords, side by side, would run into each other."""
    room = _WIDTH / piece.form.steps
    return any(len(c.symbol) * _LETTER > (c.end - c.start) * room for c in piece.chords)


def _bar(axes: Axes, pitch: int, start: int, end: int, colour: str) -> None:
    shape = Rectangle((start + 0.06, pitch - 0.42), end - start - 0.12, 0.84, color=colour)
    axes.add_patch(shape)


def _rule(axes: Axes, piece: Piece, chorus: int) -> None:
    """Rules the bars of a chorus, numbers them, and shades the new ones."""
    form, size = piece.form, piece.form.steps_per_bar
    kinds = piece.bar_kinds[chorus * form.bars : (chorus + 1) * form.bars]
    for bar in range(form.bars + 1):
        edge = bar in (0, form.bars)
        axes.axvline(bar * size, color=RULE, linewidth=1.6 if edge else 0.5)
    for bar, kind in enumerate(kinds):
        if kind in BAR_COLOURS:
            axes.axvspan(bar * size, (bar + 1) * size, color=BAR_COLOURS[kind], zorder=0)
        if kind != LIBRARY:
            below = axes.get_ylim()[0] + 0.2
            axes.text((bar + 1) * size - 0.2, below, kind, fontsize=6, ha="right")
    axes.axhline(form.lowest_melody_note - 0.5, color=RULE, linewidth=0.4, linestyle=":")
    axes.set_xticks([(bar + 0.5) * size for bar in range(form.bars)])
    numbers = range(chorus * form.bars + 1, (chorus + 1) * form.bars + 1)
    axes.set_xticklabels([str(number) for number in numbers], fontsize=7)
