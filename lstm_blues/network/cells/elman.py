"""Elman's simple recurrent network (1990): hidden units that see themselves, a step later."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from lstm_blues.network.cells.hidden import RecurrentNetwork, one_step_before


class _Steps(torch.autograd.Function):
    """Activations, shape (T, N, H), of what the inputs drive, of the same shape, the activations
    before, (N, H), and the recurrent weights, (H, H); back-propagated by hand."""

    @staticmethod
    def forward(ctx: Any, drive: Tensor, y: Tensor, weights: Tensor) -> Tensor:
        outputs, first = drive.clone(), y
        for now in outputs:
            y = now.addmm_(y, weights.T).tanh_()
        ctx.save_for_backward(outputs, first, weights)
        return outputs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        outputs, first, weights = ctx.saved_tensors
        slopes = 1 - outputs.square()
        # First the errors of the activations, then those of the nets.
        errors = torch.cat((torch.zeros_like(first)[None], given))
        before, *after = errors.unbind()
        places = zip((before, *after[:-1]), after, slopes, strict=True)
        for earlier, now, slope in reversed(list(places)):
            now.mul_(slope)
            earlier.addmm_(now, weights)
        heard = one_step_before(outputs, first)
        return errors[1:], before, errors[1:].flatten(0, 1).T @ heard.flatten(0, 1)


class Elman(RecurrentNetwork):
    """`network.cell` `elman`: `torch.nn.RNN`, tanh units, computed by steps of our own, which are
    three times as fast for so few units."""

    hidden: nn.RNN

    def build(self) -> nn.Module:
        return nn.RNN(self.topology.units, self.hidden_units)

    def outputs(self, x: Tensor, y: Tensor) -> Tensor:
        of_inputs, recurrent, one, other = self.hidden.all_weights[0]
        drive = F.linear(x, of_inputs, one + other)
        return _Steps.apply(drive, y, recurrent)  # type: ignore[no-untyped-call, no-any-return]
