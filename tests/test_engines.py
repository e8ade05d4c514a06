"""The compiled engine follows the readable one: weights, traces, resets, tests, to 1e-9."""

from dataclasses import replace

import pytest
import torch
from support import (
    LEARNING,
    assert_same,
    fully_connected,
    network,
    random_song,
    topology,
    two_groups,
    with_learning,
)

from lstm_blues.engine import compiler
from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.errors import BluesError
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import Learner, LearnerState
from lstm_blues.music.stream import Stream
from lstm_blues.network.network import BluesNetwork
from lstm_blues.network.topology import Topology
from lstm_blues.runs.build import Parts
from lstm_blues.runs.settings import Settings


def pair(net: BluesNetwork, song: torch.Tensor, learning: Learning) -> tuple[Learner, Learner]:
    stream = Stream.of_one(song)
    return CompiledLearner(net, stream, learning), OnlineLearner(net, stream, learning)


def test_thousands_of_steps_of_the_report_s_own_task(default_settings: Settings) -> None:
    # Ten times the report's rate, so that much is learned in few steps.
    settings = with_learning(
        default_settings, rate=1e-4, gross_errors=58, episode_choruses=1, test_interval=500
    )
    net, song = Parts(settings).network, settings.form.chord_tensor()
    fast, readable = pair(net, song, settings.learning)
    for steps in (1, 999, 1500, 1500):
        assert fast.learn(steps) == readable.learn(steps) == steps
        assert_same(fast, readable)
    count = readable.counters
    assert count.gross_resets > 5
    assert count.episodes > 1
    assert count.tests >= 8


@pytest.mark.parametrize(
    ("shape", "g", "h", "changes"),
    [
        (topology(4, 1, 6), "tanh", "tanh", {}),
        (topology(1, 5, 3), "logistic_1", "logistic_1", {"gross_errors": 0}),
        (topology(3, 3, 7), "logistic_2", "logistic_2", {"gross_count": "in_chorus"}),
        (topology(2, 2, 4), "identity", "tanh", {"episode_choruses": 0, "momentum": 0.0}),
        (two_groups(), "logistic_2", "identity", {"gross_errors": 1}),
        (fully_connected(), "logistic_2", "tanh", {"test_interval": 13}),
        (two_groups(3), "tanh", "logistic_1", {"episode_choruses": 1, "gross_error": 0.3}),
    ],
)
def test_every_shape_squashing_and_reading(
    shape: Topology, g: str, h: str, changes: dict[str, object]
) -> None:
    net = network(shape, g=g, h=h)
    song = random_song(shape.units, 11)
    learning = replace(LEARNING, **changes)  # type: ignore[arg-type]
    fast, readable = pair(net, song, learning)
    fast.learn(1500)
    readable.learn(1500)
    assert readable.counters.gross > 50
    assert_same(fast, readable)


def test_single_precision_follows_for_a_while(default_settings: Settings) -> None:
    settings = replace(default_settings, run=replace(default_settings.run, dtype="float32"))
    fast, readable = pair(Parts(settings).network, settings.form.chord_tensor(), settings.learning)
    fast.learn(300)
    readable.learn(300)
    assert fast.state().weights["output.chords"].dtype == torch.float32
    assert_same(fast, readable, 1e-4)


def test_both_stop_when_the_form_is_learned() -> None:
    song = torch.eye(3, dtype=torch.float64)
    learning = replace(LEARNING, rate=0.1, test_choruses=4)
    fast, readable = pair(network(topology(2, 2, 3)), song, learning)
    done = readable.learn(5000)
    assert readable.counters.learned
    assert fast.learn(5000) == done < 5000
    assert_same(fast, readable)
    assert fast.learn(10) == readable.learn(10) == 0


def test_free_runs_agree() -> None:
    net, song = network(topology()), random_song(5, 9)
    fast, readable = pair(net, song, LEARNING)
    for stop in (False, True):
        ours = fast.free_run(50, stop_at_wrong=stop)
        truth = readable.free_run(50, stop_at_wrong=stop)
        assert ours.right == truth.right
        assert torch.equal(ours.notes, truth.notes)
        torch.testing.assert_close(ours.outputs, truth.outputs, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_both_stop_at_a_number_that_is_not_finite(poison: float) -> None:
    net, song = network(topology()), random_song(5)
    for learner in pair(net, song, LEARNING):
        learner.learn(10)
        state = learner.state()
        state.weights["output.chords"][0, :] = poison
        state.weights["output.chords"][0, 3] = -poison
        learner.load(state)
        assert learner.learn(10) == 0
        count = learner.counters
        assert (count.steps, count.nonfinite, count.learned) == (10, 1, 0)
        after = learner.state()
        assert torch.equal(after.weights["blocks.chords.cell"], state.weights["blocks.chords.cell"])
        assert torch.equal(after.s, state.s)


def test_a_rate_far_too_high_ends_as_not_finite_in_both() -> None:
    learning = replace(LEARNING, rate=1e308)
    for learner in pair(network(topology()), random_song(5), learning):
        learner.learn(200)
        assert learner.counters.nonfinite == 1


@pytest.mark.parametrize("first", [CompiledLearner, OnlineLearner])
@pytest.mark.parametrize("second", [CompiledLearner, OnlineLearner])
def test_a_state_loads_into_either_engine(first: type, second: type) -> None:
    stream = Stream.of_one(random_song(7))
    whole = OnlineLearner(network(two_groups()), stream, LEARNING)
    whole.learn(400)
    start = first(network(two_groups()), stream, LEARNING)
    start.learn(150)
    state: LearnerState = start.state()
    rest = second(network(two_groups(), seed=9), stream, LEARNING)
    rest.load(state)
    start.learn(7)  # the state is a copy
    rest.learn(250)
    assert_same(rest, whole)
    if first is second:
        other = first(network(two_groups()), stream, LEARNING)
        other.learn(400)
        for name, weights in other.state().weights.items():
            assert torch.equal(weights, rest.state().weights[name])


def test_the_same_seed_gives_the_same_bytes(default_settings: Settings) -> None:
    def weights() -> torch.Tensor:
        learner = CompiledLearner(
            Parts(default_settings).network,
            Stream.of_one(default_settings.form.chord_tensor()),
            default_settings.learning,
        )
        learner.learn(20_000)
        return learner.state().weights["blocks.chords.cell"]

    assert torch.equal(weights(), weights())


def test_what_the_fast_engine_cannot_do_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    net = network(topology())
    with pytest.raises(BluesError, match="float64 or float32"):
        CompiledLearner(net.bfloat16(), Stream.of_one(random_song(5)), LEARNING)
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(BluesError, match="no-such-compiler"):
        compiler.find_compiler()
    monkeypatch.delenv("CC")
    monkeypatch.setattr(compiler.shutil, "which", lambda _: None)
    monkeypatch.setattr(compiler, "find_spec", lambda _: None)
    with pytest.raises(BluesError, match="engine=torch"):
        compiler.find_compiler()


def test_a_compiler_that_fails_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("CC", "false")
    monkeypatch.setenv("LSTM_BLUES_CACHE", str(tmp_path))
    with pytest.raises(BluesError, match="'false'"):
        CompiledLearner(network(topology()), Stream.of_one(random_song(5, 13)), LEARNING)


def test_compilation_is_cached(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("LSTM_BLUES_CACHE", str(tmp_path))
    net, song = network(topology()), random_song(5, 17)
    assert CompiledLearner(net, Stream.of_one(song), LEARNING).compile_seconds > 0
    compiler._compile.cache_clear()
    assert CompiledLearner(net, Stream.of_one(song), LEARNING).compile_seconds == 0
