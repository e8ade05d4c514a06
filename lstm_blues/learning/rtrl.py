"""The whole gradient, carried forward: real-time recurrent learning (Williams and Zipser 1989).

Every state's sensitivity to every weight goes along with the states, nothing is cut and nothing
unrolled; the weights change after every step.  The truncated gradient of section 2.1 is what is
left of it when only a cell's own state remembers.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lstm_blues.learning.rule import Gradient, Learns, Memory, Per
from lstm_blues.network.blocks import BlockState
from lstm_blues.network.network import BluesNetwork


class Rtrl(Gradient):
    """`Learning.gradient` `rtrl`.

    `sensitivity`: how s and y of every cell change with each weight of the blocks, by the weight's
    name, shape (2, C, rows, M); of the groups that learn it goes on with every step.
    """

    name = "rtrl"
    kernel = "rtrl.c"
    memory = (Memory("sensitivity", Per.CELL_AND_WEIGHT),)
    network: BluesNetwork
    _y: Tensor

    def start(self) -> BlockState:
        self.kept = {
            key: value.to(self.network.like)
            for key, value in self.first_memory(self.network, self.learning).items()
        }
        return super().start()

    def predict(self, x: Tensor, state: BlockState, learns: Learns) -> tuple[Tensor, BlockState]:
        s, y = state.s.detach().requires_grad_(), state.y.detach().requires_grad_()
        topology = self.network.topology
        after = self.network.whole(x, BlockState(s, y, None), learns.playing(topology))
        last, weights = self.kept, self._weights()
        self.kept = {key: value.clone() for key, value in last.items()}
        cells = [
            cell
            for part in topology.group_parts
            if learns.has(part)
            for cell in range(part.cells.start, part.cells.stop)
        ]
        for kind, values in enumerate((after.s[0], after.y[0])):
            for cell in cells:
                to_s, to_y, *direct = torch.autograd.grad(
                    values[cell],
                    [s, y, *weights.values()],
                    retain_graph=True,
                    allow_unused=True,
                    materialize_grads=True,
                )
                for key, own in zip(weights, direct, strict=True):
                    through = torch.tensordot(to_s[0], last[key][0], 1)
                    through += torch.tensordot(to_y[0], last[key][1], 1)
                    self.kept[key][kind, cell] = own + through
        # The errors of this step go as far as y; from there on the sensitivities know the way.
        self._y = after.y.detach().requires_grad_()
        return self.network.outputs(x, self._y), BlockState(after.s.detach(), self._y, None)

    def backward(self, loss: Tensor) -> None:
        super().backward(loss)
        epsilon = self._y.grad
        assert epsilon is not None
        for key, weights in self._weights().items():
            weights.grad = torch.tensordot(epsilon[0], self.kept[key][1], 1)

    def _weights(self) -> dict[str, Tensor]:
        """The blocks' weights, as `kept` names them."""
        weights = dict(self.network.named_parameters())
        return {key: weights[key.removeprefix("sensitivity/")] for key in self.kept}
