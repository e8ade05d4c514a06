"""The choices of `learning.gradient` and `learning.update`, by name."""

from lstm_blues.learning.bptt import Bptt
from lstm_blues.learning.kalman import Kalman
from lstm_blues.learning.optimizers import FIRST_ORDER
from lstm_blues.learning.rtrl import Rtrl
from lstm_blues.learning.rule import Gradient, Optimizer
from lstm_blues.learning.truncated import Truncated

GRADIENTS: dict[str, type[Gradient]] = {each.name: each for each in (Truncated, Rtrl, Bptt)}
"""Choices of `learning.gradient`."""

_OPTIMIZERS: tuple[type[Optimizer], ...] = (*FIRST_ORDER, Kalman)
OPTIMIZERS: dict[str, type[Optimizer]] = {each.name: each for each in _OPTIMIZERS}
"""Choices of `learning.update`."""
