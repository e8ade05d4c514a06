"""A learning rule is a gradient and an optimizer (sections 2.1, 3.1 and 5 of the report).

Each is one class, which says by what name `conf/learning` chooses it, what it carries from step to
step, what it needs, and which file of `lstm_blues/engine/kernel` is the same rule compiled.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import torch
from torch import Tensor

from lstm_blues.network.blocks import BlockState
from lstm_blues.network.network import Network
from lstm_blues.network.topology import Part, Topology

if TYPE_CHECKING:
    from lstm_blues.learning.settings import Learning
    from lstm_blues.learning.state import LearnerState


class Per(Enum):
    """What a memory has one number for, beside each weight matrix of shape (rows, M)."""

    WEIGHT = "weight"
    """Every weight: shape (rows, M)."""
    PAIR_IN_ROW = "pair in row"
    """Every two weights of a row: shape (rows, M, M)."""
    CELL_AND_WEIGHT = "cell and weight"
    """The state and the output of every cell, and every weight of the blocks: (2, C, rows, M)."""


class Memory(NamedTuple):
    """Something that a rule carries beside weights and velocities.

    name: such as `second`; `LearnerState.memory` has it under `second/PARAMETER`.
    """

    name: str
    per: Per

    def shapes(self, network: Network) -> dict[str, tuple[int, ...]]:
        """Its shapes by `NAME/PARAMETER`."""
        found = {}
        for parameter, weights in network.named_parameters():
            shape = tuple(weights.shape)
            if self.per is Per.PAIR_IN_ROW:
                shape = (*shape, shape[-1])
            if self.per is Per.CELL_AND_WEIGHT:
                if not network.topology.part_of[parameter].blocks:
                    continue
                shape = (2, network.topology.cells, *shape)
            found[f"{self.name}/{parameter}"] = shape
        return found


class _Half:
    """What gradients and optimizers have in common.

    kept: what it carries, by `NAME/PARAMETER`, on the network's device.
    """

    name: ClassVar[str]
    kernel: ClassVar[str]
    memory: ClassVar[tuple[Memory, ...]] = ()

    def __init__(self, network: Network, learning: Learning) -> None:
        self.network, self.learning = network, learning
        self.kept: dict[str, Tensor] = {}

    @classmethod
    def memory_shapes(cls, network: Network) -> dict[str, tuple[int, ...]]:
        """Shapes of what it carries, by `NAME/PARAMETER`."""
        return {
            key: shape for memory in cls.memory for key, shape in memory.shapes(network).items()
        }

    @classmethod
    def first_memory(cls, network: Network, learning: Learning) -> dict[str, Tensor]:
        """What it carries before the first step, on the CPU."""
        return {
            key: cls.first(
                torch.zeros(shape, dtype=network.like.dtype),
                network.topology.part_of[key.split("/", 1)[1]],
                learning,
            )
            for key, shape in cls.memory_shapes(network).items()
        }

    @classmethod
    def first(cls, zeros: Tensor, part: Part, learning: Learning) -> Tensor:  # noqa: ARG003
        """What it carries before the first step for one weight matrix of `part`: `zeros`."""
        return zeros

    def state(self) -> dict[str, Tensor]:
        """A copy of what it carries, on the CPU, by `NAME/PARAMETER`."""
        return {key: value.cpu().clone() for key, value in self.kept.items()}

    def load(self, state: LearnerState) -> None:
        """Goes on from `state`."""
        like = self.network.like
        self.kept = {key: state.memory[key].to(like, copy=True) for key in self.kept}


class Learns(NamedTuple):
    """Which weights change now: those that reach the chord units, and the others."""

    chords: bool
    melody: bool

    def has(self, part: Part) -> bool:
        """Whether the weights of `part` change."""
        return self.chords if part.reaches_chords else self.melody

    def groups(self, topology: Topology) -> set[str]:
        """The groups of blocks whose weights change."""
        return {part.name for part in topology.group_parts if self.has(part)}

    def playing(self, topology: Topology) -> frozenset[str] | None:
        """The groups that are computed at all; None for all."""
        return None if self.melody else topology.chord_groups


class Gradient(_Half):
    """How the errors of a step become the gradient of the cross-entropy by every weight.

    Class attributes:
        name: its choice of `learning.gradient`.
        kernel: its file of `lstm_blues/engine/kernel`.
        traces: whether blocks carry the traces of section 2.1.
        unrolled: whether it goes back through a stretch of steps, after which the weights change.
        memory: what it carries.

    It belongs to one network, and looks back at the last steps that it predicted.
    """

    traces: ClassVar[bool] = False
    unrolled: ClassVar[bool] = False

    def start(self) -> BlockState:
        """What blocks carry at a song's first step; it forgets what it carries itself."""
        return self.network.start(traces=self.traces)

    def predict(self, x: Tensor, state: BlockState, learns: Learns) -> tuple[Tensor, BlockState]:
        """The logits of the output units on the notes `x` of one step or, unrolled, of T, shape
        (T, I), and the state after them."""
        raise NotImplementedError

    def backward(self, loss: Tensor) -> None:
        """Puts the gradients of `loss`, made of the logits predicted last, at the weights."""
        loss.backward()  # type: ignore[no-untyped-call]

    def derivatives(self) -> dict[str, Tensor]:
        """How the logits predicted last change with each weight of the output units and of the
        groups that learn, by the parameters' names, each of shape (K, rows, M)."""
        raise NotImplementedError


class StepResult(NamedTuple):
    """What an optimizer makes a change of, after one step or, unrolled, T of them.

    loss: the summed cross-entropy of the units that learn.  logits, target: of all output units,
    shape (T, K).  learns: which weights change.  steps: counted before.
    """

    loss: Tensor
    logits: Tensor
    target: Tensor
    learns: Learns
    steps: int


class Optimizer(_Half):
    """What is made of the gradient.

    Class attributes:
        name: its choice of `learning.update`.
        kernel: its file of `lstm_blues/engine/kernel`.
        memory: what it carries beside the velocity.
        counts: whether it needs to know how many changes it has made (`Counters.adam_chords`).
        gradients: the names of the gradients that it works with; None for any.
        derivatives: whether it takes every output's derivatives by every weight in place of the
            gradient; its kernel then stands in the place of the gradient's.

    Attributes:
        melody_rate: learning rate of the weights that don't reach the chord units; it may change.
    """

    counts: ClassVar[bool] = False
    gradients: ClassVar[tuple[str, ...] | None] = None
    derivatives: ClassVar[bool] = False

    def __init__(self, network: Network, learning: Learning) -> None:
        super().__init__(network, learning)
        self.melody_rate = learning.melody.rates[0]

    def change(self, gradient: Gradient, result: StepResult) -> bool:
        """Changes the weights; returns whether it could, with finite numbers."""
        raise NotImplementedError

    def velocity(self) -> dict[str, Tensor]:
        """A copy of the velocity of every weight, on the CPU, by the parameters' names."""
        return {
            name: torch.zeros_like(weights.detach(), device="cpu")
            for name, weights in self.network.named_parameters()
        }


class Rule(NamedTuple):
    """A learning rule: what the errors become, and what is made of it."""

    gradient: type[Gradient]
    optimizer: type[Optimizer]
