"""From the activations of output units to notes (sections 3.2 and 4.2 of the report)."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional as F

from lstm_blues.errors import BluesError, require
from lstm_blues.music.encoding import Encoding
from lstm_blues.network.network import Network
from lstm_blues.network.topology import CHORDS

THRESHOLD = 0.5
"""A chord note is played where its output is above this (section 3.2)."""

MOST_VOICES = 1000
"""Notes drawn at a step."""

NO_NOTE = "the melody's outputs sum to zero or are not finite: no note can be drawn."
"""The error where the melody's outputs say nothing."""


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
        fine = 0 <= self.top_k < 2**31
        require(fine, "sampling.top_k", self.top_k, "from 1 to 2^31-1, or 0 for all")
        fine = 1 <= self.voices <= MOST_VOICES
        require(fine, "sampling.voices", self.voices, f"from 1 to {MOST_VOICES}")

    @property
    def told(self) -> str:
        """What is not section 4.2's, in words that follow others; empty where nothing is."""
        names = (each.name for each in fields(self))
        return "".join(
            f", sampling.{name}={getattr(self, name)}"
            for name in names
            if getattr(self, name) != getattr(SECTION_4_2, name)
        )

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
    """One note per row: outputs divided by their sum, chosen by a uniform random number (4.2).

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
        if units.name == CHORDS:
            continue
        places = topology.unit_slice(units.name)
        notes[:, places] = False
        if uniform is not None:
            drawn = uniform.to(outputs.device).reshape(len(notes), -1)
            melody, sounded = outputs[:, places], before[:, places] > 0
            notes[:, places] = _draw_melody(melody, drawn, sounded, held, sampling)
    return notes


def _draw_melody(
    outputs: Tensor, uniform: Tensor, before: Tensor, held: str, sampling: Sampling
) -> Tensor:
    """The notes of one set of units, shape (N, K), bool, after those of the step `before`."""
    if held != "begins":
        return _draw_notes(outputs, uniform, sampling, silence=held == "endings")
    # The last unit tells whether a note begins; if not, the one before goes on.
    before = before[:, :-1]
    begins = (uniform[:, -1] < outputs[:, -1]) | ~before.any(1)
    drawn = _draw_notes(outputs[:, :-1], uniform[:, :-1], sampling, silence=False)
    return torch.cat((torch.where(begins[:, None], drawn, before), begins[:, None]), 1)


def _draw_notes(outputs: Tensor, uniform: Tensor, sampling: Sampling, *, silence: bool) -> Tensor:
    """One note per row and voice, shape (N, K), bool.

    With `silence`, what the outputs' sum lacks to 1 is the probability of no note at all.
    """
    notes = torch.zeros_like(outputs, dtype=torch.bool)
    total, rows = outputs.sum(1), torch.arange(len(outputs), device=outputs.device)
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
