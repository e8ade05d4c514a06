"""Where everything stands in the compiled engine's one buffer, and the C header that says so."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstm_blues.engine.compiler import kernel_source
from lstm_blues.learning.rule import Per
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import Counters
from lstm_blues.music.encoding import HELD, Encoding
from lstm_blues.network.network import BluesNetwork
from lstm_blues.network.topology import CHORDS, Part, Topology
from lstm_blues.playing.sampler import Sampling

LANES = 8
"""Rows of weights are padded to whole vectors of so many numbers."""


class SamplingOfKernel(ctypes.Structure):
    """The options of a sampler, and how held notes are marked, as the kernel reads them."""

    _fields_ = (
        ("temperature", ctypes.c_double),
        *((name, ctypes.c_int64) for name in ("top_k", "greedy", "voices", "held")),
    )

    @classmethod
    def of(cls, sampling: Sampling, encoding: Encoding) -> SamplingOfKernel:
        """The options of a sampler and an encoding."""
        return cls(
            sampling.temperature,
            sampling.top_k,
            sampling.greedy,
            sampling.voices,
            HELD.index(encoding.held),
        )


class Rules(ctypes.Structure):
    """The settings of learning and what the songs are like, as the kernel reads them."""

    _fields_ = (
        *(
            (name, ctypes.c_double)
            for name in (
                *("rate", "melody_rate", "momentum", "gross_error", "adam_decay"),
                *("kalman_over", "first_noise", "last_noise", "first_process", "last_process"),
                "own_notes",
            )
        ),
        *(
            (name, ctypes.c_int64)
            for name in (
                *("gross_errors", "count_per_chorus", "episode_choruses"),
                *("test_steps", "test_interval", "melody_together", "chords_learn"),
                *("stretch", "melody_stretch", "kalman_cross_entropy"),
                *("song_steps", "bars", "songs_in_order", "segments", "by_episode", "tested"),
                *("given", "draws"),
            )
        ),
        ("sampling", SamplingOfKernel),
    )


class CountersOfKernel(ctypes.Structure):
    """`Counters` as the kernel changes them."""

    _fields_ = tuple((field.name, ctypes.c_int64) for field in fields(Counters))


@dataclass(frozen=True)
class Place:
    """Where a part of the network stands in the buffer and in what a step works with.

    Offsets count numbers.  seen: for each source that the part sees, its place among those that the
    kernel packs for it.  width: how many those are, padded to whole vectors.  runs: see `_RUN`.
    bias: the place of the bias.  weights, velocity: of its rows, (rows, width).  traces: (3, cells,
    width).  covariance: (rows, width, width).  packed, gate, block, row, cell, input, output: the
    first of its own among all parts'.  history: in what BPTT keeps of a step.
    """

    part: Part
    seen: tuple[int, ...]
    width: int
    runs: tuple[tuple[int, ...], ...]
    weights: int = 0
    velocity: int = 0
    traces: int = 0
    covariance: int = 0
    packed: int = 0
    gate: int = 0
    block: int = 0
    row: int = 0
    cell: int = 0
    input: int = 0
    output: int = 0
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
    def units(self) -> int:
        """Its units."""
        return int(self.part.units.stop - self.part.units.start)

    @property
    def padding(self) -> tuple[int, int]:
        """The places behind the units that it sees and the bias, up to the end of that run; behind
        the bias where it sees nothing else."""
        end = self.runs[0][_RUN.index("lanes")] if self.runs else self.width
        return 1 + max(place for place in self.seen if place < end), end

    @property
    def kept(self) -> int:
        """Numbers a step that BPTT keeps of it; see kernel/bptt.c."""
        part = self.part
        return self.width + (3 * part.blocks + 3 * self.cells if part.blocks else part.height)


class Window(NamedTuple):
    """A tensor, or some of it, and where it stands in the buffer.

    key: `weights/NAME` and the like, `traces`, `s` or `y`.  where: its places in the tensor.  view:
    of the buffer, with padding.  inside: its places in the view.
    """

    key: str
    where: tuple[Any, ...]
    view: NDArray[np.floating]
    inside: tuple[Any, ...]


class Layout:
    """The compiled engine's buffer for a topology and a learning rule.

    Weights of all parts, then their velocities, then what the rule needs beside them; then what a
    reset clears: traces (or the sensitivities in their place), s and y; last what BPTT keeps.

    Args:
        topology: of the network.
        learning: gives the rule and its stretches.
        steps: of a song.
    """

    def __init__(self, topology: Topology, learning: Learning, steps: int) -> None:
        self.topology, self.learning = topology, learning
        gradient, optimizer = learning.rule
        # Every group's cells and every set's units begin on whole vectors.
        self.first_cell, self.cells = _first_of([_count(p.cells) for p in topology.group_parts])
        self.first_input, self.inputs = _first_of([_count(p.units) for p in topology.unit_parts])
        places = [self._place(part) for part in topology.parts]
        total = sum(place.size for place in places)
        # Of the groups alone, whose parts come first.
        self.group_weights = sum(place.size for place in places if place.part.blocks)
        self.history = sum(place.kept for place in places)
        self.stretches = [
            learning.stretch(steps, melody) if gradient.unrolled else 0 for melody in (False, True)
        ]
        kinds = {each.per for each in (*gradient.memory, *optimizer.memory)}
        free = 2 * total
        self.offsets = {"GRADIENT_AT": free}
        # Traces give every weight its gradient in one pass; the others sum it up first.
        free += total * (not gradient.traces)
        self.offsets["SECOND_AT"] = free
        free += total * (Per.WEIGHT in kinds)
        self.offsets["LATER_AT"] = free
        free += self.cells * self.group_weights * (Per.CELL_AND_WEIGHT in kinds)
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
            gate += _whole(3 * place.part.blocks)
            block += place.part.blocks
            row += place.part.height
            history += place.kept
            free += place.size * place.width * (Per.PAIR_IN_ROW in kinds)
        self.packed, self.gates, self.rows = packed, gate, row
        self.state = end = _whole(free)
        for number, place in enumerate(places):
            if gradient.traces:
                places[number] = replace(place, traces=end)
                end += 3 * place.cells * place.width
        end += 2 * self.cells * self.group_weights * (Per.CELL_AND_WEIGHT in kinds)
        self.places = tuple(places)
        self.s, self.y = end, end + self.cells
        # How long BPTT's stretches are depends on the songs: what it keeps of them comes last.
        self.offsets["HISTORY_AT"] = end + 2 * self.cells
        self.size = end + 2 * self.cells + self.history * max(self.stretches)

    def _place(self, part: Part) -> Place:
        """A part with the sources that it sees packed: its sets of units, the bias where they leave
        room for it, and its groups' cells, each from a whole vector on."""
        topology = self.topology
        place_of: dict[int, int] = {}
        runs: list[tuple[int, ...]] = []
        end, bias = 0, -1
        for kind, slices, firsts in (
            ("units", [p.units for p in topology.unit_parts], self.first_input),
            ("cells", [p.cells for p in topology.group_parts], self.first_cell),
        ):
            offset = 0 if kind == "units" else topology.units
            for number, (own, first) in enumerate(zip(slices, firsts, strict=True)):
                if offset + own.start not in part.seen:
                    continue
                count = _count(own)
                if kind == "units":
                    runs.append((end, first, count, _whole(count), -1, 0))
                    bias = bias if bias >= 0 or not count % LANES else end + count
                else:
                    chords = topology.group_parts[number].reaches_chords
                    runs.append((end, -1, count, _whole(count), first, int(chords)))
                place_of |= {offset + own.start + n: end + n for n in range(count)}
                end += _whole(count)
        if bias < 0:
            bias, end = end, end + LANES
        place_of[topology.sources - 1] = bias
        own_cells = own_units = 0
        if part.blocks:
            own_cells = self.first_cell[topology.group_parts.index(part)]
        else:
            own_units = self.first_input[topology.unit_parts.index(part)]
        return Place(
            part,
            tuple(place_of[source] for source in part.seen),
            end,
            tuple(runs),
            cell=own_cells,
            input=own_units,
            output=own_units,
        )

    @property
    def cell_places(self) -> list[int]:
        """Where the cells stand in s, y and other arrays of all cells."""
        return [
            first + n
            for first, part in zip(self.first_cell, self.topology.group_parts, strict=True)
            for n in range(_count(part.cells))
        ]

    @property
    def input_places(self) -> list[int]:
        """Where the units stand among the inputs as they are heard."""
        return [
            first + n
            for first, part in zip(self.first_input, self.topology.unit_parts, strict=True)
            for n in range(_count(part.units))
        ]

    def windows(self, buffer: NDArray[np.floating]) -> Iterator[Window]:
        """Everything in the buffer that a `LearnerState` holds, one window each."""
        topology = self.topology
        gradient, optimizer = self.learning.rule
        every = slice(None)
        for place in self.places:
            seen, packed, first = np.array(place.part.seen), np.array(place.seen), 0
            for name, height in place.part.rows:
                at, size = first * place.width, height * place.width
                first += height
                for kind, start in (("weights", place.weights), ("velocity", place.velocity)):
                    rows = buffer[start + at :][:size].reshape(height, place.width)
                    yield Window(f"{kind}/{name}", (every, seen), rows, (every, packed))
                for memory in (*gradient.memory, *optimizer.memory):
                    key = f"{memory.name}/{name}"
                    if memory.per is Per.WEIGHT:
                        rows = buffer[self.offsets["SECOND_AT"] + place.weights + at :][:size]
                        rows = rows.reshape(height, place.width)
                        yield Window(key, (every, seen), rows, (every, packed))
                    elif memory.per is Per.PAIR_IN_ROW:
                        count = size * place.width
                        square = buffer[place.covariance + at * place.width :][:count].reshape(
                            height, place.width, place.width
                        )
                        pairs = (every, *np.ix_(packed, packed))
                        yield Window(key, (every, *np.ix_(seen, seen)), square, pairs)
                    elif place.part.blocks:
                        count = 2 * self.cells * self.group_weights
                        all_cells = buffer[self.state :][:count].reshape(2, self.cells, -1)
                        own = all_cells[..., place.weights + at :][..., :size]
                        own = own.reshape(2, self.cells, height, place.width)
                        inside = (
                            every,
                            *np.ix_(np.array(self.cell_places), np.arange(height), packed),
                        )
                        yield Window(key, (every, every, every, seen), own, inside)
            if gradient.traces and place.part.blocks:
                traces = buffer[place.traces :][: 3 * place.cells * place.width]
                traces = traces.reshape(3, place.cells, place.width)
                own_cells = np.arange(topology.cells)[place.part.cells]
                where = (every, *np.ix_(own_cells, seen))
                yield Window("traces", where, traces, (every, every, packed))
        for name, start in (("s", self.s), ("y", self.y)):
            cells = buffer[start : start + self.cells]
            yield Window(name, (every,), cells, (np.array(self.cell_places),))

    def source(self, network: BluesNetwork, real: str) -> str:
        """The kernel's text for a network, whose numbers are of the C type `real`."""
        gradient, optimizer = self.learning.rule
        own: tuple[str, ...] = (optimizer.kernel,)
        if not optimizer.derivatives:
            own += ("gradient.c", gradient.kernel)
        first = ("maths.c", "vectors.c", "forward.c", "play.c", "counting.c", "step.c")
        files = (*first, *own, "own_notes.c", "learn.c")
        return kernel_source(self.header(network, real), files)

    def header(self, network: BluesNetwork, real: str) -> str:
        """The text that stands above the files of `kernel/`."""
        topology, chords = self.topology, self.topology.unit_slice(CHORDS)
        defines: dict[str, object] = {
            "UNITS": topology.units,
            "CELLS": self.cells,
            "INPUTS": self.inputs,
            "OUTPUTS": self.inputs,
            "BLOCKS": topology.blocks,
            "CHORDS_FIRST": chords.start,
            "CHORDS_UNITS": chords.stop - chords.start,
            "HAS_MELODY": int(not all(part.reaches_chords for part in topology.parts)),
            "GATES": self.gates,
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
        }
        lines = ["#include <stdint.h>", f"typedef {real} real;"]
        lines += [f"#define SINGLE {int(real == 'float')}", f"#define LANES {LANES}"]
        lines += [f"#define {name} {value}" for name, value in defines.items()]
        lines += [
            _struct("Sampling", SamplingOfKernel),
            _struct("Rules", Rules),
            _struct("Counters", CountersOfKernel),
        ]
        members = ", ".join(_PART)
        most = max(len(place.runs) for place in self.places)
        lines += [
            f"typedef struct {{\n  int {', '.join(_RUN)};\n}} Run;",
            f"typedef struct {{\n  int {members}, runs;",
            f"  const real *bias;\n  Run run[{most}];\n}} Part;",
        ]
        names: dict[bool, list[str]] = {True: [], False: []}
        for number, place in enumerate(self.places):
            bias = ["0"] * place.width
            bias[place.seen[-1]] = "1"
            lines.append(f"static const real bias_{number}[] = {{{', '.join(bias)}}};")
            values = [f".{name} = {value}" for name, value in _part(place).items()]
            values += [f".runs = {len(place.runs)}", f".bias = bias_{number}"]
            told = ", ".join("{" + ", ".join(map(str, run)) + "}" for run in place.runs)
            lines.append(
                f"static const Part part_{number} = {{{', '.join(values)}, .run = {{{told}}}}};"
            )
            names[bool(place.part.blocks)].append(f"DO(part_{number})")
        lines.append(f"#define GROUPS(DO) {' '.join(names[True])}")
        lines.append(f"#define GROUPS_BACK(DO) {' '.join(reversed(names[True]))}")
        lines.append(f"#define UNIT_SETS(DO) {' '.join(names[False])}")
        return "\n".join(lines) + "\n"


