"""Attempts side by side: the winner does not depend on the number of cores."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from lstm_blues.learning.state import Counters
from lstm_blues.runs.race import Attempt, race


class Scripted:
    """A learner that has learned after so many steps, or never where None."""

    def __init__(self, learns_at: int | None, pause: float = 0.0, breaks_at: int = 10**9) -> None:
        self.learns_at, self.pause, self.breaks_at = learns_at, pause, breaks_at
        self.counters = Counters()

    def learn(self, steps: int) -> int:
        time.sleep(self.pause)
        ends = min(self.counters.steps + steps, self.breaks_at, self.learns_at or 10**9)
        done = ends - self.counters.steps
        self.counters = replace(
            self.counters,
            steps=ends,
            learned=int(ends == self.learns_at),
            nonfinite=int(ends == self.breaks_at),
        )
        return done


def attempts(*learners: Scripted, weights: tuple[int, ...] = ()) -> list[Attempt]:
    each = weights or (1,) * len(learners)
    return [
        Attempt(f"recipe {n}", 1, 1, each[n], learner)  # type: ignore[arg-type]
        for n, learner in enumerate(learners)
    ]


def run(entrants: list[Attempt], steps: int = 1000, workers: int = 2) -> Attempt | None:
    return race(entrants, lambda _: steps, workers=workers, chunk=10, tell=lambda _: True)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_least_work_wins_however_slow_its_thread_is(workers: int) -> None:
    # The third learns after the least work, but its steps take longest.
    entrants = attempts(Scripted(400), Scripted(None), Scripted(200, pause=0.002), Scripted(205))
    won = run(entrants, workers=workers)
    assert won is entrants[2]


@pytest.mark.parametrize("workers", [1, 3])
def test_work_is_steps_times_weights_and_the_first_of_equals_wins(workers: int) -> None:
    entrants = attempts(Scripted(100), Scripted(30), Scripted(60), weights=(3, 10, 5))
    assert run(entrants, workers=workers) is entrants[0]
    entrants = attempts(Scripted(101), Scripted(30), Scripted(60), weights=(3, 10, 5))
    assert run(entrants, workers=workers) is entrants[1]


def test_others_stop_soon_after_the_winner() -> None:
    entrants = attempts(Scripted(50), Scripted(None), Scripted(None))
    run(entrants, steps=100_000, workers=1)
    assert all(entrant.learner.counters.steps <= 60 for entrant in entrants)


def test_without_a_winner_all_have_had_their_steps() -> None:
    entrants = attempts(Scripted(None), Scripted(2000), Scripted(None, breaks_at=40))
    assert run(entrants) is None
    assert [entrant.learner.counters.steps for entrant in entrants] == [1000, 1000, 40]


def test_a_stopped_race_has_no_winner_yet() -> None:
    entrants = attempts(Scripted(50), Scripted(None))
    assert race(entrants, lambda _: 1000, workers=1, chunk=10, tell=lambda _: False) is None
    assert sum(entrant.learner.counters.steps for entrant in entrants) == 10
    assert run(entrants) is entrants[0]
