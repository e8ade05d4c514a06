"""Pictures of the inside of a network: outputs, states, gates and traces over a chorus."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lstm_blues.music.chords import note_name
from lstm_blues.music.encoding import REPORT, Encoding
from lstm_blues.music.form import Form
from lstm_blues.network.topology import GATES, Topology
from lstm_blues.output.pictures import RULE, TUNE, WRONG, image
from lstm_blues.playing.inside import Inside

_LEAST_TRACE = 1e-4
"""The smallest size of traces that is told from none."""


def outputs_picture(
    seen: Inside, form: Form, first: int = 1, encoding: Encoding = REPORT
) -> Figure:
    """The output units as probabilities over one chorus, above the notes that they are to predict.

    The target of the chords is the form; of the melody, where there is one, the note drawn.

    Args:
        seen: what was watched.
        form: rules bars, names notes.
        first: the step whose notes are shown first, at least 1: step 0 was given, not predicted.
        encoding: names the melody's units beside its notes.
    """
    shown = slice(first - 1, first - 1 + form.steps)
    target = seen.played[shown].double().numpy()
    following = np.arange(first, first + len(target)) % form.steps
    target[:, : form.CHORD_NOTES] = form.chord_tensor().numpy()[following]
    figure = Figure(figsize=(11.0, 7.0))
    figure.subplots_adjust(0.05, 0.06, 0.99, 0.95, hspace=0.16)
    rows = figure.subplots(2, 1, sharex=True)
    names = [note_name(pitch) for pitch in (*form.chord_pitches, *form.melody_pitches)]
    names += ["rest"] * encoding.rests + ["begins"] * (encoding.held == "begins")
    for axes, values, title in (
        (rows[0], seen.outputs[shown].numpy(), "outputs: probability of each note"),
        (rows[1], target, "targets: the form, and the melody note that was drawn"),
    ):
        _heat(axes, values, form, title, "cividis", 0.0, 1.0)
        places = range(0, values.shape[1], 4)
        axes.set_yticks(places, [names[k] for k in places])
        axes.axhline(form.CHORD_NOTES - 0.5, color=RULE, linewidth=0.8)
    return figure


def inside_picture(seen: Inside, topology: Topology, form: Form, first: int = 0) -> Figure:
    """States of all cells and the gates of all blocks over one chorus: who counts bars?

    Args:
        seen: what was watched, for a chorus from step `first` on.
        topology: names the groups.
        form: rules bars.
        first: the first step shown.
    """
    shown = slice(first, first + form.steps)
    states = seen.states[shown].numpy()
    blocks, cells = [], []
    for group in topology.groups:
        blocks += [f"{group.name} {block + 1}" for block in range(group.blocks)]
        cells += [f"{group.name} {n // group.cells + 1}" for n in range(group.blocks * group.cells)]
    figure = Figure(figsize=(11.0, 2.4 + 0.2 * (len(cells) + 3 * len(blocks))))
    figure.subplots_adjust(0.09, 0.04, 0.99, 0.96, hspace=0.22)
    heights = [len(cells), *[len(blocks)] * len(GATES)]
    rows = figure.subplots(1 + len(GATES), 1, sharex=True, height_ratios=heights)
    # Cells differ in size by far; each is shown by its own largest state.
    scale = np.abs(states).max(0, keepdims=True)
    scale[scale == 0] = 1.0
    _heat(rows[0], states / scale, form, "states, each divided by its largest", "PuOr", -1.0, 1.0)
    rows[0].set_yticks(range(len(cells)), cells, fontsize=6)
    for axes, gate in zip(rows[1:], GATES, strict=True):
        gates = seen.gates[gate][shown].numpy()
        _heat(axes, gates, form, f"{gate} gates", "cividis", 0.0, 1.0)
        axes.set_yticks(range(len(blocks)), blocks, fontsize=6)
    return figure


def traces_picture(seen: Inside, topology: Topology, form: Form, first: int = 0) -> Figure:
    """The size of each cell's traces over one chorus: how much of its past a cell can learn from.

    Args:
        seen: what was watched, with traces, for a chorus from step `first` on.
        topology: names the groups.
        form: rules bars.
        first: the first step shown.
    """
    groups = topology.groups
    cells = [group.blocks * group.cells for group in groups]
    figure = Figure(figsize=(11.0, 1.2 + 0.24 * sum(cells)), layout="constrained")
    rows = figure.subplots(len(groups), 1, sharex=True, squeeze=False, height_ratios=cells)[:, 0]
    sizes = seen.traces[first : first + form.steps].clamp(min=_LEAST_TRACE).log10().numpy()
    for axes, group, count in zip(rows, groups, cells, strict=True):
        own = sizes[:, topology.cell_slice(group.name)]
        lowest, highest = np.log10(_LEAST_TRACE), max(1.0, float(sizes.max()))
        _heat(axes, own, form, f"cells of the {group.name}", "cividis", lowest, highest)
        blocks = [f"block {cell // group.cells + 1}" for cell in range(count)]
        axes.set_yticks(range(count), blocks, fontsize=6)
    rows[-1].set_xlabel("bar", fontsize=8)
    scale = figure.colorbar(rows[0].images[0], ax=list(rows), pad=0.01, aspect=40)
    scale.set_label("norm of the traces, powers of ten", fontsize=8)
    scale.ax.tick_params(labelsize=7)
    return figure


def recovery_picture(whole: Inside, disturbed: Inside, cells: slice, form: Form) -> Figure:
    """How far the states are from what they would have been, and which chords were wrong.

    Args:
        whole: what was watched without a disturbance.
        disturbed: the same music with one, as many steps.
        cells: whose states are compared, such as `Topology.cell_slice("chords")`.
        form: rules choruses, and says what is right.
    """
    figure = Figure(figsize=(11.0, 3.4), layout="constrained")
    axes = figure.subplots()
    apart = (disturbed.states - whole.states)[:, cells].norm(dim=1).numpy()
    axes.semilogy(np.maximum(apart, 1e-16), color=TUNE, linewidth=1.0)
    wrong = np.flatnonzero(~disturbed.right(form.chord_tensor()).numpy())
    axes.plot(wrong, np.full(len(wrong), 1e-16), "|", color=WRONG, label="wrong chord played")
    _rule_choruses(axes, whole.steps, form)
    axes.set_ylabel("distance of the states")
    if len(wrong):
        axes.legend(loc="center left", fontsize=8, frameon=False)
    return figure


def _rule_choruses(axes: Axes, steps: int, form: Form) -> None:
    starts = range(0, steps + 1, form.steps)
    for start in starts:
        axes.axvline(start, color=RULE, linewidth=0.8)
    axes.set_xticks(starts, [str(n + 1) for n in range(len(starts))])
    axes.set_xlabel("chorus")
    axes.set_xlim(0, steps)


def _heat(
    axes: Axes,
    values: NDArray[Any],
    form: Form,
    title: str,
    colours: str,
    low: float,
    high: float,
) -> None:
    """Values from `low` to `high` over the steps of a chorus, shape (steps, rows), bars ruled."""
    image(axes, values, colours, low, high)
    size = form.steps_per_bar
    for bar in range(1, form.bars):
        axes.axvline(bar * size - 0.5, color=RULE, linewidth=0.6)
    axes.set_xticks([(bar + 0.5) * size - 0.5 for bar in range(form.bars)])
    axes.set_xticklabels([str(bar + 1) for bar in range(form.bars)], fontsize=7)
    axes.tick_params(length=0, labelsize=7)
    axes.set_title(title, fontsize=9, loc="left", pad=4)
