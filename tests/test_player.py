"""The one feedback loop: a frozen network that hears itself, or notes from outside."""

import subprocess
import sys

import pytest
import torch
from support import environment, fully_connected, network, random_song, topology, two_groups

from lstm_blues.errors import BluesError
from lstm_blues.network.topology import CHORDS, MELODY
from lstm_blues.playing.player import Player, compose, free_run


def test_a_player_hears_silence_then_itself() -> None:
    net, state = network(topology()), network(topology()).start(traces=False)
    player, x = Player(net), torch.zeros(1, 5).double()
    for _ in range(20):
        played = player.step()
        assert torch.equal(played.heard, x)
        with torch.no_grad():
            logits, after = net(x, state)
        assert torch.equal(played.logits, logits)
        assert torch.equal(played.outputs, torch.sigmoid(logits))
        assert torch.equal(played.notes, logits > 0)
        assert torch.equal(played.before.s, state.s)
        assert torch.equal(played.after.s, after.s)
        assert player.state is played.after
        x, state = played.notes.double(), after


def test_a_melody_from_outside_joins_the_network_s_own_chords() -> None:
    net, steps = network(fully_connected()), 30
    chords, melody = (net.topology.unit_slice(name) for name in (CHORDS, MELODY))
    tunes = torch.stack([random_song(3, steps, seed) for seed in (1, 2)])
    player, own = Player(net, songs=2), torch.zeros(2, 4).double()
    for tune in tunes.unbind(1):
        played = player.step(tune, melody)
        assert torch.equal(played.heard[:, melody], tune)
        assert torch.equal(played.heard[:, chords], own)
        assert not played.notes[:, melody].any()  # nothing was drawn
        own = played.notes[:, chords].double()
    # Songs are independent of each other, and the melody from outside is heard.
    alone = Player(net)
    for tune in tunes[1]:
        last = alone.step(tune[None], melody)
    torch.testing.assert_close(last.after.s[0], played.after.s[1], rtol=1e-12, atol=1e-12)
    assert not torch.allclose(played.after.s[0], played.after.s[1])


def test_a_network_that_is_led_goes_on_by_itself() -> None:
    net, song = network(two_groups()), random_song(7)
    primer = song[None, :6]
    uniform = torch.rand(30, 1, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    led = Player(net)
    for notes in primer[:, :-1].unbind(1):
        led.step(notes)
    played = [led.step(primer[:, -1], uniform=uniform[:1])]
    played += [led.step(uniform=uniform[n : n + 1]) for n in range(1, 30)]
    stream = compose(net, primer, 4)
    composed = torch.cat([next(stream) for _ in range(36)])
    assert torch.equal(composed[6:], torch.cat([step.notes for step in played]))
    assert torch.equal(composed[:6], primer[0] > 0)


def test_playing_changes_nothing_in_the_network() -> None:
    net = network(two_groups())
    before = [weights.detach().clone() for weights in net.parameters()]
    player = Player(net, traces=True)
    for notes in random_song(7, 10):
        played = player.step(notes[None], uniform=torch.tensor([[0.5]]))
    assert played.after.traces is not None
    assert not any(part.requires_grad for part in (played.logits, *played.after))
    assert all(weights.grad is None for weights in net.parameters())
    for weights, old in zip(net.parameters(), before, strict=True):
        assert torch.equal(weights, old)


def test_chords_alone_are_those_that_sound_beside_a_melody() -> None:
    net, song = network(two_groups()), random_song(7)
    uniform = torch.rand(50, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    alone, both = free_run(net, song, 50), free_run(net, song, 50, uniform=uniform)
    assert torch.equal(alone.outputs[:, :4], both.outputs[:, :4])
    assert both.notes[:, 4:].any()
    assert not alone.notes[:, 4:].any()


def test_outputs_that_say_nothing_are_an_error() -> None:
    net = network(two_groups())
    with torch.no_grad():
        net.output[MELODY].fill_(-1e9)
    with pytest.raises(BluesError, match="no note can be drawn"):
        Player(net).step(uniform=torch.tensor([[0.5]]))


def test_playing_loads_no_learning() -> None:
    rooms = ("learning", "engine", "runs", "lab")
    code = (
        "import sys\n"
        "from lstm_blues.playing import inside, metrics, player, sampler\n"
        f"print([m for m in sys.modules for room in {rooms} if m == f'lstm_blues.{{room}}'])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"
