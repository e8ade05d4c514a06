"""The learning rule of the report, step by step and readable (sections 3.1 and 3.2).

`OnlineLearner` is the truth about how a network learns here.  `lstm_blues.fused.FusedLearner` is
the same rule, compiled; both share the settings, the counters and the state of this file.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from lstm_blues.cell import BlockState
from lstm_blues.errors import BluesError, require, require_choice
from lstm_blues.network import BluesNetwork, Network, cross_entropy
from lstm_blues.sampler import THRESHOLD, FreeRun, free_run
from lstm_blues.songs import Stream
from lstm_blues.topology import FORM, Topology

GROSS_COUNTS = ("since_reset", "in_chorus")
STARTS = ("after_chords", "together")
CHORDS_AFTER = ("hold", "learn")
GRADIENTS = ("truncated", "full", "unrolled")
UPDATES = ("momentum", "adam", "kalman")
KALMAN_ERRORS = ("squared", "cross_entropy")


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
        unroll: `Learning.unroll` once the form is learned, of effect with an unrolled gradient; 0
            for no other than before.

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
    unroll: int = 0

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
        require(self.unroll >= 0, "learning.melody.unroll", self.unroll, "at least 0")
        for name in ("plateau", "enough"):
            value = getattr(self, name)
            require(value >= 0, f"learning.melody.{name}", value, "a number not below 0")


@dataclass(frozen=True)
class KalmanFilter:
    """The decoupled extended Kalman filter, of effect with `Learning.update` `kalman`.

    Weights that lead to the same gate, cell or output unit share a covariance; none are assumed
    between those of different ones (Puskorius and Feldkamp 1994; for LSTM Pérez-Ortiz et al.).

    Args:
        covariance: variance of every weight at first.
        noise: variance of the measurement's noise at first and at last; it falls geometrically.
        process: what every weight's variance gains a step, at first and at last, likewise; both 0
            for nothing.
        over: steps over which both fall.
        error: what is made small: the squared errors of the outputs (`squared`), or the
            cross-entropy, the noise being that of a coin with the output's probability times
            `noise` (`cross_entropy`).

    Raises:
        BluesError: a value out of range.
    """

    covariance: float
    noise: tuple[float, ...]
    process: tuple[float, ...]
    over: int
    error: str

    def __post_init__(self) -> None:
        where = "learning.kalman"
        require(
            0 < self.covariance < math.inf,
            f"{where}.covariance",
            self.covariance,
            "a number above 0",
        )
        require(
            len(self.noise) == 2 and all(0 < value < math.inf for value in self.noise),
            f"{where}.noise",
            list(self.noise),
            "two numbers above 0, the first and the last",
        )
        positive = all(0 < value < math.inf for value in self.process)
        require(
            len(self.process) == 2 and (positive or self.process == (0, 0)),
            f"{where}.process",
            list(self.process),
            "two numbers above 0, the first and the last, or [0, 0]",
        )
        require(self.over >= 1, f"{where}.over", self.over, "at least 1")
        require_choice(f"{where}.error", self.error, KALMAN_ERRORS)

    def at(self, steps: int) -> tuple[float, float]:
        """Variance of the noise, and what every weight's variance gains, after so many steps."""
        share = min(1.0, steps / self.over)

        def fallen(ends: tuple[float, ...]) -> float:
            return ends[0] * (ends[1] / ends[0]) ** share if ends[0] else 0.0

        return fallen(self.noise), fallen(self.process)


PUBLISHED_KALMAN = KalmanFilter(100.0, (100.0, 3.0), (1e-2, 1e-6), 100_000, "squared")
"""The usual numbers for an LSTM's filter."""


