"""Where everything stands in the compiled engine's one buffer, and the C header that says so."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from lstm_blues.learning.rule import Per
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import Counters
from lstm_blues.network.network import BluesNetwork
from lstm_blues.network.topology import CHORDS, Part, Topology

LANES = 4
"""Rows of weights are padded to whole vectors of so many numbers."""
_ACTIVATIONS = {
    name: f"{name.upper()}" for name in ("identity", "tanh", "logistic_1", "logistic_2")
}


class Rules(ctypes.Structure):
    """The settings of learning and what the songs are like, as the kernel reads them."""

    _fields_ = (
        *(
            (name, ctypes.c_double)
            for name in (
                *("rate", "melody_rate", "momentum", "gross_error", "adam_decay"),
                *("kalman_over", "first_noise", "last_noise", "first_process", "last_process"),
            )
        ),
        *(
            (name, ctypes.c_int64)
            for name in (
                *("gross_errors", "count_per_chorus", "episode_choruses"),
                *("test_steps", "test_interval", "melody_together", "chords_learn"),
                *("stretch", "melody_stretch"),
                *("song_steps", "bars", "songs_in_order", "by_episode", "tested", "given"),
            )
        ),
    )


class CountersOfKernel(ctypes.Structure):
    """`Counters` as the kernel changes them."""

    _fields_ = tuple((field.name, ctypes.c_int64) for field in fields(Counters))


@dataclass(frozen=True)
class Place:
    """Where a part of the network stands in the buffer and in what a step works with.

    Offsets count numbers.  width: its sources, padded to whole vectors.  weights, velocity: of its
    rows, (rows, width).  traces: (3, cells, width).  covariance: (rows, width, width).  packed,
    gate, block, row: the first of its own among all parts'.  history: in what BPTT keeps of a step.
    """

    part: Part
    width: int
    weights: int = 0
    velocity: int = 0
    traces: int = 0
    covariance: int = 0
    packed: int = 0
    gate: int = 0
    block: int = 0
    row: int = 0
    history: int = 0

    @property
    def size(self) -> int:
        """Numbers of its weights."""
        return self.width * self.part.height

    @property
    def cells(self) -> int:
        """Its cells."""
        return int(self.part.cells.stop - self.part.cells.start)

    @property
    def kept(self) -> int:
        """Numbers a step that BPTT keeps of it; see kernel/bptt.c."""
        part = self.part
        return self.width + (3 * part.blocks + 3 * self.cells if part.blocks else part.height)


class Layout:
    """The compiled engine's buffer for a topology and a learning rule.

    Weights of all parts, then their velocities, then what the rule needs beside them; last what a
    reset clears: traces (or the sensitivities in their place), s and y.
    """

    def __init__(self, topology: Topology, learning: Learning, steps: int) -> None:
        self.topology, self.learning = topology, learning
        gradient, optimizer = learning.rule
        places = [Place(part, -(-len(part.seen) // LANES) * LANES) for part in topology.parts]
        total = sum(place.size for place in places)
        # Of the groups alone, whose parts come first.
        self.group_weights = sum(place.size for place in places if place.part.blocks)
        self.history = sum(place.kept for place in places)
        self.stretches = [
            learning.stretch(steps, melody) if gradient.unrolled else 0 for melody in (False, True)
        ]
        memory = {each.per: each.name for each in (*gradient.memory, *optimizer.memory)}
        free = 2 * total
        self.offsets = {"GRADIENT_AT": free}
        # Traces give every weight its gradient in one pass; the others sum it up first.
        free += total * (not gradient.traces)
        self.offsets["SECOND_AT"] = free
        free += total * (Per.WEIGHT in memory)
        self.offsets["HISTORY_AT"] = free
        free += self.history * max(self.stretches)
        self.offsets["LATER_AT"] = free
        free += topology.cells * self.group_weights * (Per.CELL_AND_WEIGHT in memory)
        # The first of each kind, for the parts in turn.
        at = packed = gate = block = row = history = 0
        for number, place in enumerate(places):
            places[number] = replace(
                place,
                weights=at,
                velocity=total + at,
                covariance=free,
                packed=packed,
                gate=gate,
                block=block,
                row=row,
                history=history,
            )
            at += place.size
            packed += place.width
            gate += 3 * place.part.blocks
            block += place.part.blocks
            row += place.part.height
            history += place.kept
            free += place.size * place.width * (Per.PAIR_IN_ROW in memory)
        self.packed, self.rows = packed, row
        # One buffer's parts begin on whole vectors.
        self.state = end = -(-free // LANES) * LANES
        for number, place in enumerate(places):
            if gradient.traces:
                places[number] = replace(place, traces=end)
                end += 3 * place.cells * place.width
        end += 2 * topology.cells * self.group_weights * (Per.CELL_AND_WEIGHT in memory)
        self.places = tuple(places)
        padded = -(-topology.cells // LANES) * LANES
        self.s, self.y = end, end + padded
        self.size = end + 2 * padded

    def memory(
        self, buffer: NDArray[np.floating], per: Per, place: Place, first: int, height: int
    ) -> NDArray[np.floating] | None:
        """The view of what is kept for some rows of a part, without the padding; or None."""
        width, count = place.width, len(place.part.seen)
        at, size = first * width, height * width
        if per is Per.WEIGHT:
            start = self.offsets["SECOND_AT"] + place.weights + at
            return buffer[start : start + size].reshape(height, width)[:, :count]
        if per is Per.PAIR_IN_ROW:
            start = place.covariance + at * width
            square = buffer[start : start + size * width].reshape(height, width, width)
            return square[:, :count, :count]
        if not place.part.blocks:
            return None
        cells, weights = self.topology.cells, self.group_weights
        every = buffer[self.state : self.state + 2 * cells * weights].reshape(2, cells, weights)
        own = every[..., place.weights + at : place.weights + at + size]
        return own.reshape(2, cells, height, width)[..., :count]

    @property
    def kernel_files(self) -> tuple[str, ...]:
        """The files of `kernel/`, in the order in which they are compiled as one text."""
        gradient, optimizer = self.learning.rule
        own: tuple[str, ...] = (optimizer.kernel,)
        if not optimizer.derivatives:
            own += ("gradient.c", gradient.kernel)
        return ("maths.c", "forward.c", "play.c", "counting.c", "step.c", *own, "learn.c")

    def header(self, network: BluesNetwork, real: str) -> str:
        """The text that stands above the files of `kernel/`."""
        topology, chords = self.topology, self.topology.unit_slice(CHORDS)
        defines: dict[str, object] = {
            "UNITS": topology.units,
            "CELLS": topology.cells,
            "BLOCKS": topology.blocks,
            "SOURCES": topology.sources,
            "CHORDS_FIRST": chords.start,
            "CHORDS_UNITS": chords.stop - chords.start,
            "HAS_MELODY": int(not all(part.reaches_chords for part in topology.parts)),
            "GATES": 3 * topology.blocks,
            "ROWS": self.rows,
            "PACKED": self.packed,
            "MAX_ROWS": max(part.height for part in topology.parts),
            "MAX_WIDTH": max(place.width for place in self.places),
            "MAX_CELLS": max(part.cells_per_block for part in topology.parts),
            "ACTIVATION_G": network.g.upper(),
            "ACTIVATION_H": network.h.upper(),
            "WEIGHTS": self.group_weights,
            "HISTORY": self.history,
            **self.offsets,
            "STATE_AT": self.state,
            "S_AT": self.s,
            "Y_AT": self.y,
            "SIZE": self.size,
        }
        kalman_error = self.learning.kalman.error
        defines["KALMAN_CROSS_ENTROPY"] = int(kalman_error == "cross_entropy")
        lines = ["#include <stdint.h>", f"typedef {real} real;"]
        lines += [f"#define {name} {value}" for name, value in defines.items()]
        lines += [_struct("Rules", Rules), _struct("Counters", CountersOfKernel)]
        of_cell = [0] * topology.cells
        for part in topology.group_parts:
            of_cell[part.cells] = [int(part.reaches_chords)] * (part.cells.stop - part.cells.start)
        lines.append(_array("cell_chords", of_cell))
        lines.append(
            f"typedef struct {{\n  int {', '.join(_PART)};\n  const int *gather;\n}} Part;"
        )
        names: dict[bool, list[str]] = {True: [], False: []}
        for number, place in enumerate(self.places):
            part = place.part
            # Past the last source stands a zero.
            index = [*part.seen, *[topology.sources] * (place.width - len(part.seen))]
            lines.append(_array(f"gather_{number}", index))
            values = ", ".join(f".{name} = {value}" for name, value in _part(place).items())
            lines.append(
                f"static const Part part_{number} = {{{values}, .gather = gather_{number}}};"
            )
            names[bool(part.blocks)].append(f"DO(part_{number})")
        lines.append(f"#define GROUPS(DO) {' '.join(names[True])}")
        lines.append(f"#define UNIT_SETS(DO) {' '.join(names[False])}")
        return "\n".join(lines) + "\n"


_PART = (
    *("chords", "blocks", "cells", "cells_per_block", "units", "rows", "width"),
    *("first_block", "first_cell", "first_gate", "first_unit", "first_row"),
    *("packed", "weights", "velocity", "traces", "covariance", "history"),
)


def _part(place: Place) -> dict[str, int]:
    """A part as a constant of the kernel."""
    part = place.part
    values = (
        *(int(part.reaches_chords), part.blocks, place.cells, part.cells_per_block),
        *(part.units.stop - part.units.start, part.height, place.width),
        *(place.block, part.cells.start, place.gate, part.units.start, place.row),
        *(place.packed, place.weights, place.velocity),
        *(place.traces, place.covariance, place.history),
    )
    return dict(zip(_PART, values, strict=True))


def _struct(name: str, structure: type[ctypes.Structure]) -> str:
    kinds = {ctypes.c_double: "double", ctypes.c_int64: "int64_t"}
    members = "\n".join(f"  {kinds[kind]} {field};" for field, kind in structure._fields_)  # type: ignore[misc]
    return f"typedef struct {{\n{members}\n}} {name};"


def _array(name: str, values: Sequence[int]) -> str:
    return f"static const int {name}[] = {{{', '.join(map(str, values))}}};"
