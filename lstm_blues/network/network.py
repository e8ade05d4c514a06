"""The whole network: memory blocks and output units (sections 2.1, 3.1 and 4.1 of the report)."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lstm_blues.errors import require
from lstm_blues.music.encoding import REPORT, Encoding
from lstm_blues.network.blocks import BlockActivations, BlockState, MemoryBlocks, sum_over_songs
from lstm_blues.network.topology import GATES, Topology


class Network(nn.Module):
    """What learners and samplers need of a network, whatever its cells.

    Args:
        topology: its sets of units, and the groups of blocks where it has some.
        encoding: how notes stand at the units.
    """

    def __init__(self, topology: Topology, encoding: Encoding) -> None:
        super().__init__()
        self.topology, self.encoding = topology, encoding
        # Inputs are heard as (x - mean) * scale.
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(topology.units), persistent=False)
        self.register_buffer("scale", torch.ones(topology.units), persistent=False)

    @property
    def like(self) -> Tensor:
        """A tensor of the network's device and dtype."""
        return next(self.parameters()).detach()

    @torch.no_grad()
    def standardise(self, mean: Tensor, deviation: Tensor) -> None:
        """From here on inputs are heard with mean 0 and standard deviation 1 (section 2.2).

        A unit that never changes is heard as 0.  mean, deviation: shape (I,).
        """
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(deviation > 0, 1 / deviation, 1.0))

    def hear(self, x: Tensor) -> Tensor:
        """The notes `x`, 1.0 or 0.0, as they are heard, shape (..., I)."""
        return (x - self.mean) * self.scale

    @property
    def state_sizes(self) -> tuple[int, int]:
        """Numbers in `BlockState.s` and in `BlockState.y`, for one song."""
        raise NotImplementedError

    def split_parameters(self) -> tuple[list[Tensor], list[Tensor]]:
        """Parameters that reach the chord units, and the others."""
        raise NotImplementedError

    def initialise(self, seed: int, weight_range: float) -> None:
        """Sets the first weights."""
        raise NotImplementedError

    def start(self, songs: int = 1, *, traces: bool = True) -> BlockState:
        """The state before a song's first step, for `songs` independent songs: zeros.

        Without `traces` for a frozen network.
        """
        raise NotImplementedError

    def sequence(
        self, x: Tensor, state: BlockState, playing: Collection[str] | None = None
    ) -> tuple[Tensor, BlockState]:
        """The logits on the notes `x` of one song, shape (T, I), through which errors go all the
        way back to the first, and the state at the end."""
        raise NotImplementedError

    def forward(
        self,
        x: Tensor,
        state: BlockState,
        *,
        learning: Collection[str] | None = None,
        playing: Collection[str] | None = None,
    ) -> tuple[Tensor, BlockState]:
        """One step on the notes `x`, 1.0 or 0.0, shape (N, I).

        Returns the logits of the output units, shape (N, K), whose logistic is the probability of
        each note at the next step, and the new state.

        Args:
            learning: groups that carry traces and gradients, where `state` has traces (all).
            playing: groups that are computed at all; the others stay as they are (all).
        """
        raise NotImplementedError


class Step(NamedTuple):
    """One step of a `BluesNetwork`, with what its truncated gradient needs.

    logits: of the output units, shape (..., N, K).  state: after the step.  u, v: the sources of
    the blocks and of the output units, shape (..., N, M).  learning: the activations of the groups
    that carry traces, by name.
    """

    logits: Tensor
    state: BlockState
    u: Tensor
    v: Tensor
    learning: dict[str, BlockActivations]


