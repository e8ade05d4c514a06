"""One layer of hidden units of any kind, and output units that see it and the inputs directly."""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor, nn

from lstm_blues.music.encoding import REPORT, Encoding
from lstm_blues.network.blocks import BlockState
from lstm_blues.network.network import Network
from lstm_blues.network.topology import Topology


class OwnLayer(nn.Module):
    """A hidden layer with weights that are in no module of torch's."""

    def reset_parameters(self) -> None:
        """Draws those weights, as torch's modules do theirs."""
        raise NotImplementedError


class HiddenNetwork(Network):
    """A network for chords alone; its kind of cell is a subclass.

    Args:
        topology: its sets of units count, its groups of blocks don't.
        hidden: hidden units H.
        window: steps that a network without recurrence sees.
        dtype: of weights and states.
        encoding: how notes stand at the units.
    """

    def __init__(
        self,
        topology: Topology,
        hidden: int,
        window: int = 1,
        dtype: torch.dtype = torch.float64,
        encoding: Encoding = REPORT,
    ) -> None:
        super().__init__(topology, encoding)
        self.hidden_units, self.window = hidden, window
        self.hidden = self.build()
        self.output = nn.Linear(topology.units + hidden, topology.units)
        self.to(dtype)

    def build(self) -> nn.Module:
        """The hidden layer."""
        raise NotImplementedError

    def run(self, x: Tensor, state: BlockState) -> tuple[Tensor, BlockState]:
        """The hidden units' activations, shape (T, N, H), on what is heard, shape (T, N, I), and
        the state at the end."""
        raise NotImplementedError

    def split_parameters(self) -> tuple[list[Tensor], list[Tensor]]:
        """All reach the chords."""
        return list(self.parameters()), []

    def initialise(self, seed: int, weight_range: float) -> None:  # noqa: ARG002
        """torch's own first weights, drawn from `seed`."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for module in self.modules():
                if isinstance(module, nn.RNNBase | nn.Linear | OwnLayer):
                    module.reset_parameters()

    def start(self, songs: int = 1, *, traces: bool = True) -> BlockState:  # noqa: ARG002
        s, y = self.state_sizes
        return BlockState(self.like.new_zeros(songs, s), self.like.new_zeros(songs, y), None)

    def sequence(
        self,
        x: Tensor,
        state: BlockState,
        playing: Collection[str] | None = None,  # noqa: ARG002
    ) -> tuple[Tensor, BlockState]:
        heard = self.hear(x)
        hidden, state = self.run(heard[:, None], state)
        return self.output(torch.cat((heard, hidden[:, 0]), 1)), state

    def forward(
        self,
        x: Tensor,
        state: BlockState,
        *,
        learning: Collection[str] | None = None,  # noqa: ARG002
        playing: Collection[str] | None = None,  # noqa: ARG002
    ) -> tuple[Tensor, BlockState]:
        heard = self.hear(x)
        hidden, state = self.run(heard[None], state)
        return self.output(torch.cat((heard, hidden[0]), 1)), state


class RecurrentNetwork(HiddenNetwork):
    """A hidden layer whose state is its activation."""

    def outputs(self, x: Tensor, y: Tensor) -> Tensor:
        """The hidden units' activations, shape (T, N, H), on what is heard, shape (T, N, I), after
        activations y, shape (N, H)."""
        raise NotImplementedError

    @property
    def state_sizes(self) -> tuple[int, int]:
        return 0, self.hidden_units

    def run(self, x: Tensor, state: BlockState) -> tuple[Tensor, BlockState]:
        hidden = self.outputs(x, state.y)
        return hidden, BlockState(state.s, hidden[-1], None)


def one_step_before(values: Tensor, first: Tensor) -> Tensor:
    """Values, shape (T, ...), each a step later, after `first`, shape (...)."""
    return torch.cat((first[None], values[:-1]))


class WindowNetwork(HiddenNetwork):
    """A hidden layer that sees `network.window` steps, this one and those before it.

    What it has heard of the window is its state; before a song's first step it heard zeros.
    """

    def look(self, windows: Tensor) -> Tensor:
        """The hidden units' activations, shape (T, N, H), on windows of what is heard, shape
        (T, N, I, window), the oldest step first."""
        raise NotImplementedError

    @property
    def state_sizes(self) -> tuple[int, int]:
        """The window without this step."""
        return self.topology.units * (self.window - 1), 0

    def run(self, x: Tensor, state: BlockState) -> tuple[Tensor, BlockState]:
        steps, songs, units = x.shape
        before = state.s.reshape(songs, self.window - 1, units).transpose(0, 1)
        heard = torch.cat((before, x))
        kept = heard[steps:].transpose(0, 1).reshape(songs, -1)
        return self.look(heard.unfold(0, self.window, 1)), BlockState(kept, state.y, None)
