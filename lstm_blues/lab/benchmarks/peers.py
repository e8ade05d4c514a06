"""The engines' peers: the same song learned online with as many cells, by others' means.

One weight change per step, the gradient cut at the step: PyTorch's own LSTM cell, JAX's jitted
scan, and any program that tells its time.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lstm_blues.errors import BluesError
from lstm_blues.lab.benchmarks.timing import Contender
from lstm_blues.runs.settings import Settings

_SCAN = 1000
"""Steps per call of JAX's compiled scan."""


class LSTMCellOnline(nn.Module):
    """`torch.nn.LSTMCell`, a linear layer and `torch.optim.SGD`."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        topology = settings.network.topology
        self.cell = nn.LSTMCell(topology.units, topology.cells, dtype=torch.float64)
        self.linear = nn.Linear(topology.cells, topology.units, dtype=torch.float64)
        self.optimizer = torch.optim.SGD(
            self.parameters(), lr=settings.learning.rate, momentum=settings.learning.momentum
        )
        self.song = settings.form.chord_tensor()
        self.h = self.c = torch.zeros(1, topology.cells, dtype=torch.float64)
        self.t = 0

    def loss(self, x: Tensor, h: Tensor, c: Tensor, target: Tensor) -> tuple[Tensor, ...]:
        """Cross-entropy of one step, and the new state."""
        h, c = self.cell(x, (h, c))
        logits = self.linear(h)
        return F.binary_cross_entropy_with_logits(logits, target, reduction="sum"), h, c

    def contender(self, *, compiled: bool) -> Contender:
        """A function that learns for a number of steps; `compiled` by `torch.compile`."""
        step = torch.compile(self.loss, dynamic=False) if compiled else self.loss

        def learn(steps: int) -> int:
            for _ in range(steps):
                following = (self.t + 1) % len(self.song)
                x, target = self.song[self.t, None], self.song[following, None]
                loss, h, c = step(x, self.h, self.c, target)
                self.optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                self.optimizer.step()
                self.h, self.c, self.t = h.detach(), c.detach(), following
            return steps

        return learn


def jax_scan(settings: Settings) -> Contender:
    """The same cell, layer and momentum in JAX: `lax.scan` over steps, jitted, in float64.

    It learns in whole scans of 1,000 steps.  Raises `BluesError` where JAX is not installed.
    """
    if find_spec("jax") is None:
        raise BluesError("JAX is not installed.")
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jnp, nn_of_jax = import_module("jax.numpy"), import_module("jax.nn")
    topology, learning = settings.network.topology, settings.learning
    cells, units = topology.cells, topology.units
    song = jnp.asarray(settings.form.chord_tensor().numpy())
    keys = jax.random.split(jax.random.key(settings.seed), 4)
    shapes = {"x": (4 * cells, units), "h": (4 * cells, cells), "y": (units, cells)}
    parameters = {
        name: jax.random.uniform(key, shape, song.dtype, -0.1, 0.1)
        for key, (name, shape) in zip(keys, shapes.items(), strict=False)
    }
    parameters |= {"b": jnp.zeros(4 * cells), "b_y": jnp.zeros(units)}

    def loss(p: Any, x: Any, h: Any, c: Any, target: Any) -> tuple[Any, tuple[Any, Any]]:
        i, f, g, o = jnp.split(p["x"] @ x + p["h"] @ h + p["b"], 4)
        c = nn_of_jax.sigmoid(f) * c + nn_of_jax.sigmoid(i) * jnp.tanh(g)
        h = nn_of_jax.sigmoid(o) * jnp.tanh(c)
        logits = p["y"] @ h + p["b_y"]
        return (nn_of_jax.softplus(logits) - target * logits).sum(), (h, c)

    def step(carry: Any, _: None) -> tuple[Any, Any]:
        p, v, h, c, t = carry
        following = (t + 1) % len(song)
        (value, (h, c)), gradient = jax.value_and_grad(loss, has_aux=True)(
            p, song[t], h, c, song[following]
        )
        v = jax.tree.map(lambda v, g: learning.momentum * v + g, v, gradient)
        p = jax.tree.map(lambda p, v: p - learning.rate * v, p, v)
        return (p, v, h, c, following), value

    scan = jax.jit(lambda carry: jax.lax.scan(step, carry, None, length=_SCAN))
    zeros = jnp.zeros(cells)
    carry = (parameters, jax.tree.map(jnp.zeros_like, parameters), zeros, zeros, 0)

    def learn(steps: int) -> int:
        nonlocal carry
        scans = -(-steps // _SCAN)
        for _ in range(scans):
            carry, losses = scan(carry)
        jax.block_until_ready(losses)
        return scans * _SCAN

    return learn


def program(path: str) -> Contender:
    """A program that takes a number of steps and prints its nanoseconds per step, `N ns/step`.

    Raises `BluesError` where it is no program, or prints none.
    """
    if shutil.which(path) is None:
        raise BluesError(f"--against is {path!r}, but must be a program on this machine.")

    def learn(steps: int) -> int:
        done = subprocess.run([path, str(steps)], capture_output=True, text=True, check=True)
        match = re.search(r"([\d.]+) ns/step", done.stdout)
        if match is None:
            raise BluesError(f"--against {path!r} printed no nanoseconds per step.")
        learn.seconds = float(match[1]) * 1e-9 * steps  # type: ignore[attr-defined]
        return steps

    return learn