_PART = (
    *("chords", "blocks", "cells", "cells_per_block", "units", "rows", "width"),
    *("first_block", "first_cell", "first_gate", "first_unit", "first_input", "first_output"),
    *("first_row", "packed", "weights", "velocity", "traces", "covariance", "history"),
    *("padding", "padding_end"),
)
_RUN = ("at", "from", "count", "lanes", "cell", "chords")
"""Of the sources of one kind that a part sees: their place among all that are packed for it, and
among the inputs as they are heard; how many, and how many with padding; their first cell, -1 where
they are none; and whether those cells reach the chord units."""


def _part(place: Place) -> dict[str, int]:
    """A part as a constant of the kernel."""
    part = place.part
    values = (
        *(int(part.reaches_chords), part.blocks, place.cells, part.cells_per_block),
        *(place.units, part.height, place.width),
        *(place.block, place.cell, place.gate, part.units.start, place.input, place.output),
        *(place.row, place.packed, place.weights, place.velocity),
        *(place.traces, place.covariance, place.history),
        *place.padding,
    )
    return dict(zip(_PART, values, strict=True))


def _whole(count: int) -> int:
    """So many numbers in whole vectors."""
    return -(-count // LANES) * LANES


def _count(own: slice) -> int:
    return int(own.stop - own.start)


def _first_of(counts: Sequence[int]) -> tuple[list[int], int]:
    """Where each of several begins, each on a whole vector, and how long all are."""
    firsts = [0]
    for count in counts:
        firsts.append(firsts[-1] + _whole(count))
    return firsts[:-1], firsts[-1]


def _struct(name: str, structure: type[ctypes.Structure]) -> str:
    kinds: dict[Any, str] = {
        ctypes.c_double: "double",
        ctypes.c_int64: "int64_t",
        SamplingOfKernel: "Sampling",
    }
    members = "\n".join(f"  {kinds[kind]} {field};" for field, kind in structure._fields_)  # type: ignore[misc]
    return f"typedef struct {{\n{members}\n}} {name};"
