"""The compiled engine plays, listens and samples as the readable one does."""

from dataclasses import replace

import pytest
import torch
from support import LEARNING, fully_connected, network, random_song, topology, two_groups

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.engine.player import CompiledPlayer
from lstm_blues.errors import BluesError
from lstm_blues.music.encoding import HELD, Encoding
from lstm_blues.music.stream import Stream
from lstm_blues.network.network import BluesNetwork
from lstm_blues.network.topology import MELODY, Topology
from lstm_blues.playing.metrics import chord_cross_entropy, melody_cross_entropy
from lstm_blues.playing.player import Player, free_run
from lstm_blues.playing.sampler import Sampling, draws

SAMPLINGS = {
    "report": Sampling(),
    "bold": Sampling(temperature=0.5),
    "even": Sampling(temperature=3.0),
    "top": Sampling(top_k=2),
    "greedy": Sampling(greedy=True),
    "voices": Sampling(voices=3, temperature=0.8),
}
SHAPES = {"split": two_groups(), "both": fully_connected()}


def marked(shape: Topology, held: str) -> BluesNetwork:
    """A network whose encoding marks held notes by `held`."""
    if held == "begins":
        chords, melody = shape.unit_sets
        shape = Topology(shape.groups, (chords, replace(melody, units=melody.units + 1)))
    plain = network(shape, weights=1.5)
    made = BluesNetwork(shape, plain.g, plain.h, encoding=Encoding(held=held))
    made.load_state_dict(plain.state_dict())
    return made.requires_grad_(False)


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("sampling", SAMPLINGS.values(), ids=SAMPLINGS)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_both_play_the_same_notes(shape: Topology, sampling: Sampling, held: str) -> None:
    net = marked(shape, held)
    players = (Player(net, 3, sampling=sampling), CompiledPlayer(net, 3, LEARNING, sampling))
    song = random_song(net.topology.units, 60)
    generator = torch.Generator().manual_seed(1)
    melody = net.topology.unit_slice(MELODY)
    for step in range(60):
        uniform = torch.rand(3, draws(net.encoding, sampling), generator=generator).double()
        # Now and then a melody comes from outside.
        heard = song[step, melody].expand(3, -1) if step % 7 == 0 else None
        readable, compiled = (player.step(heard, melody, uniform=uniform) for player in players)
        assert torch.equal(readable.heard, compiled.heard)
        assert torch.equal(readable.notes, compiled.notes), step
        for one, other in (
            (readable.logits, compiled.logits),
            (readable.outputs, compiled.outputs),
            (readable.after.s, compiled.after.s),
            (readable.after.y, compiled.after.y),
        ):
            torch.testing.assert_close(one, other, rtol=0, atol=1e-9)


def test_chords_alone_play_without_random_numbers() -> None:
    net = network(topology()).requires_grad_(False)
    readable, compiled = Player(net, 2), CompiledPlayer(net, 2, LEARNING)
    for player in (readable, compiled):
        player.notes[0, 1] = 1.0
        for _ in range(20):
            played = player.step()
        assert played.notes.shape == (2, net.topology.units)
    assert torch.equal(readable.notes, compiled.notes)


def test_no_note_can_be_drawn_of_outputs_that_are_not_numbers() -> None:
    net = network(two_groups())
    with torch.no_grad():
        net.output[MELODY][:] = torch.nan
    player = CompiledPlayer(net.requires_grad_(False), 1, LEARNING)
    with pytest.raises(BluesError, match="no note can be drawn"):
        player.step(uniform=torch.tensor([[0.5]]))


@pytest.mark.parametrize("held", HELD)
def test_a_free_run_marks_held_notes(held: str) -> None:
    net = marked(fully_connected(), held)
    song = random_song(net.topology.units, 12)
    uniform = torch.rand(50, draws(net.encoding), generator=torch.Generator().manual_seed(2))
    learner = CompiledLearner(net, Stream.of_one(song), LEARNING)
    compiled = learner.free_run(50, uniform=uniform.double())
    readable = free_run(net, song, 50, uniform=uniform.double())
    assert torch.equal(readable.notes, compiled.notes)
    assert readable.right == compiled.right


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_both_predict_songs_alike(shape: Topology) -> None:
    net = network(shape).requires_grad_(False)
    songs = torch.stack([random_song(net.topology.units, 24, seed) for seed in range(5)])
    learner = CompiledLearner(net, Stream.of_one(songs[0]), LEARNING)
    chords, melody = learner.listen(songs, choruses=3)
    assert melody == pytest.approx(melody_cross_entropy(net, songs, choruses=3), abs=1e-12)
    one = CompiledLearner(net, Stream.of_one(songs[0]), LEARNING).listen(songs[:1], choruses=2)
    assert one[0] == pytest.approx(chord_cross_entropy(net, songs[0], choruses=2), abs=1e-12)
    assert chords != one[0]
