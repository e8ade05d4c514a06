"""Where everything stands in the compiled engine's one buffer."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import Counters
from lstm_blues.network.network import BluesNetwork
from lstm_blues.network.topology import CHORDS, Topology

LANES = 4
"""Rows of weights are padded to whole vectors of so many numbers."""


_ACTIVATIONS = {"identity": 0, "tanh": 1, "logistic_1": 2, "logistic_2": 3}


_RULES = (
    *("gross_errors", "count_per_chorus", "episode_choruses", "test_steps", "test_interval"),
    *("songs_in_order", "melody_together", "chords_learn", "test_uniform"),
    *("by_episode", "tested", "given"),
)


_REALS_OF_ALL = 4


_LEARNER_REALS = (
    *("adam_decay", "kalman_over"),
    *("first_noise", "last_noise", "first_process", "last_process"),
)

_GRADIENT_FILES = {"truncated": "truncated.c", "rtrl": "rtrl.c", "bptt": "bptt.c"}


@dataclass(frozen=True)
class _Part:
    """The rows of the buffer that belong to one group of blocks or one set of units."""

    names: tuple[str, ...]  # the network's parameters, in the order of their rows
    heights: tuple[int, ...]  # rows of each
    seen: list[int]  # places in [x; y; 1] of the packed sources
    cells: slice  # the group's cells; empty for units
    form: bool  # whether it reaches the chord units
    width: int = 0  # packed sources, padded
    weights: int = 0  # offsets in the buffer
    velocity: int = 0
    traces: int = 0
    covariance: int = 0

    @property
    def size(self) -> int:
        """Numbers of its weights."""
        return self.width * sum(self.heights)


class Layout:
    """Where everything stands in the compiled engine's one buffer.

    Weights of all parts, then their velocities, then what other learners need, then the traces (or
    what they have in their place), s and y.
    """

    def __init__(self, topology: Topology, learning: Learning, steps: int) -> None:
        self.topology, self.learning = topology, learning
        parts: list[_Part] = []
        for each in topology.parts:
            parts.append(
                _Part(
                    tuple(rows.parameter for rows in each.rows),
                    tuple(rows.height for rows in each.rows),
                    list(each.seen),
                    each.cells,
                    each.reaches_chords,
                )
            )
        parts = [replace(part, width=-(-len(part.seen) // LANES) * LANES) for part in parts]
        total = sum(part.size for part in parts)
        # Of the groups alone, whose parts come first.
        self.group_weights = sum(part.size for part in parts[: len(topology.groups)])
        gradient, adam = learning.gradient, learning.update == "adam"
        summed = learning.update != "kalman" and (gradient != "truncated" or adam)
        self.stretches = [
            learning.stretch(steps, melody) if gradient == "bptt" else 0 for melody in (False, True)
        ]
        self.history = sum(_kept(part) for part in parts)
        free = 2 * total
        self.gradient = free
        free += total * summed
        self.second = free
        free += total * adam
        self.history_at = free
        free += self.history * max(self.stretches)
        self.later = free
        free += topology.cells * self.group_weights * (gradient == "rtrl")
        at = 0
        self.parts: list[_Part] = []
        for part in parts:
            self.parts.append(replace(part, weights=at, velocity=total + at, covariance=free))
            at += part.size
            free += part.size * part.width * (learning.update == "kalman")
        # One buffer's parts begin on whole vectors.
        self.traces = traces = -(-free // LANES) * LANES
        if gradient == "truncated":
            for number, part in enumerate(self.parts):
                self.parts[number] = replace(part, traces=traces)
                traces += 3 * (part.cells.stop - part.cells.start) * part.width
        if gradient == "rtrl":
            traces += 2 * topology.cells * self.group_weights
        self.groups = self.parts[: len(topology.groups)]
        self.unit_sets = self.parts[len(topology.groups) :]
        self.trace_count = traces - self.traces
        padded = -(-topology.cells // LANES) * LANES
        self.s = traces
        self.y = traces + padded
        self.size = traces + 2 * padded

    def header(self, steps: int, bars: int, network: BluesNetwork, real: str) -> str:
        """The constants that `fused.c` is compiled with."""
        topology = self.topology
        defines: dict[str, object] = {
            "UNITS": topology.units,
            "CELLS": topology.cells,
            "SOURCES": topology.sources,
            "STEPS": steps,
            "BARS": bars,
            "FORM_FIRST": topology.unit_slice(CHORDS).start,
            "FORM_UNITS": topology.unit_slice(CHORDS).stop - topology.unit_slice(CHORDS).start,
            "SQUASH_G": _ACTIVATIONS[network.g],
            "SQUASH_H": _ACTIVATIONS[network.h],
            "TRACES_AT": self.traces,
            "TRACES": self.trace_count,
            "S_AT": self.s,
            "Y_AT": self.y,
        }
        lines = [f"typedef {real} real;"]
        lines += [f"#define {name} {value}" for name, value in defines.items()]
        for names in ([c.name for c in fields(Counters)], _RULES):
            lines.append("enum { " + ", ".join(_constant(name) for name in names) + " };")
        gathers, groups, sets = [], [], []
        for number, (part, group) in enumerate(zip(self.groups, topology.groups, strict=True)):
            places = [group.blocks, group.cells, part.width, part.weights, part.velocity]
            groups.append(_call(number, part, [*places, part.traces, part.cells.start]))
            gathers.append((f"g{number}", part))
        for number, (part, units) in enumerate(
            zip(self.unit_sets, topology.unit_sets, strict=True)
        ):
            places = [units.units, part.width, part.weights, part.velocity]
            sets.append(_call(number, part, [*places, topology.unit_slice(units.name).start]))
            gathers.append((f"u{number}", part))
        for name, part in gathers:
            index = part.seen + [topology.sources] * (part.width - len(part.seen))
            lines.append(f"static const int gather_{name}[] = {{{', '.join(map(str, index))}}};")
        if self.learner_files:
            lines += self._learner_header()
        lines.append(f"#define GROUPS(X) {' '.join(groups)}")
        lines.append(f"#define UNIT_SETS(X) {' '.join(sets)}")
        return "\n".join(lines) + "\n"

    @property
    def learner_files(self) -> tuple[str, ...]:
        """The files of `learners/` that take the place of the report's weight change."""
        if self.learning.update == "kalman":
            return ("kalman.c",)
        if self.learning.gradient == "truncated" and self.learning.update == "momentum":
            return ()
        return ("optimizer.c", _GRADIENT_FILES[self.learning.gradient])

    def _learner_header(self) -> list[str]:
        """The constants of the files in `learners/`."""
        topology, learning = self.topology, self.learning
        form = [0] * topology.cells
        for part in self.groups:
            form[part.cells] = [int(part.form)] * (part.cells.stop - part.cells.start)
        defines: dict[str, int] = {
            "UPDATE_ADAM": int(learning.update == "adam"),
            "KALMAN_CROSS_ENTROPY": int(learning.kalman.error == "cross_entropy"),
            "HAS_MELODY": int(not all(part.form for part in self.parts)),
            "WEIGHTS": self.group_weights,
            "GRADIENT_AT": self.gradient,
            "SECOND_AT": self.second,
            "STRETCH": self.stretches[0],
            "MELODY_STRETCH": self.stretches[1],
            "HISTORY": self.history,
            "HISTORY_AT": self.history_at,
            "LATER_AT": self.later,
        }
        kept = 0
        for kind, parts in (("g", self.groups), ("u", self.unit_sets)):
            for number, part in enumerate(parts):
                defines[f"H_{kind}{number}"] = kept
                defines[f"K_{kind}{number}"] = part.covariance
                kept += _kept(part)
        names = ", ".join(_constant(name) for name in _LEARNER_REALS)
        return [
            *(f"#define {name} {value}" for name, value in defines.items()),
            f"enum {{ {names.replace(',', f' = {_REALS_OF_ALL},', 1)} }};",
            f"static const int cell_chords[] = {{{', '.join(map(str, form))}}};",
        ]


def _kept(part: _Part) -> int:
    """Numbers a step that the unrolled gradient keeps of a part; see learners/unrolled.c."""
    cells = part.cells.stop - part.cells.start
    gates = sum(part.heights) - cells
    return part.width + gates + 3 * cells if cells else part.width + part.heights[0]


def _call(number: int, part: _Part, places: list[int]) -> str:
    """One call of the X-macro that lists the parts."""
    return f"X({', '.join(map(str, [number, int(part.form), *places]))})"


def _constant(name: str) -> str:
    return f"N_{name.upper()}"
