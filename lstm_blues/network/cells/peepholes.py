"""LSTM with peepholes (Gers and Schmidhuber 2000), which were made for counting and timing."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from lstm_blues.network.blocks import BlockState
from lstm_blues.network.cells.hidden import HiddenNetwork, OwnLayer, one_step_before


class _Steps(torch.autograd.Function):
    """Outputs and states, both of shape (T, N, H), of what the inputs drive, (T, N, 4H): input and
    forget gates, cells' inputs and output gates in turn, of outputs and states before, (N, H), of
    the recurrent weights, (4H, H), and of the peepholes, (3, H); back-propagated by hand."""

    @staticmethod
    def forward(
        ctx: Any, drive: Tensor, y: Tensor, s: Tensor, weights: Tensor, peepholes: Tensor
    ) -> tuple[Tensor, Tensor]:
        first, nets = (y, s), drive.clone().view(*drive.shape[:2], 4, -1)
        outputs, states, squashed = nets.new_empty(3, *nets.shape[:2], nets.shape[-1])
        two, last = peepholes[:2], peepholes[2]
        heard, wide = weights.T, s[:, None]
        for net, gates, i, f, g, o, now_y, now_s, now_wide, h in zip(
            *(nets.flatten(-2), nets[..., :2, :], *nets.unbind(-2)),
            *(outputs, states, states[:, :, None], squashed),
            strict=True,
        ):
            net.addmm_(y, heard)
            gates.addcmul_(two, wide).sigmoid_()
            s = torch.mul(f, s, out=now_s).addcmul_(i, g.tanh_())
            o.addcmul_(last, s).sigmoid_()
            y = torch.mul(o, torch.tanh(s, out=h), out=now_y)
            wide = now_wide
        ctx.save_for_backward(outputs, states, squashed, *first, weights, peepholes, nets)
        return outputs, states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, given_y: Tensor, given_s: Tensor) -> tuple[Tensor, ...]:
        outputs, states, squashed, y, s, weights, peepholes, nets = ctx.saved_tensors
        i, f, g, o = nets.unbind(-2)
        heard, was = one_step_before(outputs, y), one_step_before(states, s)
        # What an error of a state is to the nets of its step and to the state before, and what one
        # of an output is to the output gate and to the state.
        to_nets = torch.stack((g * i * (1 - i), was * f * (1 - f), i * (1 - g.square())), -2)
        to_before = f + to_nets[..., 0, :] * peepholes[0] + to_nets[..., 1, :] * peepholes[1]
        to_gate = squashed * o * (1 - o)
        to_state = o * (1 - squashed.square()) + to_gate * peepholes[2]
        of_y, of_s = (
            torch.cat((torch.zeros_like(first)[None], given))
            for first, given in ((y, given_y), (s, given_s))
        )
        of_nets = torch.empty_like(nets)
        places = zip(
            *(of_y[:-1], of_y[1:], of_s[:-1], of_s[1:], of_s[1:, :, None]),
            *(to_nets, to_before, to_gate, to_state),
            *(of_nets[..., :3, :], of_nets[..., 3, :], of_nets.flatten(-2)),
            strict=True,
        )
        for earlier_y, now_y, earlier_s, now_s, wide, *factors, of_rest, of_gate, flat in reversed(
            list(places)
        ):
            nets_of, before_of, gate_of, state_of = factors
            now_s.addcmul_(now_y, state_of)
            torch.mul(wide, nets_of, out=of_rest)
            torch.mul(now_y, gate_of, out=of_gate)
            earlier_s.addcmul_(now_s, before_of)
            earlier_y.addmm_(flat, weights)
        flat = of_nets.flatten(-2)
        seen = torch.stack((was, was, states), -2)
        of_peepholes = (of_nets[..., [0, 1, 3], :] * seen).sum((0, 1))
        of_weights = flat.flatten(0, 1).T @ heard.flatten(0, 1)
        return flat, of_y[0], of_s[0], of_weights, of_peepholes


class _Layer(OwnLayer):
    """Cells whose gates see their states: input and forget gates the state before, output gates
    the state of the step.

    Args:
        units: input units I.
        hidden: cells H.
    """

    def __init__(self, units: int, hidden: int) -> None:
        super().__init__()
        self.net = nn.Linear(units + hidden, 4 * hidden)
        self.peepholes = nn.Parameter(torch.zeros(3, hidden))

    def reset_parameters(self) -> None:
        most = 1 / math.sqrt(self.peepholes.shape[1])
        nn.init.uniform_(self.peepholes, -most, most)

    def forward(self, x: Tensor, y: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs and states, shape (T, N, H), on x, shape (T, N, I), after those before."""
        weights, units = self.net.weight, x.shape[-1]
        drive = F.linear(x, weights[:, :units], self.net.bias)
        return _Steps.apply(  # type: ignore[no-untyped-call, no-any-return]
            drive, y, s, weights[:, units:], self.peepholes
        )


class Peepholes(HiddenNetwork):
    """`network.cell` `peepholes`: as `torch.nn.LSTM`, with peepholes."""

    hidden: _Layer

    def build(self) -> nn.Module:
        return _Layer(self.topology.units, self.hidden_units)

    @property
    def state_sizes(self) -> tuple[int, int]:
        """The cells' states and outputs."""
        return self.hidden_units, self.hidden_units

    def run(self, x: Tensor, state: BlockState) -> tuple[Tensor, BlockState]:
        outputs, states = self.hidden(x, state.y, state.s)
        return outputs, BlockState(states[-1], outputs[-1], None)
