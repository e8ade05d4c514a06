"""Attempts side by side on all cores: the one that learns with the least work wins.

What an attempt learns depends on its steps alone, and an attempt goes on until it has had its steps
or more work than the best that has learned.  So the winner is the same on any number of cores.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lstm_blues.learning.state import Learner


@dataclass
class Attempt:
    """One attempt of a portfolio.

    Args:
        recipe: its recipe's name.
        seed: of its first weights.
        begun: the round in which it began, from 1.
        weights: of its network: the work of a step.
        learner: as far as it has learned.
        before: steps that it had made when the present round began.
    """

    recipe: str
    seed: int
    begun: int
    weights: int
    learner: Learner
    before: int = 0

    @property
    def work(self) -> int:
        """Steps of the present round, times weights."""
        return (self.learner.counters.steps - self.before) * self.weights


def race(
    attempts: Sequence[Attempt],
    steps: Callable[[Attempt], int],
    *,
    workers: int,
    chunk: int,
    tell: Callable[[int], bool],
) -> Attempt | None:
    """One round: every attempt learns on until one has won.  Returns the winner, or None.

    The winner is the attempt that learns with the least work of the round; of several, the first.

    Args:
        attempts: in their order.
        steps: up to which number of steps in all an attempt may learn.
        workers: threads.
        chunk: steps between two looks at the others.
        tell: is told of steps that were made, by any thread, one at a time; false to stop.
    """
    lock = threading.Lock()
    waiting = [(attempt.work, number) for number, attempt in enumerate(attempts)]
    heapq.heapify(waiting)
    won: list[tuple[int, int]] = [
        (attempt.work, number)
        for number, attempt in enumerate(attempts)
        if attempt.learner.counters.learned
    ]
    going = True

    def go_on() -> None:
        nonlocal going
        while True:
            with lock:
                # The one with the least work goes first, so that little is done in vain.
                if not (going and waiting) or (won and min(won) < waiting[0]):
                    return
                _, number = heapq.heappop(waiting)
            attempt = attempts[number]
            count = attempt.learner.counters
            left = steps(attempt) - count.steps
            if left <= 0 or not count.running:
                continue
            done = attempt.learner.learn(min(left, chunk))
            place = (attempt.work, number)
            with lock:
                going = tell(done) and going
                if attempt.learner.counters.learned:
                    won.append(place)
                else:
                    heapq.heappush(waiting, place)

    with ThreadPoolExecutor(workers) as pool:
        for ended in [pool.submit(go_on) for _ in range(workers)]:
            ended.result()
    return attempts[min(won)[1]] if won and going else None
