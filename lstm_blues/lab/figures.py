"""All figures of what study and probe find."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from lstm_blues.lab.exposure import Exposure
from lstm_blues.lab.novelty import Novelty
from lstm_blues.lab.summaries import Drift, HeldSongs, Measures, Onset, StudyRow
from lstm_blues.output.pictures import HARMONY, RIGHT, RULE, TUNE, WRONG

_SHOWN = ("steps with a wrong chord", "chord notes, strong beats", "beats held")


def study_figure(rows: Sequence[StudyRow]) -> Figure:
    """Shares with their intervals on the left, steps to learn on the right, one line per row."""
    drawn = Figure(figsize=(10.0, 1.2 + 0.34 * len(rows)), layout="constrained")
    left, right = drawn.subplots(1, 2, sharey=True)
    places = np.arange(len(rows))[::-1]
    for shift, name, colour, label in (
        (0.12, "learned", TUNE, "learned"),
        (-0.12, "held", HARMONY, "held all choruses, frozen"),
    ):
        shares = [getattr(row, name) for row in rows]
        middle = np.array(
            [count / row.runs for row, (count, _, _) in zip(rows, shares, strict=True)]
        )
        low, high = (np.array([share[n] for share in shares]) for n in (1, 2))
        error = np.clip([middle - low, high - middle], 0, None)
        left.errorbar(middle, places + shift, xerr=error, fmt="o", color=colour, label=label)
    left.set_xlim(-0.02, 1.02)
    left.set_ylim(-0.5, len(rows) - 0.5)
    left.set_yticks(places, [row.setting for row in rows], fontsize=7)
    left.set_xlabel("share of seeds, 95 % interval")
    for place, row in zip(places, rows, strict=True):
        fast, median, slow = row.steps
        if math.isfinite(fast):
            end = slow if math.isfinite(slow) else fast * 100
            right.plot([fast, end], [place, place], color=TUNE, linewidth=3, alpha=0.4)
        if math.isfinite(median):
            right.plot(median, place, "o", color=TUNE)
    finite = [v for row in rows for v in row.steps if math.isfinite(v)]
    right.set_xscale("log")
    right.tick_params(axis="x", which="minor", labelsize=6)  # else they overlap in a short range
    if finite:
        right.set_xlim(min(finite) / 1.5, max(finite) * 1.5)
    right.set_xlabel("steps to learn: median and\nquartiles over all seeds")
    for axes in (left, right):
        axes.grid(axis="x", color=RULE, alpha=0.2)
    drawn.legend(loc="outside upper center", ncols=2, fontsize=8, frameon=False)
    return drawn


def drift_figure(rows: Sequence[Drift]) -> Figure:
    """How the form goes on, as one bar per row; settings are named where there are several."""
    figure = Figure(figsize=(9.0, 1.2 + 0.4 * len(rows)), layout="constrained")
    axes = figure.subplots()
    left = np.zeros(len(rows))
    for name, colour, label in (
        ("right", RIGHT, "the form goes on"),
        ("late", HARMONY, "it goes on late"),
        ("lost", WRONG, "it is lost"),
    ):
        shares = np.array([getattr(row, name) for row in rows])
        axes.barh(range(len(rows)), shares, left=left, color=colour, label=label)
        left += shares
    several = len({row.setting for row in rows}) > 1
    labels = [f"{row.setting}: {row.what}" if several else row.what for row in rows]
    axes.set_yticks(range(len(rows)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("share")
    figure.legend(loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    return figure


def blocks_figure(rows: Sequence[Onset]) -> Figure:
    """When each block begins to matter, with quartiles, one line per setting."""
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    axes = figure.subplots()
    for shift, setting in enumerate(dict.fromkeys(row.setting for row in rows)):
        begun = [row for row in rows if row.setting == setting and math.isfinite(row.steps[1])]
        low, middle, high = np.array([row.steps for row in begun]).reshape(-1, 3).T
        error = np.stack([middle - low, high - middle])
        error[np.isinf(error)] = 0.0
        at = np.array([row.block for row in begun]) + 0.12 * shift
        axes.errorbar(at, middle, yerr=error, fmt="o-", label=setting)
    axes.set_xticks(sorted({row.block for row in rows}))
    axes.set_xlabel("block, in the order of the staged biases")
    axes.set_ylabel("begins to matter, M steps")
    axes.legend(fontsize=7, frameon=False)
    return figure


def melody_figure(rows: Sequence[Measures]) -> Figure:
    """The most telling measures of the melodies, one line per row."""
    figure = Figure(figsize=(10.0, 1.2 + 0.35 * len(rows)), layout="constrained")
    panels = figure.subplots(1, len(_SHOWN), sharey=True)
    for axes, name in zip(panels, _SHOWN, strict=True):
        for place, row in enumerate(rows):
            mean, low, high = row.measures[name]
            error = [[mean - low], [high - mean]]
            axes.errorbar([mean], [place], xerr=error, fmt="o", color=TUNE)
        axes.set_xlabel(name, fontsize=8)
    panels[0].set_yticks(range(len(rows)), [row.setting for row in rows], fontsize=7)
    panels[0].invert_yaxis()
    return figure


def exposure_figure(rows: Sequence[Exposure]) -> Figure:
    """Beats held, broken bars and the loss on own music, one line per row."""
    figure = Figure(figsize=(10.0, 1.2 + 0.35 * len(rows)), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, told, values in zip(
        panels,
        ("beats held", "bars new and broken", "loss on own music\nminus loss on songs (quartiles)"),
        (
            [row.held for row in rows],
            [row.broken for row in rows],
            [(middle, low, high) for low, middle, high in (row.own for row in rows)],
        ),
        strict=True,
    ):
        for place, (middle, low, high) in enumerate(values):
            error = np.clip([[middle - low], [high - middle]], 0, None)
            axes.errorbar([middle], [place], xerr=error, fmt="o", color=TUNE)
        axes.set_xlabel(told, fontsize=8)
        axes.grid(axis="x", color=RULE, alpha=0.2)
    panels[0].set_yticks(range(len(rows)), [row.setting for row in rows], fontsize=7)
    panels[0].invert_yaxis()
    return figure


def novelty_figure(rows: Sequence[Novelty]) -> Figure:
    """What is new against the distance to the floor: whole, made of what was heard, broken; a mark
    for each temperature."""
    figure = Figure(figsize=(12.0, 4.2), layout="constrained")
    panels = figure.subplots(1, 3, sharex=True)
    temperatures = sorted({row.temperature for row in rows})
    colours = colormaps["viridis"](np.linspace(0, 0.9, len(temperatures)))
    for temperature, colour, mark in zip(temperatures, colours, cycle("vso^DPX"), strict=False):
        these = [row for row in rows if row.temperature == temperature]
        at = [row.above[1] for row in these]
        for axes, name in zip(panels, ("whole", "mixed", "broken"), strict=True):
            middle, low, high = np.array([getattr(row, name) for row in these]).T
            error = np.clip([middle - low, high - middle], 0, None)
            label = f"temperature {temperature:g}"
            axes.errorbar(at, middle, yerr=error, fmt=f"{mark}-", color=colour, label=label)
    for axes, told in zip(panels, ("new and whole", "mixed", "new and broken"), strict=True):
        axes.set_xlabel("loss above the floor, nats per step (median)", fontsize=8)
        axes.set_title(f"bars {told}", fontsize=9)
        axes.tick_params(labelsize=7)
        axes.set_ylim(bottom=0)
        axes.grid(color=RULE, alpha=0.2)
    panels[0].legend(fontsize=8, frameon=False)
    return figure


def songs_figure(rows: Sequence[HeldSongs]) -> Figure:
    """The share of networks that hold each song, with its interval."""
    each = [(row, song, share) for row in rows for song, share in row.by_song.items()]
    figure = Figure(figsize=(9.0, 1.2 + 0.3 * len(each)), layout="constrained")
    axes = figure.subplots()
    for place, (row, _, (held, low, high)) in enumerate(each):
        middle = held / row.networks
        error = np.clip([[middle - low], [high - middle]], 0, None)
        axes.errorbar([middle], [place], xerr=error, fmt="o", color=HARMONY)
    axes.set_yticks(
        range(len(each)), [f"{row.setting}: {song}" for row, song, _ in each], fontsize=8
    )
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("share of networks that hold the song, 95 % interval")
    return figure
