"""The report's gradient: carried forward by traces, and cut where errors would leave a cell's state
(section 2.1).

What is cut, and how, stands in `MemoryBlocks.truncated_gradient`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lstm_blues.learning.rule import Gradient, Learns
from lstm_blues.network.blocks import BlockState
from lstm_blues.network.network import BluesNetwork, Step


class Truncated(Gradient):
    """`Learning.gradient` `truncated`."""

    name = "truncated"
    kernel = "truncated.c"
    traces = True
    network: BluesNetwork
    _last: Step

    def predict(self, x: Tensor, state: BlockState, learns: Learns) -> tuple[Tensor, BlockState]:
        topology = self.network.topology
        learning, playing = learns.groups(topology), learns.playing(topology)
        self._last = self.network.step(x, state, learning=learning, playing=playing)
        return self._last.logits, self._last.state

    @torch.no_grad()
    def derivatives(self) -> dict[str, Tensor]:
        unit_deltas = torch.eye(self.network.topology.units).to(self._last.logits)[:, None]
        return self.network.truncated_gradients(self._last, unit_deltas)
