"""A frozen network playing on its own notes (sections 3.2 and 4.2 of the report)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lstm_blues.network import BluesNetwork

THRESHOLD = 0.5
"""A chord note is played where its output is above this (section 3.2)."""


class FreeRun(NamedTuple):
    """What a frozen network played from zero state and the song's first step.

    notes: shape (n, units), bool: the notes played at steps 1 to n, each fed back as the next
    input.  outputs: shape (n, units), the output units' activations.  right: how many steps were
    played before the first wrong note.
    """

    notes: Tensor
    outputs: Tensor
    right: int


@torch.no_grad()
def free_run(
    network: BluesNetwork, song: Tensor, steps: int, *, stop_at_wrong: bool = False
) -> FreeRun:
    """Lets the network play `steps` steps by itself (the test of section 3.2).

    Started with the notes of the song's first step and from zero state, it takes its own
    thresholded outputs for all inputs that follow.  A NaN is never a right note.

    Args:
        song: one cycle of the form, shape (T, units); what is played at step n is compared with
            song[n % T].
        steps: how many steps to play.
        stop_at_wrong: end with the first wrong note.
    """
    state = network.start(1, traces=False)
    x = song[:1]
    notes, outputs, right, clean = [], [], 0, True
    for step in range(1, steps + 1):
        net, state = network(x, state)
        output = torch.sigmoid(net)
        x = (output > THRESHOLD).to(song.dtype)
        notes.append(x[0] > 0)
        outputs.append(output[0])
        clean = clean and torch.equal(x[0], song[step % len(song)])
        right += clean
        if stop_at_wrong and not clean:
            break
    empty = song.new_zeros(0, song.shape[1])
    return FreeRun(
        torch.stack(notes) if notes else empty > 0,
        torch.stack(outputs) if outputs else empty,
        right,
    )
