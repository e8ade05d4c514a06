"""Exact loops of frozen networks (section 3.2: "any number of continuing cycles")."""

import pytest
import torch
from support import LEARNING, network, topology, two_groups

from lstm_blues.engine.player import CompiledPlayer
from lstm_blues.network.network import BluesNetwork
from lstm_blues.network.topology import Topology
from lstm_blues.playing.cycle import Cycle, find_cycle
from lstm_blues.playing.player import Player, free_run


def of_one_chord(shape: Topology, forget: float) -> tuple[BluesNetwork, torch.Tensor]:
    """A network that plays the first chord unit whatever it hears, and whose cells add up what they
    get; forget: its forget gates' bias."""
    net = network(shape)
    with torch.no_grad():
        for weights in net.parameters():
            weights.zero_()
        for group in net.topology.groups:
            blocks = net.group(group.name)
            blocks.cell[:, -1] = 1.0
            blocks.forget_gate[:, -1] = forget
        net.output["chords"][:, -1] = -5.0
        net.output["chords"][0, -1] = 5.0
    song = torch.zeros(4, net.topology.units, dtype=torch.float64)
    song[:, 0] = 1.0
    return net, song


@pytest.mark.parametrize("shape", [topology(), two_groups()], ids=["chords", "both"])
@pytest.mark.parametrize("compiled", [False, True], ids=["torch", "fast"])
def test_a_state_that_recurs_to_the_bit_is_a_loop(shape: Topology, compiled: bool) -> None:
    def player(net: BluesNetwork) -> Player:
        return CompiledPlayer(net, 1, LEARNING) if compiled else Player(net, chords_only=True)

    net, song = of_one_chord(shape, 0.0)
    found = find_cycle(player(net), song, 100)
    # A forget gate of a half: the states end at a fixed point, once differences are below a bit.
    assert found is not None
    assert found.length == 1
    assert 10 < found.after < 20
    # With gates that forget nothing they grow without end, though every note is right.
    net, song = of_one_chord(shape, 1000.0)
    assert free_run(net, song, 400).right == 400
    assert find_cycle(player(net), song, 100) is None


def test_a_loop_of_wrong_notes_is_none() -> None:
    net, song = of_one_chord(topology(), 0.0)
    song[2, 0] = 0.0
    assert find_cycle(Player(net), song, 100) is None


def test_a_loop_has_the_length_of_what_recurs() -> None:
    class Turning(Player):
        """Its states turn through three values, a chorus each, after two choruses of others."""

        def step(self, *_: object, **__: object) -> None:  # type: ignore[override]
            self.count = getattr(self, "count", 0) + 1
            chorus = self.count // 4
            value = chorus if chorus < 2 else 2 + chorus % 3
            self.state = self.state._replace(s=torch.full_like(self.state.s, float(value)))

    net, song = of_one_chord(topology(), 0.0)
    assert find_cycle(Turning(net), song, 100) == Cycle(2, 3)
