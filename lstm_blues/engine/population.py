"""Many networks on the compiled engine, on all cores at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.learning.population import require_pairs
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import LearnerState
from lstm_blues.music.stream import Stream
from lstm_blues.network.network import BluesNetwork


class FastPopulation:
    """The compiled engine for many networks: one call, all cores.

    Args:
        networks: first weights; topologies may differ, each is compiled once.
        stream: the songs that all hear.
        learnings: the settings, one for each network.
        workers: threads; None for one a core that this process may use.

    Raises:
        BluesError: see `CompiledLearner`; or not as many settings as networks.
    """

    def __init__(
        self,
        networks: Sequence[BluesNetwork],
        stream: Stream,
        learnings: Sequence[Learning],
        workers: int | None = None,
    ) -> None:
        require_pairs(networks, learnings)
        self.members = [
            CompiledLearner(network, stream, learning)
            for network, learning in zip(networks, learnings, strict=True)
        ]
        self.workers = workers or len(cores())

    def learn(self, steps: int) -> int:
        """See `Population.learn`; the interpreter's lock is free meanwhile."""
        with ThreadPoolExecutor(self.workers) as pool:
            return sum(pool.map(lambda member: member.learn(steps), self.members))

    def state(self, member: int) -> LearnerState:
        """See `Population.state`."""
        return self.members[member].state()


def cores() -> set[int]:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))