class BluesNetwork(Network):
    """Memory blocks, and logistic output units that see the cells and the inputs directly.

    Args:
        topology: groups of blocks, sets of units and their connections.
        g: activation of the cells' inputs, see `lstm_blues.network.blocks.ACTIVATIONS`.
        h: activation of the cells' states.
        dtype: of weights and states; float64, since at the report's learning rate single precision
            loses small weight changes.
        encoding: how notes stand at the units.

    All weights are zero until `initialise` or `load_state_dict`.  They may have one more axis in
    front, see `stack`; notes, states and logits then have it, too.
    """

    def __init__(
        self,
        topology: Topology,
        g: str,
        h: str,
        dtype: torch.dtype = torch.float64,
        encoding: Encoding = REPORT,
    ) -> None:
        super().__init__(topology, encoding)
        self.g, self.h = g, h
        self.blocks = nn.ModuleDict(
            {
                group.name: MemoryBlocks(group, part.mask, g, h)
                for group, part in zip(topology.groups, topology.group_parts, strict=True)
            }
        )
        self.output = nn.ParameterDict(
            {
                units.name: nn.Parameter(torch.zeros(units.units, topology.sources))
                for units in topology.unit_sets
            }
        )
        for part in topology.unit_parts:
            self.register_buffer(f"mask_{part.name}", part.mask, persistent=False)
        self.to(dtype)

    @classmethod
    def stack(cls, networks: Sequence[BluesNetwork]) -> BluesNetwork:
        """Networks that differ in their weights alone as one, its weights (n, rows, M)."""
        together = copy.deepcopy(networks[0])
        weights = [dict(network.named_parameters()) for network in networks]
        together.set_weights(
            {name: torch.stack([w[name].detach() for w in weights]) for name in weights[0]}
        )
        return together

    def set_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Takes the tensors of `weights`, by the parameters' names, in place of its own."""
        for name, parameter in self.named_parameters():
            parameter.data = weights[name]

    @property
    def state_sizes(self) -> tuple[int, int]:
        return self.topology.cells, self.topology.cells

    def split_parameters(self) -> tuple[list[Tensor], list[Tensor]]:
        chords: list[Tensor] = []
        others: list[Tensor] = []
        parameters = dict(self.named_parameters())
        for part in self.topology.parts:
            found = chords if part.reaches_chords else others
            found += [parameters[rows.parameter] for rows in part.rows]
        return chords, others

    def group(self, name: str) -> MemoryBlocks:
        """The memory blocks of one group."""
        blocks = self.blocks[name]
        assert isinstance(blocks, MemoryBlocks)
        return blocks

    @torch.no_grad()
    def initialise(self, seed: int, weight_range: float) -> None:
        """Draws every weight uniformly from [-weight_range, weight_range] and sets the biases.

        Each group and each set of units draws from a stream of its own, made from `seed` and its
        name, so that a group's weights don't depend on which other groups there are.
        """
        require(weight_range >= 0, "network.weight_range", weight_range, "at least 0")
        topology = self.topology
        for parameter in self.parameters():
            parameter.zero_()
        for group, part in zip(topology.groups, topology.group_parts, strict=True):
            seen = list(part.seen[:-1])
            draw = _Draws(seed, f"group {group.name}", weight_range)
            blocks = self.group(group.name)
            for gate in GATES:
                weights: Tensor = getattr(blocks, f"{gate}_gate")
                draw.into(weights, seen)
                weights[:, -1] = weights.new_tensor(getattr(group, f"{gate}_bias"))
            draw.into(blocks.cell, seen)
        for units, part in zip(topology.unit_sets, topology.unit_parts, strict=True):
            seen = list(part.seen[:-1])
            _Draws(seed, f"units {units.name}", weight_range).into(self.output[units.name], seen)
            self.output[units.name][:, -1] = units.bias

    def start(self, songs: int = 1, *, traces: bool = True) -> BlockState:
        cells, sources = self.topology.cells, self.topology.sources
        like = self.like
        shape = (*like.shape[:-2], songs, cells)
        return BlockState(
            like.new_zeros(shape),
            like.new_zeros(shape),
            like.new_zeros(3, *shape, sources) if traces else None,
        )

    def sequence(
        self, x: Tensor, state: BlockState, playing: Collection[str] | None = None
    ) -> tuple[Tensor, BlockState]:
        y = []
        for notes in x[:, None]:
            state = self.whole(notes, state, playing)
            y.append(state.y)
        return self.outputs(x, torch.cat(y)), state

    def sources(self, x: Tensor, state: BlockState) -> Tensor:
        """u = [x(t); y(t-1); 1] for the notes `x`, as they are heard, shape (..., N, M)."""
        return _sources(self.hear(x), state.y.detach())

    def whole(
        self, x: Tensor, state: BlockState, playing: Collection[str] | None = None
    ) -> BlockState:
        """One step of the blocks through which errors go all the way back, to earlier steps too.

        Only the melody's errors stay out of the blocks that reach the chord units, so that those
        learn as they do alone (section 4.1).  x, playing: as in `forward`.  state: with gradients,
        without traces.
        """
        u = self.sources(x, state)
        first, parts = self.topology.units, self.topology.group_parts
        s, y = [], []
        for part in parts:
            new = BlockState(state.s[:, part.cells], state.y[:, part.cells], None)
            if playing is None or part.name in playing:
                own = [
                    state.y[:, other.cells]
                    if other.reaches_chords == part.reaches_chords
                    else state.y[:, other.cells].detach()
                    for other in parts
                ]
                seen = torch.cat((u[:, :first], *own, u[:, -1:]), 1)
                new = self.group(part.name).whole(seen, new.s)
            s.append(new.s)
            y.append(new.y)
        return BlockState(torch.cat(s, 1), torch.cat(y, 1), None)

    def outputs(self, x: Tensor, y: Tensor) -> Tensor:
        """The logits of the output units on the notes `x`, shape (..., N, I), and the cells'
        outputs of the same step `y`, shape (..., N, C)."""
        return self._logits(_sources(self.hear(x), y))

    def _logits(self, v: Tensor) -> Tensor:
        return _join([v @ weights.mT for weights in self._output_weights()], -1)

    def _output_weights(self) -> list[Tensor]:
        """Weights of each set of output units, zero where they see nothing: an absent connection
        gets a gradient of exactly zero."""
        return [
            self.output[part.name] * getattr(self, f"mask_{part.name}")
            for part in self.topology.unit_parts
        ]

    def forward(
        self,
        x: Tensor,
        state: BlockState,
        *,
        learning: Collection[str] | None = None,
        playing: Collection[str] | None = None,
    ) -> tuple[Tensor, BlockState]:
        step = self.step(x, state, learning=learning, playing=playing)
        return step.logits, step.state

    def step(
        self,
        x: Tensor,
        state: BlockState,
        *,
        learning: Collection[str] | None = None,
        playing: Collection[str] | None = None,
    ) -> Step:
        """`forward`, with what the truncated gradient of the step needs."""
        heard = self.hear(x)
        u = _sources(heard, state.y.detach())
        s, y, traces = [], [], []
        learned: dict[str, BlockActivations] = {}
        for part in self.topology.group_parts:
            s_now, y_now = state.s[..., part.cells], state.y[..., part.cells].detach()
            own = None if state.traces is None else state.traces[..., part.cells, :]
            if playing is None or part.name in playing:
                learns = own is not None and (learning is None or part.name in learning)
                a, new = self.group(part.name)(u, s_now, own if learns else None)
                s_now, y_now = a.s, a.y
                if learns:
                    own, learned[part.name] = new, a
            s.append(s_now)
            y.append(y_now)
            if own is not None:
                traces.append(own)
        after = BlockState(_join(s, -1), _join(y, -1), _join(traces, -2) if traces else None)
        v = _sources(heard, after.y)
        return Step(self._logits(v), after, u, v, learned)

    def truncated_gradients(self, step: Step, delta: Tensor) -> dict[str, Tensor]:
        """The truncated gradient (section 2.1) of a step by the weights of the output units and of
        the groups that learned in it, summed over songs, by the parameters' names.

        delta: the cost's derivatives by the logits, shape (..., N, K).  It may have axes that the
        step lacks, for the gradients of many costs at once; those then stand in front.
        """
        topology = self.topology
        weights = _join(self._output_weights(), -2)
        epsilon = (delta @ weights)[..., topology.units : -1]
        gradients: dict[str, Tensor] = {}
        for part in topology.group_parts:
            if part.name in step.learning:
                a, traces = step.learning[part.name], step.state.traces
                assert traces is not None
                found = self.group(part.name).truncated_gradient(
                    epsilon[..., part.cells], step.u, a.omega, a.h, traces[..., part.cells, :]
                )
                gradients |= {
                    rows.parameter: each for rows, each in zip(part.rows, found, strict=True)
                }
        for part in topology.unit_parts:
            seen = (step.v * getattr(self, f"mask_{part.name}"))[..., None, :]
            own = delta[..., part.units, None]
            gradients[part.rows[0].parameter] = sum_over_songs(own * seen)
        return gradients


