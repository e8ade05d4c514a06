"""The learning rule: weight changes, resets after gross errors, episodes, the frozen test."""

from dataclasses import replace

import pytest
import torch
from support import network, random_song, topology

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.errors import BluesError
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.learning.settings import Learning, MelodyLearning
from lstm_blues.learning.state import Counters, Learner
from lstm_blues.music.stream import Stream
from lstm_blues.network.network import BluesNetwork, cross_entropy
from lstm_blues.playing.player import free_run

LEARNING = Learning(
    rate=1e-2,
    momentum=0.9,
    gross_error=0.5,
    gross_errors=8,
    gross_count="since_reset",
    episode_choruses=2,
    test_choruses=2,
    test_interval=10**6,
    melody=MelodyLearning("after_chords", "hold", (1e-2,), (1000,), 100, 0.0, 1, 0.0),
)


def counting(period: int) -> tuple[BluesNetwork, torch.Tensor]:
    """A network of no memory that plays one note of `period` after the other, for ever."""
    shape = topology(1, 1, period)
    net = BluesNetwork(shape, "logistic_2", "identity")
    with torch.no_grad():
        net.output.chords[:, -1] = -10.0
        for note in range(period):
            net.output.chords[(note + 1) % period, note] = 20.0
    return net, torch.eye(period, dtype=torch.float64)


def test_cross_entropy_is_equation_1_with_the_delta_of_the_report() -> None:
    net = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)
    t = random_song(5, 2)
    y = torch.sigmoid(net)
    expected = (-t * y.log() - (1 - t) * (1 - y).log()).sum()
    torch.testing.assert_close(cross_entropy(net, t), expected)
    cross_entropy(net, t).backward()
    torch.testing.assert_close(net.grad, (y - t).detach())


def test_the_weights_change_after_every_step_with_momentum() -> None:
    net, song = network(topology()), random_song(5)
    learner = OnlineLearner(net, Stream.of_one(song), LEARNING)
    shadow, velocity = network(topology()), torch.zeros_like(net.output.chords)
    state = shadow.start()
    for t in range(4):
        shadow.zero_grad()
        out, state = shadow(song[t, None], state)
        cross_entropy(out, song[t + 1, None]).backward()
        state = state._replace(y=state.y.detach())
        # Plaut et al. 1986, in the report's words, for one of the matrices
        velocity = 0.9 * velocity - 1e-2 * shadow.output.chords.grad
        wanted = shadow.output.chords.detach() + velocity
        learner.learn(1)
        torch.testing.assert_close(net.output.chords.detach(), wanted, rtol=1e-12, atol=1e-14)
        with torch.no_grad():
            for mine, theirs in zip(shadow.parameters(), net.parameters(), strict=True):
                mine.copy_(theirs)


def test_a_reset_follows_the_set_number_of_gross_errors() -> None:
    net, song = network(topology(), weights=0.1), random_song(5)
    learner = OnlineLearner(net, Stream.of_one(song), replace(LEARNING, rate=1e-9, gross_errors=3))
    while learner.counters.gross_resets == 0:
        before, earlier = learner.state(), learner.counters
        learner.learn(1)
    after = learner.state()
    assert earlier.gross_in_count == 2
    assert earlier.position > 0
    assert before.s.abs().sum() > 0
    for tensor in (after.s, after.y, after.traces):
        assert (tensor == 0).all()
    count = after.counters
    assert (count.position, count.gross_in_count, count.gross_in_chorus) == (0, 0, 0)
    for name, weights in after.weights.items():  # burned, and the velocity stays
        assert not torch.equal(weights, before.weights[name])
        assert (after.velocity[name] != 0).any()


def test_never_reset_and_never_ending_episodes() -> None:
    net, song = network(topology(), weights=0.1), random_song(5)
    learner = OnlineLearner(
        net, Stream.of_one(song), replace(LEARNING, rate=1e-9, gross_errors=0, episode_choruses=0)
    )
    learner.learn(100)
    count = learner.counters
    assert count.gross > 8
    assert (count.gross_resets, count.episodes) == (0, 0)
    assert (count.choruses_in_episode, count.position) == (4, 4)
    assert learner.state().s.abs().sum() > 0


def test_an_episode_ends_after_its_choruses() -> None:
    net, song = counting(3)
    song = song[[0, 1, 0, 2]]  # can't be learned, and gross errors are off
    learner = OnlineLearner(net, Stream.of_one(song), replace(LEARNING, rate=1e-9, gross_error=1.0))
    learner.network.blocks.chords.cell.data[0, 0] = 1.0
    learner.learn(7)
    assert learner.counters.choruses_in_episode == 1
    assert learner.state().s.abs().sum() > 0
    learner.learn(1)
    count = learner.counters
    assert (count.episodes, count.choruses_in_episode, count.gross_resets) == (1, 0, 0)
    assert (learner.state().s == 0).all()
    assert count.longest_clean_run == 8


