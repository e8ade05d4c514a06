"""The whole network: memory blocks and output units (sections 2.1, 3.1 and 4.1 of the report)."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lstm_blues.cell import BlockState, MemoryBlocks
from lstm_blues.errors import require
from lstm_blues.topology import GATES, Topology


class BluesNetwork(nn.Module):
    """Memory blocks, and logistic output units that see the cells and the inputs directly.

    Args:
        topology: groups of blocks, sets of units and their connections.
        g: squashing of the cells' inputs, see `lstm_blues.cell.SQUASHINGS`.
        h: squashing of the cells' states.
        dtype: of weights and states; float64, since at the report's learning rate single precision
            loses small weight changes.

    All weights are zero until `initialise` or `load_state_dict`.
    """

    output_mask: Tensor

    def __init__(
        self, topology: Topology, g: str, h: str, dtype: torch.dtype = torch.float64
    ) -> None:
        super().__init__()
        self.topology = topology
        self.g, self.h = g, h
        self.blocks = MemoryBlocks(topology, g, h)
        self.output = nn.Parameter(torch.zeros(topology.units, topology.sources))
        self.register_buffer("output_mask", topology.output_mask(), persistent=False)
        self.to(dtype)

    @torch.no_grad()
    def initialise(self, seed: int, weight_range: float) -> None:
        """Draws every weight uniformly from [-weight_range, weight_range] and sets the biases.

        Each group and each set of units draws from a stream of its own, made from `seed` and its
        name, so that a group's weights don't depend on which other groups there are.
        """
        require(weight_range >= 0, "network.weight_range", weight_range, "at least 0")
        blocks, topology = self.blocks, self.topology
        for parameter in self.parameters():
            parameter.zero_()
        for group in topology.groups:
            seen = topology.visible(group.inputs, group.recurrent)[:-1]
            rows = topology.block_slice(group.name)
            draw = _Draws(seed, f"group {group.name}", weight_range)
            for gate in GATES:
                weights: Tensor = getattr(blocks, f"{gate}_gate")
                draw.into(weights, rows, seen)
                weights[rows, -1] = weights.new_tensor(getattr(group, f"{gate}_bias"))
            draw.into(blocks.cell, topology.cell_slice(group.name), seen)
        for units in topology.unit_sets:
            seen = topology.visible(units.inputs, units.cells)[:-1]
            rows = topology.unit_slice(units.name)
            _Draws(seed, f"units {units.name}", weight_range).into(self.output, rows, seen)
            self.output[rows, -1] = units.bias

    def start(self, songs: int = 1, *, traces: bool = True) -> BlockState:
        """The state before a song's first step; without `traces`, for a frozen network."""
        return self.blocks.start(songs, traces=traces)

    def forward(self, x: Tensor, state: BlockState) -> tuple[Tensor, BlockState]:
        """One step on the notes `x`, shape (N, I).

        Returns the nets of the output units, shape (N, K), whose logistic is the probability of
        each note at the next step, and the new state.
        """
        state = self.blocks(x, state)
        v = torch.cat((x, state.y, x.new_ones(x.shape[0], 1)), dim=1)
        # The mask is on the gradient's path too: an absent connection gets exactly zero.
        return F.linear(v, self.output * self.output_mask), state


class _Draws:
    """A stream of uniform numbers of its own for one part of the network."""

    def __init__(self, seed: int, part: str, weight_range: float) -> None:
        digest = hashlib.sha256(f"{seed} {part}".encode()).digest()
        self.generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
        self.weight_range = weight_range

    def into(self, weights: Tensor, rows: slice, columns: list[int]) -> None:
        """Fills `weights[rows, columns]`; drawn in float64 on the CPU whatever the weights are."""
        count = len(range(*rows.indices(weights.shape[0])))
        drawn = torch.rand(count, len(columns), generator=self.generator, dtype=torch.float64)
        index = torch.arange(weights.shape[0])[rows, None]
        drawn = (2 * drawn - 1) * self.weight_range
        weights[index, torch.tensor(columns)] = drawn.to(weights)


def cross_entropy(net: Tensor, target: Tensor) -> Tensor:
    """Equation 1 of the report, summed over units and songs, from the nets of the output units.

    Its gradient at the nets is o - t, the report's delta with the sign of descent.
    """
    return F.binary_cross_entropy_with_logits(net, target, reduction="sum")
