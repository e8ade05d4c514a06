"""What a learner carries from step to step, and what every learner offers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Protocol

from torch import Tensor

from lstm_blues.learning.settings import Learning
from lstm_blues.network.network import Network
from lstm_blues.playing.player import FreeRun


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
    adam_chords: int = 0
    """Changes that Adam made to the weights that reach the chord units."""
    adam_melody: int = 0
    """Changes that it made to the others."""
    own_note: int = 0
    """What the melody's units hear next in place of the song's note: 0, or 1 + 2 note + begins, the
    note after the last one being silence."""
    own_segment: int = 0
    """0, or 1 + the segment that the bar goes on with in place of the song's."""

    def copy(self) -> Counters:
        """As they are now; in a tenth of the time of `dataclasses.replace`, at every step."""
        now = Counters.__new__(Counters)
        now.__dict__.update(self.__dict__)
        return now

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


def memory_shapes(network: Network, learning: Learning) -> dict[str, tuple[int, ...]]:
    """Shapes of what `LearnerState.memory` holds, by `NAME/PARAMETER`; the rule's optimizer and
    gradient say what that is."""
    rule = learning.rule
    return rule.optimizer.memory_shapes(network) | rule.gradient.memory_shapes(network)


def first_memory(network: Network, learning: Learning) -> dict[str, Tensor]:
    """What `LearnerState.memory` holds before the first step, on the CPU."""
    rule = learning.rule
    return rule.optimizer.first_memory(network, learning) | rule.gradient.first_memory(
        network, learning
    )
