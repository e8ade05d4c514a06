"""When the melody is learned: falling rates and plateaus (section 4.2 of the report)."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_blues.learning.settings import MelodyLearning
from lstm_blues.learning.state import Learner


@dataclass
class MelodySchedule:
    """Where the melody's learning stands in its list of rates.

    rate: which of the rates is in use.  since: melody step at which it came into use.  best: least
    mean cross-entropy of a window at this rate, in nats per step; None before the first.  flat:
    flat windows in a row.  loss: `Learner.melody_loss` at the last window's end.  seen: steps at
    this rate up to there.
    """

    rate: int = 0
    since: int = 0
    best: float | None = None
    flat: int = 0
    loss: float = 0.0
    ended: bool = False
    seen: int = 0

    def steps_to_look(self, learner: Learner, melody: MelodyLearning) -> int:
        """Steps until `look` wants to be called."""
        done = learner.counters.melody_steps - self.since
        return min(self.seen + melody.window, melody.steps[self.rate]) - done

    def begin(self, learner: Learner) -> None:
        """The form is learned: count from here."""
        self.loss = learner.melody_loss

    def look(self, learner: Learner, melody: MelodyLearning, floor: float) -> None:
        """At the end of a window: goes on, takes the next rate, or ends.

        floor: the least possible cross-entropy, in nats per step.
        """
        steps = learner.counters.melody_steps
        done = steps - self.since
        spent = done >= melody.steps[self.rate]
        # An unrolled gradient may end some steps later than it was asked to.
        if done - self.seen >= melody.window:
            mean = (learner.melody_loss - self.loss) / (done - self.seen)
            self.loss, self.seen = learner.melody_loss, done
            flat = self.best is not None and mean > self.best - melody.plateau
            self.flat = self.flat + 1 if flat else 0
            self.best = mean if self.best is None else min(mean, self.best)
            spent = spent or self.flat >= melody.patience
            if mean < floor + melody.enough:
                self.ended = True
                return
        if not spent:
            return
        if self.rate + 1 == len(melody.rates):
            self.ended = True
            return
        self.rate += 1
        self.since, self.best, self.flat, self.loss = steps, None, 0, learner.melody_loss
        self.seen = 0
        learner.melody_rate = melody.rates[self.rate]