@dataclass(frozen=True)
class Learning:
    """The settings of online learning; the report's values are in `conf/learning/`.

    Args:
        gradient: of the cross-entropy: the report's, carried forward by traces and cut where it
            would leave a cell's state (`truncated`); the whole, carried forward by the
            sensitivities of all states to all weights, real-time recurrent learning (`full`); or
            the whole, back-propagated through a stretch of steps (`unrolled`).
        unroll: steps of such a stretch, after which the weights change; 0 for whole episodes. A
            reset ends a stretch, too.
        update: what is made of the gradient: steps with momentum (`momentum`), torch.optim.Adam's
            (`adam`, with `momentum` as its first decay), or those of a Kalman filter (`kalman`).
        adam_decay: Adam's second decay, from 0 to below 1.
        kalman: the Kalman filter.
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
    gradient: str = "truncated"
    unroll: int = 96
    update: str = "momentum"
    adam_decay: float = 0.999
    kalman: KalmanFilter = PUBLISHED_KALMAN

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
        require_choice("learning.gradient", self.gradient, GRADIENTS)
        require_choice("learning.update", self.update, UPDATES)
        number("adam_decay", 0, math.nextafter(1, 0), "from 0 to below 1")
        number("unroll", 0, 2**31, "a whole number, 0 for whole episodes")
        if self.gradient == "unrolled" and self.unroll == self.episode_choruses == 0:
            raise BluesError(
                "learning.unroll is 0, for whole episodes, but must be above 0 with "
                "learning.episode_choruses=0, where episodes never end."
            )
        if self.update == "kalman" and self.gradient != "truncated":
            raise BluesError(
                f"learning.gradient is {self.gradient!r}, but must be truncated with "
                "learning.update=kalman."
            )

    def stretch(self, song_steps: int, melody: bool = False) -> int:
        """Steps after which an unrolled gradient changes the weights, for songs of so many; before
        the form is learned, or once the `melody` is what is learned."""
        if melody and self.melody.unroll:
            return self.melody.unroll
        return self.unroll or self.episode_choruses * song_steps


@dataclass
class Counters:
    """Where a learner stands, in whole numbers; both engines count alike."""

    steps: int = 0
    """Steps learned from, each with a weight change where no gradient is unrolled."""
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
    """Steps that the last of them played without a wrong note; of several songs the fewest."""
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
    adam_form: int = 0
    """Changes that Adam made to the weights that reach the chord units."""
    adam_melody: int = 0
    """Changes that it made to the others."""

    @property
    def running(self) -> bool:
        """Whether there is more to learn in this phase."""
        return not (self.nonfinite or (self.learned and not self.melody))


@dataclass
class LearnerState:
    """Everything that a learner carries from one step to the next, on the CPU.

    weights, velocity: by parameter name of `BluesNetwork`; the velocity is the momentum buffer of
    `torch.optim.SGD`, an average of gradients of E.  s, y: shape (C,).  traces: shape (3, C, M);
    empty with another gradient than the truncated one.  memory: what other learners carry, by name,
    see `memory_shapes`.
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
    memory: dict[str, Tensor] = field(default_factory=dict)

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
        """Learns for `steps` steps, fewer when learned or no longer finite.

        An unrolled gradient goes on to the end of its stretch, so that `state` always holds all.
        Returns how many steps were made; `counters` and `loss` tell the rest.
        """
        ...

    def begin_melody(self) -> None:
        """From here on the melody is learned, from the start of a song; see `MelodyLearning`."""
        ...

    def free_run(
        self,
        steps: int,
        *,
        song: int = 0,
        uniform: Tensor | None = None,
        stop_at_wrong: bool = False,
    ) -> FreeRun:
        """Freezes the weights as they are and plays a song of the stream's table, see
        `lstm_blues.sampler.free_run`."""
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


class Heard(NamedTuple):
    """One step as a weight change needs it: the summed cross-entropy of the units that learn, with
    its gradient, the nets of all output units and their targets, each of shape (1, units)."""

    loss: Tensor
    net: Tensor
    target: Tensor


