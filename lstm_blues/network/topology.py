"""Who sees whom, as data (sections 3.1 and 4.1 of the report).

The sources of every gate, cell and output unit stand in one order, [x; y; 1]: the input units, the
cells, the bias.  Gates and cells read y of the step before, output units y of the same step.  A
topology says once what each part of the network is and which of them it sees; blocks, learners and
the compiled engine all read that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from lstm_blues.errors import BluesError, require

GATES = ("input", "forget", "output")
BLOCK_PARAMETERS = ("input_gate", "forget_gate", "output_gate", "cell")
"""The weight matrices of a group of blocks, in the order of their rows."""


CHORDS = "chords"
"""The set of units that plays the form: gross errors and free runs are counted on it."""


MELODY = "melody"
"""The set of units that plays one note of the melody at a time."""


@dataclass(frozen=True)
class Group:
    """A group of memory blocks that share their sources.

    Args:
        name: such as `chords`.
        blocks: number of blocks B.
        cells: cells per block S, which share its three gates.
        input_bias: initial biases of the input gates, one per block: staged, so that the blocks
            come online one by one (section 3.1).
        forget_bias: the same of the forget gates.
        output_bias: the same of the output gates.
        inputs: names of the `Units` whose input units its gates and cells see.
        recurrent: names of the groups whose cells they see.
    """

    name: str
    blocks: int
    cells: int
    input_bias: tuple[float, ...]
    forget_bias: tuple[float, ...]
    output_bias: tuple[float, ...]
    inputs: tuple[str, ...]
    recurrent: tuple[str, ...]

    def __post_init__(self) -> None:
        where = f"network.groups.{self.name}"
        require(self.blocks > 0, f"{where}.blocks", self.blocks, "at least 1")
        require(self.cells > 0, f"{where}.cells", self.cells, "at least 1")
        for gate in GATES:
            biases = getattr(self, f"{gate}_bias")
            require(
                len(biases) == self.blocks,
                f"{where}.{gate}_bias",
                list(biases),
                f"one number for each of the {self.blocks} blocks",
            )
            require(all(map(math.isfinite, biases)), f"{where}.{gate}_bias", list(biases), "finite")


@dataclass(frozen=True)
class Units:
    """A set of notes: its input units and, one for one, its output units.

    Args:
        name: such as `chords`.
        units: how many notes.
        bias: initial bias of the output units (0.5 in section 3.1).
        inputs: names of the `Units` whose input units its output units see.
        cells: names of the groups whose cells they see.
    """

    name: str
    units: int
    bias: float
    inputs: tuple[str, ...]
    cells: tuple[str, ...]

    def __post_init__(self) -> None:
        where = f"network.units.{self.name}"
        require(self.units > 0, f"{where}.units", self.units, "at least 1")
        require(math.isfinite(self.bias), f"{where}.bias", self.bias, "finite")


class Rows(NamedTuple):
    """A weight matrix of a part: the name of the network's parameter, and how many rows it has."""

    parameter: str
    height: int


@dataclass(frozen=True)
class Part:
    """One part of the network, a group of blocks or a set of output units, as all engines read it.

    Args:
        name: of the group or the set.
        rows: its weight matrices, each (rows, M), in the order in which engines stack them: input
            gates, forget gates, output gates and cells of a group; the output units of a set.
        seen: the places in [x; y; 1] that its rows see, in order, the bias last.
        sources: M, the length of [x; y; 1].
        cells: where the group's cells stand among all cells; empty for a set of units.
        units: where the set's units stand among all units; empty for a group.
        blocks: B of the group, 0 for a set of units.
        reaches_chords: whether its weights have an effect on the chord units.
    """

    name: str
    rows: tuple[Rows, ...]
    seen: tuple[int, ...]
    sources: int
    cells: slice
    units: slice
    blocks: int
    reaches_chords: bool

    @property
    def cells_per_block(self) -> int:
        """S, the cells that share a block's gates; 0 for a set of units."""
        return (self.cells.stop - self.cells.start) // self.blocks if self.blocks else 0

    @property
    def height(self) -> int:
        """Rows of all its weight matrices."""
        return sum(rows.height for rows in self.rows)

    @property
    def mask(self) -> Tensor:
        """Which sources its rows see, shape (M,), bool."""
        mask = torch.zeros(self.sources, dtype=torch.bool)
        mask[list(self.seen)] = True
        return mask


