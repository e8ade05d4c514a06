"""`python -m lstm_blues.probe WHAT FOLDER ...`: what trained networks of a sweep are like inside.

    drift    10,000 choruses alone, and what a wrong chord or a lost memory does (section 3.2)
    blocks   when, while learning, each block begins to matter (section 3.1)
    melody   how the melodies fit chords and songs (section 4.1)
    songs    which songs of a corpus each network holds, learned or not (section 5)

Every run below the folders is probed with its own settings; runs that differ in nothing but their
seed make a row.
"""

from __future__ import annotations

import argparse
import copy
import csv
import io
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from lstm_blues.checkpoint import load_checkpoint, write_text
from lstm_blues.command import fail
from lstm_blues.config import Settings, settings_from
from lstm_blues.engines import build_learner
from lstm_blues.errors import BluesError
from lstm_blues.evaluate import Judge, interval, melody_of
from lstm_blues.form import Form
from lstm_blues.inside import Disturbance, forget_cells, steps_to_recover, watch, wrong_chord
from lstm_blues.network import BluesNetwork, cross_entropy
from lstm_blues.online import Learner, test_uniform
from lstm_blues.pictures import CHORDS, RIGHT, TUNE, WRONG, write_picture
from lstm_blues.study import Run, by_setting, quartiles, read_runs, wilson
from lstm_blues.topology import FORM
from lstm_blues.trained import compose_pieces, load_trained

LONG_RUN = 10_000
"""Choruses that a network plays alone."""
BEFORE, AFTER = 2, 8
"""Choruses that are watched before the one with a disturbance, and after it."""
LOOK = 200_000
"""Steps of learning between two looks at what the blocks are worth."""
MATTERS = 0.1
"""A block matters when without it the cross-entropy is so many nats a step larger."""
PIECES, PIECE_CHORUSES = 50, 4
RESAMPLES = 1000

Record = dict[str, Any]


def trained_learner(run: Run) -> tuple[Settings, Learner]:
    """The settings of a run, and its learner as the run left it."""
    checkpoint = load_checkpoint(run.folder)
    settings = settings_from(checkpoint.config)
    learner = build_learner(settings)
    learner.load(checkpoint.learner)
    return settings, learner


def disturbances(network: BluesNetwork, form: Form) -> list[tuple[str, int, Disturbance]]:
    """In the middle of each bar of the chorus after `BEFORE`: one step of another chord of the
    form, the states of one block lost (blocks in turn), or the states of all.  What happens, at
    which step, and how."""
    found: list[tuple[str, int, Disturbance]] = []
    chords = form.chord_tensor()
    cells = network.topology.cell_slice(FORM)
    size = network.topology.groups[0].cells
    blocks = (cells.stop - cells.start) // size
    for bar in range(form.bars):
        step = (BEFORE * form.bars + bar) * form.steps_per_bar + form.steps_per_bar // 2
        here = chords[step % form.steps]
        others = [other for other in torch.unique(chords, dim=0) if not torch.equal(other, here)]
        other = others[bar % len(others)]
        chord = other.nonzero()[:, 0].tolist()
        first = cells.start + bar % blocks * size
        every = range(cells.start, cells.stop)
        found += [
            ("a wrong chord is heard", step, wrong_chord(step, chord)),
            ("one block forgets", step, forget_cells(step, range(first, first + size))),
            ("all chord blocks forget", step, forget_cells(step, every)),
        ]
    return found


def probe_drift(run: Run) -> list[Record]:
    """Wrong chords in `LONG_RUN` choruses, and how the form goes on after each disturbance: `back`
    are the steps until it is back for good, at its place or late."""
    if not run.summary["learned"]:
        return []
    settings, learner = trained_learner(run)
    network, form = settings.build_blocks(), settings.form
    network.load_state_dict(learner.state().weights)
    steps = LONG_RUN * form.steps
    uniform = test_uniform(network.topology, steps)
    played = learner.free_run(steps, uniform=uniform).notes[:, network.topology.unit_slice(FORM)]
    goal = form.chord_tensor() > 0
    following = (torch.arange(steps) + 1) % form.steps
    wrong = int((played != goal[following]).any(1).sum())
    alone = {"outcome": "right", "back": 0} if wrong == 0 else {"outcome": "lost", "back": None}
    records: list[Record] = [{"what": "alone", **alone, "wrong": wrong}]
    songs = settings.songs()
    song = form.chord_tensor() if songs is None else songs[0].inputs
    watched = (BEFORE + 1 + AFTER) * form.steps
    for what, step, disturb in disturbances(network, form):
        seen = watch(network, song, watched, disturb=disturb, traces=False)
        late = seen.late(form.chord_tensor())
        right = seen.right(form.chord_tensor(), late or 0)
        records.append(
            {
                "what": what,
                "outcome": "lost" if late is None else "late" if late else "right",
                "back": None if late is None else steps_to_recover(right, step),
                "wrong": int((~seen.right(form.chord_tensor())).sum()),
            }
        )
    return records