class OnlineLearner:
    """Online learning in PyTorch: one step, one weight change (section 3.1).

    Args:
        network: learns in place, on any device and in any dtype.
        stream: the songs; the target of a step is what sounds at the next.
        learning: the settings.
    """

    def __init__(self, network: Network, stream: Stream, learning: Learning) -> None:
        self.network = network
        self.stream = replace(stream, table=stream.table.to(network.like))
        self.learning = learning
        self.topology = network.topology
        self.form = self.topology.unit_slice(FORM)
        self._rates = {"form": learning.rate, "melody": learning.melody.rates[0]}
        form, melody = network.split_parameters()
        groups = [
            {"params": part, "lr": self._rates[name]}
            for name, part in (("form", form), ("melody", melody))
            if part
        ]
        self.optimizer: torch.optim.Optimizer
        if learning.update == "adam":
            betas = (learning.momentum, learning.adam_decay)
            self.optimizer = torch.optim.Adam(groups, lr=learning.rate, betas=betas)
        else:
            self.optimizer = torch.optim.SGD(groups, lr=learning.rate, momentum=learning.momentum)
        self._melody_parameters = melody
        self._form_parameters = form
        self._counters = Counters()
        self._worst = 0
        self._loss = self._melody_loss = 0.0
        self.blocks = self.start()

    def start(self) -> BlockState:
        """Zeros, what blocks carry at a song's first step; with traces where they learn by them."""
        return self.network.start(traces=self.learning.gradient == "truncated")

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

        Returns whether it could be made: not when a number was no longer finite.
        """
        count = self._counters
        x, target = self.sounding(0)[None], self.sounding(1)[None]
        before = self.blocks
        net, blocks = self.predict(x)
        loss, melody_loss = self.losses(net, target)
        learned_from = (loss if self.form_learns else 0) + (
            melody_loss if self.melody_learns else 0
        )
        finite = torch.isfinite(loss + (melody_loss if self.melody_learns else 0))
        if not finite:
            count.nonfinite = 1
            return False
        self._loss += loss.item()
        self._melody_loss += melody_loss.item() if self.melody_learns else 0.0
        self.blocks = blocks
        if not self.change_weights(Heard(learned_from, net, target)):  # type: ignore[arg-type]
            self.blocks, count.nonfinite = before, 1
            return False
        self.count(self.is_gross(net, target))
        return True

    def sounding(self, ahead: int) -> Tensor:
        """What sounds so many steps from now, shape (units,)."""
        count, stream = self._counters, self.stream
        choruses, step = divmod(count.position + ahead, stream.steps)
        if stream.by_episode:
            return stream.notes(count.gross_resets + count.episodes, step)
        return stream.notes(count.songs + choruses, step)

    @property
    def playing_groups(self) -> frozenset[str] | None:
        """The groups that are computed at all; None for all."""
        return None if self.melody_learns else self.topology.form_groups

    def predict(self, x: Tensor) -> tuple[Tensor, BlockState]:
        """The nets of the output units on the notes `x`, and the new state."""
        form_groups = self.topology.form_groups
        melody_groups = {group.name for group in self.topology.groups} - form_groups
        return self.network.forward(
            x,
            self.blocks,
            learning=(form_groups if self.form_learns else set())
            | (melody_groups if self.melody_learns else set()),
            playing=self.playing_groups,
        )

    def losses(self, net: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the chord units and of the others, summed over rows."""
        others = torch.ones(self.topology.units, dtype=torch.bool, device=net.device)
        others[self.form] = False
        return (
            cross_entropy(net[:, self.form], target[:, self.form]),
            cross_entropy(net[:, others], target[:, others]),
        )

    def is_gross(self, net: Tensor, target: Tensor) -> bool:
        """Whether a chord unit is off by more than `Learning.gross_error`."""
        off = (target - torch.sigmoid(net.detach()))[:, self.form].abs()
        return bool((off > self.learning.gross_error).any())

    def change_weights(self, heard: Heard) -> bool:
        """The weight change of one step; whether its numbers were finite."""
        self.optimizer.zero_grad()
        heard.loss.backward()  # type: ignore[no-untyped-call]
        self.apply_gradient()
        self.blocks = BlockState(self.blocks.s, self.blocks.y.detach(), self.blocks.traces)
        return True

    def apply_gradient(self) -> None:
        """Changes the weights by their gradients."""
        if not self.form_learns:
            # Without a gradient, momentum doesn't move them either.
            for weights in self._form_parameters:
                weights.grad = None
        self.optimizer.step()
        if self.learning.update == "adam":
            self._counters.adam_form += self.form_learns
            self._counters.adam_melody += self.melody_learns and bool(self._melody_parameters)

    def count(self, gross: bool) -> None:
        """Counts one step, with a gross error or without, resets and tests where it is due."""
        clear, test = self.count_step(gross)
        if clear:
            self.reset()
        if test:
            self.test()

    def count_step(self, gross: bool) -> tuple[bool, bool]:
        """Counts one step; whether a reset is due, and a test."""
        count, learning = self._counters, self.learning
        following = (count.position + 1) % self.stream.steps
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
        clear = bool(gross and 0 < learning.gross_errors <= count.gross_in_count)
        if clear:
            count.gross_resets += 1
            count.songs += 1
        elif following == 0:
            test = test or (count.gross_in_chorus == 0 and not count.melody)
            count.songs += 1
            count.choruses_in_episode += 1
            count.gross_in_chorus = 0
            if learning.gross_count == "in_chorus":
                count.gross_in_count = 0
            if 0 < learning.episode_choruses <= count.choruses_in_episode:
                count.episodes += 1
                clear = True
        return clear, test and self.form_learns

    def reset(self) -> None:
        """Back to a song's first step with states, activations and traces at zero.

        Weights stay as they are ("burned"), and so does the velocity (section 3.1).
        """
        self.blocks = self.start()
        count = self._counters
        count.position = count.choruses_in_episode = 0
        count.gross_in_count = count.gross_in_chorus = 0

    def begin_melody(self) -> None:
        """See `Learner.begin_melody`."""
        self._counters.melody = 1
        self._counters.songs += 1
        self.reset()

    def test(self) -> None:
        """The frozen network plays; learned when it plays all choruses (section 3.2).

        Of several songs the fewest right steps count: none is played for longer than that, and the
        one that was the worst in the last test comes first.
        """
        count = self._counters
        steps = self.learning.test_choruses * self.stream.steps
        count.tests += 1
        uniform = test_uniform(self.topology, steps)
        count.free_run = steps
        songs, first = self.stream.tested, self._worst
        for song in (*range(first, songs), *range(first)):
            try:
                right = self.free_run(
                    count.free_run, song=song, uniform=uniform, stop_at_wrong=True
                ).right
            except BluesError:  # no note can be drawn
                right = 0
            if right < count.free_run:
                count.free_run, self._worst = right, song
        count.best_free_run = max(count.best_free_run, count.free_run)
        count.learned = int(count.free_run >= steps)

    def free_run(
        self,
        steps: int,
        *,
        song: int = 0,
        uniform: Tensor | None = None,
        stop_at_wrong: bool = False,
    ) -> FreeRun:
        """See `Learner.free_run`."""
        return free_run(
            self.network,
            self.stream.table[song],
            steps,
            uniform=uniform,
            stop_at_wrong=stop_at_wrong,
            given=self.stream.given,
        )

    def state(self) -> LearnerState:
        """See `Learner.state`."""
        parameters = dict(self.network.named_parameters())
        first = "exp_avg" if self.learning.update == "adam" else "momentum_buffer"
        return LearnerState(
            weights={name: _copy(weights) for name, weights in parameters.items()},
            velocity=self._of_optimizer(first),
            s=_copy(self.blocks.s[0]),
            y=_copy(self.blocks.y[0]),
            traces=torch.zeros(0)
            if self.blocks.traces is None
            else _copy(self.blocks.traces[:, 0]),
            counters=self.counters,
            loss=self.loss,
            melody_loss=self.melody_loss,
            melody_rate=self.melody_rate,
            memory=self.memory(),
        )

    def _of_optimizer(self, what: str) -> dict[str, Tensor]:
        """What the optimizer keeps of every weight; zeros where it has none yet."""
        return {
            name: _copy(self.optimizer.state[weights].get(what, torch.zeros_like(weights)))
            for name, weights in self.network.named_parameters()
        }

    def memory(self) -> dict[str, Tensor]:
        """A copy of what this learner carries beyond the report's; see `memory_shapes`."""
        if self.learning.update != "adam":
            return {}
        return {f"second/{n}": v for n, v in self._of_optimizer("exp_avg_sq").items()}

    @torch.no_grad()
    def load(self, state: LearnerState) -> None:
        """See `Learner.load`."""
        form = {id(weights) for weights in self._form_parameters}
        for name, weights in self.network.named_parameters():
            weights.copy_(state.weights[name])
            # Buffers of zeros and none at all give the same next change.
            kept = self.optimizer.state[weights]
            velocity = state.velocity[name].to(weights, copy=True)
            if self.learning.update == "adam":
                count = state.counters
                made = count.adam_form if id(weights) in form else count.adam_melody
                kept["step"] = torch.tensor(float(made))
                kept["exp_avg"] = velocity
                kept["exp_avg_sq"] = state.memory[f"second/{name}"].to(weights, copy=True)
            else:
                kept["momentum_buffer"] = velocity
        like = self.network.like
        traces = state.traces[:, None].to(like) if state.traces.numel() else None
        self.blocks = BlockState(state.s[None].to(like), state.y[None].to(like), traces)
        self._counters = replace(state.counters)
        self._loss, self._melody_loss = state.loss, state.melody_loss
        self.melody_rate = state.melody_rate


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().cpu().clone()


