"""The compiled rule is the readable one, whatever the topology and the settings."""

from dataclasses import replace

import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support import LEARNING, assert_same, network, random_song, two_groups

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.learning.rules import GRADIENTS, OPTIMIZERS
from lstm_blues.learning.settings import GROSS_COUNTS, KalmanFilter, Learning
from lstm_blues.music.stream import Stream
from lstm_blues.network.blocks import ACTIVATIONS
from lstm_blues.network.network import BluesNetwork
from lstm_blues.network.topology import CHORDS, MELODY, Group, Topology, Units

STEPS = 150


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """One or two groups of 1 to 3 blocks of 1 to 3 cells, one or two sets of units, and any
    connections between them."""
    groups = [CHORDS, MELODY][: draw(st.integers(1, 2))]
    sets = [CHORDS, MELODY][: draw(st.integers(1, 2))]

    def some(names: list[str]) -> tuple[str, ...]:
        return tuple(draw(st.lists(st.sampled_from(names), unique=True)))

    def group(name: str) -> Group:
        blocks, cells = draw(st.integers(1, 3)), draw(st.integers(1, 3))
        biases = [draw(st.tuples(*[st.floats(-2, 2)] * blocks)) for _ in range(3)]
        return Group(name, blocks, cells, *biases, some(sets), some(groups))

    def units(name: str) -> Units:
        return Units(name, draw(st.integers(1, 5)), 0.5, some(sets), some(groups))

    return Topology(tuple(map(group, groups)), tuple(map(units, sets)))


@st.composite
def learnings(draw: st.DrawFn) -> Learning:
    """Any learner, with any reading of the resets."""
    gradient = draw(st.sampled_from(sorted(GRADIENTS)))
    updates = [
        name
        for name, kind in OPTIMIZERS.items()
        if kind.gradients is None or gradient in kind.gradients
    ]
    rate = st.floats(1e-4, 1e-2)
    choruses = draw(st.integers(0, 3))
    return replace(
        LEARNING,
        gradient=gradient,
        update=draw(st.sampled_from(updates)),
        unroll=draw(st.integers(0 if choruses else 1, 12)),
        rate=draw(rate),
        momentum=draw(st.sampled_from((0.0, 0.5, 0.9))),
        adam_decay=draw(st.sampled_from((0.9, 0.999))),
        gross_error=draw(st.floats(0.2, 0.8)),
        gross_errors=draw(st.integers(0, 20)),
        gross_count=draw(st.sampled_from(GROSS_COUNTS)),
        episode_choruses=choruses,
        test_choruses=draw(st.integers(1, 3)),
        test_interval=draw(st.integers(5, 50)),
        melody=replace(
            LEARNING.melody,
            start=draw(st.sampled_from(("after_chords", "together"))),
            chords=draw(st.sampled_from(("hold", "learn"))),
            rates=(draw(rate),),
            unroll=draw(st.integers(0, 5)),
            own_notes=0.0 if GRADIENTS[gradient].unrolled else draw(st.sampled_from((0.0, 0.5))),
        ),
        kalman=KalmanFilter(
            draw(st.floats(0.1, 10)),
            (draw(st.floats(1, 10)), 1.0),
            draw(st.sampled_from(((0.0, 0.0), (1e-3, 1e-5)))),
            100,
            draw(st.sampled_from(("squared", "cross_entropy"))),
        ),
    )


@st.composite
def streams(draw: st.DrawFn, units: int) -> Stream:
    """Songs of a few bars at random, changed with every chorus or every episode."""
    bars, steps, segments = (draw(st.integers(*ends)) for ends in ((1, 3), (2, 5), (1, 3)))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32)))
    table = torch.rand(segments, bars * steps, units, generator=generator) < 0.4
    by_episode = draw(st.booleans())
    picks = torch.randint(segments, (7, 1 if by_episode else bars), generator=generator)
    return Stream(table.double(), picks, by_episode, draw(st.integers(1, 4)))


@st.composite
def networks(draw: st.DrawFn) -> BluesNetwork:
    """A network with large weights, which may hear standardised inputs."""
    g, h = (draw(st.sampled_from(sorted(ACTIVATIONS))) for _ in range(2))
    made = network(draw(topologies()), draw(st.integers(0, 99)), g, h)
    if draw(st.booleans()):
        shares = torch.tensor([draw(st.sampled_from((0.0, 0.25, 0.5)))] * made.topology.units)
        made.standardise(shares, (shares * (1 - shares)).sqrt())
    return made


def hold_to_the_readable_rule(net: BluesNetwork, learning: Learning, stream: Stream) -> None:
    print(net.topology, net.g, net.h)  # shown where it fails
    fast, readable = CompiledLearner(net, stream, learning), OnlineLearner(net, stream, learning)
    has_melody = len(net.topology.unit_sets) > 1
    for phase in range(1 + has_melody):
        assert fast.learn(STEPS // 2) == readable.learn(STEPS // 2)
        assert_same(fast, readable)
        if has_melody and phase == 0:
            fast.begin_melody()
            readable.begin_melody()
    fast.learn(STEPS // 2)
    readable.learn(STEPS // 2)
    assert_same(fast, readable)
    uniform = torch.rand(40, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for drawn in (None, uniform) if net.topology.chords_are_separate else (uniform,):
        ours, truth = (each.free_run(40, uniform=drawn) for each in (fast, readable))
        assert torch.equal(ours.notes, truth.notes)
        assert ours.right == truth.right


cases = networks().flatmap(
    lambda net: st.tuples(st.just(net), learnings(), streams(net.topology.units))
)


@settings(max_examples=6)
@given(cases)
def test_the_compiled_rule_is_the_readable_one(case: tuple[BluesNetwork, Learning, Stream]) -> None:
    hold_to_the_readable_rule(*case)


def test_weights_that_do_not_learn_yet_count_no_changes() -> None:
    # Adam's first steps are larger, also those of a melody that is learned after the chords.
    melody = replace(LEARNING.melody, start="after_chords", chords="hold")
    learning = replace(LEARNING, update="adam", rate=1e-3, melody=melody)
    hold_to_the_readable_rule(network(two_groups()), learning, Stream.of_one(random_song(7, 11)))


def test_a_given_melody_is_not_heard_where_chords_alone_are_played() -> None:
    stream = replace(Stream.of_one(random_song(7, 11)), given=4)
    hold_to_the_readable_rule(network(two_groups()), LEARNING, stream)


@pytest.mark.slow
@settings(max_examples=40, phases=[Phase.generate])  # to shrink a failure takes minutes
@given(cases)
def test_the_compiled_rule_is_the_readable_one_in_many_more_cases(
    case: tuple[BluesNetwork, Learning, Stream],
) -> None:
    hold_to_the_readable_rule(*case)
