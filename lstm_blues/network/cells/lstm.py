"""Standard `torch.nn.LSTM`: gates for each cell, tanh for g and h."""

from torch import Tensor, nn

from lstm_blues.network.blocks import BlockState
from lstm_blues.network.cells.hidden import HiddenNetwork


class Lstm(HiddenNetwork):
    """`network.cell` `lstm`: `torch.nn.LSTM`."""

    def build(self) -> nn.Module:
        return nn.LSTM(self.topology.units, self.hidden_units)

    @property
    def state_sizes(self) -> tuple[int, int]:
        """The cells' states and outputs."""
        return self.hidden_units, self.hidden_units

    def run(self, x: Tensor, state: BlockState) -> tuple[Tensor, BlockState]:
        hidden, (y, s) = self.hidden(x, (state.y[None], state.s[None]))
        return hidden, BlockState(s[0], y[0], None)
