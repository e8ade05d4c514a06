"""A feed-forward network that sees a window of steps, this one and those before it."""

import torch
from torch import Tensor, nn

from lstm_blues.network.cells.hidden import WindowNetwork


class FeedForward(WindowNetwork):
    """`network.cell` `feed_forward`: one layer of tanh units over `network.window` steps."""

    def build(self) -> nn.Module:
        return nn.Linear(self.topology.units * self.window, self.hidden_units)

    def look(self, windows: Tensor) -> Tensor:
        return torch.tanh(self.hidden(windows.flatten(2)))