def form_cross_entropy(network: BluesNetwork, song: Tensor, choruses: int = 2) -> float:
    """Of the chord units, in nats a step, while the frozen network hears one song."""
    places = network.topology.unit_slice(FORM)
    song = song.to(network.like)
    state, total = network.start(traces=False), 0.0
    with torch.no_grad():
        for step in range(choruses * len(song)):
            net, state = network(song[step % len(song)][None], state)
            target = song[(step + 1) % len(song)][None]
            total += cross_entropy(net[:, places], target[:, places]).item()
    return total / (choruses * len(song))


def without_block(network: BluesNetwork, cells: Sequence[int]) -> BluesNetwork:
    """A copy in which nothing sees these cells."""
    cut = copy.deepcopy(network)
    columns = [network.topology.units + cell for cell in cells]
    with torch.no_grad():
        for weights in cut.parameters():
            weights[:, columns] = 0.0
    return cut


def probe_blocks(run: Run) -> list[Record]:
    """Learns the run again, and looks every `LOOK` steps what each chord block is worth."""
    settings = settings_from(load_checkpoint(run.folder).config)
    learner, network = build_learner(settings), settings.build_blocks().requires_grad_(False)
    song, group = settings.form.chord_tensor(), network.topology.groups[0]
    song = F.pad(song, (0, network.topology.units - song.shape[1]))
    onset: dict[int, int] = {}
    while learner.counters.steps < run.summary["steps"] and learner.counters.running:
        learner.learn(min(LOOK, run.summary["steps"] - learner.counters.steps))
        network.load_state_dict(learner.state().weights)
        whole = form_cross_entropy(network, song)
        for block in range(group.blocks):
            cells = range(block * group.cells, (block + 1) * group.cells)
            if block not in onset:
                worth = form_cross_entropy(without_block(network, cells), song) - whole
                if worth > MATTERS:
                    onset[block] = learner.counters.steps
        if len(onset) == group.blocks:
            break
    return [{"block": block + 1, "onset": onset.get(block)} for block in range(group.blocks)]


def probe_melody(run: Run) -> list[Record]:
    """Measures of `PIECES` compositions; see `lstm_blues.evaluate`."""
    trained = load_trained(run.folder)
    form = trained.form
    judge = Judge(form, trained.songs.library, 0.01)
    try:
        pieces = compose_pieces(trained, PIECES, PIECE_CHORUSES)
    except BluesError:  # no note can be drawn
        return []
    notes = torch.stack([piece.notes for piece in pieces])
    goal = form.chord_tensor().repeat(PIECE_CHORUSES, 1) > 0
    wrong = (notes[..., : form.CHORD_NOTES] != goal).any(2).double().mean().item()
    values = judge.measures(melody_of(notes, trained).numpy())
    measures = {name: float(each.mean()) for name, each in values.items()}
    return [{"steps with a wrong chord": wrong, **measures}]


def probe_songs(run: Run) -> list[Record]:
    """How many choruses of each song of its corpus a network plays without a wrong note."""
    settings, learner = trained_learner(run)
    if settings.corpus is None:
        return []
    steps, most = settings.corpus.steps, settings.learning.test_choruses
    return [
        {
            "song": name,
            "choruses": learner.free_run(most * steps, song=n, stop_at_wrong=True).right // steps,
            "of": most,
        }
        for n, name in enumerate(settings.corpus.songs)
    ]


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
        (("the form goes on", RIGHT), ("it goes on late", CHORDS), ("it is lost", WRONG))
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
            axes.errorbar([middle], [place], xerr=error, fmt="o", color=CHORDS)
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


PROBES = {
    "drift": (probe_drift, drift_table),
    "blocks": (probe_blocks, blocks_table),
    "melody": (probe_melody, melody_table),
    "songs": (probe_songs, songs_table),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m lstm_blues.probe",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=PROBES)
    parser.add_argument("folders", nargs="+", type=Path, help="folders with runs below them")
    parser.add_argument("--out", type=Path, help="write probe.csv, table.md and figure.png there")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    probe, tell = PROBES[given.what]
    try:
        groups = by_setting(read_runs(given.folders))
        runs = [(setting, run) for setting, of_seeds in groups.items() for run in of_seeds]
        rows: dict[str, list[Record]] = defaultdict(list)
        for setting, run in tqdm(runs, unit="run", disable=None):
            shared = {"setting": setting, "seed": run.summary["seed"]}
            rows[setting] += [shared | record for record in probe(run)]
        rows = {setting: records for setting, records in rows.items() if records}
        if not rows:
            raise BluesError("no run below the given folders has what is probed.")
        table, figure = tell(rows)
        print(table)
        if given.out:
            given.out.mkdir(parents=True, exist_ok=True)
            write_text(given.out / "probe.csv", _csv(rows))
            write_text(given.out / "table.md", table + "\n")
            write_picture(figure, given.out / "figure.png")
    except (BluesError, OSError) as error:
        fail(error)
    sys.exit(0)


def _csv(rows: dict[str, list[Record]]) -> str:
    text = io.StringIO()
    records = [record for each in rows.values() for record in each]
    writer = csv.DictWriter(text, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


if __name__ == "__main__":
    main()