def _sources(heard: Tensor, y: Tensor) -> Tensor:
    """[x; y; 1], shape (..., N, M), from the notes as they are heard."""
    return torch.cat((heard, y, heard.new_ones(*heard.shape[:-1], 1)), -1)


def _join(parts: list[Tensor], dim: int) -> Tensor:
    """The parts side by side; a copy only where there are several."""
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim)


class _Draws:
    """A stream of uniform numbers of its own for one part of the network."""

    def __init__(self, seed: int, part: str, weight_range: float) -> None:
        digest = hashlib.sha256(f"{seed} {part}".encode()).digest()
        self.generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)
        self.weight_range = weight_range

    def into(self, weights: Tensor, columns: list[int]) -> None:
        """Fills columns of `weights`; drawn in float64 on the CPU whatever the weights are."""
        drawn = torch.rand(
            len(weights), len(columns), generator=self.generator, dtype=torch.float64
        )
        weights[:, columns] = ((2 * drawn - 1) * self.weight_range).to(weights)


def weights_hash(weights: Mapping[str, Tensor]) -> str:
    """SHA-256 of a network's weights, by the parameters' names in their order: the numbers alone,
    little-endian, in their own dtype."""
    found = hashlib.sha256()
    for value in weights.values():
        numbers = value.detach().cpu().numpy()
        found.update(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes())
    return found.hexdigest()


def cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Equation 1 of the report, summed over units and songs, from the logits of the output units.

    Its gradient at the logits is o - t, the report's delta with the sign of descent.
    """
    return cross_entropies(logits, target).sum()


def cross_entropies(logits: Tensor, target: Tensor) -> Tensor:
    """Equation 1 for each song, summed over its units, shape (N,); both arguments (N, units)."""
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(-1)
