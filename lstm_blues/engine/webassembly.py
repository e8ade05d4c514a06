"""The kernel as WebAssembly: the same C, for the same bits, in a browser or under Node.js.

The module needs no imports.  Beside it stands an image of its memory: the network with its weights,
the songs and the settings, with a description of where each lies.
"""

from __future__ import annotations

import ctypes
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_blues.engine.compiler import FLAGS, compile_with
from lstm_blues.engine.layout import CountersOfKernel, Rules, SamplingOfKernel
from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.errors import BluesError
from lstm_blues.files import write_bytes

EXPORTS = ("learn", "begin_melody", "free_run", "play_step", "listen")
"""What a page can call; kernel/learn.c and kernel/play.c say what each takes."""
TARGET = (
    *("-target", "wasm32-wasi", "-mexec-model=reactor", "-msimd128", "-mbulk-memory", "-s"),
    *("-Wl,--export-memory", "-Wl,--export=__heap_base", "-Wl,-z,stack-size=1048576"),
    *(f"-Wl,--export={name}" for name in EXPORTS),
)
_ALIGNMENT = 64
FILES = ("kernel.wasm", "memory.bin", "memory.json")
"""What `write_webassembly` writes: the module, its memory, and what lies where in that."""


def write_webassembly(learner: CompiledLearner, folder: Path) -> dict[str, int]:
    """Writes `FILES` to `folder`, for the learner as it stands; returns the bytes of each.

    Raises `BluesError` as `build_webassembly` does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kernel = build_webassembly(learner.engine.source, folder)
    image, description = memory_image(learner)
    contents = (kernel, image, json.dumps(description, indent=1).encode())
    for name, content in zip(FILES, contents, strict=True):
        write_bytes(folder / name, content)
    return {name: len(content) for name, content in zip(FILES, contents, strict=True)}


def build_webassembly(source: str, folder: Path) -> bytes:
    """The module of a kernel's text, see `Layout.source`; works in a folder of its own in `folder`.

    Raises `BluesError` where the package `ziglang` is not installed, or it fails.
    """
    if find_spec("ziglang") is None:
        raise BluesError(
            "WebAssembly needs the extra 'compiler': pip install 'lstm_blues[compiler]'."
        )
    flags = tuple(flag for flag in FLAGS if flag not in ("-shared", "-fPIC", "-Wno-psabi"))
    compiler = (sys.executable, "-m", "ziglang", "cc")
    return compile_with(compiler, (*flags, *TARGET), source, folder)


def memory_image(learner: CompiledLearner) -> tuple[bytes, dict[str, Any]]:
    """All that `learn` works on, as one block of bytes, and what lies where in it.

    The description gives the `offset` and `length` of each array in bytes, the offsets of the
    fields of the structs, and the sizes that a page needs.  Offsets are multiples of 64; the block
    is to be copied to a multiple of 64 in the module's memory.
    """
    image = bytearray()
    arrays: dict[str, dict[str, int]] = {}
    for name, data in _arrays(learner).items():
        image += bytes(-len(image) % _ALIGNMENT)
        arrays[name] = {"offset": len(image), "length": len(data)}
        image += data
    layout, topology = learner.engine.layout, learner.network.topology
    described = {
        "exports": list(EXPORTS),
        "arrays": arrays,
        "structs": {
            name: {field[0]: getattr(struct, field[0]).offset for field in struct._fields_}
            for name, struct in (
                ("rules", Rules),
                ("counters", CountersOfKernel),
                ("sampling", SamplingOfKernel),
            )
        },
        "real": "float32" if learner.engine.dtype is np.float32 else "float64",
        "units": topology.units,
        "sets": {part.name: [part.units.start, part.units.stop] for part in topology.unit_parts},
        "cells": layout.cells,
        "s": layout.s,
        "y": layout.y,
    }
    return bytes(image), described


def _arrays(learner: CompiledLearner) -> dict[str, bytes]:
    def of(array: NDArray[Any] | ctypes.Structure | None) -> bytes:
        return b"" if array is None else bytes(memoryview(array).cast("B"))  # type: ignore[arg-type]

    return {
        "buffer": of(learner.engine.buffer),
        "levels": of(np.ascontiguousarray(learner.engine.levels)),
        "table": of(learner.table),
        "sounds": of(learner.sounds),
        "picks": of(learner.picks),
        "bar_of": of(learner.bar_of),
        "uniform": of(learner.uniform),
        "rules": of(learner.rules),
        "counters": of(learner.struct_counters),
        "losses": of(learner.losses),
    }
