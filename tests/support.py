"""What tests share: small networks and songs, the package's commands, and oracles."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path

import mido
import pytest
import torch
from torch.nn import functional as F

from lstm_blues.learning.settings import Learning, MelodyLearning
from lstm_blues.learning.state import Learner
from lstm_blues.music.form import Form
from lstm_blues.music.metre import Metre
from lstm_blues.network.blocks import block_step
from lstm_blues.network.network import BluesNetwork, cross_entropy
from lstm_blues.network.topology import CHORDS, Group, Topology, Units
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.contents import Checkpoint
from lstm_blues.runs.seal import seal
from lstm_blues.runs.settings import Settings, settings_from
from lstm_blues.runs.trained import Trained, newest_run

REPOSITORY = Path(__file__).parents[1]

# Networks and songs.


def topology(blocks: int = 3, cells: int = 2, units: int = 5) -> Topology:
    """One fully connected group."""
    biases = tuple(-0.5 * (block + 1) for block in range(blocks))
    group = Group("chords", blocks, cells, biases, biases, biases, ("chords",), ("chords",))
    return Topology((group,), (Units("chords", units, 0.5, ("chords",), ("chords",)),))


def require_room(track: mido.MidiTrack) -> None:
    """Every note of a MIDI track ends, and none begins while another of its pitch sounds."""
    sounding = set()
    for message in track:
        if message.type == "note_on":
            assert message.note not in sounding
            sounding.add(message.note)
        elif message.type == "note_off":
            sounding.remove(message.note)
    assert not sounding


def syncopated_form(metre: str, steps_per_quarter: int, seed: int = 1) -> Form:
    """Eight bars whose chords begin on any step, drawn by a seed."""
    draw, size = random.Random(seed), int(Metre(metre).quarters * steps_per_quarter)
    symbols = ["C", "F7", "Gm7", "Dm7", "Eb", "Bb7/D", "F#dim7", "A7", "C/E"]
    steps = ["C"]
    while len(steps) < 8 * size:
        others = [symbol for symbol in symbols if symbol != steps[-1]]
        steps.append(draw.choice(others) if draw.random() < 0.3 else steps[-1])
    bars = tuple(" ".join(steps[first : first + size]) for first in range(0, len(steps), size))
    return Form("syncopated", bars, len(bars), size, metre=metre)


def two_groups(cells: int = 2) -> Topology:
    """Chords reach the melody, never the reverse (section 4.1)."""
    bias = (-0.5, -1.0)
    return Topology(
        (
            Group("chords", 2, 2, bias, bias, bias, ("chords",), ("chords",)),
            Group("melody", 2, cells, bias, bias, bias, ("melody",), ("chords", "melody")),
        ),
        (
            Units("chords", 4, 0.5, ("chords",), ("chords",)),
            Units("melody", 3, 0.5, ("melody",), ("melody",)),
        ),
    )


def fully_connected() -> Topology:
    """The same groups without the split of section 4.1."""
    split, both = two_groups(), ("chords", "melody")
    return Topology(
        tuple(replace(group, inputs=both, recurrent=both) for group in split.groups),
        tuple(replace(units, inputs=both, cells=both) for units in split.unit_sets),
    )


def network(
    shape: Topology, seed: int = 1, g: str = "logistic_2", h: str = "identity", weights: float = 0.5
) -> BluesNetwork:
    """A float64 network with weights large enough for every path to matter."""
    made = BluesNetwork(shape, g, h)
    made.initialise(seed, weights)
    return made


def random_song(units: int, steps: int = 24, seed: int = 0) -> torch.Tensor:
    """Notes at random, shape (steps, units)."""
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(steps, units, generator=generator) < 0.4).double()


# Learning.

LEARNING = Learning(
    rate=5e-3,
    momentum=0.9,
    gross_error=0.5,
    gross_errors=8,
    gross_count="since_reset",
    episode_choruses=2,
    test_choruses=2,
    test_interval=97,
    melody=MelodyLearning("together", "learn", (5e-3,), (1000,), 100, 0.0, 1, 0.0),
)
"""Everything that a rule can do happens within a few hundred steps."""


def melody_settings(*overrides: str) -> Settings:
    """Those of `+experiment=melody`, with overrides as on a command line."""
    return settings_from(compose_config(["+experiment=melody", *overrides]))


def with_learning(settings: Settings, **changes: object) -> Settings:
    """The same settings with other values in `learning`."""
    return replace(settings, learning=replace(settings.learning, **changes))  # type: ignore[arg-type]


def assert_same(fast: Learner, readable: Learner, tolerance: float = 1e-9) -> None:
    """Two learners of the same steps stand at the same place."""
    ours, truth = fast.state(), readable.state()
    assert asdict(ours.counters) == asdict(truth.counters)
    for kind in ("weights", "velocity"):
        for name, value in getattr(truth, kind).items():
            assert (getattr(ours, kind)[name] - value).abs().max() < tolerance, (kind, name)
    for kind in ("s", "y", "traces"):
        assert getattr(ours, kind).shape == getattr(truth, kind).shape
        assert ((getattr(ours, kind) - getattr(truth, kind)).abs() < tolerance).all(), kind
    assert ours.memory.keys() == truth.memory.keys()
    for name, value in truth.memory.items():
        allowed = tolerance * (1 + value.abs().max())
        assert (ours.memory[name] - value).abs().max() < allowed, name
    assert abs(ours.loss - truth.loss) < tolerance * max(1, truth.counters.steps)


def assert_equal(one: Checkpoint, other: Checkpoint) -> None:
    """Two checkpoints hold the same to the bit."""
    assert one.learner.counters == other.learner.counters
    assert one.learner.loss == other.learner.loss
    for kind in ("weights", "velocity"):
        for name, value in getattr(one.learner, kind).items():
            assert torch.equal(value, getattr(other.learner, kind)[name]), (kind, name)
    for kind in ("s", "y", "traces"):
        assert torch.equal(getattr(one.learner, kind), getattr(other.learner, kind)), kind
    assert torch.equal(one.random, other.random)
    assert one.schedule == other.schedule


def autograd(
    net: BluesNetwork, songs: torch.Tensor, *, truncate: bool = False, momentum: float = 1.0
) -> dict[str, torch.Tensor]:
    """An oracle: the gradient of a whole song's cross-entropy with frozen weights, by autograd
    through all of its steps, which are written down anew.

    Chord units' errors go to what reaches them, the others' to the other weights (section 4.1).

    Args:
        songs: shape (N, T, units); the last step is only predicted.
        truncate: y(t-1) is detached on its way into gates and cell inputs, the state never.
        momentum: what is left of a step's gradient at the next step.
    """
    shape = net.topology
    s, y, _ = net.start(len(songs), traces=False)
    one = songs.new_ones(len(songs), 1)
    losses = dict.fromkeys(net.output, songs.new_zeros(()))
    for x, target in pairwise(songs.unbind(1)):
        u = torch.cat((x, y.detach() if truncate else y, one), 1)
        steps = [
            block_step(b.weights, u, s[:, shape.cell_slice(name)], b.block_of_cell, b.g, b.h)
            for name, b in net.blocks.items()
        ]
        s, y = torch.cat([a.s for a in steps], 1), torch.cat([a.y for a in steps], 1)
        v = torch.cat((x, y, one), 1)
        for name, weights in net.output.items():
            now = cross_entropy(F.linear(v, weights), target[:, shape.unit_slice(name)])
            losses[name] = momentum * losses[name] + now
    every = torch.stack(list(losses.values())).sum()
    chords, others = net.split_parameters()
    names = {id(weights): name for name, weights in net.named_parameters()}
    found = {}
    for part, loss in (
        (chords, losses[CHORDS] if shape.chords_are_separate else every),
        (others, every),
    ):
        gradients = torch.autograd.grad(loss, part, retain_graph=True) if part else ()
        for weights, gradient in zip(part, gradients, strict=True):
            name = names[id(weights)]
            found[name] = gradient * shape.part_of[name].mask
    return found


def write_contents(path: Path, content: object) -> None:
    """Writes what is to stand in a checkpoint's file, with a checksum that is right."""
    archive = io.BytesIO()
    torch.save(content, archive)
    path.write_bytes(seal(archive.getvalue()))


