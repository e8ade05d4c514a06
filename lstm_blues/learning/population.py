"""Many small networks that learn the form at once, each with weights and settings of its own.

`FastPopulation` runs the compiled engine on all cores in one call.  `BatchedPopulation` is the
readable rule of `online.py` for a whole population as one batch of tensors, on any device.  Tests
hold both to `OnlineLearner`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from lstm_blues.errors import BluesError, require
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import Counters, LearnerState
from lstm_blues.network.blocks import ACTIVATIONS
from lstm_blues.network.network import BluesNetwork
from lstm_blues.network.topology import GATES

RESOLVE_CHORUSES = 20
"""Choruses after which waiting tests are made, in one batch."""


class Population(Protocol):
    """What both populations offer."""

    def learn(self, steps: int) -> int:
        """Every member learns for at most `steps` steps, fewer when it has learned the form or is
        no longer finite.  Returns the weight changes of all members together."""
        ...

    def state(self, member: int) -> LearnerState:
        """A copy of all that a member carries."""
        ...


def _require_pairs(networks: Sequence[BluesNetwork], learnings: Sequence[Learning]) -> None:
    require(bool(networks), "the population", 0, "at least one network")
    require(
        len(networks) == len(learnings),
        "the number of learning settings",
        len(learnings),
        f"one for each of the {len(networks)} networks",
    )


@dataclass
class _Batch:
    """Members that learn, one row each; letters as in `cell.py`.

    w, v: weights and velocities, one tensor a part of the network, each (n, rows, M).  traces: one
    a group, each (3, n, C, M).  s, y: (n, C).  numbers: the counters, each (n,), int64.
    loss: (n,), float64.
    """

    w: list[Tensor]
    v: list[Tensor]
    traces: list[Tensor]
    s: Tensor
    y: Tensor
    loss: Tensor
    numbers: dict[str, Tensor]

    def rows(self, at: Tensor) -> _Batch:
        """A copy of some rows."""
        return _Batch(
            [w[at] for w in self.w],
            [v[at] for v in self.v],
            [p[:, at] for p in self.traces],
            self.s[at],
            self.y[at],
            self.loss[at],
            {name: value[at] for name, value in self.numbers.items()},
        )


@dataclass
class _Waiting:
    """Members as they were when their test was due."""

    members: list[int]
    batch: _Batch


class BatchedPopulation:
    """Many networks as one batch of tensors, each learning as `OnlineLearner` would have it.

    The frozen test of a member may wait for `RESOLVE_CHORUSES` choruses, to be made together with
    others'; the member is tested, and stops, with the weights that it had when the test was due.

    Args:
        networks: first weights; all of one topology, and of chords alone.
        song: one chorus, shape (T, 12).
        learnings: the settings, one for each network; they may differ in everything.
        device: where to compute.

    Raises:
        BluesError: networks that differ in more than their weights, or that have a melody; a
            learner other than the report's.
    """

    def __init__(
        self,
        networks: Sequence[BluesNetwork],
        song: Tensor,
        learnings: Sequence[Learning],
        device: str | torch.device = "cpu",
    ) -> None:
        _require_pairs(networks, learnings)
        first = networks[0]
        self.topology = topology = first.topology
        if len(topology.unit_sets) > 1:
            raise BluesError("a batched population learns chords alone, without a melody.")
        for learning in learnings:
            for name, only in (("gradient", "truncated"), ("update", "momentum")):
                value = getattr(learning, name)
                require(value == only, f"learning.{name}", value, f"{only} in a batched population")
        for network in networks:
            alike = [_shape(network) == _shape(first), network.like.dtype == first.like.dtype]
            alike += [
                torch.equal(network.mean, first.mean),
                torch.equal(network.scale, first.scale),
            ]
            if not all(alike):
                raise BluesError(
                    "the networks of a batched population differ in more than weights."
                )
        like = first.like.to(device)
        self.device = like.device
        self.g, self.h = ACTIVATIONS[first.g], ACTIVATIONS[first.h]
        self.song = song.to(like)
        self.heard = (self.song - first.mean.to(like)) * first.scale.to(like)
        silent = (torch.zeros_like(first.mean) - first.mean) * first.scale
        self.levels = torch.stack((silent, silent + first.scale)).to(like)
        self.masks = [part.mask.to(like) for part in topology.group_parts]
        self.units_mask = topology.unit_parts[0].mask.to(like)

        def settings(name: str, dtype: torch.dtype = torch.int64) -> Tensor:
            values = [getattr(learning, name) for learning in learnings]
            return torch.tensor(values, dtype=dtype, device=self.device)

        whole = ("gross_errors", "episode_choruses", "test_choruses", "test_interval")
        self.rules = {name: settings(name) for name in whole}
        self.rules["in_chorus"] = torch.tensor(
            [learning.gross_count == "in_chorus" for learning in learnings], device=self.device
        )
        for name in ("rate", "momentum", "gross_error"):
            self.rules[name] = settings(name, like.dtype)

        parameters = [dict(network.named_parameters()) for network in networks]
        stacked = [
            torch.stack([torch.cat([p[name].detach() for name in part]) for p in parameters])
            for part in self._parts()
        ]
        n, cells, sources = len(networks), topology.cells, topology.sources
        zeros = like.new_zeros
        sizes = [group.blocks * group.cells for group in topology.groups]
        self.batch = _Batch(
            [w.to(like) for w in stacked],
            [torch.zeros_like(w).to(like) for w in stacked],
            [zeros(3, n, size, sources) for size in sizes],
            zeros(n, cells),
            zeros(n, cells),
            torch.zeros(n, dtype=torch.float64, device=self.device),
            {
                field.name: torch.zeros(n, dtype=torch.int64, device=self.device)
                for field in fields(Counters)
            },
        )
        self.members = torch.arange(n, device=self.device)
        self.ended: dict[int, LearnerState] = {}
        self.waiting: list[_Waiting] = []

    def _parts(self) -> list[tuple[str, ...]]:
        """Parameters by part, in the order of their rows: the groups, then the output units."""
        gates = [f"{gate}_gate" for gate in GATES]
        parts = [
            tuple(f"blocks.{group.name}.{name}" for name in (*gates, "cell"))
            for group in self.topology.groups
        ]
        return [*parts, (f"output.{self.topology.unit_sets[0].name}",)]

    def learn(self, steps: int) -> int:
        """See `Population.learn`."""
        before = self._steps_made()
        every = RESOLVE_CHORUSES * len(self.song)
        with torch.no_grad():
            for step in range(steps):
                if not len(self.members):
                    break
                self._step()
                if (step + 1) % every == 0:
                    self._resolve()
            self._resolve()
        return self._steps_made() - before

    def _steps_made(self) -> int:
        ended = sum(state.counters.steps for state in self.ended.values())
        return ended + int(self.batch.numbers["steps"].sum())

    def _rule(self, name: str) -> Tensor:
        return self.rules[name][self.members]

    def _blocks(
        self, w: list[Tensor], heard: Tensor, s: Tensor, y: Tensor
    ) -> tuple[Tensor, list[tuple[Tensor, ...]], Tensor, Tensor]:
        """A forward step: sources u, activations by group, new s and y; see `block_step`."""
        one = heard.new_ones(len(heard), 1)
        u = torch.cat((heard, y, one), 1)
        activations: list[tuple[Tensor, ...]] = []
        s_now, y_now = [], []
        for group, weights in zip(self.topology.groups, w, strict=False):
            cells, b = self.topology.cell_slice(group.name), group.blocks
            nets = torch.bmm(weights, u[..., None])[..., 0]
            gates = torch.sigmoid(nets[:, : 3 * b]).repeat_interleave(group.cells, 1)
            iota, phi, omega = gates.chunk(3, 1)
            g = self.g.value(nets[:, 3 * b :])
            before = s[:, cells]
            new = phi * before + iota * g
            h = self.h.value(new)
            activations.append((iota, phi, omega, g, before, h))
            s_now.append(new)
            y_now.append(omega * h)
        return u, activations, torch.cat(s_now, 1), torch.cat(y_now, 1)

    def _step(self) -> None:
        """One step of every member; see `OnlineLearner.step`."""
        batch = self.batch
        count, steps, units = batch.numbers, len(self.song), self.topology.units
        following = (count["position"] + 1) % steps
        u, activations, s, y = self._blocks(
            batch.w, self.heard[count["position"]], batch.s, batch.y
        )
        v = torch.cat((u[:, :units], y, u[:, -1:]), 1)
        w_out, v_out = batch.w[-1], batch.v[-1]
        net = torch.bmm(w_out, v[..., None])[..., 0]
        target = self.song[following]
        loss = F.binary_cross_entropy_with_logits(net, target, reduction="none").sum(1)
        finite = torch.isfinite(loss)
        if not bool(finite.all()):
            count["nonfinite"][~finite] = 1
            self._resolve()
            self._drop(self.batch.numbers["nonfinite"] == 0)
            if len(self.members):
                self._step()
            return
        batch.loss += loss
        delta = torch.sigmoid(net) - target
        epsilon = torch.bmm(delta[:, None], w_out[:, :, units:-1])[:, 0]
        rate = self._rule("rate")[:, None, None]
        momentum = self._rule("momentum")[:, None, None]
        v_out.mul_(momentum).add_(delta[..., None] * (v * self.units_mask)[:, None])
        w_out.sub_(rate * v_out)
        parts = zip(self.topology.groups, activations, self.masks, strict=True)
        for n, (group, (iota, phi, omega, g, before, h), mask) in enumerate(parts):
            cells, traces = self.topology.cell_slice(group.name), batch.traces[n]
            into = torch.stack(
                (self.g.slope(g) * iota, g * iota * (1 - iota), before * phi * (1 - phi))
            )
            seen = u * mask
            traces.mul_(phi[..., None]).add_(into[..., None] * seen[:, None])
            error = omega * self.h.slope(h) * epsilon[:, cells]
            to_cell, to_input, to_forget = error[..., None] * traces
            out = omega * (1 - omega) * h * epsilon[:, cells]
            shape = (len(out), group.blocks, group.cells)
            gradient = torch.cat(
                (
                    to_input.reshape(*shape, -1).sum(2),
                    to_forget.reshape(*shape, -1).sum(2),
                    out.reshape(shape).sum(2)[..., None] * seen[:, None],
                    to_cell,
                ),
                1,
            )
            batch.v[n].mul_(momentum).add_(gradient)
            batch.w[n].sub_(rate * batch.v[n])
        batch.s, batch.y = s, y
        self._count(delta, following)

    def _count(self, delta: Tensor, following: Tensor) -> None:
        batch, count = self.batch, self.batch.numbers
        gross = (delta.abs() > self._rule("gross_error")[:, None]).any(1)
        count["position"] = following
        count["steps"] += 1
        count["right"] += ~gross
        for name in ("gross", "gross_in_count", "gross_in_chorus"):
            count[name] += gross
        count["clean_run"] = (count["clean_run"] + 1) * ~gross
        count["longest_clean_run"] = torch.maximum(count["longest_clean_run"], count["clean_run"])
        allowed, choruses = self._rule("gross_errors"), self._rule("episode_choruses")
        test = count["steps"] % self._rule("test_interval") == 0
        reset = gross & (allowed > 0) & (count["gross_in_count"] >= allowed)
        wrap = (following == 0) & ~reset
        test |= wrap & (count["gross_in_chorus"] == 0)
        count["gross_resets"] += reset
        count["songs"] += wrap | reset
        count["choruses_in_episode"] += wrap
        count["gross_in_chorus"] *= ~wrap
        count["gross_in_count"] *= ~(wrap & self._rule("in_chorus"))
        ended = wrap & (choruses > 0) & (count["choruses_in_episode"] >= choruses)
        count["episodes"] += ended
        clear = ended | reset
        kept = ~clear
        for name in ("position", "choruses_in_episode", "gross_in_count", "gross_in_chorus"):
            count[name] *= kept
        batch.s, batch.y = batch.s * kept[:, None], batch.y * kept[:, None]
        for traces in batch.traces:
            traces.mul_(kept[:, None, None])
        due = test.nonzero()[:, 0]
        if len(due):
            self.waiting.append(_Waiting(self.members[due].tolist(), batch.rows(due)))

    def _resolve(self) -> None:
        """Makes all tests that wait; members that pass are as they were when the test was due."""
        if not self.waiting:
            return
        waiting, self.waiting = self.waiting, []
        members = [member for each in waiting for member in each.members]
        parts = zip(*(each.batch.w for each in waiting), strict=True)
        right = self._free_run([torch.cat(part) for part in parts], members)
        results = iter(right.tolist())
        place = {member: row for row, member in enumerate(self.members.tolist())}
        count = self.batch.numbers
        for each in waiting:
            for row, member in enumerate(each.members):
                played = next(results)
                if member in self.ended:
                    continue
                at = place[member]
                count["tests"][at] += 1
                count["free_run"][at] = played
                count["best_free_run"][at] = max(int(count["best_free_run"][at]), played)
                if played >= int(self.rules["test_choruses"][member]) * len(self.song):
                    state = self._state_of(each.batch, row, member)
                    told = {
                        name: int(count[name][at])
                        for name in ("tests", "free_run", "best_free_run")
                    }
                    state.counters = replace(state.counters, learned=1, **told)
                    self.ended[member] = state
        ended = torch.tensor(list(self.ended), device=self.device)
        self._drop(~torch.isin(self.members, ended))

    def _free_run(self, w: list[Tensor], members: list[int]) -> Tensor:
        """Steps that each frozen network plays before its first wrong chord; see `free_run`."""
        at = torch.tensor(members, device=self.device)
        limits = self.rules["test_choruses"][at] * len(self.song)
        right = torch.zeros_like(limits)
        rows = torch.arange(len(at), device=self.device)
        s = y = w[0].new_zeros(len(at), self.topology.cells)
        heard = self.heard[:1].expand(len(at), -1)
        units = self.topology.units
        for step in range(1, int(limits.max()) + 1):
            u, _, s, y = self._blocks(w, heard, s, y)
            v = torch.cat((u[:, :units], y, u[:, -1:]), 1)
            played = torch.bmm(w[-1], v[..., None])[..., 0] > 0
            clean = (played == (self.song[step % len(self.song)] > 0)).all(1)
            clean &= step <= limits[rows]
            right[rows[clean]] += 1
            heard = torch.where(played, self.levels[1], self.levels[0])
            if not bool(clean.all()):
                rows, heard, s, y = rows[clean], heard[clean], s[clean], y[clean]
                w = [part[clean] for part in w]
                if not len(rows):
                    break
        return right

    def _drop(self, kept: Tensor) -> None:
        """Goes on with some members; the others are kept as they are."""
        for row in (~kept).nonzero()[:, 0].tolist():
            member = int(self.members[row])
            self.ended.setdefault(member, self._state_of(self.batch, row, member))
        if not bool(kept.all()):
            rows = kept.nonzero()[:, 0]
            self.batch, self.members = self.batch.rows(rows), self.members[rows]

    def state(self, member: int) -> LearnerState:
        """See `Population.state`."""
        if member in self.ended:
            return self.ended[member]
        (row,) = (self.members == member).nonzero()[:, 0].tolist()
        return self._state_of(self.batch, row, member)

    def _state_of(self, batch: _Batch, row: int, member: int) -> LearnerState:
        def by_name(parts: list[Tensor]) -> dict[str, Tensor]:
            named: dict[str, Tensor] = {}
            for names, part in zip(self._parts(), parts, strict=True):
                heights = [self._height(name) for name in names]
                pieces = torch.split(part[row].cpu(), heights)
                named |= {name: piece.clone() for name, piece in zip(names, pieces, strict=True)}
            return named

        # Without momentum, torch.optim.SGD keeps no velocity.
        moving = float(self.rules["momentum"][member] != 0)
        return LearnerState(
            weights=by_name(batch.w),
            velocity={name: v * moving for name, v in by_name(batch.v).items()},
            s=batch.s[row].cpu().clone(),
            y=batch.y[row].cpu().clone(),
            traces=torch.cat([traces[:, row].cpu() for traces in batch.traces], 1),
            counters=Counters(**{name: int(value[row]) for name, value in batch.numbers.items()}),
            loss=float(batch.loss[row]),
        )

    def _height(self, name: str) -> int:
        """Rows of a parameter."""
        if name.startswith("output."):
            return self.topology.units
        group = next(g for g in self.topology.groups if name.startswith(f"blocks.{g.name}."))
        return group.blocks * (group.cells if name.endswith(".cell") else 1)


def _shape(network: BluesNetwork) -> tuple[object, ...]:
    """What members of one batch have in common."""
    topology = network.topology
    groups = [(g.name, g.blocks, g.cells, g.inputs, g.recurrent) for g in topology.groups]
    sets = [(u.name, u.units, u.inputs, u.cells) for u in topology.unit_sets]
    return tuple(groups), tuple(sets), network.g, network.h
