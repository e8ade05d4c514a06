"""Elman's simple recurrent network (1990): hidden units that see themselves, a step later."""

from torch import nn

from lstm_blues.network.cells.hidden import RecurrentNetwork


class Elman(RecurrentNetwork):
    """`network.cell` `elman`: `torch.nn.RNN`, tanh units."""

    def build(self) -> nn.Module:
        return nn.RNN(self.topology.units, self.hidden_units)
