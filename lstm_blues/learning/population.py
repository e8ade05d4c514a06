"""Many small networks that learn the form at once, each with weights and settings of its own.

`FastPopulation` runs the compiled engine on all cores in one call.  `BatchedPopulation` is the
readable rule for a whole population, on any device: the network, its truncated gradient and the
counting of `OnlineLearner` with one more axis in front.  Tests hold both to `OnlineLearner`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from lstm_blues.errors import BluesError, require
from lstm_blues.learning.counting import CountingRule, count_step
from lstm_blues.learning.optimizers import Momentum
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import Counters, LearnerState
from lstm_blues.learning.truncated import Truncated
from lstm_blues.network.blocks import BlockState
from lstm_blues.network.network import BluesNetwork
from lstm_blues.playing.player import Player

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


def require_pairs(networks: Sequence[BluesNetwork], learnings: Sequence[Learning]) -> None:
    """Raises `BluesError` unless there is a network, and one of `learnings` for each."""
    require(bool(networks), "the population", 0, "at least one network")
    require(
        len(networks) == len(learnings),
        "the number of learning settings",
        len(learnings),
        f"one for each of the {len(networks)} networks",
    )


@dataclass(frozen=True)
class _Rule:
    """The settings of n members.

    rate, momentum, gross_error: shape (n, 1, 1).  test_steps: shape (n,).
    """

    counting: CountingRule
    rate: Tensor
    momentum: Tensor
    gross_error: Tensor
    test_steps: Tensor

    @classmethod
    def stack(cls, learnings: Sequence[Learning], song_steps: int, like: Tensor) -> _Rule:
        """The settings of all members, in the dtype and on the device of `like`."""

        def each(values: list[float]) -> Tensor:
            return torch.tensor(values, dtype=like.dtype, device=like.device)[:, None, None]

        steps = [learning.test_choruses * song_steps for learning in learnings]
        return cls(
            CountingRule.stack(learnings, like.device),
            each([learning.rate for learning in learnings]),
            each([learning.momentum for learning in learnings]),
            each([learning.gross_error for learning in learnings]),
            torch.tensor(steps, device=like.device),
        )

    def rows(self, at: Tensor) -> _Rule:
        """Those of some members."""
        return _Rule(
            CountingRule(*(value[at] for value in self.counting)),
            self.rate[at],
            self.momentum[at],
            self.gross_error[at],
            self.test_steps[at],
        )


@dataclass
class _Batch:
    """Members that learn, one row each.

    weights, velocity: by the parameters' names, each (n, rows, M).  blocks: with n as the axis in
    front.  loss: (n,), float64.  count: `Counters` of tensors, each (n,), int64.
    """

    weights: dict[str, Tensor]
    velocity: dict[str, Tensor]
    blocks: BlockState
    loss: Tensor
    count: Any

    def rows(self, at: Tensor) -> _Batch:
        """A copy of some rows."""
        s, y, traces = self.blocks
        assert traces is not None
        return _Batch(
            {name: weights[at] for name, weights in self.weights.items()},
            {name: velocity[at] for name, velocity in self.velocity.items()},
            BlockState(s[at], y[at], traces[:, at]),
            self.loss[at],
            _each_counter(lambda name: getattr(self.count, name)[at]),
        )


def _each_counter(value: Callable[[str], Any]) -> Counters:
    """Counters whose fields are the values of their names."""
    return Counters(**{field.name: value(field.name) for field in fields(Counters)})


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
        require_pairs(networks, learnings)
        first = networks[0]
        if len(first.topology.unit_sets) > 1:
            raise BluesError("a batched population learns chords only, not a melody.")
        for learning in learnings:
            gradient, optimizer = learning.rule
            for name, part, only in (
                ("gradient", gradient, Truncated),
                ("update", optimizer, Momentum),
            ):
                allowed = f"{only.name} in a batched population"
                require(part is only, f"learning.{name}", part.name, allowed)
        if not all(_alike(network, first) for network in networks):
            raise BluesError(
                "the networks of a batched population must differ in their weights only."
            )
        self.network = BluesNetwork.stack(networks).requires_grad_(False).to(device)
        like = self.network.like
        self.device, self.song, n = like.device, song.to(like), len(networks)
        self._rules = self._rule = _Rule.stack(learnings, len(song), like)
        weights = dict(self.network.named_parameters())
        self.batch = _Batch(
            {name: value.detach() for name, value in weights.items()},
            {name: torch.zeros_like(value) for name, value in weights.items()},
            self.network.start(),
            torch.zeros(n, dtype=torch.float64, device=self.device),
            _each_counter(lambda _: torch.zeros(n, dtype=torch.int64, device=self.device)),
        )
        self.members = torch.arange(n, device=self.device)
        self.ended: dict[int, LearnerState] = {}
        self.waiting: list[_Waiting] = []

    def learn(self, steps: int) -> int:
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
        return ended + int(self.batch.count.steps.sum())

    def _step(self) -> None:
        """One step of every member, as `OnlineLearner` makes it."""
        batch, rule, song = self.batch, self._rule, self.song
        step = self.network.step(song[batch.count.position][:, None], batch.blocks)
        target = song[(batch.count.position + 1) % len(song)][:, None]
        loss = F.binary_cross_entropy_with_logits(step.logits, target, reduction="none").sum((1, 2))
        finite = torch.isfinite(loss)
        if not bool(finite.all()):
            batch.count.nonfinite[~finite] = 1
            self._resolve()
            self._drop(self.batch.count.nonfinite == 0)
            if len(self.members):
                self._step()
            return
        batch.loss += loss
        delta = torch.sigmoid(step.logits) - target
        for name, gradient in self.network.truncated_gradients(step, delta).items():
            velocity = batch.velocity[name].mul_(rule.momentum).add_(gradient)
            batch.weights[name].sub_(rule.rate * velocity)
        gross = (delta.abs() > rule.gross_error).flatten(1).any(1)
        clear, test = count_step(batch.count, rule.counting, len(song), gross)
        s, y, traces = step.state
        assert traces is not None
        kept = ~clear[:, None, None]
        batch.blocks = BlockState(s * kept, y * kept, traces.mul_(kept[..., None]))
        due = test.nonzero()[:, 0]
        if len(due):
            self.waiting.append(_Waiting(self.members[due].tolist(), batch.rows(due)))

    def _resolve(self) -> None:
        """Makes all tests that wait; members that pass are as they were when the test was due."""
        if not self.waiting:
            return
        waiting, self.waiting = self.waiting, []
        members = [member for each in waiting for member in each.members]
        weights = {
            name: torch.cat([each.batch.weights[name] for each in waiting])
            for name in self.batch.weights
        }
        results = iter(self._free_run(weights, members).tolist())
        place = {member: row for row, member in enumerate(self.members.tolist())}
        count = self.batch.count
        for each in waiting:
            for row, member in enumerate(each.members):
                played = next(results)
                if member in self.ended:
                    continue
                at = place[member]
                count.tests[at] += 1
                count.free_run[at] = played
                count.best_free_run[at] = max(int(count.best_free_run[at]), played)
                if played >= int(self._rules.test_steps[member]):
                    state = self._state_of(each.batch, row, member)
                    told = {
                        name: int(getattr(count, name)[at])
                        for name in ("tests", "free_run", "best_free_run")
                    }
                    state.counters = replace(state.counters, learned=1, **told)
                    self.ended[member] = state
        ended = torch.tensor(list(self.ended), device=self.device)
        self._drop(~torch.isin(self.members, ended))

    def _free_run(self, weights: dict[str, Tensor], members: list[int]) -> Tensor:
        """Steps that each frozen network plays before its first wrong chord; see `free_run`."""
        limits = self._rules.test_steps[members]
        right = torch.zeros_like(limits)
        rows = torch.arange(len(members), device=self.device)
        self.network.set_weights(weights)
        player = Player(self.network)
        player.notes = self.song[:1].expand(len(members), 1, -1)
        for step in range(1, int(limits.max()) + 1):
            played = player.step().notes
            clean = (played == (self.song[step % len(self.song)] > 0)).flatten(1).all(1)
            clean &= step <= limits[rows]
            right[rows[clean]] += 1
            if not bool(clean.all()):
                rows, player.notes = rows[clean], player.notes[clean]
                s, y, _ = player.state
                player.state = BlockState(s[clean], y[clean], None)
                weights = {name: value[clean] for name, value in weights.items()}
                self.network.set_weights(weights)
                if not len(rows):
                    break
        self.network.set_weights(self.batch.weights)
        return right

    def _drop(self, kept: Tensor) -> None:
        """Goes on with some members; the others are kept as they are."""
        for row in (~kept).nonzero()[:, 0].tolist():
            member = int(self.members[row])
            self.ended.setdefault(member, self._state_of(self.batch, row, member))
        if not bool(kept.all()):
            rows = kept.nonzero()[:, 0]
            self.batch, self.members = self.batch.rows(rows), self.members[rows]
            self._rule = self._rules.rows(self.members)
            self.network.set_weights(self.batch.weights)

    def state(self, member: int) -> LearnerState:
        if member in self.ended:
            return self.ended[member]
        (row,) = (self.members == member).nonzero()[:, 0].tolist()
        return self._state_of(self.batch, row, member)

    def _state_of(self, batch: _Batch, row: int, member: int) -> LearnerState:
        # Without momentum, torch.optim.SGD keeps no velocity.
        moving = float(self._rules.momentum[member] != 0)
        s, y, traces = batch.blocks
        assert traces is not None
        return LearnerState(
            weights={name: value[row].cpu().clone() for name, value in batch.weights.items()},
            velocity={name: value[row].cpu() * moving for name, value in batch.velocity.items()},
            s=s[row, 0].cpu().clone(),
            y=y[row, 0].cpu().clone(),
            traces=traces[:, row, 0].cpu().clone(),
            counters=_each_counter(lambda name: int(getattr(batch.count, name)[row])),
            loss=float(batch.loss[row]),
        )


def _alike(network: BluesNetwork, first: BluesNetwork) -> bool:
    """Whether two networks may be members of one batch."""
    return _shape(network) == _shape(first) and all(
        torch.equal(getattr(network, name), getattr(first, name)) for name in ("mean", "scale")
    )


def _shape(network: BluesNetwork) -> tuple[object, ...]:
    """What members of one batch have in common."""
    return network.topology.parts, network.g, network.h, network.like.dtype
