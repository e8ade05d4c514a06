"""Watching a frozen network."""

from dataclasses import replace

import pytest
import torch
from support import network, random_song, topology, two_groups

from lstm_blues.errors import BluesError
from lstm_blues.network.topology import GATES
from lstm_blues.playing.inside import forget_cells, steps_to_recover, watch, wrong_chord
from lstm_blues.playing.player import free_run


def test_what_is_watched_is_what_is_played() -> None:
    net, song = network(topology(units=12)), random_song(12)
    seen = watch(net, song, 60)
    played = free_run(net, song, 60)
    assert torch.equal(seen.played, played.notes)
    assert torch.equal(seen.outputs, played.outputs)
    assert torch.equal(seen.heard[0], song[0] > 0)
    assert torch.equal(seen.heard[1:], seen.played[:-1])
    follow = (torch.arange(60) + 1) % len(song)
    assert torch.equal(seen.right(song), (played.notes == (song > 0)[follow]).all(1))


def test_states_follow_from_the_gates() -> None:
    net, song = network(two_groups(3), h="tanh"), random_song(7)
    seen = watch(net, song, 40, alone=False, seed=3)
    assert torch.equal(seen.heard, (song > 0)[torch.arange(40) % len(song)])
    by_cell = torch.tensor([0, 0, 1, 1, 2, 2, 2, 3, 3, 3])
    gates = {name: seen.gates[name][:, by_cell] for name in GATES}
    assert all(gate.shape == (40, 10) for gate in gates.values())
    # y = omega h(s), and s moves from phi s by no more than iota max|g|
    assert torch.allclose(seen.cells, gates["output"] * torch.tanh(seen.states), atol=1e-12)
    before = torch.cat((torch.zeros(1, 10).double(), seen.states[:-1]))
    moved = (seen.states - gates["forget"] * before).abs()
    assert bool((moved <= 2 * gates["input"] + 1e-12).all())
    assert bool((moved > 0).all())


def test_traces_are_those_of_learning() -> None:
    net, song = network(topology(units=5)), random_song(5)
    state = net.start()
    for step in range(10):
        _, state = net(song[step : step + 1], state)
    assert state.traces is not None
    seen = watch(net, song, 10, alone=False)
    assert torch.allclose(seen.traces[-1] ** 2, state.traces[:, 0].square().sum((0, 2)))


def test_a_memory_can_be_lost_and_a_chord_be_wrong() -> None:
    net, song = network(topology(units=12)), random_song(12)
    whole = watch(net, song, 30, alone=False)
    lost = watch(net, song, 30, alone=False, disturb=forget_cells(10, [0, 1]))
    assert torch.equal(whole.states[:10], lost.states[:10])
    moved = (whole.states[10] - lost.states[10]).abs() > 1e-9
    assert moved.tolist() == [True, True, False, False, False, False]
    heard = watch(net, song, 30, alone=False, disturb=wrong_chord(10, [0, 4, 7], steps=2)).heard
    assert heard[10].nonzero().flatten().tolist() == [0, 4, 7]
    assert torch.equal(heard[11], heard[10])
    assert torch.equal(heard[12:], whole.heard[12:])


@pytest.mark.parametrize(
    ("right", "since", "steps"),
    [([1, 1, 1], 0, 0), ([1, 0, 1, 1], 0, 2), ([0, 0, 1, 0, 1], 2, 2), ([1, 1, 0], 1, None)],
)
def test_recovery_is_counted_to_the_last_wrong_step(
    right: list[int], since: int, steps: int | None
) -> None:
    assert steps_to_recover(torch.tensor(right, dtype=torch.bool), since) == steps


def test_a_form_that_goes_on_late_is_told() -> None:
    form = random_song(12, 24)
    net = network(topology(units=12))
    seen = watch(net, form, 60)
    order = torch.arange(1, 61)
    for late in (0, 5, 23):
        assert replace(seen, played=(form > 0)[(order - late) % 24]).late(form) == late
    assert seen.late(form) is None


def test_nothing_can_be_seen_in_no_step() -> None:
    with pytest.raises(BluesError, match="steps is 0"):
        watch(network(topology()), random_song(5), 0)
