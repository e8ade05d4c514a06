"""Other learners: full and unrolled gradients, Adam, the Kalman filter, by either engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support import (
    LEARNING,
    Command,
    assert_equal,
    assert_same,
    autograd,
    fully_connected,
    network,
    random_song,
    topology,
    two_groups,
)

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.errors import BluesError
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.learning.population import BatchedPopulation
from lstm_blues.learning.settings import KalmanFilter, Learning
from lstm_blues.learning.state import Learner
from lstm_blues.music.stream import Stream
from lstm_blues.network.blocks import BlockState
from lstm_blues.network.network import BluesNetwork, cross_entropy
from lstm_blues.network.topology import Topology
from lstm_blues.runs.build import Parts
from lstm_blues.runs.checkpoint import load_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

FILTER = KalmanFilter(10.0, (5.0, 1.0), (1e-3, 1e-5), 100, "squared")
LEARNERS = {
    "nesterov": {"update": "nesterov"},
    "truncated_adam": {"update": "adam"},
    "rtrl": {"gradient": "rtrl"},
    "rtrl_adam": {"gradient": "rtrl", "update": "adam"},
    "bptt": {"gradient": "bptt", "unroll": 7},
    "bptt_adam": {"gradient": "bptt", "unroll": 0, "update": "adam"},
    "kalman": {"update": "kalman", "kalman": FILTER},
    "kalman_cross_entropy": {
        "update": "kalman",
        "kalman": replace(FILTER, error="cross_entropy"),
    },
}
SHAPES = {"one": topology(3, 2, 5), "two": two_groups(), "both": fully_connected()}
ENGINES = {"fast": CompiledLearner, "torch": OnlineLearner}


def learning(name: str) -> Learning:
    return replace(LEARNING, rate=1e-3, **LEARNERS[name])  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", LEARNERS)
def test_both_engines_learn_alike(name: str, shape: Topology) -> None:
    net, stream = network(shape), Stream.of_one(random_song(shape.units, 11))
    fast = CompiledLearner(net, stream, learning(name))
    readable = OnlineLearner(net, stream, learning(name))
    first = readable.state().weights
    assert fast.learn(130) == readable.learn(130)
    assert_same(fast, readable)
    assert readable.counters.gross_resets > 1
    assert all(not torch.equal(first[key], w) for key, w in readable.state().weights.items())


@pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_goes_on_from_its_state_bit_for_bit(name: str, make: type) -> None:
    stream = Stream.of_one(random_song(7, 11))
    whole: Learner = make(network(two_groups()), stream, learning(name))
    done = whole.learn(20)
    state = whole.state()
    done += whole.learn(40)
    rest: Learner = make(network(two_groups(), seed=9), stream, learning(name))
    rest.load(state)
    assert rest.counters.steps + rest.learn(40) == done
    one, other = whole.state(), rest.state()
    assert one.counters == other.counters
    assert one.memory.keys() == other.memory.keys()
    for kind in ("weights", "velocity", "memory"):
        for key, value in getattr(one, kind).items():
            assert torch.equal(value, getattr(other, kind)[key]), (kind, key)


# Nesterov's momentum.


@pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES)
def test_nesterov_s_momentum_is_torch_s(make: type) -> None:
    song, shadow = random_song(5), network(topology())
    settings = replace(learning("nesterov"), gross_errors=0)
    rate, momentum = settings.rate, settings.momentum
    optimizer = torch.optim.SGD(shadow.parameters(), rate, momentum, nesterov=True)
    first, plain = (
        make(network(topology()), Stream.of_one(song), each)
        for each in (settings, replace(settings, update="momentum"))
    )
    state = shadow.start()
    for t in range(20):
        optimizer.zero_grad()
        logits, state = shadow(song[t, None], state)
        cross_entropy(logits, song[t + 1, None]).backward()
        optimizer.step()
        state = BlockState(state.s, state.y.detach(), state.traces)
        assert first.learn(1) == plain.learn(1) == 1
        weights = first.state().weights
        for name, truth in shadow.named_parameters():
            torch.testing.assert_close(weights[name], truth.detach(), rtol=1e-10, atol=1e-12)
    assert (weights["output.chords"] - plain.state().weights["output.chords"]).abs().max() > 1e-4


@pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES)
def test_nesterov_s_momentum_of_nothing_is_descent(make: type) -> None:
    settings, stream = replace(learning("nesterov"), momentum=0.0), Stream.of_one(random_song(5))
    one, other = (
        make(network(topology()), stream, replace(settings, update=update))
        for update in ("nesterov", "momentum")
    )
    assert one.learn(50) == other.learn(50) == 50
    assert_same(one, other, 1e-15)


# The whole gradient.

HELD_STILL = 1e-300
"""A rate at which no weight changes by a bit."""
STRETCH = 30


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("gradient", ["rtrl", "bptt"])
def test_full_and_unrolled_gradients_are_autograds(
    gradient: str, make: type, shape: Topology
) -> None:
    net, song = network(shape), random_song(shape.units, STRETCH + 10)
    settings = replace(
        LEARNING,
        gradient=gradient,
        unroll=STRETCH,
        rate=HELD_STILL,
        melody=replace(LEARNING.melody, rates=(HELD_STILL,)),
        gross_errors=0,
    )
    truth = autograd(
        net,
        song[None, : STRETCH + 1],
        momentum=settings.momentum if gradient == "rtrl" else 1.0,
    )
    truncated: Learner = make(net, Stream.of_one(song), replace(settings, gradient="truncated"))
    learner: Learner = make(net, Stream.of_one(song), settings)
    assert truncated.learn(STRETCH) == learner.learn(STRETCH) == STRETCH
    ours, cut = learner.state().velocity, truncated.state().velocity
    for name, value in truth.items():
        assert value.abs().max() > 1e-3, name
        torch.testing.assert_close(ours[name], value, rtol=1e-10, atol=1e-10)
        # The truncated gradient wouldn't pass, but for the weights that nothing is cut from.
        if name.startswith("blocks") and gradient == "rtrl":
            assert (cut[name] - value).norm() > 1e-2 * value.norm(), name


def test_a_stretch_can_be_a_whole_episode() -> None:
    song = random_song(5, 10)
    net = network(topology())
    settings = replace(
        LEARNING, gradient="bptt", unroll=0, rate=HELD_STILL, gross_errors=0, momentum=0.0
    )
    longer = replace(settings, unroll=2 * len(song))
    for make in ENGINES.values():
        whole, told = (make(net, Stream.of_one(song), s) for s in (settings, longer))
        assert whole.learn(1) == told.learn(1) == 2 * len(song)  # to the stretch's end
        assert whole.counters.episodes == 1
        assert_same(whole, told)


def test_the_melody_can_be_learned_by_shorter_stretches() -> None:
    net, stream = network(two_groups()), Stream.of_one(random_song(7, 11))
    melody = replace(LEARNING.melody, chords="hold", unroll=4)
    settings = replace(learning("bptt_adam"), unroll=9, melody=melody, gross_errors=0)
    fast, readable = CompiledLearner(net, stream, settings), OnlineLearner(net, stream, settings)
    for learner in (fast, readable):
        assert learner.learn(1) == 9
        assert learner.counters.adam_melody == 1
        learner.begin_melody()
        assert learner.learn(1) == 4
        learner.learn(80)
        # In each episode of 22 steps five stretches and what its end leaves of a sixth.
        episodes, more = divmod(learner.counters.melody_steps, 22)
        assert learner.counters.adam_melody == 1 + 6 * episodes + -(-more // 4)
    assert_same(fast, readable)


# The Kalman filter.


def dense_filter(
    net: BluesNetwork, song: torch.Tensor, settings: Learning, steps: int
) -> Iterator[torch.Tensor]:
    """The weights after each step of an extended Kalman filter as the textbooks have it: one
    covariance of all weights, taken as decoupled by zeroing what is between two rows."""
    named = dict(net.named_parameters())
    seen = torch.cat(
        [net.topology.part_of[n].mask.expand_as(w).reshape(-1) for n, w in named.items()]
    )
    row = torch.cat(
        [
            torch.arange(w.shape[0]).repeat_interleave(w.shape[1]) + 1000 * n
            for n, w in enumerate(named.values())
        ]
    )
    together = row[:, None] == row[None]
    kalman = settings.kalman
    covariance = kalman.covariance * torch.diag(seen.double())
    state = net.start()
    for t in range(steps):
        noise, process = kalman.at(t)
        out, state = net(song[t, None], state)
        output = torch.sigmoid(out[0])
        rows = [
            torch.cat(
                [
                    g.reshape(-1)
                    for g in torch.autograd.grad(one, list(named.values()), retain_graph=True)
                ]
            )
            for one in output
        ]
        h = torch.stack(rows)
        output = output.detach()
        r = noise * torch.eye(len(output)).double()
        if kalman.error == "cross_entropy":
            r = noise * torch.diag(output * (1 - output))
        gain = covariance @ h.T @ torch.linalg.inv(h @ covariance @ h.T + r)
        change = gain @ (song[t + 1] - output)
        covariance = (torch.eye(len(h.T)).double() - gain @ h) @ covariance
        covariance = covariance * together + process * torch.diag(seen.double())
        with torch.no_grad():
            sizes = [weights.numel() for weights in named.values()]
            for weights, part in zip(named.values(), change.split(sizes), strict=True):
                weights.add_(part.reshape(weights.shape))
        state = BlockState(state.s, state.y.detach(), state.traces)
        yield torch.cat([w.detach().reshape(-1) for w in named.values()])


@pytest.mark.parametrize("make", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("error", ["squared", "cross_entropy"])
@pytest.mark.parametrize("shape", [topology(1, 1, 2), topology(2, 2, 3)], ids=["tiny", "small"])
def test_the_kalman_filter_is_a_dense_one_decoupled(
    shape: Topology, error: str, make: type
) -> None:
    song = random_song(shape.units, 40)
    settings = replace(
        LEARNING, update="kalman", kalman=replace(FILTER, error=error), gross_errors=0
    )
    learner: Learner = make(network(shape), Stream.of_one(song), settings)
    first = torch.cat([w.reshape(-1) for w in learner.state().weights.values()])
    for truth in dense_filter(network(shape), song, settings, 35):
        assert learner.learn(1) == 1
        weights = torch.cat([w.reshape(-1) for w in learner.state().weights.values()])
        torch.testing.assert_close(weights, truth, rtol=1e-9, atol=1e-9)
    assert (weights - first).abs().max() > 0.1


def test_the_filter_s_noise_falls_geometrically() -> None:
    assert FILTER.at(0) == (5.0, 1e-3)
    assert FILTER.at(50) == pytest.approx((5**0.5, 1e-4))
    assert FILTER.at(10**9) == pytest.approx((1.0, 1e-5))
    assert replace(FILTER, process=(0.0, 0.0)).at(7)[1] == 0


# As a user meets them.


@pytest.mark.parametrize(
    ("name", "most"),
    [("truncated_adam", 8e5), ("bptt_adam", 8e5), ("kalman_cross_entropy", 1.2e5)],
)
def test_they_learn_the_form_and_hold_it(name: str, most: float) -> None:
    config = compose_config(["+experiment=chords", f"+learner={name}"])
    settings = settings_from(config)
    stream = Stream.of_one(settings.form.chord_tensor())
    learner = CompiledLearner(Parts(settings).blocks, stream, settings.learning)
    learner.learn(int(most))
    assert learner.counters.learned == 1
    assert learner.free_run(96 * 300).right == 96 * 300


def test_32_steps_a_bar_are_learned() -> None:
    settings = settings_from(compose_config(["+experiment=chords_fine", "seed=1"]))
    assert settings.form.steps == 384
    learner = Parts(settings).learner
    learner.learn(30_000_000)
    assert learner.counters.learned == 1
    assert learner.free_run(384 * 300).right == 384 * 300


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rtrl_adam", "bptt_adam", "kalman"])
def test_a_run_resumes_to_the_same_bytes(name: str, train: Command, tmp_path: Path) -> None:
    options = ["+experiment=chords", f"+learner={name}", "run.step_limit=3000"]
    first = train(*options, "hydra.run.dir=whole")
    assert first.returncode == 1, first.stderr
    assert train(*options, "run.step_limit=1000", "hydra.run.dir=half").returncode == 1
    shutil.copytree(tmp_path / "half", tmp_path / "before")
    last = train("resume=half", "run.step_limit=3000")
    assert last.returncode == 1, last.stderr
    whole, half = load_checkpoint(tmp_path / "whole"), load_checkpoint(tmp_path / "half")
    assert load_checkpoint(tmp_path / "before").learner.counters.steps < 1100
    # Losses are added up a call at a time, and half the run was called otherwise.
    assert half.learner.loss == pytest.approx(whole.learner.loss, rel=1e-12)
    half.learner.loss = whole.learner.loss
    assert_equal(whole, half)
    assert whole.learner.memory
    for key, value in whole.learner.memory.items():
        assert torch.equal(value, half.learner.memory[key]), key


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gradient": "half"}, "learning.gradient is 'half', but must be one of truncated, rtrl"),
        ({"update": "newton"}, "learning.update is 'newton'"),
        ({"unroll": -1}, "learning.unroll is -1"),
        ({"adam_decay": 1.0}, "learning.adam_decay is 1.0"),
        ({"gradient": "bptt", "unroll": 0, "episode_choruses": 0}, "episodes never end"),
        ({"gradient": "rtrl", "update": "kalman"}, "must be truncated with learning.update=kalman"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(BluesError, match=words):
        replace(LEARNING, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"covariance": 0.0}, "learning.kalman.covariance"),
        ({"noise": (1.0,)}, "learning.kalman.noise"),
        ({"noise": (1.0, 0.0)}, "learning.kalman.noise"),
        ({"process": (1.0, 0.0)}, "learning.kalman.process"),
        ({"over": 0}, "learning.kalman.over"),
        ({"error": "absolute"}, "learning.kalman.error is 'absolute'"),
    ],
)
def test_filters_that_cannot_be_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(BluesError, match=words):
        replace(FILTER, **changes)  # type: ignore[arg-type]


def test_a_filter_that_breaks_down_stops_the_run_in_both_engines() -> None:
    settings = replace(learning("kalman"), kalman=replace(FILTER, covariance=1e308))
    for make in ENGINES.values():
        learner: Learner = make(network(topology()), Stream.of_one(random_song(5)), settings)
        learner.learn(200)
        assert learner.counters.nonfinite == 1
        assert learner.counters.steps < 200


def test_a_batched_population_refuses_other_learners() -> None:
    with pytest.raises(BluesError, match="gradient is 'rtrl'"):
        BatchedPopulation([network(topology())], random_song(5), [learning("rtrl")])
    with pytest.raises(BluesError, match="update is 'adam'"):
        BatchedPopulation([network(topology())], random_song(5), [learning("truncated_adam")])
