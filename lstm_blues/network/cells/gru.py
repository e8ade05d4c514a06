"""Gated recurrent units (Cho et al. 2014)."""

from torch import nn

from lstm_blues.network.cells.hidden import RecurrentNetwork


class Gru(RecurrentNetwork):
    """`network.cell` `gru`: `torch.nn.GRU`."""

    def build(self) -> nn.Module:
        return nn.GRU(self.topology.units, self.hidden_units)
