"""Small networks and songs that the tests share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from lstm_blues.network.network import BluesNetwork
from lstm_blues.network.topology import Group, Topology, Units
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import Settings, settings_from
from lstm_blues.runs.trained import newest_run

torch.set_num_threads(1)

REPOSITORY = Path(__file__).parents[1]


def topology(blocks: int = 3, cells: int = 2, units: int = 5) -> Topology:
    """One fully connected group."""
    biases = tuple(-0.5 * (block + 1) for block in range(blocks))
    group = Group("chords", blocks, cells, biases, biases, biases, ("chords",), ("chords",))
    return Topology((group,), (Units("chords", units, 0.5, ("chords",), ("chords",)),))


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


@pytest.fixture(scope="session")
def default_settings() -> Settings:
    """The settings of `+experiment=chords`."""
    return settings_from(compose_config(["+experiment=chords"]))


def with_learning(settings: Settings, **changes: object) -> Settings:
    """The same settings with other values in `learning`."""
    return replace(settings, learning=replace(settings.learning, **changes))  # type: ignore[arg-type]


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


@pytest.fixture
def train(tmp_path: Path) -> Command:
    """Runs `python -m lstm_blues.train` in an empty folder."""
    return partial(run_command, "train", cwd=tmp_path)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small melody run below `outputs/`: seconds of learning, chords and all."""
    folder = tmp_path_factory.mktemp("melody")
    done = run_command(
        "train",
        "+experiment=melody",
        "learning.rate=1e-4",
        "network.groups.chords.forget_bias=[0.5,1.0,1.5,2.0]",
        "learning.melody.rates=[1e-4]",
        "learning.melody.steps=[1000000]",
        "learning.melody.window=500000",
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "nats a step on fresh songs" in done.stdout
    return folder


def run_in(place: Path) -> Path:
    """The one melody run below `place`."""
    found = newest_run(place / "outputs")
    assert found is not None
    return found
