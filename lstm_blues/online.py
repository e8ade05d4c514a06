"""The learning rule of the report, step by step and readable (sections 3.1 and 3.2).

`OnlineLearner` is the truth about how a network learns here.  `lstm_blues.fused.FusedLearner` is
the same rule, compiled; both share the settings, the counters and the state of this file.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Protocol

import torch
from torch import Tensor

from lstm_blues.cell import BlockState
from lstm_blues.errors import BluesError, require, require_choice
from lstm_blues.network import BluesNetwork, cross_entropy
from lstm_blues.sampler import THRESHOLD, FreeRun, free_run
from lstm_blues.songs import Stream
from lstm_blues.topology import FORM, Topology

GROSS_COUNTS = ("since_reset", "in_chorus")
STARTS = ("after_chords", "together")
CHORDS_AFTER = ("hold", "learn")


@dataclass(frozen=True)
class MelodyLearning:
    """How the melody is learned (section 4); of no effect in a network of chords alone.

    Args:
        start: learn the melody once the form is learned (`after_chords`), or from the first step on
            (`together`).
        chords: what happens to the form's weights once it is learned: kept as they are (`hold`) or
            changed further (`learn`).
        rates: learning rates of all weights that don't reach the chord units, one after the other;
            the first holds from the start on.
        steps: at most so many steps at each rate, counted from when the form is learned.
        window: steps whose mean cross-entropy is looked at.
        plateau: a window is flat when it betters the best one by less than this, in nats a step.
        patience: the next rate's turn comes after so many flat windows in a row; after the last
            rate the melody is learned.
        enough: it is learned, too, when a window's mean is within so many nats a step of the least
            possible; 0 to wait for the plateau.

    Raises:
        BluesError: a value out of range.
    """

    start: str
    chords: str
    rates: tuple[float, ...]
    steps: tuple[int, ...]
    window: int
    plateau: float
    patience: int
    enough: float

    def __post_init__(self) -> None:
        require_choice("learning.melody.start", self.start, STARTS)
        require_choice("learning.melody.chords", self.chords, CHORDS_AFTER)
        require(
            bool(self.rates) and all(rate > 0 and math.isfinite(rate) for rate in self.rates),
            "learning.melody.rates",
            list(self.rates),
            "one or more numbers above 0",
        )
        require(
            len(self.steps) == len(self.rates) and min(self.steps) > 0,
            "learning.melody.steps",
            list(self.steps),
            f"one number above 0 for each of the {len(self.rates)} rates",
        )
        require(self.patience > 0, "learning.melody.patience", self.patience, "at least 1")
        require(self.window > 0, "learning.melody.window", self.window, "at least 1")
        for name in ("plateau", "enough"):
            value = getattr(self, name)
            require(value >= 0, f"learning.melody.{name}", value, "a number not below 0")


@dataclass(frozen=True)
class Learning:
    """The settings of online learning; the report's values are in `conf/learning/`.

    Args:
        rate: learning rate, for the gradient of the cross-entropy summed over units.
        momentum: share of the last weight change kept in the next, from 0 to below 1.
        gross_error: an error is gross when a unit is off by more than this.
        gross_errors: reset after this many gross errors; 0 for never.
        gross_count: where the count starts anew: at a reset (`since_reset`), or also with every
            chorus (`in_chorus`).
        episode_choruses: clear the state after this many choruses; 0 for never.
        test_choruses: learned when the frozen network plays this many without a wrong note.
        test_interval: steps between two such tests; one more follows every clean chorus.
        melody: how the melody is learned, where there is one.

    Raises:
        BluesError: a value out of range.
    """

    rate: float
    momentum: float
    gross_error: float
    gross_errors: int
    gross_count: str
    episode_choruses: int
    test_choruses: int
    test_interval: int
    melody: MelodyLearning

    def __post_init__(self) -> None:
        def number(name: str, low: float, high: float, allowed: str) -> None:
            value = getattr(self, name)
            require(low <= value <= high, f"learning.{name}", value, allowed)

        require(
            self.rate > 0 and math.isfinite(self.rate),
            "learning.rate",
            self.rate,
            "a number above 0",
        )
        require(0 <= self.momentum < 1, "learning.momentum", self.momentum, "from 0 to below 1")
        number("gross_error", 0, 1, "from 0 to 1")
        require_choice("learning.gross_count", self.gross_count, GROSS_COUNTS)
        for name in ("gross_errors", "episode_choruses"):
            number(name, 0, 2**31, "a whole number, 0 for never")
        for name in ("test_choruses", "test_interval"):
            number(name, 1, 2**31, "at least 1")


@dataclass
class Counters:
    """Where a learner stands, in whole numbers; both engines count alike."""

    steps: int = 0
    """Weight changes made."""
    position: int = 0
    """Step in the chorus that is the next input."""
    songs: int = 0
    """Songs begun before the one that is playing."""
    choruses_in_episode: int = 0
    """Whole choruses since the state was last cleared."""
    gross_in_count: int = 0
    """Gross errors counted towards the next reset."""
    gross_in_chorus: int = 0
    """Gross errors since the chorus began."""
    right: int = 0
    """Steps without a gross error; these are counted on the chord units alone."""
    gross: int = 0
    """Steps with one."""
    gross_resets: int = 0
    """Resets after gross errors."""
    episodes: int = 0
    """Episodes that reached their last chorus."""
    clean_run: int = 0
    """Steps in a row, up to now, without a gross error."""
    longest_clean_run: int = 0
    """The longest such run."""
    tests: int = 0
    """Free runs of the frozen network."""
    free_run: int = 0
    """Steps that the last of them played without a wrong note."""
    best_free_run: int = 0
    """Steps that the best of them played without a wrong note."""
    learned: int = 0
    """1 when a free run has passed the test: the form is learned."""
    melody: int = 0
    """1 since the melody is what is learned."""
    melody_steps: int = 0
    """Steps since then."""
    nonfinite: int = 0
    """1 when the loss is no longer a finite number."""

    @property
    def running(self) -> bool:
        """Whether there is more to learn in this phase."""
        return not (self.nonfinite or (self.learned and not self.melody))


@dataclass
class LearnerState:
    """Everything that a learner carries from one step to the next, on the CPU.

    weights, velocity: by parameter name of `BluesNetwork`; the velocity is the momentum buffer of
    `torch.optim.SGD`, an average of gradients of E.  s, y: shape (C,).  traces: shape (3, C, M).
    """

    weights: dict[str, Tensor]
    velocity: dict[str, Tensor]
    s: Tensor
    y: Tensor
    traces: Tensor
    counters: Counters = field(default_factory=Counters)
    loss: float = 0.0
    melody_loss: float = 0.0
    melody_rate: float = 0.0

    def as_dict(self) -> dict[str, object]:
        """The state in plain containers of tensors and numbers, for a checkpoint."""
        return {**self.__dict__, "counters": asdict(self.counters)}


class Learner(Protocol):
    """What both engines offer."""

    melody_rate: float
    """Learning rate of the melody's weights; may be changed between two calls of `learn`."""

    @property
    def counters(self) -> Counters:
        """Where the learner stands: a copy."""
        ...

    @property
    def loss(self) -> float:
        """Cross-entropy of the chord units, summed over all steps so far, in nats."""
        ...

    @property
    def melody_loss(self) -> float:
        """Cross-entropy of the other units, summed over the steps that they learned in, in nats."""
        ...

    def learn(self, steps: int) -> int:
        """Learns for at most `steps` steps, fewer when learned or no longer finite.

        Returns how many weight changes were made; `counters` and `loss` tell the rest.
        """
        ...

    def begin_melody(self) -> None:
        """From here on the melody is learned, from the start of a song; see `MelodyLearning`."""
        ...

    def free_run(
        self, steps: int, *, uniform: Tensor | None = None, stop_at_wrong: bool = False
    ) -> FreeRun:
        """Freezes the weights as they are and plays, see `lstm_blues.sampler.free_run`."""
        ...

    def state(self) -> LearnerState:
        """A copy of all that the learner carries."""
        ...

    def load(self, state: LearnerState) -> None:
        """Goes on from `state`, bit for bit."""
        ...


