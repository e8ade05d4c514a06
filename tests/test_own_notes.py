"""A melody that hears its own notes while it learns: both engines alike, and songs that follow."""

from dataclasses import replace

import pytest
import torch
from support import LEARNING, assert_same, melody_settings

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.errors import BluesError
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.learning.own_notes import random_number
from lstm_blues.learning.settings import Learning
from lstm_blues.runs.build import Parts

STEPS = 400


def own(share: float) -> Learning:
    return replace(LEARNING, melody=replace(LEARNING.melody, own_notes=share))


@pytest.mark.parametrize("held", ["unmarked", "begins"])
def test_both_engines_hear_and_follow_the_same_notes(held: str) -> None:
    parts = Parts(melody_settings(f"encoding.held={held}"))
    fast = CompiledLearner(parts.blocks, parts.stream, own(0.7))
    readable = OnlineLearner(parts.network, parts.stream, own(0.7))
    heard, followed = 0, 0
    for learner in (fast, readable):
        learner.learn(20)
        learner.begin_melody()
    for _ in range(STEPS // 10):
        fast.learn(10)
        readable.learn(10)
        assert_same(fast, readable)
        heard += fast.counters.own_note > 0
        followed += fast.counters.own_segment > 0
    assert heard > STEPS // 30
    assert followed > 0
    # From one engine to the other in the middle of a bar, and to the bit within one.
    again = CompiledLearner(parts.blocks, parts.stream, own(0.7))
    again.load(fast.state())
    again.learn(95)
    fast.learn(95)
    for name, weights in fast.state().weights.items():
        assert torch.equal(weights, again.state().weights[name])
    assert again.counters == fast.counters


def test_the_song_goes_on_with_the_segment_that_is_played() -> None:
    parts = Parts(melody_settings())
    learner = OnlineLearner(parts.network, parts.stream, own(1.0))
    learner.begin_melody()
    table, melody = parts.stream.table, parts.network.topology.unit_slice("melody")
    agreed = strayed = 0
    for _ in range(STEPS):
        learner.learn(1)
        count = learner.counters
        if not count.own_note:
            continue
        note = (count.own_note - 1) // 2
        bar = count.position // 8
        here = learner.sounding(1)[0]
        possible = table[:, count.position, melody][:, note] > 0
        # In a bar's first step, any segment with the note drawn is followed.
        if count.position % 8 == 0:
            assert bool(here[melody][note]) == bool(possible.any()), bar
        agreed += bool(here[melody][note])
        strayed += not bool(here[melody][note])
    assert min(agreed, strayed) > 10


def test_no_share_changes_nothing() -> None:
    parts = Parts(melody_settings())
    learners = [CompiledLearner(parts.blocks, parts.stream, each) for each in (own(0), LEARNING)]
    for learner in learners:
        learner.begin_melody()
        learner.learn(STEPS)
        assert learner.counters.own_note == learner.counters.own_segment == 0
    assert learners[0].melody_loss == learners[1].melody_loss
    other = CompiledLearner(parts.blocks, parts.stream, own(0.1))
    other.begin_melody()
    other.learn(STEPS)
    assert other.melody_loss != learners[0].melody_loss


def test_random_numbers_are_even_and_known() -> None:
    numbers = torch.tensor(
        [[random_number(step, place) for place in range(4)] for step in range(5000)]
    )
    assert numbers.mean(0).sub(0.5).abs().max() < 0.02
    assert torch.corrcoef(numbers.T).fill_diagonal_(0).abs().max() < 0.05
    # SplitMix64 from its state 0.
    assert random_number(0, 0) == (0xE220A8397B1DCDAF >> 11) / 2**53


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["learning.melody.own_notes=1.5"], "learning.melody.own_notes is 1.5"),
        (["learning.melody.own_notes=0.1", "+learner=bptt"], "0 with learning.gradient=bptt"),
        (["learning.melody.own_notes=0.1", "songs.held_out=5"], "songs.held_out is 5"),
    ],
)
def test_what_cannot_be_is_said(overrides: list[str], message: str) -> None:
    with pytest.raises(BluesError, match=message):
        melody_settings(*overrides)
