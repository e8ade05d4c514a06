"""Memory blocks and their truncated gradient (section 2.1 of the report; Gers et al. 2000).

A block is S cells behind one input, one forget and one output gate, without peepholes.  Letters
follow the equations: u sources, iota, phi and omega the gates, g and h the activations, s cell
states, y cell outputs, P traces.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from lstm_blues.errors import require_choice
from lstm_blues.network.topology import Group


class Activation(NamedTuple):
    """A activation function and its slope, the slope as a function of the squashed value."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(lambda x: x, torch.ones_like),
    "tanh": Activation(torch.tanh, lambda v: 1 - v * v),
    "logistic_1": Activation(lambda x: 2 * torch.sigmoid(x) - 1, lambda v: (1 - v * v) / 2),
    "logistic_2": Activation(lambda x: 4 * torch.sigmoid(x) - 2, lambda v: (4 - v * v) / 4),
}
"""Choices for g and h by name; `logistic_n` is the logistic function scaled to [-n, n]."""


class BlockActivations(NamedTuple):
    """One forward step of all blocks; every tensor has shape (N, C), gates repeated by cell."""

    iota: Tensor
    phi: Tensor
    omega: Tensor
    g: Tensor
    s: Tensor
    h: Tensor
    y: Tensor


class BlockState(NamedTuple):
    """What blocks carry from step to step, for N independent songs.

    s: cell states, shape (N, C).  y: cell outputs, shape (N, C).  traces: shape (3, N, C, M), for
    the weights to the cells, the input gates and the forget gates; None in a frozen network.
    """

    s: Tensor
    y: Tensor
    traces: Tensor | None


class BlockWeights(NamedTuple):
    """Weights from all M sources: three gates of shape (B, M), the cells' inputs (C, M)."""

    input_gate: Tensor
    forget_gate: Tensor
    output_gate: Tensor
    cell: Tensor


def block_step(
    weights: BlockWeights, u: Tensor, s: Tensor, block_of_cell: Tensor, g: Activation, h: Activation
) -> BlockActivations:
    """The forward pass of one step, in plain differentiable operations (section 2.1).

    u: sources [x(t); y(t-1); 1], shape (N, M).  s: states of the step before, shape (N, C).
    """
    iota, phi, omega = (
        torch.sigmoid(F.linear(u, w))[:, block_of_cell]
        for w in (weights.input_gate, weights.forget_gate, weights.output_gate)
    )
    squashed = g.value(F.linear(u, weights.cell))
    s = phi * s + iota * squashed
    h_of_s = h.value(s)
    return BlockActivations(iota, phi, omega, squashed, s, h_of_s, omega * h_of_s)


class TruncatedStep(torch.autograd.Function):
    """One step whose backward pass is the report's truncated gradient (section 2.1).

    Errors that reach a gate or a cell's input go no further back; errors inside a cell live on in
    its state, carried forward by the traces.  Only y has a gradient: it is enough, since every
    earlier step's share is already in the traces.
    """

    @staticmethod
    def forward(
        ctx: Any,
        input_gate: Tensor,
        forget_gate: Tensor,
        output_gate: Tensor,
        cell: Tensor,
        u: Tensor,
        s: Tensor,
        traces: Tensor,
        blocks: MemoryBlocks,
    ) -> tuple[Tensor, Tensor, Tensor]:
        weights = BlockWeights(input_gate, forget_gate, output_gate, cell)
        a = block_step(weights, u, s, blocks.block_of_cell, blocks.g, blocks.h)
        into = torch.stack(
            (
                blocks.g.slope(a.g) * a.iota,
                a.g * a.iota * (1 - a.iota),
                s * a.phi * (1 - a.phi),
            )
        )
        seen = u[:, None, :] * blocks.mask
        traces = a.phi[..., None] * traces + into[..., None] * seen
        ctx.blocks = blocks
        ctx.save_for_backward(u, a.omega, a.h, traces)
        ctx.mark_non_differentiable(a.s, traces)
        return a.y, a.s, traces

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        blocks: MemoryBlocks = ctx.blocks
        u, omega, h, traces = ctx.saved_tensors
        epsilon = gradients[0]
        e = omega * blocks.h.slope(h) * epsilon
        to_cell, to_input, to_forget = (torch.einsum("nc,ncm->cm", e, p) for p in traces)
        to_output = torch.einsum("nc,nm->cm", omega * (1 - omega) * h * epsilon, u)
        to_output = to_output * blocks.mask
        return (
            blocks.sum_over_cells(to_input),
            blocks.sum_over_cells(to_forget),
            blocks.sum_over_cells(to_output),
            to_cell,
            None,
            None,
            None,
            None,
        )


class MemoryBlocks(nn.Module):
    """The memory blocks of one group.

    Args:
        group: blocks, cells and first gate biases.
        mask: which of the M sources the group sees, shape (M,), bool.
        g: name of the activation of the cells' inputs, one of `ACTIVATIONS`.
        h: name of the activation of the cells' states, one of `ACTIVATIONS`.

    Weights of absent connections are zero and stay exactly zero.
    Raises `BluesError` for an unknown activation.
    """

    block_of_cell: Tensor
    mask: Tensor

    def __init__(self, group: Group, mask: Tensor, g: str, h: str) -> None:
        super().__init__()
        require_choice("network.g", g, ACTIVATIONS)
        require_choice("network.h", h, ACTIVATIONS)
        self.g, self.h = ACTIVATIONS[g], ACTIVATIONS[h]
        blocks, cells, sources = group.blocks, group.blocks * group.cells, len(mask)
        block_of_cell = torch.arange(blocks).repeat_interleave(group.cells)
        self.register_buffer("block_of_cell", block_of_cell, persistent=False)
        self.register_buffer("mask", mask, persistent=False)
        self.input_gate = nn.Parameter(torch.zeros(blocks, sources))
        self.forget_gate = nn.Parameter(torch.zeros(blocks, sources))
        self.output_gate = nn.Parameter(torch.zeros(blocks, sources))
        self.cell = nn.Parameter(torch.zeros(cells, sources))

    @property
    def weights(self) -> BlockWeights:
        """The four weight matrices."""
        return BlockWeights(self.input_gate, self.forget_gate, self.output_gate, self.cell)

    def sum_over_cells(self, by_cell: Tensor) -> Tensor:
        """Sums rows (C, M) over the cells of each block, shape (B, M)."""
        by_block = by_cell.new_zeros(len(self.input_gate), by_cell.shape[1])
        return by_block.index_add_(0, self.block_of_cell, by_cell)

    def whole(self, u: Tensor, s: Tensor) -> BlockState:
        """One step in plain differentiable operations, through which errors go all the way back.

        u: sources, shape (N, M), and s: states of the step before, shape (N, C), both with their
        gradients.
        """
        seen = BlockWeights(*(w * self.mask for w in self.weights))
        a = block_step(seen, u, s, self.block_of_cell, self.g, self.h)
        return BlockState(a.s, a.y, None)

    def forward(self, u: Tensor, s: Tensor, traces: Tensor | None) -> BlockState:
        """One step on the sources u = [x(t); y(t-1); 1], shape (N, M), from the states `s`.

        With `traces`, y of the result carries the truncated gradient; without, the step is frozen
        and carries none.
        """
        if traces is None:
            with torch.no_grad():
                a = block_step(self.weights, u, s, self.block_of_cell, self.g, self.h)
            return BlockState(a.s, a.y, None)
        y, s, traces = TruncatedStep.apply(  # type: ignore[no-untyped-call]
            *self.weights, u, s, traces, self
        )
        return BlockState(s, y, traces)
