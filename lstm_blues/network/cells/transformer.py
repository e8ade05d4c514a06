"""A small causal transformer (Vaswani et al. 2017): one block, one head, over a window of steps."""

import math

import torch
from torch import Tensor, nn

from lstm_blues.network.cells.hidden import OwnLayer, WindowNetwork


class _Block(OwnLayer):
    """What the last step of each window makes of all its steps.

    Args:
        units: input units I.
        hidden: size H of the embedding, of the head and of the layer behind it.
        window: steps W.
    """

    def __init__(self, units: int, hidden: int, window: int) -> None:
        super().__init__()
        self.embed = nn.Linear(units, hidden)
        self.places = nn.Parameter(torch.zeros(window, hidden))
        self.query, self.value = (nn.Linear(hidden, hidden) for _ in range(2))
        # A bias would add the same to all that is compared.
        self.key = nn.Linear(hidden, hidden, bias=False)
        self.mix = nn.Linear(hidden, hidden)
        self.up, self.down = (nn.Linear(hidden, hidden) for _ in range(2))

    def reset_parameters(self) -> None:
        nn.init.uniform_(self.places, -1.0, 1.0)

    def forward(self, windows: Tensor) -> Tensor:
        """Shape (T, N, H), of windows (T, N, W, I): causal, since a window ends with its step."""
        steps = self.embed(windows) + self.places
        query, keys = self.query(steps[:, :, -1:]), self.key(steps)
        weights = torch.softmax(query @ keys.mT / math.sqrt(keys.shape[-1]), -1)
        y = steps[:, :, -1] + self.mix((weights @ self.value(steps))[:, :, 0])
        return y + self.down(torch.relu(self.up(y)))  # type: ignore[no-any-return]


class Transformer(WindowNetwork):
    """`network.cell` `transformer`: attention of each step to its window, then a layer of ReLUs."""

    def build(self) -> nn.Module:
        return _Block(self.topology.units, self.hidden_units, self.window)

    def look(self, windows: Tensor) -> Tensor:
        return self.hidden(windows.mT)  # type: ignore[no-any-return]
