"""A network in the compiled engine: its kernel, and the buffer that this works on."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstm_blues.engine.compiler import compile_kernel
from lstm_blues.engine.layout import LANES, Layout
from lstm_blues.errors import BluesError
from lstm_blues.learning.settings import Learning
from lstm_blues.network.network import BluesNetwork
from lstm_blues.playing.sampler import THRESHOLD

_REALS: dict[torch.dtype, tuple[str, type[np.floating]]] = {
    torch.float64: ("double", np.float64),
    torch.float32: ("float", np.float32),
}

assert THRESHOLD == 0.5, "the kernel looks at the sign of a chord unit's logit"


class CompiledNetwork:
    """The kernel compiled for a network, and a buffer with the network's weights.

    Args:
        network: gives topology, activations, dtype and weights; it does not change.
        learning: the rule that the kernel learns by.
        steps: of a song.

    Attributes:
        layout: of the buffer.
        source: the kernel's text.
        compiled: the kernel.
        buffer: shape (layout.size,), float64 or float32.
        levels: what the network hears of each unit that is off, and that is on, shape (2, I).

    Raises:
        BluesError: there is no C compiler, or the network is not on the CPU in float64 or float32.
    """

    def __init__(self, network: BluesNetwork, learning: Learning, steps: int = 1) -> None:
        like = network.like
        if like.device.type != "cpu":
            raise BluesError(f"engine=fast runs on device=cpu only, not on {like.device.type!r}.")
        if like.dtype not in _REALS:
            raise BluesError(f"engine=fast computes in float64 or float32, not in {like.dtype}.")
        real, self.dtype = _REALS[like.dtype]
        self.layout = Layout(network.topology, learning, steps)
        self.source = self.layout.source(network, real)
        self.compiled = compile_kernel(self.source, 8 * LANES * np.dtype(self.dtype).itemsize)
        self.buffer = _aligned(self.layout.size, self.dtype)
        silent = torch.zeros_like(network.mean)
        self.levels = np.stack([network.hear(on).numpy() for on in (silent, silent + 1)])
        self.write({f"weights/{name}": value for name, value in network.named_parameters()})

    def call(self, function: str, *arguments: Any) -> int:
        """Calls a function of the kernel: arrays are handed on as pointers, structs by reference,
        whole numbers as 64-bit ones."""
        told = [_told(argument) for argument in arguments]
        return int(getattr(self.compiled.library, function)(*told))

    def sounds(self, table: Tensor) -> NDArray[np.floating]:
        """How notes, 1.0 or 0.0, shape (..., I), are heard: each set of units from a whole vector
        on, shape (..., layout.inputs)."""
        heard = np.where(table.cpu().numpy() > 0, self.levels[1], self.levels[0])
        found = np.zeros((*heard.shape[:-1], self.layout.inputs), self.dtype)
        found[..., self.layout.input_places] = heard
        return found

    def write(self, tensors: dict[str, Tensor]) -> None:
        """Writes those tensors of `Layout.windows` that there are."""
        for key, where, view, inside in self.layout.windows(self.buffer):
            if key in tensors:
                view[inside] = tensors[key].detach().numpy()[where]

    def read(self, tensors: dict[str, Tensor]) -> None:
        """Reads those tensors of `Layout.windows` that there are, in place."""
        for key, where, view, inside in self.layout.windows(self.buffer):
            if key in tensors:
                tensors[key][where] = torch.from_numpy(view[inside])


def _told(argument: Any) -> Any:
    if isinstance(argument, np.ndarray):
        return argument.ctypes.data_as(ctypes.c_void_p)
    if isinstance(argument, ctypes.Structure | ctypes.c_int64):
        return ctypes.byref(argument)
    return None if argument is None else ctypes.c_int64(argument)


def _aligned(size: int, dtype: type[np.floating]) -> NDArray[np.floating]:
    """Zeros that begin on a cache line."""
    item = np.dtype(dtype).itemsize
    room = np.zeros(size + 64 // item, dtype=dtype)
    skip = -room.ctypes.data % 64 // item
    return room[skip : skip + size]