def memory_shapes(network: Network, learning: Learning) -> dict[str, tuple[int, ...]]:
    """What `LearnerState.memory` holds, by the name of a weight: with Adam its second moments
    (`second/`), with the Kalman filter the covariance of each row's weights (`covariance/`), with
    the full gradient how s and y of every cell change with each weight (`sensitivity/`)."""
    cells = network.topology.cells
    shapes: dict[str, tuple[int, ...]] = {}
    for name, weights in network.named_parameters():
        if learning.update == "adam":
            shapes[f"second/{name}"] = tuple(weights.shape)
        if not isinstance(network, BluesNetwork):
            continue
        rows, sources = weights.shape
        if learning.update == "kalman":
            shapes[f"covariance/{name}"] = (rows, sources, sources)
        if learning.gradient == "full" and name.startswith("blocks."):
            shapes[f"sensitivity/{name}"] = (2, cells, rows, sources)
    return shapes


def first_memory(network: BluesNetwork, learning: Learning) -> dict[str, Tensor]:
    """What `LearnerState.memory` holds before the first step: zeros, but for the covariances."""
    memory = {}
    for key, shape in memory_shapes(network, learning).items():
        memory[key] = torch.zeros(shape, dtype=network.like.dtype)
        kind, name = key.split("/", 1)
        if kind == "covariance":
            memory[key] += learning.kalman.covariance * torch.diag(network.mask_of(name).cpu())
    return memory


assert THRESHOLD == 0.5, "the compiled engine tests the sign of the net"
