"""The choices of `learning.gradient` and `learning.update`, by name."""

from __future__ import annotations

from typing import NamedTuple

from lstm_blues.learning.rule import Gradient, Memory, Optimizer, Per


class Truncated(Gradient):
    """The report's gradient (section 2.1)."""

    name = "truncated"
    kernel = "truncated.c"
    traces = True


class Rtrl(Gradient):
    """The whole gradient, carried forward."""

    name = "rtrl"
    kernel = "rtrl.c"
    memory = (Memory("sensitivity", Per.CELL_AND_WEIGHT),)


class Bptt(Gradient):
    """The whole gradient, back-propagated through a stretch of steps."""

    name = "bptt"
    kernel = "bptt.c"
    unrolled = True


class Momentum(Optimizer):
    """Steps with momentum (section 3.1)."""

    name = "momentum"
    kernel = "momentum.c"


class Nesterov(Optimizer):
    """Nesterov's momentum, as `torch.optim.SGD` has it."""

    name = "nesterov"
    kernel = "nesterov.c"


class Adam(Optimizer):
    """`torch.optim.Adam`."""

    name = "adam"
    kernel = "adam.c"
    memory = (Memory("second", Per.WEIGHT),)
    counts = True


class Kalman(Optimizer):
    """The decoupled extended Kalman filter."""

    name = "kalman"
    kernel = "kalman.c"
    memory = (Memory("covariance", Per.PAIR_IN_ROW),)
    gradients = ("truncated",)
    derivatives = True


class Rule(NamedTuple):
    """A learning rule: what the errors become, and what is made of it."""

    gradient: type[Gradient]
    optimizer: type[Optimizer]


GRADIENTS: dict[str, type[Gradient]] = {each.name: each for each in (Truncated, Rtrl, Bptt)}
"""Choices of `learning.gradient`."""

OPTIMIZERS: dict[str, type[Optimizer]] = {
    each.name: each for each in (Momentum, Nesterov, Adam, Kalman)
}
"""Choices of `learning.update`."""
