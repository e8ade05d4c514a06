"""Contenders that take turns, and the time that their steps take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from tqdm import tqdm

Contender = Callable[[int], int]
"""Learns for so many steps, and returns how many it made: an unrolled learner ends its stretch, and
a population makes them with every member."""


@dataclass(frozen=True)
class Turns:
    """How contenders take turns.

    seconds: about how long one turn is.  rounds: turns of each.  cpu: count this process's time on
    the processor, where other work takes its share of the machine; not for several threads.
    """

    seconds: float = 0.5
    rounds: int = 7
    cpu: bool = False


def measure(contenders: dict[str, Contender], turns: Turns) -> dict[str, float]:
    """Median seconds per step of each contender.

    They take turns, so that a machine whose speed drifts doesn't favour one.
    """
    steps = {}
    for name, learn in contenders.items():
        learn(20)  # first calls allocate and, in the peers, compile
        count = 20
        while (spent := _time(learn, count, turns)[0]) < turns.seconds / 10:
            count = max(2 * count, int(count * turns.seconds / 10 / max(spent, 1e-9)))
        steps[name] = max(1, int(count * turns.seconds / spent))
    spent_by: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in tqdm(range(turns.rounds), desc="rounds", disable=None):
        for name, learn in contenders.items():
            spent, done = _time(learn, steps[name], turns)
            spent_by[name].append(spent / done)
    return {name: median(values) for name, values in spent_by.items()}


def _time(learn: Contender, steps: int, turns: Turns) -> tuple[float, int]:
    """The seconds that took, and the steps that were made."""
    clock = time.process_time if turns.cpu else time.perf_counter
    begun = clock()
    done = learn(steps)
    # A program tells its own time, without its start.
    return float(getattr(learn, "seconds", clock() - begun)), done
