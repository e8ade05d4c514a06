"""The frozen test, which tells whether the form is learned (section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor

from lstm_blues.network.topology import Topology


def test_uniform(topology: Topology, steps: int) -> Tensor | None:
    """The melody's random numbers in a test of so many steps, shape (steps,), float64.

    None where no melody reaches the chord units: the chords can be tested without one.
    """
    if topology.chords_are_separate:
        return None
    return torch.rand(steps, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