@dataclass(frozen=True)
class Topology:
    """Groups of blocks, sets of units and the connections between them.

    Raises `BluesError` where a connection names a group or a set that is not there.
    """

    groups: tuple[Group, ...]
    unit_sets: tuple[Units, ...]

    def __post_init__(self) -> None:
        require(bool(self.groups), "network.groups", [], "at least one group of blocks")
        require(bool(self.unit_sets), "network.units", [], "at least one set of units")
        groups = [group.name for group in self.groups]
        sets = [units.name for units in self.unit_sets]
        for kind, names in (("groups", groups), ("units", sets)):
            require(len(set(names)) == len(names), f"network.{kind}", names, "all different names")
        for group in self.groups:
            where = f"network.groups.{group.name}"
            _require_known(f"{where}.inputs", group.inputs, sets)
            _require_known(f"{where}.recurrent", group.recurrent, groups)
        for units in self.unit_sets:
            where = f"network.units.{units.name}"
            _require_known(f"{where}.inputs", units.inputs, sets)
            _require_known(f"{where}.cells", units.cells, groups)

    @cached_property
    def units(self) -> int:
        """Input units, and as many output units: I = K."""
        return sum(units.units for units in self.unit_sets)

    @cached_property
    def blocks(self) -> int:
        """Memory blocks B of all groups."""
        return sum(group.blocks for group in self.groups)

    @cached_property
    def cells(self) -> int:
        """Cells C of all groups."""
        return sum(group.blocks * group.cells for group in self.groups)

    @cached_property
    def sources(self) -> int:
        """Sources M = I + C + 1."""
        return self.units + self.cells + 1

    def unit_slice(self, name: str) -> slice:
        """Where the units of the set `name` stand among all units."""
        return _slices([(units.name, units.units) for units in self.unit_sets])[name]

    def cell_slice(self, name: str) -> slice:
        """Where the cells of the group `name` stand among all cells."""
        return _slices([(group.name, group.blocks * group.cells) for group in self.groups])[name]

    @cached_property
    def chord_groups(self) -> frozenset[str]:
        """Groups whose cells reach the chord units, directly or through other groups."""
        recurrent = {group.name: group.recurrent for group in self.groups}
        found: set[str] = set()
        waiting = [name for units in self.unit_sets if units.name == CHORDS for name in units.cells]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += recurrent[name]
        return frozenset(found)

    @cached_property
    def chords_are_separate(self) -> bool:
        """Whether nothing but chords reaches the chord units (section 4.1)."""
        parts = [group for group in self.groups if group.name in self.chord_groups]
        inputs = {name for group in parts for name in group.inputs}
        inputs |= {
            name for units in self.unit_sets if units.name == CHORDS for name in units.inputs
        }
        return inputs <= {CHORDS}

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """All parts: the groups of blocks, then the sets of output units."""
        return self.group_parts + self.unit_parts

    @cached_property
    def group_parts(self) -> tuple[Part, ...]:
        """The groups of blocks, in order."""
        found = []
        for group in self.groups:
            cells = self.cell_slice(group.name)
            heights = (group.blocks, group.blocks, group.blocks, cells.stop - cells.start)
            found.append(
                Part(
                    group.name,
                    tuple(
                        Rows(f"blocks.{group.name}.{kind}", count)
                        for kind, count in zip(BLOCK_PARAMETERS, heights, strict=True)
                    ),
                    self._seen(group.inputs, group.recurrent),
                    self.sources,
                    cells,
                    slice(0, 0),
                    group.blocks,
                    group.name in self.chord_groups,
                )
            )
        return tuple(found)

    @cached_property
    def unit_parts(self) -> tuple[Part, ...]:
        """The sets of output units, in order."""
        return tuple(
            Part(
                units.name,
                (Rows(f"output.{units.name}", units.units),),
                self._seen(units.inputs, units.cells),
                self.sources,
                slice(0, 0),
                self.unit_slice(units.name),
                0,
                units.name == CHORDS,
            )
            for units in self.unit_sets
        )

    @cached_property
    def part_of(self) -> dict[str, Part]:
        """The part that each of the network's parameters belongs to."""
        return {rows.parameter: part for part in self.parts for rows in part.rows}

    def _seen(self, inputs: Sequence[str], cells: Sequence[str]) -> tuple[int, ...]:
        """The places in [x; y; 1] of the named units and groups, and of the bias, in order."""
        seen = [range(*self.unit_slice(name).indices(self.units)) for name in inputs]
        seen += [
            range(self.units + self.cell_slice(name).start, self.units + self.cell_slice(name).stop)
            for name in cells
        ]
        return (*sorted({place for part in seen for place in part}), self.sources - 1)


def _require_known(setting: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise BluesError(f"{setting} names {name!r}, but must be one of {', '.join(known)}.")


def _slices(sizes: Sequence[tuple[str, int]]) -> dict[str, slice]:
    slices, start = {}, 0
    for name, size in sizes:
        slices[name] = slice(start, start + size)
        start += size
    return slices
