"""Other cells than memory blocks, through the same learning and the same frozen test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support import LEARNING, Command, assert_equal, random_song, topology
from torch import Tensor, nn
from torch.nn import functional as F

from lstm_blues.errors import BluesError
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.music.stream import Stream
from lstm_blues.network.blocks import BlockState
from lstm_blues.network.cells import CELLS
from lstm_blues.network.cells.feed_forward import FeedForward
from lstm_blues.network.cells.hidden import HiddenNetwork, WindowNetwork
from lstm_blues.network.cells.lstm import Lstm
from lstm_blues.network.cells.peepholes import Peepholes
from lstm_blues.network.network import cross_entropy
from lstm_blues.runs.build import Parts
from lstm_blues.runs.checkpoint import load_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import Settings, settings_from

UNITS, WINDOW = 5, 4
UNROLLED = replace(LEARNING, gradient="bptt", unroll=0, update="adam", rate=0.02)


def hidden_network(name: str, seed: int = 1, units: int = UNITS) -> HiddenNetwork:
    net = CELLS[name](topology(units=units), 6, WINDOW)
    net.initialise(seed, 0.1)
    return net


def attention(block: nn.Module, windows: Tensor) -> Tensor:
    """A transformer's block by torch's own attention: of all steps to those before, of which the
    last is taken."""
    steps = block.embed(windows) + block.places
    query, key, value = (layer(steps) for layer in (block.query, block.key, block.value))
    mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    y = (steps + block.mix(mixed))[:, -1]
    return y + block.down(block.up(y).clamp(min=0))  # type: ignore[no-any-return]


def with_peepholes(layer: nn.Module, song: Tensor) -> Tensor:
    """Section 2 of Gers and Schmidhuber (2000), in its letters, cell by cell."""
    cells = layer.peepholes.shape[1]
    y, s, outputs = [song.new_zeros(())] * cells, [song.new_zeros(())] * cells, []
    for x in song:
        heard = torch.cat((x, torch.stack(y)))
        net_in, net_phi, net_c, net_out = (layer.net.weight @ heard + layer.net.bias).split(cells)
        for c in range(cells):
            w_in, w_phi, w_out = layer.peepholes[:, c]
            y_in, y_phi = (net_in[c] + w_in * s[c]).sigmoid(), (net_phi[c] + w_phi * s[c]).sigmoid()
            s[c] = y_phi * s[c] + y_in * net_c[c].tanh()
            y[c] = (net_out[c] + w_out * s[c]).sigmoid() * s[c].tanh()
        outputs.append(torch.stack(y))
    return torch.stack(outputs)


def test_without_its_peepholes_it_is_torch_s_lstm() -> None:
    ours, theirs = hidden_network("peepholes"), hidden_network("lstm")
    song, layer = random_song(UNITS, 20), ours.hidden
    with torch.no_grad():
        layer.peepholes.zero_()
        theirs.hidden.weight_ih_l0.copy_(layer.net.weight[:, :UNITS])
        theirs.hidden.weight_hh_l0.copy_(layer.net.weight[:, UNITS:])
        theirs.hidden.bias_ih_l0.copy_(layer.net.bias)
        theirs.hidden.bias_hh_l0.zero_()
        theirs.output.load_state_dict(ours.output.state_dict())
        found, expected = (net.sequence(song, net.start())[0] for net in (ours, theirs))
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
        layer.peepholes.fill_(1.0)
        assert (ours.sequence(song, ours.start())[0] - expected).abs().max() > 1e-3


def nets(net: HiddenNetwork, song: Tensor) -> Tensor:
    """The output units' nets by torch's own modules, over a whole song, from zero state."""
    if isinstance(net, WindowNetwork):
        before = torch.cat((song.new_zeros(WINDOW - 1, UNITS), song))
        windows = torch.stack([before[t : t + WINDOW] for t in range(len(song))])
        if isinstance(net, FeedForward):
            # The oldest step stands first for each unit.
            hidden = torch.tanh(net.hidden(windows.transpose(1, 2).flatten(1)))
        else:
            hidden = attention(net.hidden, windows)
    elif isinstance(net, Peepholes):
        hidden = with_peepholes(net.hidden, song)
    else:
        hidden = net.hidden(song[:, None])[0][:, 0]
    return net.output(torch.cat((song, hidden), 1))  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", CELLS)
def test_a_step_at_a_time_is_torch_s_own_sequence(name: str) -> None:
    net, song = hidden_network(name), random_song(UNITS, 20)
    state, steps = net.start(traces=False), []
    with torch.no_grad():
        for notes in song:
            out, state = net(notes[None], state)
            steps.append(out)
        whole, last = net.sequence(song, net.start(traces=False))
        half, middle = net.sequence(song[:9], net.start(traces=False))
        rest, end = net.sequence(song[9:], middle)
    for ours in (torch.cat(steps), whole, torch.cat((half, rest))):
        torch.testing.assert_close(ours, nets(net, song).detach(), rtol=0, atol=1e-12)
    for ours in (state, end):
        torch.testing.assert_close(ours.s, last.s, rtol=0, atol=1e-12)
        torch.testing.assert_close(ours.y, last.y, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["feed_forward", "transformer"])
def test_a_network_without_recurrence_sees_its_window_and_no_more(name: str) -> None:
    net, song = hidden_network(name), random_song(UNITS, 12)
    other = song.clone()
    other[5] = 1 - other[5]
    with torch.no_grad():
        one, two = (net.sequence(notes, net.start())[0] for notes in (song, other))
    differ = (one != two).any(1).nonzero().flatten().tolist()
    assert differ == [5 + n for n in range(WINDOW)]


def test_thirteen_steps_of_the_report_s_form_tell_the_next(default_settings: Settings) -> None:
    # docs/study.md says so, of why a window of 13 steps is enough.
    form = [tuple(step) for step in default_settings.form.chord_tensor().tolist()]

    def unclear(window: int) -> int:
        following: dict[tuple[object, ...], set[object]] = {}
        for t in range(len(form)):
            seen = tuple(form[(t - back) % len(form)] for back in range(window))
            following.setdefault(seen, set()).add(form[(t + 1) % len(form)])
        return sum(len(each) > 1 for each in following.values())

    assert unclear(12) == 1
    assert unclear(13) == 0


@pytest.mark.parametrize("name", CELLS)
def test_the_weight_change_is_by_autograd_s_gradient(name: str) -> None:
    net, song = hidden_network(name), random_song(UNITS, 10)
    plain = replace(UNROLLED, update="momentum", gross_errors=0, episode_choruses=1)
    loss = cross_entropy(nets(net, song), song.roll(-1, 0))
    truth = torch.autograd.grad(loss, list(net.parameters()))
    learner = OnlineLearner(net, Stream.of_one(song), plain)
    before = [weights.detach().clone() for weights in net.parameters()]
    assert learner.learn(10) == 10
    assert learner.loss == pytest.approx(loss.item(), abs=1e-10)
    for old, new, gradient in zip(before, net.parameters(), truth, strict=True):
        torch.testing.assert_close((old - new) / plain.rate, gradient, rtol=1e-9, atol=1e-10)
        assert gradient.abs().max() > 1e-4


@pytest.mark.parametrize("name", ["elman", "gru", "peepholes"])
def test_steps_of_our_own_have_the_gradient_of_what_they_compute(name: str) -> None:
    # Of two songs at once, and of the states before and after, too.
    net = hidden_network(name)
    s, y = (torch.rand(2, size, dtype=torch.float64) for size in net.state_sizes)
    x = torch.rand(5, 2, UNITS, dtype=torch.float64)

    def run(s: Tensor, y: Tensor, x: Tensor, *_: Tensor) -> tuple[Tensor, ...]:
        outputs, state = net.run(x, BlockState(s, y, None))
        return outputs, *(each for each in (state.s, state.y) if each.requires_grad)

    given = [each.requires_grad_() for each in (s, y, x)]
    # gradcheck changes what it is given in place, the net's weights, too.
    assert torch.autograd.gradcheck(run, (*given, *net.hidden.parameters()))


@pytest.mark.parametrize("name", CELLS)
def test_they_learn_a_song_and_play_it_frozen(name: str) -> None:
    song = torch.eye(3, dtype=torch.float64)[[0, 1, 2, 2]]
    net = hidden_network(name, units=3)
    learner = OnlineLearner(net, Stream.of_one(song), replace(UNROLLED, test_choruses=20))
    learner.learn(30_000)
    assert learner.counters.learned, learner.counters
    assert learner.free_run(400).right == 400
    # Other weights don't: the test can fail.
    assert (
        OnlineLearner(hidden_network(name, 2, 3), Stream.of_one(song), UNROLLED).free_run(400).right
        < 400
    )


def test_first_weights_are_torch_s_own_and_follow_the_seed() -> None:
    one, same, other = (hidden_network("lstm", seed) for seed in (1, 1, 2))
    assert isinstance(one, Lstm)
    assert isinstance(one.hidden, nn.LSTM)
    for name, value in one.state_dict().items():
        assert torch.equal(value, same.state_dict()[name])
        assert not torch.equal(value, other.state_dict()[name])
        assert value.abs().max() <= 1


@pytest.mark.slow
def test_a_run_of_torch_s_lstm_resumes_to_the_same_bytes(train: Command, tmp_path: Path) -> None:
    options = ["+experiment=chords", "+cell=lstm", "run.dtype=float32"]
    assert train(*options, "run.step_limit=1500", "hydra.run.dir=whole").returncode == 1
    assert train(*options, "run.step_limit=700", "hydra.run.dir=half").returncode == 1
    assert load_checkpoint(tmp_path / "half").learner.counters.steps < 800
    last = train("resume=half", "run.step_limit=1500")
    assert last.returncode == 1, last.stderr
    assert "Did not learn" in last.stdout
    whole, half = load_checkpoint(tmp_path / "whole"), load_checkpoint(tmp_path / "half")
    assert set(whole.learner.memory) == {f"second/{name}" for name in whole.learner.weights}
    assert_equal(whole, half)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["network.cell=perceptron"], "network.cell is 'perceptron', but must be one of blocks"),
        (["+cell=gru", "run.engine=fast"], "run.engine is 'fast', but must be torch with gru"),
        (["+cell=elman", "learning.gradient=rtrl"], "learning.gradient is 'rtrl'"),
        (["+cell=lstm", "network.hidden=0"], "network.hidden is 0, but must be at least 1"),
        (["+cell=feed_forward", "network.window=0"], "network.window is 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(overrides: list[str], words: str) -> None:
    with pytest.raises(BluesError, match=words):
        settings_from(compose_config(["+experiment=chords", *overrides]))


def test_a_melody_needs_blocks() -> None:
    with pytest.raises(BluesError, match="must be blocks where a melody is learned"):
        settings_from(compose_config(["+experiment=melody", "+cell=lstm"]))


def test_who_looks_into_blocks_is_told_that_there_are_none() -> None:
    settings = settings_from(compose_config(["+experiment=chords", "+cell=lstm"]))
    with pytest.raises(BluesError, match=r"network\.cell is 'lstm', but must be blocks"):
        _ = Parts(settings).blocks
