"""LSTM with peepholes (Gers and Schmidhuber 2000), which were made for counting and timing."""

import math

import torch
from torch import Tensor, nn

from lstm_blues.network.blocks import BlockState
from lstm_blues.network.cells.hidden import HiddenNetwork, OwnLayer


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
        """Outputs and states, shape (N, H), after a step on x, shape (N, I)."""
        of_input, of_forget, of_output = self.peepholes
        i, f, g, o = self.net(torch.cat((x, y), 1)).chunk(4, 1)
        s = torch.sigmoid(f + of_forget * s) * s + torch.sigmoid(i + of_input * s) * torch.tanh(g)
        return torch.sigmoid(o + of_output * s) * torch.tanh(s), s


class Peepholes(HiddenNetwork):
    """`network.cell` `peepholes`: as `torch.nn.LSTM`, with peepholes."""

    def build(self) -> nn.Module:
        return _Layer(self.topology.units, self.hidden_units)

    @property
    def state_sizes(self) -> tuple[int, int]:
        """The cells' states and outputs."""
        return self.hidden_units, self.hidden_units

    def run(self, x: Tensor, state: BlockState) -> tuple[Tensor, BlockState]:
        s, y, outputs = state.s, state.y, []
        for heard in x:
            y, s = self.hidden(heard, y, s)
            outputs.append(y)
        return torch.stack(outputs), BlockState(s, y, None)
