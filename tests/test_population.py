"""A population learns as its members would alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from support import LEARNING, assert_same, network, random_song, topology, two_groups

from lstm_blues.engine.population import FastPopulation
from lstm_blues.errors import BluesError
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.learning.population import BatchedPopulation
from lstm_blues.learning.settings import Learning
from lstm_blues.music.stream import Stream
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

SETTINGS = [
    LEARNING,
    replace(LEARNING, rate=1e-3, momentum=0.5, gross_errors=0),
    replace(LEARNING, episode_choruses=0, gross_count="in_chorus"),
    replace(LEARNING, episode_choruses=1, gross_error=0.3, gross_errors=1),
    replace(LEARNING, momentum=0.0, test_interval=31),
]


@pytest.mark.parametrize(
    ("g", "h"),
    [
        ("logistic_2", "identity"),
        pytest.param("tanh", "logistic_1", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("kind", [FastPopulation, BatchedPopulation])
def test_every_member_learns_as_it_would_alone(kind: type, g: str, h: str) -> None:
    song = random_song(5, 11)
    alone = []
    for seed, learning in enumerate(SETTINGS):
        learner = OnlineLearner(
            network(topology(3, 2, 5), seed, g, h), Stream.of_one(song), learning
        )
        learner.learn(1200)
        alone.append(learner)
    networks = [network(topology(3, 2, 5), seed, g, h) for seed in range(len(SETTINGS))]
    heard = Stream.of_one(song) if kind is FastPopulation else song
    together = kind(networks, heard, SETTINGS)
    assert sum(together.learn(part) for part in (1, 399, 800)) == 1200 * len(SETTINGS)
    for member, learner in enumerate(alone):
        assert learner.counters.tests > 10
        assert_same(_Of(together, member), learner)  # type: ignore[arg-type]


class _Of:
    """One member, as `assert_same` wants it."""

    def __init__(self, population: FastPopulation | BatchedPopulation, member: int) -> None:
        self.population, self.member = population, member

    def state(self) -> object:
        return self.population.state(self.member)


@pytest.mark.parametrize(
    "kind", [FastPopulation, pytest.param(BatchedPopulation, marks=pytest.mark.slow)]
)
def test_members_that_learned_stop_at_the_very_step(kind: type) -> None:
    song = torch.eye(3, dtype=torch.float64)
    learning = replace(LEARNING, rate=0.1, test_choruses=4)
    rates = (0.1, 0.03, 1e-6)
    learnings = [replace(learning, rate=rate) for rate in rates]
    alone = []
    for seed, each in enumerate(learnings):
        learner = OnlineLearner(network(topology(2, 2, 3), seed), Stream.of_one(song), each)
        learner.learn(4000)
        alone.append(learner)
    networks = [network(topology(2, 2, 3), seed) for seed in range(3)]
    heard = Stream.of_one(song) if kind is FastPopulation else song
    together = kind(networks, heard, learnings)
    together.learn(4000)
    assert [learner.counters.learned for learner in alone] == [1, 1, 0]
    assert alone[0].counters.steps < 4000
    for member, learner in enumerate(alone):
        assert_same(_Of(together, member), learner)  # type: ignore[arg-type]


def test_a_member_that_is_no_longer_finite_stops_alone() -> None:
    song = random_song(5)
    learnings = [LEARNING, replace(LEARNING, rate=1e308)]
    together = BatchedPopulation([network(topology()) for _ in learnings], song, learnings)
    together.learn(200)
    assert together.state(0).counters.steps == 200
    assert together.state(1).counters.nonfinite == 1
    assert together.state(1).counters.steps < 200
    alone = OnlineLearner(network(topology()), Stream.of_one(song), LEARNING)
    alone.learn(200)
    assert_same(_Of(together, 0), alone)  # type: ignore[arg-type]


def test_the_report_s_task_with_standardised_inputs() -> None:
    settings = settings_from(
        compose_config(["+experiment=chords", "encoding.inputs=standardised", "learning.rate=1e-4"])
    )
    song, learning = settings.form.chord_tensor(), settings.learning
    together = BatchedPopulation([Parts(settings).network], song, [learning])
    together.learn(1500)
    alone = OnlineLearner(Parts(settings).network, Stream.of_one(song), learning)
    alone.learn(1500)
    assert alone.counters.gross_resets > 2
    assert_same(_Of(together, 0), alone)  # type: ignore[arg-type]


def test_what_cannot_be_one_batch_is_said() -> None:
    song = random_song(5)
    nets = [network(topology()), network(topology(), h="tanh")]
    with pytest.raises(BluesError, match="must differ in their weights only"):
        BatchedPopulation(nets, song, [LEARNING] * 2)
    with pytest.raises(BluesError, match="chords only"):
        BatchedPopulation([network(two_groups())], random_song(7), [LEARNING])
    few: list[Learning] = []
    for kind, heard in ((BatchedPopulation, song), (FastPopulation, Stream.of_one(song))):
        with pytest.raises(BluesError, match="one for each of the 2 networks"):
            kind(nets, heard, few)  # type: ignore[arg-type]
