"""What goes on inside a frozen network while it plays: gates, states and traces (section 2.1).

`watch` plays and writes everything down; what it hears can be changed on the way, to see how the
form survives a wrong chord or a lost memory (section 3.2: "never drift").
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lstm_blues.errors import require
from lstm_blues.music.form import Form
from lstm_blues.network.blocks import BlockState, block_step
from lstm_blues.network.network import BluesNetwork
from lstm_blues.network.topology import GATES
from lstm_blues.playing.player import Player
from lstm_blues.playing.sampler import draws

Disturbance = Callable[[int, Tensor, BlockState], tuple[Tensor, BlockState]]
"""Changes what a network is about to hear at a step: (step, notes of shape (1, I), state before)
to the notes and the state that it gets instead."""


@dataclass(frozen=True)
class Inside:
    """Everything that went on in a frozen network, one row per step.

    heard: the notes that it got, shape (n, units), bool.  outputs: its output units, the
    probability of each note at the next step, shape (n, units).  played: the notes that it made of
    them, shape (n, units), bool.  states, cells: s and y of all cells, shape (n, C).  gates: of all
    blocks by `input`, `forget` and `output`, each of shape (n, B).  traces: the norm of each cell's
    traces, shape (n, C), or (n, 0) where they were not asked for.
    """

    heard: Tensor
    outputs: Tensor
    played: Tensor
    states: Tensor
    cells: Tensor
    gates: dict[str, Tensor]
    traces: Tensor

    @property
    def steps(self) -> int:
        """How long the network was watched."""
        return len(self.heard)

    def right(self, form: Tensor, late: int = 0) -> Tensor:
        """Where the chords played are those of the form at the next step, shape (n,), bool.

        form: one chorus, shape (T, 12).  late: steps that the form is expected behind its place.
        """
        following = (torch.arange(self.steps) + 1 - late) % len(form)
        return (self.played[:, : form.shape[1]] == (form > 0)[following]).all(1)

    def late(self, form: Tensor) -> int | None:
        """How many steps the last chorus played is behind the form; None where it is not the form.

        0 where every chord is at its place.  form: one chorus, shape (T, 12); T steps or more must
        have been watched.
        """
        for late in range(len(form)):
            if self.right(form, late)[-len(form) :].all():
                return late
        return None


def watch(
    network: BluesNetwork,
    song: Tensor,
    steps: int,
    *,
    alone: bool = True,
    seed: int = 1,
    disturb: Disturbance | None = None,
    traces: bool = True,
) -> Inside:
    """Watches a frozen network from zero state.

    Args:
        network: is not changed.
        song: one chorus or more, shape (T, units): its first step begins the music; where the
            network is not `alone`, it hears the song again and again.
        steps: how many steps to watch.
        alone: the network hears its own notes from the second step on.
        seed: of the melody's uniform random numbers.
        disturb: changes what it hears, or its state, on the way.
        traces: compute them, too; it takes twice the time.

    Raises:
        BluesError: fewer than one step, or outputs that no note can be drawn from.
    """
    require(steps >= 1, "steps", steps, "at least 1")
    topology = network.topology
    has_melody = len(topology.unit_sets) > 1
    generator = torch.Generator().manual_seed(seed)
    song = song.to(network.like)
    player = Player(network, traces=traces)
    rows: list[tuple[Tensor, ...]] = []
    for step in range(steps):
        if not alone or step == 0:
            player.notes = song[step % len(song)][None]
        if disturb is not None:
            player.notes, player.state = disturb(step, player.notes, player.state)
        uniform = torch.rand(1, draws(network.encoding), generator=generator).to(song)
        one = player.step(uniform=uniform if has_melody else None)
        s, y, carried = one.after
        norms = s[0, :0] if carried is None else carried[:, 0].square().sum((0, 2)).sqrt()
        gates = _gates(network, one.heard, one.before)
        rows.append((one.heard[0] > 0, one.outputs[0], one.notes[0], s[0], y[0], *gates, norms))
    heard, outputs, played, states, cells, *by_gate, lengths = (
        torch.stack(column).cpu() for column in zip(*rows, strict=True)
    )
    return Inside(
        heard, outputs, played, states, cells, dict(zip(GATES, by_gate, strict=True)), lengths
    )


@torch.no_grad()
def _gates(network: BluesNetwork, x: Tensor, state: BlockState) -> list[Tensor]:
    """The three gates of a step on the notes `x` from `state`, each of shape (B,)."""
    u = network.sources(x, state)
    found = []
    for group in network.topology.groups:
        blocks = network.group(group.name)
        s = state.s[:, network.topology.cell_slice(group.name)]
        a = block_step(blocks.weights, u, s, blocks.block_of_cell, blocks.g, blocks.h)
        found.append([gate[0, :: group.cells] for gate in (a.iota, a.phi, a.omega)])
    return [torch.cat(parts) for parts in zip(*found, strict=True)]


def forget_cells(at: int, cells: Collection[int]) -> Disturbance:
    """Sets the states of some cells to zero before step `at`."""

    def disturb(step: int, x: Tensor, state: BlockState) -> tuple[Tensor, BlockState]:
        if step == at:
            s = state.s.clone()
            s[:, list(cells)] = 0.0
            state = state._replace(s=s)
        return x, state

    return disturb


def wrong_chord(at: int, pitches: Sequence[int], steps: int = 1) -> Disturbance:
    """Lets the network hear another chord, given by chord units, for `steps` steps from `at` on."""

    def disturb(step: int, x: Tensor, state: BlockState) -> tuple[Tensor, BlockState]:
        if at <= step < at + steps:
            x = x.clone()
            x[:, : Form.CHORD_NOTES] = 0.0
            x[:, list(pitches)] = 1.0
        return x, state

    return disturb


def steps_to_recover(right: Tensor, since: int) -> int | None:
    """Steps from `since` to the first one after which every chord is right; None for never.

    right: of `Inside.right`, shape (n,).
    """
    wrong = (~right[since:]).nonzero()
    if not len(wrong):
        return 0
    last = int(wrong[-1]) + 1
    return last if since + last < len(right) else None
