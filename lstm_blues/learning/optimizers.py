"""Steps along the gradient, by `torch.optim` (section 3.1; Kingma and Ba 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from lstm_blues.learning.rule import Gradient, Memory, Optimizer, Per, StepResult
from lstm_blues.network.network import Network

if TYPE_CHECKING:
    from lstm_blues.learning.settings import Learning
    from lstm_blues.learning.state import LearnerState


class TorchOptimizer(Optimizer):
    """One of `torch.optim`.

    Class attributes:
        velocity_key: what torch calls the velocity.
        memory_keys: what it calls what is in `memory`.
    """

    velocity_key: ClassVar[str] = "momentum_buffer"
    memory_keys: ClassVar[dict[str, str]] = {}

    def __init__(self, network: Network, learning: Learning) -> None:
        super().__init__(network, learning)
        self.parts = network.split_parameters()
        rates = (learning.rate, self.melody_rate)
        groups = [
            {"params": part, "lr": rate}
            for part, rate in zip(self.parts, rates, strict=True)
            if part
        ]
        self.torch = self.build(groups)

    def build(self, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
        """torch's optimizer of the weights in `groups`, which have their learning rates."""
        raise NotImplementedError

    def change(self, gradient: Gradient, result: StepResult) -> bool:
        self.torch.zero_grad()
        gradient.backward(result.loss)
        for part, learns in zip(self.parts, result.learns, strict=True):
            if not learns:
                # Without a gradient, momentum doesn't move them either, and Adam doesn't count.
                for weights in part:
                    weights.grad = None
        if self.parts[1]:
            self.torch.param_groups[-1]["lr"] = self.melody_rate
        self.torch.step()
        return True

    def velocity(self) -> dict[str, Tensor]:
        return self._of_torch(self.velocity_key)

    def state(self) -> dict[str, Tensor]:
        return {
            f"{memory}/{name}": value
            for memory, key in self.memory_keys.items()
            for name, value in self._of_torch(key).items()
        }

    def _of_torch(self, key: str) -> dict[str, Tensor]:
        """What torch keeps of every weight; zeros where it has none yet."""
        return {
            name: self.torch.state[weights].get(key, torch.zeros_like(weights)).cpu().clone()
            for name, weights in self.network.named_parameters()
        }

    def load(self, state: LearnerState) -> None:
        changes = state.counters.adam_chords, state.counters.adam_melody
        steps = {id(w): n for part, n in zip(self.parts, changes, strict=True) for w in part}
        for name, weights in self.network.named_parameters():
            # Buffers of zeros and none at all give the same next change.
            kept = self.torch.state[weights]
            kept[self.velocity_key] = state.velocity[name].to(weights, copy=True)
            for memory, key in self.memory_keys.items():
                kept[key] = state.memory[f"{memory}/{name}"].to(weights, copy=True)
            if self.counts:
                kept["step"] = torch.tensor(float(steps[id(weights)]))


class Momentum(TorchOptimizer):
    """`Learning.update` `momentum`: `torch.optim.SGD` (Plaut et al. 1986, section 3.1)."""

    name = "momentum"
    kernel = "momentum.c"

    def build(self, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
        return torch.optim.SGD(groups, momentum=self.learning.momentum)


class Nesterov(TorchOptimizer):
    """`Learning.update` `nesterov`: `torch.optim.SGD` with the gradient as it will be after the
    next step of the momentum (Nesterov 1983; Sutskever et al. 2013)."""

    name = "nesterov"
    kernel = "nesterov.c"

    def build(self, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
        momentum = self.learning.momentum
        # Without momentum it is plain descent, which torch doesn't call Nesterov's.
        return torch.optim.SGD(groups, momentum=momentum, nesterov=momentum > 0)


class Adam(TorchOptimizer):
    """`Learning.update` `adam`: `torch.optim.Adam`; the velocity is its first moment."""

    name = "adam"
    kernel = "adam.c"
    memory = (Memory("second", Per.WEIGHT),)
    counts = True
    velocity_key = "exp_avg"
    memory_keys: ClassVar[dict[str, str]] = {"second": "exp_avg_sq"}

    def build(self, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
        return torch.optim.Adam(groups, betas=(self.learning.momentum, self.learning.adam_decay))


FIRST_ORDER: tuple[type[Optimizer], ...] = (Momentum, Nesterov, Adam)
"""Optimizers of the gradient alone, each with a file of `lstm_blues/engine/kernel`."""