# Music.

EXAMPLES = ("pickup_waltz", "slow_blues")
"""Forms in other metres, with bar libraries of the same names that have rests and ties."""


def example(name: str, *overrides: str) -> Settings:
    """The settings of a melody run on one of `EXAMPLES`."""
    return settings_from(
        compose_config(["+experiment=melody", f"form={name}", f"bars={name}", *overrides])
    )


def untrained(settings: Settings) -> Trained:
    """A network with its first weights, that plays in the readable engine."""
    settings = replace(settings, run=replace(settings.run, engine="torch"))
    parts = Parts(settings)
    frozen = parts.frozen(parts.learner.state().weights)
    return Trained(frozen, settings, parts.require_songs(), Path())


# Disks.


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """A disk of its own, in memory; skips the test where this machine does not let one mount it."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no disk with {options} can be mounted here: {error}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


# Commands.


Command = Callable[..., subprocess.CompletedProcess[str]]


def train_command(*overrides: str) -> list[str]:
    """The command line of a run."""
    return [sys.executable, "-m", "lstm_blues.train", *overrides]


def environment() -> dict[str, str]:
    """The environment of the tests with this checkout's package."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}


def run_command(name: str, *overrides: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs `python -m lstm_blues.NAME` in the folder `cwd`."""
    return subprocess.run(
        [sys.executable, "-m", f"lstm_blues.{name}", *overrides],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def run_in(place: Path) -> Path:
    """The one melody run below `place`."""
    found = newest_run(place / "outputs")
    assert found is not None
    return found
