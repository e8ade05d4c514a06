"""What study and probe find, as figures and tables."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from lstm_blues.lab.collect import Row
from lstm_blues.lab.probes import RESAMPLES, Record
from lstm_blues.lab.statistics import interval, quartiles, wilson
from lstm_blues.output.pictures import HARMONY, RIGHT, RULE, TUNE, WRONG


def figure(rows: Sequence[Row]) -> Figure:
    """The rows as a figure: shares with their intervals on the left, steps on the right."""
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
    right.set_xlabel("steps to learn: median and quartiles over all seeds")
    for axes in (left, right):
        axes.grid(axis="x", color=RULE, alpha=0.2)
    drawn.legend(loc="outside upper center", ncols=2, fontsize=8, frameon=False)
    return drawn


def drift_table(rows: dict[str, list[Record]]) -> tuple[str, Figure]:
    """How often the form goes on, by disturbance."""
    lines = [
        "| setting | what happens | times | goes on (95 % interval over networks) | goes on late "
        "| lost | steps until it is back (quartiles) |",
        "|---|---|---|---|---|---|---|",
    ]
    bars: list[tuple[str, list[float]]] = []
    rng = np.random.default_rng(1)
    for setting, records in rows.items():
        for what in dict.fromkeys(record["what"] for record in records):
            these = [record for record in records if record["what"] == what]
            count = Counter(record["outcome"] for record in these)
            n = len(these)
            of_seeds: dict[int, list[float]] = defaultdict(list)
            for record in these:
                of_seeds[record["seed"]].append(float(record["outcome"] == "right"))
            _, low, high = interval(
                np.array([np.mean(each) for each in of_seeds.values()]), RESAMPLES, rng
            )
            back = [record["back"] for record in these if record["back"] is not None]
            told = "{1:.0f} ({0:.0f} to {2:.0f})".format(*quartiles(back)) if back else "-"
            shares = [count[name] / n for name in ("right", "late", "lost")]
            lines.append(
                f"| {setting} | {what} | {n} | {shares[0]:.2f} ({low:.2f} to {high:.2f}) "
                f"| {shares[1]:.2f} | {shares[2]:.2f} | {told} |"
            )
            bars.append((what if len(rows) == 1 else f"{setting}: {what}", shares))
    figure = Figure(figsize=(9.0, 1.2 + 0.4 * len(bars)), layout="constrained")
    axes = figure.subplots()
    left = np.zeros(len(bars))
    for n, (name, colour) in enumerate(
        (("the form goes on", RIGHT), ("it goes on late", HARMONY), ("it is lost", WRONG))
    ):
        shares_of = np.array([shares[n] for _, shares in bars])
        axes.barh(range(len(bars)), shares_of, left=left, color=colour, label=name)
        left += shares_of
    axes.set_yticks(range(len(bars)), [label for label, _ in bars], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("share")
    figure.legend(loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    return "\n".join(lines), figure


def blocks_table(rows: dict[str, list[Record]]) -> tuple[str, Figure]:
    """When blocks begin to matter, in millions of steps."""
    lines = [
        "| setting | block | begins to matter, M steps (quartiles) | never | is the first |",
        "|---|---|---|---|---|",
    ]
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    axes = figure.subplots()
    for shift, (setting, records) in enumerate(rows.items()):
        by_seed: dict[int, list[Record]] = defaultdict(list)
        for record in records:
            by_seed[record["seed"]].append(record)
        firsts: Counter[int] = Counter()
        for ofs in by_seed.values():
            begun = [(record["onset"], record["block"]) for record in ofs if record["onset"]]
            earliest = min((onset for onset, _ in begun), default=None)
            firsts.update(block for onset, block in begun if onset == earliest)
        blocks = sorted({record["block"] for record in records})
        middles = []
        for block in blocks:
            onsets = [record["onset"] for record in records if record["block"] == block]
            low, middle, high = quartiles([np.inf if o is None else o / 1e6 for o in onsets])
            never = sum(onset is None for onset in onsets)
            told = ["∞" if np.isinf(value) else f"{value:.1f}" for value in (middle, low, high)]
            lines.append(
                f"| {setting} | {block} | {told[0]} ({told[1]} to {told[2]}) "
                f"| {never} of {len(onsets)} | {firsts[block]} of {len(by_seed)} |"
            )
            middles.append((low, middle, high))
        at = np.array(blocks) + 0.12 * shift
        centre = np.array([middle for _, middle, _ in middles])
        error = np.array([[m - low, high - m] for low, m, high in middles]).T
        finite = np.isfinite(centre)
        error[~np.isfinite(error)] = 0.0
        axes.errorbar(at[finite], centre[finite], yerr=error[:, finite], fmt="o-", label=setting)
    axes.set_xticks(blocks)
    axes.set_xlabel("block, in the order of the staged biases")
    axes.set_ylabel("begins to matter, M steps")
    axes.legend(fontsize=7, frameon=False)
    return "\n".join(lines), figure


def melody_table(rows: dict[str, list[Record]]) -> tuple[str, Figure]:
    """Measures of the melodies, by setting, with bootstrap intervals over networks."""
    measures = [name for name in next(iter(rows.values()))[0] if name not in ("setting", "seed")]
    rng = np.random.default_rng(1)
    lines = [
        "| setting | networks | " + " | ".join(measures) + " |",
        "|---|---" + "|---" * len(measures) + "|",
    ]
    shown = ("steps with a wrong chord", "chord notes, strong beats", "quarters held")
    figure = Figure(figsize=(10.0, 1.2 + 0.35 * len(rows)), layout="constrained")
    panels = figure.subplots(1, len(shown), sharey=True)
    for place, (setting, records) in enumerate(rows.items()):
        cells = []
        for measure in measures:
            values = np.array([record[measure] for record in records])
            mean, low, high = interval(values, RESAMPLES, rng)
            cells.append(f"{mean:.3f} ({low:.3f} to {high:.3f})")
            if measure in shown:
                axes = panels[shown.index(measure)]
                error = [[mean - low], [high - mean]]
                axes.errorbar([mean], [place], xerr=error, fmt="o", color=TUNE)
        lines.append(f"| {setting} | {len(records)} | " + " | ".join(cells) + " |")
    panels[0].set_yticks(range(len(rows)), list(rows), fontsize=7)
    panels[0].invert_yaxis()
    for axes, name in zip(panels, shown, strict=True):
        axes.set_xlabel(name, fontsize=8)
    return "\n".join(lines), figure


def songs_table(rows: dict[str, list[Record]]) -> tuple[str, Figure]:
    """How many networks hold each song, and how many songs a network holds."""
    lines = ["| setting | networks | song | held by (95 % interval) |", "|---|---|---|---|"]
    held_by: list[str] = []
    figure = Figure(
        figsize=(9.0, 1.2 + 0.3 * sum(map(_songs, rows.values()))), layout="constrained"
    )
    axes = figure.subplots()
    place, labels = 0, []
    for setting, records in rows.items():
        networks: Counter[int] = Counter()
        for song in dict.fromkeys(record["song"] for record in records):
            these = [record for record in records if record["song"] == song]
            held = [record["seed"] for record in these if record["choruses"] >= record["of"]]
            networks.update(held)
            low, high = wilson(len(held), len(these))
            share = f"{len(held)} of {len(these)} ({low:.2f} to {high:.2f})"
            lines.append(f"| {setting} | {len(these)} | {song} | {share} |")
            middle = len(held) / len(these)
            error = np.clip([[middle - low], [high - middle]], 0, None)
            axes.errorbar([middle], [place], xerr=error, fmt="o", color=HARMONY)
            labels.append(f"{setting}: {song}")
            place += 1
        count = Counter(networks[seed] for seed in {record["seed"] for record in records})
        told = ", ".join(f"{count[n]} hold {n}" for n in sorted(count, reverse=True))
        held_by.append(f"Of {count.total()} networks with {setting}, {told} of {_songs(records)}.")
    axes.set_yticks(range(place), labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("share of networks that hold the song, 95 % interval")
    return "\n".join([*lines, "", *held_by]), figure


def _songs(records: list[Record]) -> int:
    return len({record["song"] for record in records})
