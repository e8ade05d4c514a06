"""The kernels that the page needs, as WebAssembly, and what lies where in the memory of each.

A kernel does not depend on the songs: one serves every form with the same units.
"""

from __future__ import annotations

import ctypes
import hashlib
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lstm_blues.engine.compiler import FLAGS, cache_folder
from lstm_blues.engine.layout import CountersOfKernel, Layout, Rules, SamplingOfKernel
from lstm_blues.engine.population import cores
from lstm_blues.engine.webassembly import TARGET, build_webassembly
from lstm_blues.files import write_bytes
from lstm_blues.network.network import BluesNetwork
from lstm_blues.runs.build import Parts

_MAGIC = b"\0asm"


@dataclass(frozen=True)
class PageKernel:
    """One kernel of the page.

    source: its text.  layout: of the buffer that it works on, as the page reads it: `described`.
    """

    source: str
    layout: dict[str, Any]


def kernel_of(parts: Parts) -> PageKernel:
    """The kernel of a run's network and learning rule.

    Raises `BluesError` where the network has no memory blocks.
    """
    network = parts.blocks
    layout = Layout(network.topology, parts.settings.learning, parts.settings.song_steps)
    return PageKernel(layout.source(network, "double"), described(layout, network))


def described(layout: Layout, network: BluesNetwork) -> dict[str, Any]:
    """A layout as the page reads it; offsets and sizes count numbers, those of structs bytes.

    weights: numbers at the buffer's beginning that a network that plays needs.  size: of the whole
    buffer without what BPTT keeps of the songs' steps, which comes last; history: of that, per
    step.  parts: what each part sees of [x; y; 1] and its places among those that are packed for
    it, its matrices of weights in order, each with its rows.
    """
    topology = network.topology
    groups = [
        {
            "name": place.part.name,
            "blocks": place.part.blocks,
            "cells": place.part.cells_per_block,
            "firstBlock": place.block,
            "firstCell": place.part.cells.start,
            "firstGate": place.gate,
        }
        for place in layout.places
        if place.part.blocks
    ]
    return {
        "real": "float64",
        "units": topology.units,
        "sources": topology.sources,
        "sets": {part.name: [part.units.start, part.units.stop] for part in topology.unit_parts},
        "inputs": layout.inputs,
        "inputPlaces": layout.input_places,
        "cells": layout.cells,
        "cellPlaces": layout.cell_places,
        "gates": layout.gates,
        "groups": groups,
        "parts": [
            {
                "name": place.part.name,
                "isGroup": place.part.blocks > 0,
                "reachesChords": place.part.reaches_chords,
                "rows": [list(rows) for rows in place.part.rows],
                "seen": list(place.part.seen),
                "packed": list(place.seen),
                "width": place.width,
                "weights": place.weights,
            }
            for place in layout.places
        ],
        "weights": sum(place.size for place in layout.places),
        "size": layout.size - layout.history * max(layout.stretches),
        "history": layout.history,
        "s": layout.s,
        "y": layout.y,
        "structs": {
            name: _struct(struct)
            for name, struct in (
                ("rules", Rules),
                ("counters", CountersOfKernel),
                ("sampling", SamplingOfKernel),
            )
        },
    }


def _struct(struct: type[ctypes.Structure]) -> dict[str, Any]:
    """The bytes of a struct, and of each field its offset and kind."""
    kinds: dict[Any, str] = {ctypes.c_double: "float64", ctypes.c_int64: "int64"}
    return {
        "size": ctypes.sizeof(struct),
        "fields": {
            field[0]: [getattr(struct, field[0]).offset, kinds.get(field[1], "struct")]
            for field in struct._fields_
        },
    }


def build_kernels(sources: Mapping[str, str], built: Callable[[], object]) -> dict[str, bytes]:
    """The modules of kernels by name, from their texts, on all cores; kept in the cache folder.

    built: is called after each.  Raises `BluesError` where the package `ziglang` is not installed,
    or it fails.
    """

    def build(source: str) -> bytes:
        module = _build(source)
        built()
        return module

    with ThreadPoolExecutor(len(cores())) as pool:
        return dict(zip(sources, pool.map(build, sources.values()), strict=True))


def _build(source: str) -> bytes:
    try:
        compiler = version("ziglang")
    except PackageNotFoundError:
        compiler = ""
    key = "\0".join([source, compiler, *FLAGS, *TARGET])
    path = cache_folder() / f"page-{hashlib.sha256(key.encode()).hexdigest()[:24]}.wasm"
    with suppress(OSError):
        kept = path.read_bytes()
        if kept.startswith(_MAGIC):
            return kept
    with tempfile.TemporaryDirectory(prefix="lstm_blues-") as folder:
        module = build_webassembly(source, Path(folder))
    with suppress(OSError):  # a cache that cannot be written is gone without
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_bytes(path, module)
    return module
