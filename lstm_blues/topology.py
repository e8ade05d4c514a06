"""Who sees whom, as data (sections 3.1 and 4.1 of the report).

The sources of every gate, cell and output unit stand in one order, [x; y; 1]: the input units, the
cells, the bias.  Gates and cells read y of the step before, output units y of the same step.  A
topology says which of them each group of blocks and each set of units sees, and turns that into
masks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lstm_blues.errors import BluesError, require

GATES = ("input", "forget", "output")
FORM = "chords"
"""The set of units that plays the form: gross errors and free runs are counted on it."""
MELODY = "melody"
"""The set of units that plays one note of the melody at a time."""


@dataclass(frozen=True)
class Group:
    """A group of memory blocks that share their sources.

    Args:
        name: such as `chords`.
        blocks: number of blocks B.
        cells: cells a block S, which share its three gates.
        input_bias, forget_bias, output_bias: initial gate biases, one a block: staged, so that the
            blocks come online one by one (section 3.1).
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
        require(self.units > 0, f"network.units.{self.name}.units", self.units, "at least 1")


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
    def form_groups(self) -> frozenset[str]:
        """Groups whose cells reach the chord units, directly or through other groups."""
        recurrent = {group.name: group.recurrent for group in self.groups}
        found: set[str] = set()
        waiting = [name for units in self.unit_sets if units.name == FORM for name in units.cells]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += recurrent[name]
        return frozenset(found)

    @cached_property
    def form_is_separate(self) -> bool:
        """Whether nothing but chords reaches the chord units (section 4.1)."""
        parts = [group for group in self.groups if group.name in self.form_groups]
        inputs = {name for group in parts for name in group.inputs}
        inputs |= {name for units in self.unit_sets if units.name == FORM for name in units.inputs}
        return inputs <= {FORM}

    def group_mask(self, group: Group) -> Tensor:
        """Which sources the group's gates and cells see, shape (M,), bool."""
        mask = torch.zeros(self.sources, dtype=torch.bool)
        mask[self.visible(group.inputs, group.recurrent)] = True
        return mask

    def units_mask(self, units: Units) -> Tensor:
        """Which sources the set's output units see, shape (M,), bool."""
        mask = torch.zeros(self.sources, dtype=torch.bool)
        mask[self.visible(units.inputs, units.cells)] = True
        return mask

    def visible(self, inputs: Sequence[str], cells: Sequence[str]) -> list[int]:
        """The places in [x; y; 1] of the named units and groups, and of the bias, in order."""
        seen = [range(*self.unit_slice(name).indices(self.units)) for name in inputs]
        seen += [
            range(self.units + self.cell_slice(name).start, self.units + self.cell_slice(name).stop)
            for name in cells
        ]
        return [*sorted({place for part in seen for place in part}), self.sources - 1]


def _require_known(setting: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise BluesError(f"{setting} names {name!r}, but there is only {', '.join(known)}.")


def _slices(sizes: Sequence[tuple[str, int]]) -> dict[str, slice]:
    slices, start = {}, 0
    for name, size in sizes:
        slices[name] = slice(start, start + size)
        start += size
    return slices
