"""A feed-forward network that sees a window of steps, this one and those before it."""

import torch
from torch import Tensor, nn

from lstm_blues.network.blocks import BlockState
from lstm_blues.network.cells.hidden import HiddenNetwork


class FeedForward(HiddenNetwork):
    """`network.cell` `feed_forward`: one layer of tanh units over `network.window` steps.

    What it has heard of the window is its state; before a song's first step it heard zeros.
    """

    def build(self) -> nn.Module:
        return nn.Linear(self.topology.units * self.window, self.hidden_units)

    @property
    def state_sizes(self) -> tuple[int, int]:
        """The window without this step."""
        return self.topology.units * (self.window - 1), 0

    def run(self, x: Tensor, state: BlockState) -> tuple[Tensor, BlockState]:
        steps, songs, units = x.shape
        before = state.s.reshape(songs, self.window - 1, units).transpose(0, 1)
        heard = torch.cat((before, x))
        windows = heard.unfold(0, self.window, 1)  # (T, N, I, window)
        hidden = torch.tanh(self.hidden(windows.flatten(2)))
        kept = heard[steps:].transpose(0, 1).reshape(songs, -1)
        return hidden, BlockState(kept, state.y, None)
