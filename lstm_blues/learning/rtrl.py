"""The whole gradient, carried forward: real-time recurrent learning (Williams and Zipser 1989).

Every state's sensitivity to every weight goes along with the states, nothing is cut and nothing
unrolled; the weights change after every step.  The truncated gradient of section 2.1 is what is
left of it when only a cell's own state remembers.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lstm_blues.learning.online import OnlineLearner, StepResult
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import LearnerState
from lstm_blues.music.stream import Stream
from lstm_blues.network.blocks import BlockState
from lstm_blues.network.network import BluesNetwork


class RtrlLearner(OnlineLearner):
    """`Learning.gradient` `full`.

    `sensitivity`: how s and y of every cell change with each weight of the blocks, by the weight's
    name, shape (2, C, rows, M).
    """

    network: BluesNetwork

    def __init__(self, network: BluesNetwork, stream: Stream, learning: Learning) -> None:
        self.sensitivity: dict[str, Tensor] = {}
        super().__init__(network, stream, learning)

    def start(self) -> BlockState:
        """See `OnlineLearner.start`; no weight has had an effect yet."""
        cells = self.network.topology.cells
        self.sensitivity = {
            name: weights.detach().new_zeros(2, cells, *weights.shape)
            for name, weights in self.network.named_parameters()
            if name.startswith("blocks.")
        }
        return super().start()

    def predict(self, x: Tensor) -> tuple[Tensor, BlockState]:
        """See `OnlineLearner.predict`; the sensitivities of groups that learn go one step on."""
        weights = dict(self.network.named_parameters())
        before = BlockState(
            self.blocks.s.detach().requires_grad_(), self.blocks.y.detach().requires_grad_(), None
        )
        after = self.network.whole(x, before, self.playing_groups)
        names, (s, y) = list(self.sensitivity), (before.s, before.y)
        last = self.sensitivity
        self.sensitivity = {name: value.clone() for name, value in last.items()}
        learning = {
            cell
            for part in self.topology.group_parts
            if (self.chords_learn if part.reaches_chords else self.melody_learns)
            for cell in range(part.cells.start, part.cells.stop)
        }
        for kind, values in enumerate((after.s[0], after.y[0])):
            for cell, value in enumerate(values):
                if cell not in learning:
                    continue
                to_s, to_y, *direct = torch.autograd.grad(
                    value,
                    [s, y, *(weights[name] for name in names)],
                    retain_graph=True,
                    allow_unused=True,
                    materialize_grads=True,
                )
                for name, own in zip(names, direct, strict=True):
                    through = torch.tensordot(to_s[0], last[name][0], 1)
                    through += torch.tensordot(to_y[0], last[name][1], 1)
                    self.sensitivity[name][kind, cell] = own + through
        # The errors of this step go as far as y; from there on the sensitivities know the way.
        blocks = BlockState(after.s.detach(), after.y.detach().requires_grad_(), None)
        return self.network.outputs(x, blocks.y), blocks

    def change_weights(self, heard: StepResult) -> bool:
        """See `OnlineLearner.change_weights`."""
        self.optimizer.zero_grad()
        heard.loss.backward()  # type: ignore[no-untyped-call]
        epsilon = self.blocks.y.grad
        assert epsilon is not None
        weights = dict(self.network.named_parameters())
        for name, value in self.sensitivity.items():
            weights[name].grad = torch.tensordot(epsilon[0], value[1], 1)
        if not self.melody_learns:
            for frozen in self._melody_parameters:
                frozen.grad = None
        self.apply_gradient()
        self.blocks = BlockState(self.blocks.s, self.blocks.y.detach(), None)
        return True

    def memory(self) -> dict[str, Tensor]:
        """See `OnlineLearner.memory`."""
        kept = {f"sensitivity/{n}": v.cpu().clone() for n, v in self.sensitivity.items()}
        return super().memory() | kept

    def load(self, state: LearnerState) -> None:
        """See `Learner.load`."""
        super().load(state)
        like = self.network.like
        self.sensitivity = {
            name: state.memory[f"sensitivity/{name}"].to(like, copy=True)
            for name in self.sensitivity
        }