def test_uniform(topology: Topology, steps: int) -> Tensor | None:
    """The melody's random numbers in a test of so many steps, shape (steps,), float64.

    None where no melody reaches the chord units: the chords can be tested without one.
    """
    if topology.form_is_separate:
        return None
    return torch.rand(steps, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class OnlineLearner:
    """Online learning in PyTorch: one step, one weight change (section 3.1).

    Args:
        network: learns in place, on any device and in any dtype.
        stream: the songs; the target of a step is what sounds at the next.
        learning: the settings.
    """

    def __init__(self, network: BluesNetwork, stream: Stream, learning: Learning) -> None:
        self.network = network
        self.stream = Stream(stream.table.to(network.like), stream.picks)
        self.learning = learning
        self.topology = network.topology
        self.form = self.topology.unit_slice(FORM)
        self._rates = {"form": learning.rate, "melody": learning.melody.rates[0]}
        form, melody = self._split_parameters()
        groups = [
            {"params": part, "lr": self._rates[name]}
            for name, part in (("form", form), ("melody", melody))
            if part
        ]
        self.optimizer = torch.optim.SGD(groups, lr=learning.rate, momentum=learning.momentum)
        self._melody_parameters = melody
        self._form_parameters = form
        self._counters = Counters()
        self._loss = self._melody_loss = 0.0
        self.blocks = network.start()

    def _split_parameters(self) -> tuple[list[Tensor], list[Tensor]]:
        """Parameters that reach the chord units, and the others."""
        form: list[Tensor] = []
        melody: list[Tensor] = []
        for group in self.topology.groups:
            part = form if group.name in self.topology.form_groups else melody
            part += self.network.group(group.name).parameters()
        for units in self.topology.unit_sets:
            (form if units.name == FORM else melody).append(self.network.output[units.name])
        return form, melody

    @property
    def counters(self) -> Counters:
        """See `Learner.counters`."""
        return replace(self._counters)

    @property
    def loss(self) -> float:
        """See `Learner.loss`."""
        return self._loss

    @property
    def melody_loss(self) -> float:
        """See `Learner.melody_loss`."""
        return self._melody_loss

    @property
    def melody_rate(self) -> float:
        """See `Learner.melody_rate`."""
        return self._rates["melody"]

    @melody_rate.setter
    def melody_rate(self, rate: float) -> None:
        self._rates["melody"] = rate
        if self._melody_parameters:
            self.optimizer.param_groups[-1]["lr"] = rate

    @property
    def form_learns(self) -> bool:
        """Whether the weights that reach the chord units change."""
        return not self._counters.melody or self.learning.melody.chords == "learn"

    @property
    def melody_learns(self) -> bool:
        """Whether the other weights change."""
        return bool(self._counters.melody) or self.learning.melody.start == "together"

    def learn(self, steps: int) -> int:
        """See `Learner.learn`."""
        for done in range(steps):
            if not self._counters.running or not self.step():
                return done
        return steps

    def step(self) -> bool:
        """One step: predict, change the weights, count, and reset where the rule says so.

        Returns whether the weights were changed: not when the loss was no finite number.
        """
        count, learning, stream = self._counters, self.learning, self.stream
        following = (count.position + 1) % stream.steps
        x = stream.notes(count.songs, count.position)[None]
        target = stream.notes(count.songs + (following == 0), following)[None]
        form_groups = self.topology.form_groups
        melody_groups = {group.name for group in self.topology.groups} - form_groups
        net, blocks = self.network(
            x,
            self.blocks,
            learning=(form_groups if self.form_learns else set())
            | (melody_groups if self.melody_learns else set()),
            playing=None if self.melody_learns else form_groups,
        )
        others = torch.ones(self.topology.units, dtype=torch.bool, device=net.device)
        others[self.form] = False
        loss = cross_entropy(net[:, self.form], target[:, self.form])
        melody_loss = cross_entropy(net[:, others], target[:, others])
        learned_from = (loss if self.form_learns else 0) + (
            melody_loss if self.melody_learns else 0
        )
        if not torch.isfinite(loss + (melody_loss if self.melody_learns else 0)):
            count.nonfinite = 1
            return False
        self.optimizer.zero_grad()
        learned_from.backward()  # type: ignore[union-attr]
        if not self.form_learns:
            # Without a gradient, momentum doesn't move them either.
            for weights in self._form_parameters:
                weights.grad = None
        self.optimizer.step()
        self._loss += loss.item()
        self._melody_loss += melody_loss.item() if self.melody_learns else 0.0
        self.blocks = BlockState(blocks.s, blocks.y.detach(), blocks.traces)

        off = (target - torch.sigmoid(net.detach()))[:, self.form].abs()
        gross = int((off > learning.gross_error).any())
        count.steps += 1
        count.melody_steps += count.melody
        count.position = following
        count.right += not gross
        count.gross += gross
        count.gross_in_count += gross
        count.gross_in_chorus += gross
        count.clean_run = 0 if gross else count.clean_run + 1
        count.longest_clean_run = max(count.longest_clean_run, count.clean_run)

        test = count.steps % learning.test_interval == 0
        reset = bool(gross and 0 < learning.gross_errors <= count.gross_in_count)
        if reset:
            count.gross_resets += 1
        elif following == 0:
            test = test or (count.gross_in_chorus == 0 and not count.melody)
            count.songs += 1
            count.choruses_in_episode += 1
            count.gross_in_chorus = 0
            if learning.gross_count == "in_chorus":
                count.gross_in_count = 0
            if 0 < learning.episode_choruses <= count.choruses_in_episode:
                count.episodes += 1
                self.reset()
        if reset:
            count.songs += 1
            self.reset()
        if test and self.form_learns:
            self.test()
        return True

    def reset(self) -> None:
        """Back to a song's first step with states, activations and traces at zero.

        Weights stay as they are ("burned"), and so does the velocity (section 3.1).
        """
        self.blocks = self.network.start()
        count = self._counters
        count.position = count.choruses_in_episode = 0
        count.gross_in_count = count.gross_in_chorus = 0

    def begin_melody(self) -> None:
        """See `Learner.begin_melody`."""
        self._counters.melody = 1
        self._counters.songs += 1
        self.reset()

    def test(self) -> None:
        """The frozen network plays; learned when it plays all choruses (section 3.2)."""
        count = self._counters
        steps = self.learning.test_choruses * self.stream.steps
        count.tests += 1
        uniform = test_uniform(self.topology, steps)
        try:
            played = self.free_run(steps, uniform=uniform, stop_at_wrong=True)
            count.free_run = played.right
        except BluesError:  # no note can be drawn
            count.free_run = 0
        count.best_free_run = max(count.best_free_run, count.free_run)
        count.learned = int(count.free_run >= steps)

    def free_run(
        self, steps: int, *, uniform: Tensor | None = None, stop_at_wrong: bool = False
    ) -> FreeRun:
        """See `Learner.free_run`."""
        song = self.stream.table[0]
        return free_run(self.network, song, steps, uniform=uniform, stop_at_wrong=stop_at_wrong)

    def state(self) -> LearnerState:
        """See `Learner.state`."""

        def copy(tensor: Tensor) -> Tensor:
            return tensor.detach().cpu().clone()

        parameters = dict(self.network.named_parameters())
        buffers = {
            name: self.optimizer.state[weights].get("momentum_buffer")
            for name, weights in parameters.items()
        }
        assert self.blocks.traces is not None
        return LearnerState(
            weights={name: copy(weights) for name, weights in parameters.items()},
            velocity={
                name: torch.zeros_like(copy(parameters[name])) if buffer is None else copy(buffer)
                for name, buffer in buffers.items()
            },
            s=copy(self.blocks.s[0]),
            y=copy(self.blocks.y[0]),
            traces=copy(self.blocks.traces[:, 0]),
            counters=self.counters,
            loss=self.loss,
            melody_loss=self.melody_loss,
            melody_rate=self.melody_rate,
        )

    @torch.no_grad()
    def load(self, state: LearnerState) -> None:
        """See `Learner.load`."""
        for name, weights in self.network.named_parameters():
            weights.copy_(state.weights[name])
            # A buffer of zeros and none at all give the same next change.
            self.optimizer.state[weights]["momentum_buffer"] = state.velocity[name].to(
                weights, copy=True
            )
        like = self.network.like
        self.blocks = BlockState(
            state.s[None].to(like), state.y[None].to(like), state.traces[:, None].to(like)
        )
        self._counters = replace(state.counters)
        self._loss, self._melody_loss = state.loss, state.melody_loss
        self.melody_rate = state.melody_rate


assert THRESHOLD == 0.5, "the compiled engine tests the sign of the net"
