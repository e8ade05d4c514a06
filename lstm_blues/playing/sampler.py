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
from lstm_blues.music.encoding import Encoding
from lstm_blues.network.network import Network
from lstm_blues.network.topology import CHORDS

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


SECTION_4_2 = Sampling()
"""One note, drawn as the report draws it."""


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
    network: Network,
    outputs: Tensor,
    uniform: Tensor | None,
    before: Tensor,
    sampling: Sampling = SECTION_4_2,
) -> Tensor:
    """The notes that a frozen network plays, from the activations of its output units.

    Chords are on above 0.5; of every other set of units one note is drawn, none where `uniform` is
    None.  Where the encoding marks the ends of notes, what the outputs' sum lacks to 1 is the
    probability of silence; where a unit tells their beginnings, one begins with that unit's
    probability, and else the note before goes on.

    outputs: shape (N, units).  uniform: shape (N, draws), or None, see `draws`.  before: the notes
    of the step before, shape (N, units).  Returns shape (N, units), bool.
    """
    topology, held = network.topology, network.encoding.held
    notes = outputs > THRESHOLD
    for units in topology.unit_sets:
        if units.name != CHORDS:
            places = topology.unit_slice(units.name)
            notes[:, places] = False
            if uniform is None:
                continue
            drawn = uniform.reshape(len(notes), -1)
            of_notes = outputs[:, places]
            begins = torch.ones(len(notes), dtype=torch.bool)
            if held == "begins":
                # The last unit tells whether a note begins; if not, the one before goes on.
                of_notes = of_notes[:, :-1]
                begins = drawn[:, -1] < outputs[:, places.stop - 1]
                begins |= ~(before[:, places][:, :-1] > 0).any(1)
                drawn = drawn[:, :-1]
            played = _draw_notes(of_notes, drawn, sampling, silence=held == "endings")
            if held == "begins":
                kept = before[:, places][:, :-1] > 0
                played = torch.where(begins[:, None], played, kept)
                played = torch.cat((played, begins[:, None]), 1)
            notes[:, places] = played
    return notes


def _draw_notes(outputs: Tensor, uniform: Tensor, sampling: Sampling, *, silence: bool) -> Tensor:
    """One note a row and voice, shape (N, K), bool.

    With `silence`, what the outputs' sum lacks to 1 is the probability of no note at all.
    """
    notes = torch.zeros_like(outputs, dtype=torch.bool)
    total, rows = outputs.sum(1), torch.arange(len(outputs))
    weighed = sampling.weigh(outputs)
    for voice in uniform.T:
        sounds, chance = torch.ones_like(notes[:, 0]), voice
        if silence:
            silent = (1 - total).clamp(min=0)
            if sampling.greedy:
                silent = (silent > THRESHOLD).to(silent)
            sounds = voice >= silent
            chance = (voice - silent) / (1 - silent)
        drawn = draw_one(weighed[sounds], chance[sounds])
        notes[rows[sounds], drawn] = True
    return notes


def draws(encoding: Encoding, sampling: Sampling = SECTION_4_2) -> int:
    """Uniform random numbers that a step takes."""
    return sampling.voices + (encoding.held == "begins")


@torch.no_grad()
def free_run(
    network: Network,
    song: Tensor,
    steps: int,
    *,
    uniform: Tensor | None = None,
    stop_at_wrong: bool = False,
    given: int = 1,
) -> FreeRun:
    """Lets the network play `steps` steps by itself (the test of section 3.2).

    Started with the notes of the song's first step and from zero state, it takes its own notes
    for all inputs that follow.  A NaN is never a right note.

    Args:
        song: one cycle of the form, shape (T, units); the chord that is played at step n is
            compared with that of song[n % T].
        steps: how many steps to play.
        uniform: random numbers for the melody, shape (steps,) or (steps, draws), see `draws`; None:
            chords alone are played, which is the same to the bit where no melody reaches the
            chords.
        stop_at_wrong: end with the first wrong chord note.
        given: how many steps of the song the network is given before its own notes count; those are
            right.
    """
    topology = network.topology
    form = topology.unit_slice(CHORDS)
    playing = topology.chord_groups if uniform is None else None
    state = network.start(1, traces=False)
    x = song[:1]
    if uniform is None:
        x = torch.zeros_like(x)
        x[:, form] = song[:1, form]
    notes, outputs, right, clean = [], [], 0, True
    for step in range(1, steps + 1):
        net, state = network(x, state, playing=playing)
        output = torch.sigmoid(net)
        drawn = None if uniform is None else uniform[step - 1 : step]
        played = next_notes(network, output, drawn, x)
        x = played.to(song.dtype)
        if step < given:
            x = song[step % len(song)][None].clone()
        notes.append(x[0] > 0)
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
    network: Network, primers: Tensor, seed: int, sampling: Sampling = SECTION_4_2
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
    given = primers.shape[1]
    require(1 <= given <= LONGEST_PRIMER, "primer", given, f"1 to {LONGEST_PRIMER} steps")
    return _compose(network, primers.to(network.like), seed, sampling)


def _compose(network: Network, primers: Tensor, seed: int, sampling: Sampling) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    pieces, numbers = len(primers), draws(network.encoding, sampling)
    state = network.start(pieces, traces=False)
    for step in range(primers.shape[1]):
        x = primers[:, step]
        notes = x > 0
        yield notes
        with torch.no_grad():
            net, state = network(x, state)
    while True:
        uniform = torch.rand(pieces, numbers, generator=generator, dtype=torch.float64)
        notes = next_notes(network, torch.sigmoid(net), uniform.to(net), notes, sampling)
        yield notes
        with torch.no_grad():
            net, state = network(notes.to(primers), state)
