"""A frozen network playing on its own notes (sections 3.2 and 4.2 of the report)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lstm_blues.errors import BluesError
from lstm_blues.network import BluesNetwork
from lstm_blues.topology import FORM, Topology

THRESHOLD = 0.5
"""A chord note is played where its output is above this (section 3.2)."""


NO_NOTE = "the melody's outputs sum to zero or are not finite: no note can be drawn."


class FreeRun(NamedTuple):
    """What a frozen network played from zero state and the song's first step.

    notes: shape (n, units), bool: the notes played at steps 1 to n, each fed back as the next
    input.  outputs: shape (n, units), the output units' activations.  right: how many steps were
    played before the first wrong chord note.
    """

    notes: Tensor
    outputs: Tensor
    right: int


def draw_one(outputs: Tensor, uniform: Tensor) -> Tensor:
    """One note a row: outputs divided by their sum, chosen by a uniform random number (4.2).

    Args:
        outputs: activations of the melody's units, shape (N, K).
        uniform: numbers in [0, 1), shape (N,).

    Returns:
        The chosen units, shape (N,), int64.

    Raises:
        BluesError: the outputs of a row sum to zero, or are not finite.
    """
    total = outputs.sum(1)
    if not bool((total > 0).all()) or not bool(torch.isfinite(total).all()):
        raise BluesError(NO_NOTE)
    reached = outputs.cumsum(1)
    chosen = (reached <= (uniform.to(outputs) * reached[:, -1])[:, None]).sum(1)
    return chosen.clamp(max=outputs.shape[1] - 1)


def next_notes(topology: Topology, outputs: Tensor, uniform: Tensor | None) -> Tensor:
    """The notes that a frozen network plays, from the activations of its output units.

    Chords are on above 0.5; of every other set of units one note is drawn, none where `uniform` is
    None.  outputs: shape (N, units); uniform: shape (N,) or None.  Returns shape (N, units), bool.
    """
    notes = outputs > THRESHOLD
    for units in topology.unit_sets:
        if units.name != FORM:
            places = topology.unit_slice(units.name)
            notes[:, places] = False
            if uniform is not None:
                drawn = draw_one(outputs[:, places], uniform)
                notes[torch.arange(len(notes)), places.start + drawn] = True
    return notes


@torch.no_grad()
def free_run(
    network: BluesNetwork,
    song: Tensor,
    steps: int,
    *,
    uniform: Tensor | None = None,
    stop_at_wrong: bool = False,
) -> FreeRun:
    """Lets the network play `steps` steps by itself (the test of section 3.2).

    Started with the notes of the song's first step and from zero state, it takes its own notes
    for all inputs that follow.  A NaN is never a right note.

    Args:
        song: one cycle of the form, shape (T, units); the chord that is played at step n is
            compared with that of song[n % T].
        steps: how many steps to play.
        uniform: random numbers for the melody, shape (steps,); None: chords alone are played,
            which is the same to the bit where no melody reaches the chords.
        stop_at_wrong: end with the first wrong chord note.
    """
    topology = network.topology
    form = topology.unit_slice(FORM)
    playing = topology.form_groups if uniform is None else None
    state = network.start(1, traces=False)
    x = song[:1]
    if uniform is None:
        x = torch.zeros_like(x)
        x[:, form] = song[:1, form]
    notes, outputs, right, clean = [], [], 0, True
    for step in range(1, steps + 1):
        net, state = network(x, state, playing=playing)
        output = torch.sigmoid(net)
        played = next_notes(topology, output, None if uniform is None else uniform[step - 1 : step])
        x = played.to(song.dtype)
        notes.append(played[0])
        outputs.append(output[0])
        clean = clean and torch.equal(x[0, form], song[step % len(song), form])
        right += clean
        if stop_at_wrong and not clean:
            break
    empty = song.new_zeros(0, song.shape[1])
    return FreeRun(
        torch.stack(notes) if notes else empty > 0,
        torch.stack(outputs) if outputs else empty,
        right,
    )
