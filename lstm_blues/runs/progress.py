"""How far a run is: its phase, what it can do by now, and how long runs like it took."""

from __future__ import annotations

from statistics import median

from tqdm import tqdm

from lstm_blues.learning.schedule import MelodySchedule
from lstm_blues.learning.state import Learner
from lstm_blues.runs.settings import Settings
from lstm_blues.runs.terminal import terminal

DOCUMENTED = {
    ("chords", 1e-5): (
        *(8.7, 13.0, 13.7, 14.0, 15.0, 15.9, 18.0, 18.2, 18.7, 18.8),
        *(19.7, 21.5, 22.8, 23.1, 24.6, 25.3, 26.5, 29.5, 34.6, 77.6),
    ),
    ("melody", 1e-5): (
        *(37.8, 38.7, 39.5, 52.7, 66.9, 74.8, 75.1, 86.3, 90.9),
        *(91.7, 93.5, 95.1, 96.4, 97.7, 108.2, 124.7, 134.9, 135.4, 142.1),
    ),
}
"""Millions of steps of the runs that ended well in `docs/study`, `chords_seeds/runs.csv` and
`melody_seeds/runs.csv`, by experiment and learning rate."""


class Progress:
    """A run's line on a terminal; to be used in a `with` block.

    Args:
        settings: of the run.
        learner: where it begins or goes on.
        floor: the least possible cross-entropy of the melody, in nats per step; None without one.
    """

    def __init__(self, settings: Settings, learner: Learner, floor: float | None) -> None:
        self._settings, self._learner, self._floor = settings, learner, floor
        self._line = tqdm(
            initial=learner.counters.steps,
            unit="step",
            unit_scale=True,
            disable=None,
            bar_format="{desc}: {n_fmt} steps in {elapsed}, {rate_fmt}{postfix}",
            desc=settings.name,
            **terminal(),
        )
        self._since = learner.counters.steps, learner.loss, learner.melody_loss

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()

    def tell(self, done: int, schedule: MelodySchedule) -> None:
        """So many more steps are done."""
        if self._line.disable:
            return
        self._line.ncols = terminal()["ncols"]
        self._line.set_postfix_str(", ".join(self._known(schedule)), refresh=False)
        self._line.update(done)

    def _known(self, schedule: MelodySchedule) -> list[str]:
        count, melody = self._learner.counters, self._settings.learning.melody
        steps, loss, melody_loss = self._since
        taken = max(1, count.steps - steps)
        words = []
        if count.melody:
            words.append(f"melody, rate {schedule.rate + 1} of {len(melody.rates)}")
        else:
            words.append("form")
        left = steps_left(self._settings, count.steps)
        rate = self._line.format_dict["rate"]
        if left is not None and rate:
            words.append(f"~{tqdm.format_interval(left / rate)} left")
        if self._floor is not None:
            above = (self._learner.melody_loss - melody_loss) / taken - self._floor
            words.append(f"melody {above:.3f} nats per step above the floor")
        if not count.melody:
            words.append(f"chords {(self._learner.loss - loss) / taken:.3f} nats per step")
            words.append(f"best free run {count.best_free_run}")
        words.append(f"clean run {count.longest_clean_run}")
        self._since = count.steps, self._learner.loss, self._learner.melody_loss
        return words


def steps_left(settings: Settings, steps: int) -> float | None:
    """Steps that a run still takes after so many: the median of the documented runs of its kind
    that took longer, but no more than to its limit; None where there is none."""
    known = DOCUMENTED.get((settings.name, settings.learning.rate), ())
    longer = [millions * 1e6 - steps for millions in known if millions * 1e6 > steps]
    if not longer:
        return None
    most = settings.run.step_limit + sum(settings.learning.melody.steps) * (
        settings.bars is not None
    )
    return min(median(longer), max(0, most - steps))
