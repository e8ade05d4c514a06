"""The settings of learning (sections 3.1, 3.2 and 4); the values are in `conf/learning`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lstm_blues.errors import BluesError, require, require_choice
from lstm_blues.learning.rule import Rule
from lstm_blues.learning.rules import GRADIENTS, OPTIMIZERS

GROSS_COUNTS = ("since_reset", "in_chorus")


STARTS = ("after_chords", "together")


CHORDS_AFTER = ("hold", "learn")


OLD_NAMES = {"full": "rtrl", "unrolled": "bptt"}
"""Names of gradients in the configs of old checkpoints."""


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
        plateau: a window is flat when it betters the best one by less than this, in nats per step.
        patience: the next rate's turn comes after so many flat windows in a row; after the last
            rate the melody is learned.
        enough: it is learned, too, when a window's mean is within so many nats per step of the
            least possible; 0 to wait for the plateau.
        within: a run has learned its melody when, frozen, its cross-entropy on songs is within so
            many nats per step of the least possible; 0 to ask for the form alone.
        own_notes: share of the steps, once the form is learned, at which the melody's units hear
            the note that the network draws itself, see `OwnNotes`.
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
    within: float = 0.0
    own_notes: float = 0.0

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
        fine = 0 <= self.unroll <= 2**31
        require(fine, "learning.melody.unroll", self.unroll, f"from 0 to {2**31}")
        fine = 0 <= self.own_notes <= 1
        require(fine, "learning.melody.own_notes", self.own_notes, "from 0 to 1")
        for name in ("plateau", "enough", "within"):
            value = getattr(self, name)
            allowed = "a number of at least 0"
            require(0 <= value < math.inf, f"learning.melody.{name}", value, allowed)

    @property
    def together(self) -> bool:
        """Whether the melody is learned from the first step on."""
        return self.start == "together"

    @property
    def chords_go_on(self) -> bool:
        """Whether the form's weights change further once it is learned."""
        return self.chords == "learn"


@dataclass(frozen=True)
class KalmanFilter:
    """The decoupled extended Kalman filter, of effect with `Learning.update` `kalman`.

    Weights that lead to the same gate, cell or output unit share a covariance; none are assumed
    between those of different ones (Puskorius and Feldkamp 1994; for LSTM Pérez-Ortiz et al.).

    Args:
        covariance: variance of every weight at first.
        noise: variance of the measurement's noise at first and at last; it falls geometrically.
        process: what every weight's variance gains per step, at first and at last, likewise; both 0
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

    @property
    def divides(self) -> bool:
        """Whether errors are divided by their standard deviation: those of the cross-entropy."""
        return self.error == "cross_entropy"

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
            sensitivities of all states to all weights, real-time recurrent learning (`rtrl`); or
            the whole, back-propagated through a stretch of steps (`bptt`).
        unroll: steps of such a stretch, after which the weights change; 0 for whole episodes. A
            reset ends a stretch, too.
        update: what is made of the gradient: steps with momentum (`momentum`), with Nesterov's
            (`nesterov`), torch.optim.Adam's (`adam`, with `momentum` as its first decay), or those
            of a Kalman filter (`kalman`).
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
        gradient = OLD_NAMES.get(self.gradient, self.gradient)
        object.__setattr__(self, "gradient", gradient)
        require_choice("learning.gradient", self.gradient, GRADIENTS)
        require_choice("learning.update", self.update, OPTIMIZERS)
        number("adam_decay", 0, math.nextafter(1, 0), "from 0 to below 1")
        number("unroll", 0, 2**31, "a whole number, 0 for whole episodes")
        rule = self.rule
        if rule.gradient.unrolled and self.unroll == self.episode_choruses == 0:
            raise BluesError(
                "learning.unroll is 0, for whole episodes, but must be above 0 with "
                "learning.episode_choruses=0, where episodes never end."
            )
        own = self.melody.own_notes
        fine = not (own and rule.gradient.unrolled)
        require(fine, "learning.melody.own_notes", own, f"0 with learning.gradient={self.gradient}")
        allowed = rule.optimizer.gradients
        if allowed is not None and self.gradient not in allowed:
            raise BluesError(
                f"learning.gradient is {self.gradient!r}, but must be {' or '.join(allowed)} with "
                f"learning.update={self.update}."
            )

    @property
    def rule(self) -> Rule:
        """The gradient and the optimizer that `gradient` and `update` name."""
        return Rule(GRADIENTS[self.gradient], OPTIMIZERS[self.update])

    @property
    def counts_in_chorus(self) -> bool:
        """Whether the count of gross errors starts anew with every chorus."""
        return self.gross_count == "in_chorus"

    def stretch(self, song_steps: int, melody: bool = False) -> int:
        """Steps after which the weights change, for songs of so many; before the form is learned,
        or once the `melody` is what is learned."""
        if not self.rule.gradient.unrolled:
            return 1
        if melody and self.melody.unroll:
            return self.melody.unroll
        return self.unroll or self.episode_choruses * song_steps
