"""What trained networks are like inside, measured."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch.nn import functional as F

from lstm_blues.errors import BluesError
from lstm_blues.lab.collect import Run
from lstm_blues.lab.melodies import begins_of, melody_of
from lstm_blues.lab.melody_metrics import MelodyMetrics
from lstm_blues.lab.summaries import Record
from lstm_blues.learning.frozen import test_uniform
from lstm_blues.learning.state import Learner
from lstm_blues.music.form import Form
from lstm_blues.network.network import BluesNetwork
from lstm_blues.network.topology import CHORDS
from lstm_blues.playing.inside import (
    Disturbance,
    forget_cells,
    steps_to_recover,
    watch,
    wrong_chord,
)
from lstm_blues.playing.metrics import chord_cross_entropy
from lstm_blues.runs.build import Parts
from lstm_blues.runs.checkpoint import load_checkpoint
from lstm_blues.runs.fitting import require_fitting
from lstm_blues.runs.settings import Settings, settings_from
from lstm_blues.runs.trained import compose_pieces, load_trained

LONG_RUN = 10_000
"""Choruses that a network plays alone."""

BEFORE, AFTER = 2, 8
"""Choruses that are watched before the one with a disturbance, and after it."""

LOOK = 200_000
"""Steps of learning between two looks at what the blocks are worth."""

MATTERS = 0.1
"""A block matters when without it the cross-entropy is so many nats per step larger."""

PIECES, PIECE_CHORUSES = 50, 4


def trained_learner(run: Run) -> tuple[Settings, Learner]:
    """The settings of a run, and its learner as the run left it."""
    checkpoint = load_checkpoint(run.folder)
    settings = settings_from(checkpoint.config)
    parts = Parts(settings)
    require_fitting(checkpoint, parts, str(run.folder))
    parts.learner.load(checkpoint.learner)
    return settings, parts.learner


def disturbances(network: BluesNetwork, form: Form) -> list[tuple[str, int, Disturbance]]:
    """In the middle of each bar of the chorus after `BEFORE`: one step of another chord of the
    form, the states of one block lost (blocks in turn), or the states of all.  What happens, at
    which step, and how."""
    found: list[tuple[str, int, Disturbance]] = []
    chords = form.chord_tensor()
    cells = network.topology.cell_slice(CHORDS)
    size = network.topology.groups[0].cells
    blocks = (cells.stop - cells.start) // size
    for bar in range(form.bars):
        step = (BEFORE * form.bars + bar) * form.steps_per_bar + form.steps_per_bar // 2
        here = chords[step % form.steps]
        others = [other for other in torch.unique(chords, dim=0) if not torch.equal(other, here)]
        first = cells.start + bar % blocks * size
        every = range(cells.start, cells.stop)
        if others:  # none in a form of one chord
            chord = others[bar % len(others)].nonzero()[:, 0].tolist()
            found.append(("a wrong chord is heard", step, wrong_chord(step, chord)))
        found += [
            ("one block forgets", step, forget_cells(step, range(first, first + size))),
            ("all chord blocks forget", step, forget_cells(step, every)),
        ]
    return found


def probe_drift(run: Run) -> list[Record]:
    """Wrong chords in `LONG_RUN` choruses, and how the form goes on after each disturbance: `back`
    are the steps until it is back for good, at its place or late."""
    if not run.summary["chords_learned"]:
        return []
    settings, learner = trained_learner(run)
    network, form = Parts(settings).blocks, settings.form
    network.load_state_dict(learner.state().weights)
    steps = LONG_RUN * form.steps
    uniform = test_uniform(network.topology, steps)
    played = learner.free_run(steps, uniform=uniform).notes[:, network.topology.unit_slice(CHORDS)]
    goal = form.chord_tensor() > 0
    following = (torch.arange(steps) + 1) % form.steps
    wrong = int((played != goal[following]).any(1).sum())
    alone = {"outcome": "right", "back": 0} if wrong == 0 else {"outcome": "lost", "back": None}
    records: list[Record] = [{"what": "alone", **alone, "wrong": wrong}]
    songs = Parts(settings).songs
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
    learner, network = Parts(settings).learner, Parts(settings).blocks.requires_grad_(False)
    song, group = settings.form.chord_tensor(), network.topology.groups[0]
    song = F.pad(song, (0, network.topology.units - song.shape[1]))
    onset: dict[int, int] = {}
    while learner.counters.steps < run.summary["steps"] and learner.counters.running:
        learner.learn(min(LOOK, run.summary["steps"] - learner.counters.steps))
        network.load_state_dict(learner.state().weights)
        whole = chord_cross_entropy(network, song)
        for block in range(group.blocks):
            cells = range(block * group.cells, (block + 1) * group.cells)
            if block not in onset:
                worth = chord_cross_entropy(without_block(network, cells), song) - whole
                if worth > MATTERS:
                    onset[block] = learner.counters.steps
        if len(onset) == group.blocks:
            break
    return [{"block": block + 1, "onset": onset.get(block)} for block in range(group.blocks)]


def probe_melody(run: Run) -> list[Record]:
    """Measures of `PIECES` compositions, each the mean over them, see `MelodyMetrics`; none of a
    network that plays chords only."""
    if run.summary["melody_floor"] is None:
        return []
    trained = load_trained(run.folder)
    form = trained.form
    metrics = MelodyMetrics(form, trained.songs.library, 0.01)
    try:
        pieces = compose_pieces(trained, PIECES, PIECE_CHORUSES)
    except BluesError:  # no note can be drawn
        return []
    notes = torch.stack([piece.notes for piece in pieces])
    goal = form.chord_tensor().repeat(PIECE_CHORUSES, 1) > 0
    wrong = (notes[..., : form.CHORD_NOTES] != goal).any(2).double().mean().item()
    values = metrics.measures(melody_of(notes, trained).numpy(), begins_of(notes, trained))
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
