"""The whole gradient, back-propagated through a stretch of steps (BPTT; Williams and Peng 1990).

Weights change once per stretch, by the gradient summed over its steps; states go on from one
stretch to the next, without their past.  A reset ends a stretch, so that a stretch as long as an
episode is untruncated BPTT.
"""

from __future__ import annotations

from torch import Tensor

from lstm_blues.learning.rule import Gradient, Learns
from lstm_blues.network.blocks import BlockState


class Bptt(Gradient):
    """`Learning.gradient` `bptt`, by torch's own back-propagation; for any network."""

    name = "bptt"
    kernel = "bptt.c"
    unrolled = True

    def predict(self, x: Tensor, state: BlockState, learns: Learns) -> tuple[Tensor, BlockState]:
        return self.network.sequence(x, state, learns.playing(self.network.topology))
