"""Masks: who sees whom, through training, to the bit."""

from dataclasses import replace

import pytest
import torch
from support import network, random_song, two_groups

from lstm_blues.errors import BluesError
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.learning.settings import Learning, MelodyLearning
from lstm_blues.music.stream import Stream
from lstm_blues.network.topology import Group, Topology, Units
from lstm_blues.runs.build import Parts
from lstm_blues.runs.settings import Settings

BOTH = MelodyLearning("together", "learn", (1e-2,), (1000,), 100, 0.0, 1, 0.0)
LEARNING = Learning(1e-2, 0.9, 0.5, 8, "since_reset", 2, 1, 10**6, BOTH)


def test_the_report_s_chord_network_is_fully_connected(default_settings: Settings) -> None:
    shape = default_settings.network.topology
    assert (shape.units, shape.blocks, shape.cells, shape.sources) == (12, 4, 8, 21)
    assert shape.group_parts[0].mask.all()
    assert shape.unit_parts[0].mask.all()
    net = Parts(default_settings).network
    blocks, output = net.blocks["chords"], net.output["chords"]
    assert blocks.block_of_cell.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    staged = torch.tensor([-0.5, -1.0, -1.5, -2.0], dtype=torch.float64)
    for gate in (blocks.input_gate, blocks.forget_gate, blocks.output_gate):
        assert torch.equal(gate[:, -1], staged)
        assert 0 < gate[:, :-1].abs().max() <= 0.1
    assert (output[:, -1] == 0.5).all()
    assert (blocks.cell[:, -1] == 0).all()


def test_two_groups_see_what_section_4_1_says() -> None:
    shape = two_groups(cells=1)
    # sources: 4 chord units, 3 melody units, 4 chord cells, 2 melody cells, bias
    chord = [1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1]
    melody = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    melody_output = [0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1]
    masks = [part.mask.int().tolist() for part in shape.group_parts]
    assert masks == [chord, melody]
    masks = [part.mask.int().tolist() for part in shape.unit_parts]
    assert masks == [chord, melody_output]
    assert shape.chord_groups == {"chords"}
    assert shape.chords_are_separate


def test_what_reaches_the_chords_is_followed_through_the_groups() -> None:
    shape = two_groups()
    chords, melody = shape.groups
    back = replace(chords, recurrent=("chords", "melody"))
    together = Topology((back, melody), shape.unit_sets)
    assert together.chord_groups == {"chords", "melody"}
    assert not together.chords_are_separate
    listening = Topology((replace(chords, inputs=("chords", "melody")), melody), shape.unit_sets)
    assert listening.chord_groups == {"chords"}
    assert not listening.chords_are_separate


def test_absent_connections_stay_exactly_zero() -> None:
    net = network(two_groups())
    learner = OnlineLearner(net, Stream.of_one(random_song(7)), LEARNING)
    before = [weights.detach().clone() for weights in net.parameters()]
    learner.learn(300)
    masked = 0
    for (name, weights), old in zip(net.named_parameters(), before, strict=True):
        part = name.split(".")[1]
        mask = net.blocks[part].mask if name.startswith("blocks") else None
        if mask is None:
            mask = getattr(net, f"mask_{part}")
        masked += int((~mask).sum())
        assert not torch.equal(weights, old)
        velocity = learner.state().velocity[name]
        for tensor in (weights, weights.grad, velocity):
            assert (tensor[:, ~mask] == 0).all()
            assert (tensor[:, mask] != 0).any()
    assert masked > 0


def test_chords_never_hear_the_melody() -> None:
    net = network(two_groups())
    OnlineLearner(net, Stream.of_one(random_song(7)), LEARNING).learn(100)
    first, second = random_song(7, seed=1), random_song(7, seed=2)
    second[:, :4] = first[:, :4]
    outputs = []
    for song in (first, second):
        state, out = net.start(traces=False), []
        for step in song:
            nets, state = net(step[None], state)
            out.append(nets[0])
        outputs.append(torch.stack(out))
    assert torch.equal(outputs[0][:, :4], outputs[1][:, :4])
    assert not torch.equal(outputs[0][:, 4:], outputs[1][:, 4:])


def test_first_weights_do_not_depend_on_other_groups() -> None:
    shape = two_groups()
    alone = Topology(shape.groups[:1], shape.unit_sets[:1])
    both, one = network(shape, seed=5), network(alone, seed=5)
    seen = list(shape.group_parts[0].seen)
    for name, weights in one.named_parameters():
        assert torch.equal(both.get_parameter(name)[:, seen], weights)
    assert not torch.equal(one.output["chords"], network(alone, seed=6).output["chords"])


GROUP = Group("a", 1, 1, (0.0,), (0.0,), (0.0,), ("a",), ("a",))
UNITS = Units("a", 1, 0.0, ("a",), ("a",))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: replace(GROUP, blocks=0), "blocks is 0"),
        (lambda: replace(GROUP, cells=0), "cells is 0"),
        (lambda: replace(GROUP, forget_bias=(0.0, 1.0)), "forget_bias"),
        (lambda: replace(UNITS, units=0), "units is 0"),
        (lambda: Topology((), (UNITS,)), "network.groups"),
        (lambda: Topology((GROUP,), ()), "network.units"),
        (lambda: Topology((replace(GROUP, inputs=("b",)),), (UNITS,)), "names 'b'"),
        (lambda: Topology((GROUP,), (replace(UNITS, cells=("c",)),)), "names 'c'"),
        (lambda: Topology((GROUP, GROUP), (UNITS,)), "all different"),
    ],
)
def test_a_topology_that_leads_nowhere_is_refused(make, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BluesError, match=words):
        make()