@pytest.mark.parametrize(("reading", "resets"), [("since_reset", True), ("in_chorus", False)])
def test_where_the_count_of_gross_errors_starts_anew(reading: str, resets: bool) -> None:
    net, song = counting(6)
    song = song.clone()
    song[3] = 1 - song[3]  # two gross errors a chorus: the step before and the one after
    learner = OnlineLearner(
        net,
        Stream.of_one(song),
        replace(LEARNING, rate=1e-9, gross_errors=4, gross_count=reading, episode_choruses=0),
    )
    learner.learn(30)
    assert learner.counters.gross >= 8
    assert (learner.counters.gross_resets > 0) == resets


def test_learned_means_that_the_frozen_network_plays_the_choruses() -> None:
    net, song = counting(6)
    learner = OnlineLearner(net, Stream.of_one(song), replace(LEARNING, rate=1e-9))
    assert learner.learn(100) == 6  # tested when a clean chorus has just been seen
    assert learner.counters.learned == 1
    assert learner.counters.free_run == 2 * len(song)


@pytest.mark.parametrize("engine", [OnlineLearner, CompiledLearner])
@pytest.mark.parametrize("choruses", [1, 3, 10])
def test_a_test_lasts_all_its_choruses(engine: type[Learner], choruses: int) -> None:
    net, song = counting(6)
    rule = replace(LEARNING, rate=1e-9, test_choruses=choruses)
    learner = engine(net, Stream.of_one(song), rule)  # type: ignore[call-arg]
    learner.learn(6)
    assert learner.counters.free_run == choruses * len(song)
    assert learner.counters.learned == 1


def test_right_predictions_while_learning_prove_nothing() -> None:
    # Two steps that sound alike and go on differently: without memory the form can't be played.
    net, song = counting(3)
    song = song[[0, 1, 0, 2]]
    learner = OnlineLearner(net, Stream.of_one(song), replace(LEARNING, rate=1e-9, gross_error=1.0))
    learner.learn(50)
    assert learner.counters.gross == 0
    assert learner.counters.tests > 5
    assert learner.counters.learned == 0
    assert learner.counters.best_free_run == 1


def test_tests_come_at_intervals_too() -> None:
    net, song = network(topology(), weights=0.1), random_song(5)
    learner = OnlineLearner(net, Stream.of_one(song), replace(LEARNING, rate=1e-9, test_interval=7))
    learner.learn(70)
    assert learner.counters.tests == 10


def test_a_number_that_is_not_finite_stops_before_it_changes_a_weight() -> None:
    net, song = network(topology()), random_song(5)
    learner = OnlineLearner(net, Stream.of_one(song), LEARNING)
    learner.learn(5)
    with torch.no_grad():
        net.output.chords[0, 0] = torch.nan
    before = learner.state()
    assert learner.learn(10) == 0
    count = learner.counters
    assert (count.nonfinite, count.learned, count.steps) == (1, 0, 5)
    after = learner.state()
    assert torch.equal(after.weights["blocks.chords.cell"], before.weights["blocks.chords.cell"])
    assert learner.learn(10) == 0


def test_a_nan_is_never_a_right_note() -> None:
    net, song = counting(6)
    assert free_run(net, song, 60).right == 60
    song = torch.zeros_like(song)
    song[:, 0] = 1
    with torch.no_grad():
        net.output.chords.fill_(torch.nan)
    assert free_run(net, song, 60).right == 0


def test_the_free_run_feeds_back_its_own_notes() -> None:
    net, song = counting(6)
    play = free_run(net, song, 13)
    assert torch.equal(play.notes.double(), song.roll(-1, 0).repeat(3, 1)[:13])
    wrong = song.clone()
    wrong[4] = 0
    play = free_run(net, wrong, 13)
    assert play.right == 3
    assert len(play.notes) == 13
    assert play.notes[3, 4]  # goes on from what it played, not from the song
    assert len(free_run(net, wrong, 13, stop_at_wrong=True).notes) == 4


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": -1.0}, "learning.rate is -1.0, but must be a number above 0"),
        ({"rate": float("inf")}, "learning.rate"),
        ({"momentum": 1.0}, "learning.momentum is 1.0"),
        ({"gross_error": 2.0}, "learning.gross_error"),
        ({"gross_errors": -1}, "learning.gross_errors"),
        ({"gross_count": "ever"}, "since_reset, in_chorus"),
        ({"episode_choruses": -1}, "learning.episode_choruses"),
        ({"test_choruses": 0}, "learning.test_choruses"),
        ({"test_interval": 0}, "learning.test_interval"),
    ],
)
def test_values_out_of_range_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(BluesError, match=words):
        replace(LEARNING, **changes)  # type: ignore[arg-type]


def test_counters_know_when_to_stop() -> None:
    assert Counters().running
    assert not Counters(learned=1).running
    assert not Counters(nonfinite=1).running
