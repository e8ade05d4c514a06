"""A learning rule is a gradient and an optimizer (sections 2.1, 3.1 and 5 of the report).

Each is one class, which says by what name `conf/learning` chooses it, what it carries from step to
step, what it needs, and which file of `lstm_blues/engine/kernel` is the same rule compiled.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar, NamedTuple


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


class Gradient:
    """How the errors of a step become the gradient of the cross-entropy by every weight.

    Class attributes:
        name: its choice of `learning.gradient`.
        kernel: its file of `lstm_blues/engine/kernel`.
        traces: whether blocks carry the traces of section 2.1.
        unrolled: whether it goes back through a stretch of steps, after which the weights change.
        memory: what it carries.
    """

    name: ClassVar[str]
    kernel: ClassVar[str]
    traces: ClassVar[bool] = False
    unrolled: ClassVar[bool] = False
    memory: ClassVar[tuple[Memory, ...]] = ()


class Optimizer:
    """What is made of the gradient.

    Class attributes:
        name: its choice of `learning.update`.
        kernel: its file of `lstm_blues/engine/kernel`.
        memory: what it carries beside the velocity.
        counts: whether it needs to know how many changes it has made (`Counters.adam_chords`).
        gradients: the names of the gradients that it works with; None for any.
        derivatives: whether it takes every output's derivatives by every weight in place of the
            gradient; its kernel then stands in the place of the gradient's.
    """

    name: ClassVar[str]
    kernel: ClassVar[str]
    memory: ClassVar[tuple[Memory, ...]] = ()
    counts: ClassVar[bool] = False
    gradients: ClassVar[tuple[str, ...] | None] = None
    derivatives: ClassVar[bool] = False
