"""Memory blocks and their truncated gradient (section 2.1 of the report; Gers et al. 2000).

A block is S cells behind one input, one forget and one output gate, without peepholes.  Letters
follow the equations: u sources, iota, phi and omega the gates, g and h the activations, s cell
states, y cell outputs, P traces.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from lstm_blues.errors import require_choice
from lstm_blues.network.topology import Group


class Activation(NamedTuple):
    """An activation function and its slope, the slope as a function of the squashed value."""

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
    """One forward step of all blocks.

    Every tensor has shape (..., N, C), gates repeated by cell.
    """

    iota: Tensor
    phi: Tensor
    omega: Tensor
    g: Tensor
    s: Tensor
    h: Tensor
    y: Tensor


class BlockState(NamedTuple):
    """What blocks carry from step to step, for N independent songs.

    s: cell states, shape (..., N, C).  y: cell outputs, shape (..., N, C).  traces: shape
    (3, ..., N, C, M), for the weights to the cells, the input gates and the forget gates; None in a
    frozen network.  Axes in front are those of the weights.
    """

    s: Tensor
    y: Tensor
    traces: Tensor | None


class BlockWeights(NamedTuple):
    """Weights from all M sources: three gates of shape (..., B, M), the cells' inputs (..., C, M).

    Axes in front are those of many networks at once.
    """

    input_gate: Tensor
    forget_gate: Tensor
    output_gate: Tensor
    cell: Tensor


def block_step(
    weights: BlockWeights, u: Tensor, s: Tensor, block_of_cell: Tensor, g: Activation, h: Activation
) -> BlockActivations:
    """The forward pass of one step, in plain differentiable operations (section 2.1).

    u: sources [x(t); y(t-1); 1], shape (..., N, M).  s: states of the step before, shape
    (..., N, C).
    """
    iota, phi, omega = (
        torch.sigmoid(u @ w.mT).index_select(-1, block_of_cell)
        for w in (weights.input_gate, weights.forget_gate, weights.output_gate)
    )
    squashed = g.value(u @ weights.cell.mT)
    s = phi * s + iota * squashed
    h_of_s = h.value(s)
    return BlockActivations(iota, phi, omega, squashed, s, h_of_s, omega * h_of_s)


class TruncatedStep(torch.autograd.Function):
    """One step whose backward pass is `MemoryBlocks.truncated_gradient`.

    Takes the four weight matrices, u, s, traces and the blocks; returns `BlockActivations` and the
    new traces.  Only y has a gradient: it is enough, since every earlier step's share is already in
    the traces.
    """

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> tuple[Tensor, ...]:
        *weights, u, s, traces, blocks = inputs
        a, traces = blocks.step(BlockWeights(*weights), u, s, traces)
        ctx.blocks = blocks
        ctx.save_for_backward(u, a.omega, a.h, traces)
        ctx.mark_non_differentiable(*a[:-1], traces)
        return *a, traces

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        epsilon = gradients[-2]
        return *ctx.blocks.truncated_gradient(epsilon, *ctx.saved_tensors), None, None, None, None


def sum_over_songs(gradients: Tensor) -> Tensor:
    """Sums gradients (..., N, rows, M) over N songs, without a copy where there is one."""
    return gradients.squeeze(-3) if gradients.shape[-3] == 1 else gradients.sum(-3)


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

    def next_traces(self, traces: Tensor, u: Tensor, s: Tensor, a: BlockActivations) -> Tensor:
        """The traces after a step with the activations `a`, from the states `s` on the sources `u`
        (section 2.1)."""
        into = torch.stack(
            (
                self.g.slope(a.g) * a.iota,
                a.g * a.iota * (1 - a.iota),
                s * a.phi * (1 - a.phi),
            )
        )
        seen = u[..., None, :] * self.mask
        return a.phi[..., None] * traces + into[..., None] * seen

    def truncated_gradient(
        self, epsilon: Tensor, u: Tensor, omega: Tensor, h: Tensor, traces: Tensor
    ) -> BlockWeights:
        """The report's truncated gradient of one step, summed over songs (section 2.1).

        Errors that reach a gate or a cell's input go no further back; errors inside a cell live on
        in its state, carried forward by the traces.

        Args:
            epsilon: the cost's derivatives by the cells' outputs y, shape (..., N, C).  It may have
                axes that the rest lacks, for the gradients of many costs.
            u: the step's sources, shape (..., N, M).
            omega, h: of the step's activations, shape (..., N, C).
            traces: after the step, shape (3, ..., N, C, M).
        """
        e = omega * self.h.slope(h) * epsilon
        to_cell, to_input, to_forget = (sum_over_songs(e[..., None] * p) for p in traces)
        out = omega * (1 - omega) * h * epsilon
        to_output = sum_over_songs(out[..., None] * (u * self.mask)[..., None, :])
        return BlockWeights(
            self._sum_over_cells(to_input),
            self._sum_over_cells(to_forget),
            self._sum_over_cells(to_output),
            to_cell,
        )

    def _sum_over_cells(self, by_cell: Tensor) -> Tensor:
        """Sums rows (..., C, M) over the cells of each block, shape (..., B, M)."""
        *front, _, sources = by_cell.shape
        by_block = by_cell.reshape(*front, self.input_gate.shape[-2], -1, sources)
        # In the order of the cells, which `sum` does not promise.
        return reduce(torch.add, by_block.unbind(-2))

    def whole(self, u: Tensor, s: Tensor) -> BlockState:
        """One step in plain differentiable operations, through which errors go all the way back.

        u: sources, shape (N, M), and s: states of the step before, shape (N, C), both with their
        gradients.
        """
        seen = BlockWeights(*(w * self.mask for w in self.weights))
        a, _ = self.step(seen, u, s, None)
        return BlockState(a.s, a.y, None)

    def forward(
        self, u: Tensor, s: Tensor, traces: Tensor | None
    ) -> tuple[BlockActivations, Tensor | None]:
        """One step on the sources u = [x(t); y(t-1); 1], shape (..., N, M), from the states `s`.

        With `traces`, y of the result carries the truncated gradient, and the new traces come with
        it; without, the step is frozen and carries none.
        """
        if traces is None or not torch.is_grad_enabled():
            with torch.no_grad():
                return self.step(self.weights, u, s, traces)
        *values, traces = TruncatedStep.apply(  # type: ignore[no-untyped-call]
            *self.weights, u, s, traces, self
        )
        return BlockActivations(*values), traces

    def step(
        self, weights: BlockWeights, u: Tensor, s: Tensor, traces: Tensor | None
    ) -> tuple[BlockActivations, Tensor | None]:
        """`forward` in plain operations, which carry no truncated gradient."""
        a = block_step(weights, u, s, self.block_of_cell, self.g, self.h)
        return a, None if traces is None else self.next_traces(traces, u, s, a)
