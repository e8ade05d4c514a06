"""The truncated gradient against autograd, and the forward pass against torch.nn.LSTM."""

from itertools import pairwise

import pytest
import torch
from support import autograd, fully_connected, network, random_song, topology, two_groups

from lstm_blues.network.blocks import ACTIVATIONS, BlockState
from lstm_blues.network.network import BluesNetwork, cross_entropy
from lstm_blues.network.topology import Group, Topology, Units

Gradients = dict[str, torch.Tensor]
PAIRS = [("logistic_2", "identity"), ("tanh", "tanh"), ("logistic_1", "logistic_1")]


def traced(net: BluesNetwork, songs: torch.Tensor) -> Gradients:
    """Sum over steps of the gradients of `TruncatedStep`, weights frozen; songs (N, T, units)."""
    net.zero_grad()
    state = net.start(len(songs))
    for t in range(songs.shape[1] - 1):
        out, state = net(songs[:, t], state)
        cross_entropy(out, songs[:, t + 1]).backward()
        state = BlockState(state.s, state.y.detach(), state.traces)
    return {name: weights.grad.clone() for name, weights in net.named_parameters()}


def songs_for(net: BluesNetwork, count: int = 1) -> torch.Tensor:
    units = net.topology.units
    return torch.stack([random_song(units, 40, seed=number) for number in range(count)])


@pytest.mark.parametrize(("g", "h"), PAIRS)
@pytest.mark.parametrize("shape", [topology(), topology(2, 1), topology(1, 4), two_groups(3)])
def test_traces_give_autograds_truncated_gradient(shape: Topology, g: str, h: str) -> None:
    net = network(shape, g=g, h=h)
    songs = songs_for(net)
    truth, ours = autograd(net, songs, truncate=True), traced(net, songs)
    for name, gradient in truth.items():
        assert gradient.abs().max() > 1e-3, name
        torch.testing.assert_close(ours[name], gradient, rtol=1e-10, atol=1e-10)


def test_the_full_gradient_is_another() -> None:
    net = network(topology())
    songs = songs_for(net)
    full, ours = autograd(net, songs), traced(net, songs)
    for name in ("blocks.chords.input_gate", "blocks.chords.forget_gate", "blocks.chords.cell"):
        assert (full[name] - ours[name]).norm() > 0.01 * full[name].norm(), name


def test_the_activations_slopes_are_their_derivatives() -> None:
    x = torch.linspace(-3, 3, 50, dtype=torch.float64, requires_grad=True)
    for name, activation in ACTIVATIONS.items():
        value = activation.value(x)
        (derivative,) = torch.autograd.grad(value.sum(), x)
        torch.testing.assert_close(activation.slope(value), derivative, msg=name)


def test_a_batch_of_independent_songs_adds_their_gradients() -> None:
    net = network(topology())
    songs = songs_for(net, 3)
    together = traced(net, songs)
    alone = [traced(net, songs[n : n + 1]) for n in range(3)]
    for name, gradient in together.items():
        torch.testing.assert_close(gradient, sum(one[name] for one in alone))


@pytest.mark.parametrize("shape", [topology(2, 5), two_groups(3), fully_connected()])
def test_the_explicit_gradient_is_the_backward_pass_to_the_bit(shape: Topology) -> None:
    net, state = network(shape, h="tanh"), network(shape).start()
    for x, target in pairwise(random_song(shape.units, 6)):
        net.zero_grad()
        step = net.step(x[None], state)
        cross_entropy(step.logits, target[None]).backward()
        with torch.no_grad():
            ours = net.truncated_gradients(step, torch.sigmoid(step.logits) - target)
            each = net.truncated_gradients(step, torch.eye(shape.units).double()[:, None])
        for name, weights in net.named_parameters():
            torch.testing.assert_close(ours[name], weights.grad, rtol=1e-13, atol=1e-15)
        step = net.step(x[None], state)
        for unit, logit in enumerate(step.logits[0]):
            of_unit = torch.autograd.grad(
                logit, list(net.parameters()), retain_graph=True, materialize_grads=True
            )
            for (name, _), derivative in zip(net.named_parameters(), of_unit, strict=True):
                assert torch.equal(each[name][unit], derivative), (name, unit)
        state = BlockState(step.state.s, step.state.y.detach(), step.state.traces)


@torch.no_grad()
def test_stacked_networks_are_each_of_them() -> None:
    nets = [network(two_groups(), seed) for seed in range(3)]
    songs = torch.stack([random_song(7, 9, seed) for seed in range(3)])[:, :, None]
    together = BluesNetwork.stack(nets)
    state, states = together.start(), [net.start() for net in nets]
    for t in range(8):
        step = together.step(songs[:, t], state)
        found = together.truncated_gradients(step, step.logits - songs[:, t + 1])
        for n, net in enumerate(nets):
            own = net.step(songs[n, t], states[n])
            torch.testing.assert_close(step.logits[n], own.logits, rtol=1e-13, atol=1e-13)
            truth = net.truncated_gradients(own, own.logits - songs[n, t + 1])
            for name, gradient in truth.items():
                torch.testing.assert_close(found[name][n], gradient, rtol=1e-12, atol=1e-13)
            states[n] = own.state
        state = step.state
    assert state.traces is not None
    assert state.traces.shape == (3, 3, 1, 8, 16)


def test_memory_does_not_grow_with_the_song() -> None:
    net = network(topology())
    state = net.start()
    for step in random_song(5, 200):
        _, state = net(step[None], state)
    assert state.traces is not None
    assert state.traces.shape == (3, 1, 6, 12)
    assert state.traces.grad_fn is None or not state.traces.requires_grad
    assert not state.s.requires_grad


def test_forward_equals_torch_lstm_and_a_linear_layer() -> None:
    units, cells = 5, 4
    bias = tuple(-0.5 * n for n in range(cells))
    shape = Topology(
        (Group("chords", cells, 1, bias, bias, bias, ("chords",), ("chords",)),),
        (Units("chords", units, 0.5, ("chords",), ("chords",)),),
    )
    net = network(shape, g="tanh", h="tanh")
    blocks, output = net.blocks["chords"], net.output["chords"]
    rows = torch.cat((blocks.input_gate, blocks.forget_gate, blocks.cell, blocks.output_gate))
    lstm = torch.nn.LSTM(units, cells, dtype=torch.float64)
    linear = torch.nn.Linear(cells + units, units, dtype=torch.float64)
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(rows[:, :units])
        lstm.weight_hh_l0.copy_(rows[:, units:-1])
        lstm.bias_ih_l0.copy_(rows[:, -1])
        lstm.bias_hh_l0.zero_()
        linear.weight.copy_(
            torch.cat((output[:, units:-1], output[:, :units]), 1)  # [y; x]
        )
        linear.bias.copy_(output[:, -1])
        song = random_song(units, 60)
        y, (_, c) = lstm(song[:, None])
        expected = linear(torch.cat((y[:, 0], song), 1))
        state, outputs = net.start(traces=False), []
        for step in song:
            out, state = net(step[None], state)
            outputs.append(out[0])
    torch.testing.assert_close(torch.stack(outputs), expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(state.s, c[0], rtol=1e-12, atol=1e-12)


def test_learning_and_frozen_steps_agree() -> None:
    net = network(two_groups())
    learning, frozen = net.start(), net.start(traces=False)
    for step in random_song(7, 30):
        out, learning = net(step[None], learning)
        same, frozen = net(step[None], frozen)
        assert torch.equal(out, same)
    assert not same.requires_grad or frozen.traces is None
