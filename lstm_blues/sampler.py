"""A frozen network playing on its own notes (sections 3.2 and 4.2 of the report)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from lstm_blues.errors import BluesError, require
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


@dataclass(frozen=True)
class Sampling:
    """How the melody is drawn from its outputs; the defaults are section 4.2's.

    Args:
        temperature: outputs are raised to the power 1 / temperature before they are divided by
            their sum; below 1 bolder outputs gain, above 1 all become more alike.
        top_k: draw from the k largest outputs only; 0 for all.
        greedy: always take the largest output.
        voices: notes drawn independently at every step (section 2.2 promises several voices).

    Raises:
        BluesError: a value out of range.
    """

    temperature: float = 1.0
    top_k: int = 0
    greedy: bool = False
    voices: int = 1

    def __post_init__(self) -> None:
        require(
            0 < self.temperature < math.inf,
            "sampling.temperature",
            self.temperature,
            "a number above 0",
        )
        require(self.top_k >= 0, "sampling.top_k", self.top_k, "at least 1, or 0 for all")
        require(self.voices >= 1, "sampling.voices", self.voices, "at least 1")

    def weigh(self, outputs: Tensor) -> Tensor:
        """The outputs, shape (N, K), changed as the options say; not yet divided by their sum."""
        if self.greedy:
            return F.one_hot(outputs.argmax(1), outputs.shape[1]).to(outputs)
        if self.temperature != 1:
            # Divided by the largest first, so that no power overflows or all underflow.
            largest = outputs.amax(1, keepdim=True)
            outputs = torch.where(largest > 0, outputs / largest, outputs)
            outputs = outputs ** (1 / self.temperature)
        if 0 < self.top_k < outputs.shape[1]:
            kept = outputs.topk(self.top_k, 1)
            outputs = torch.zeros_like(outputs).scatter(1, kept.indices, kept.values)
        return outputs


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


def next_notes(
    topology: Topology, outputs: Tensor, uniform: Tensor | None, sampling: Sampling | None = None
) -> Tensor:
    """The notes that a frozen network plays, from the activations of its output units.

    Chords are on above 0.5; of every other set of units one note is drawn, none where `uniform` is
    None.  outputs: shape (N, units); uniform: shape (N,) or (N, voices), or None.  Returns shape
    (N, units), bool.
    """
    notes = outputs > THRESHOLD
    for units in topology.unit_sets:
        if units.name != FORM:
            places = topology.unit_slice(units.name)
            notes[:, places] = False
            if uniform is not None:
                weighed = outputs[:, places]
                if sampling is not None:
                    weighed = sampling.weigh(weighed)
                for voice in uniform.reshape(len(notes), -1).T:
                    drawn = draw_one(weighed, voice)
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


LONGEST_PRIMER = 24
"""Steps of a training song that a composition may begin with (section 4.2)."""


def compose(
    network: BluesNetwork, primers: Tensor, seed: int, sampling: Sampling | None = None
) -> Iterator[Tensor]:
    """Composes for as long as one is willing to listen (section 4.2).

    The network hears its primer, then its own notes.  Memory does not grow with the music.

    Args:
        network: frozen.
        primers: the first steps of each piece, shape (N, p, units), 1 <= p <= 24.
        seed: of the uniform random numbers.
        sampling: options beside section 4.2's.

    Yields:
        The notes of all pieces, one step at a time, shape (N, units), bool: first the primers',
        then the network's own.

    Raises:
        BluesError: a primer of no or too many steps, or outputs that no note can be drawn from.
    """
    sampling = sampling or Sampling()
    given = primers.shape[1]
    require(1 <= given <= LONGEST_PRIMER, "primer", given, f"1 to {LONGEST_PRIMER} steps")
    return _compose(network, primers.to(network.like), seed, sampling)


def _compose(
    network: BluesNetwork, primers: Tensor, seed: int, sampling: Sampling
) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    pieces = len(primers)
    state = network.start(pieces, traces=False)
    for step in range(primers.shape[1]):
        x = primers[:, step]
        yield x > 0
        with torch.no_grad():
            net, state = network(x, state)
    while True:
        uniform = torch.rand(pieces, sampling.voices, generator=generator, dtype=torch.float64)
        notes = next_notes(network.topology, torch.sigmoid(net), uniform.to(net), sampling)
        yield notes
        with torch.no_grad():
            net, state = network(notes.to(primers), state)
