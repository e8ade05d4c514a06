"""The readable engine on an accelerator: what it learns there is what it learns on the CPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support import (
    LEARNING,
    REPOSITORY,
    Command,
    assert_same,
    network,
    random_song,
    run_command,
    topology,
)

from lstm_blues.api import load
from lstm_blues.learning.population import BatchedPopulation
from lstm_blues.learning.state import Learner
from lstm_blues.network.topology import CHORDS
from lstm_blues.playing.cycle import find_cycle
from lstm_blues.playing.player import Player
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

DEVICES = [
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"))
]


def names(group: str) -> list[str]:
    """The named options in a folder of conf/."""
    return sorted(path.stem for path in (REPOSITORY / "conf" / group).glob("*.yaml"))


def learned(device: str, *overrides: str, steps: int = 60) -> Learner:
    """A learner of the readable engine, after some steps on a device, back on the CPU."""
    given = ["run.engine=torch", f"run.device={device}", "learning.test_interval=25", *overrides]
    learner = Parts(settings_from(compose_config(given))).learner
    learner.learn(steps)
    return learner


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("learner", names("learner"))
def test_learners_learn_alike(device: str, learner: str) -> None:
    given = ["+experiment=chords", f"+learner={learner}"]
    assert_same(learned(device, *given), learned("cpu", *given))


@pytest.mark.parametrize("device", DEVICES)
def test_a_melody_is_learned_alike(device: str) -> None:
    given = ["+experiment=melody", "learning.melody.start=together"]
    assert_same(learned(device, *given), learned("cpu", *given))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("cell", names("cell"))
def test_cells_learn_alike(device: str, cell: str) -> None:
    given = ["+experiment=chords", "+learner=bptt_adam", f"+cell={cell}"]
    assert_same(learned(device, *given, steps=200), learned("cpu", *given, steps=200))


@pytest.mark.parametrize("device", DEVICES)
def test_a_population_learns_alike(device: str) -> None:
    song, settings = random_song(5, 11), [LEARNING, replace(LEARNING, rate=1e-3, gross_errors=0)]
    made = []
    for where in (device, "cpu"):
        networks = [network(topology(3, 2, 5), seed) for seed in range(2)]
        population = BatchedPopulation(networks, song, settings, where)
        population.learn(400)
        made.append([population.state(member) for member in range(2)])
    for there, here in zip(*made, strict=True):
        assert there.counters == here.counters
        for name, weights in here.weights.items():
            assert (there.weights[name] - weights).abs().max() < 1e-9


@pytest.mark.parametrize("device", DEVICES)
def test_what_a_network_learned_is_played(device: str) -> None:
    trained = load("report")
    song = trained.settings.form.chord_tensor()
    network = trained.network.to(device)
    player = Player(network, chords_only=True)
    assert find_cycle(player, song, 3) is None, "it begins later"
    chords = network.topology.unit_slice(CHORDS)
    assert torch.equal(player.notes[0, chords].cpu(), song[0]), "three choruses without a mistake"
    network.cpu()


@pytest.mark.parametrize("device", DEVICES)
def test_a_run_of_one_device_goes_on_and_plays_on_the_other(
    device: str, tmp_path: Path, train: Command
) -> None:
    small = ["+experiment=melody", "run.engine=torch", "run.final_choruses=1"]
    first = train(*small, f"run.device={device}", "run.step_limit=300", "hydra.run.dir=run")
    assert "300" in first.stdout, first.stderr
    for where, steps in (("cpu", 500), (device, 700)):
        done = train("resume=run", *small, f"run.device={where}", f"run.step_limit={steps}")
        assert str(steps) in done.stdout, done.stderr
    composed = run_command("compose", "checkpoint=run", "choruses=2", cwd=tmp_path)
    assert composed.returncode == 0, composed.stderr
