"""How notes stand at the network's units (section 2.2 of the report).

One unit per note, 1.0 for on and 0.0 for off, twelve chord notes first, then thirteen melody notes.
So a held note looks like a repeated one; the two ways to tell them apart that the report names but
does not use are options here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lstm_blues.errors import require_choice
from lstm_blues.music.form import Form

INPUTS = ("on_off", "standardised")

HELD = ("unmarked", "endings", "begins")


@dataclass(frozen=True)
class Encoding:
    """How a song becomes inputs and targets.

    Args:
        inputs: what the network hears: 1.0 and 0.0 (`on_off`), or those adjusted to mean 0 and
            standard deviation 1 over all songs (`standardised`, section 2.2's "later
            experiments"). Targets are 1.0 and 0.0 either way.
        held: how a melody note that is held differs from one that is repeated: not at all
            (`unmarked`), by a last step with no note on (`endings`, for steps finer than the
            notes), or by a further unit that is on where a note begins (`begins`).

    Raises:
        BluesError: an unknown choice.
    """

    inputs: str = "on_off"
    held: str = "unmarked"

    def __post_init__(self) -> None:
        require_choice("encoding.inputs", self.inputs, INPUTS)
        require_choice("encoding.held", self.held, HELD)

    @property
    def melody_units(self) -> int:
        """Units of the melody: its 13 notes, and with `begins` the one that tells beginnings."""
        return Form.MELODY_NOTES + (self.held == "begins")

    @property
    def units(self) -> int:
        """Units of chords and melody."""
        return Form.CHORD_NOTES + self.melody_units

    def encode_melody(self, melody: Tensor, begins: Tensor) -> Tensor:
        """The melody's units.

        Args:
            melody: the note at each step, 0 the lowest, shape (..., steps), int64.
            begins: where notes begin, the same shape, bool; the end of the last axis ends a note.

        Returns:
            Shape (..., steps, melody_units), float64.
        """
        units = torch.nn.functional.one_hot(melody, self.melody_units).double()
        if self.held == "begins":
            units[..., -1] = begins.double()
        if self.held == "endings":
            last = begins.roll(-1, -1)
            last[..., -1] = True
            units[last] = 0.0
        return units

    def decode_melody(self, notes: Tensor) -> tuple[Tensor, Tensor]:
        """The melody's note at each step, and where notes begin: what `encode_melody` was given.

        Args:
            notes: on where above 0.5, chord units first, shape (..., steps, units).

        Returns:
            The note at each step, 0 the lowest, -1 before the first one, shape (..., steps), int64
            (the lowest where several sound), and where notes begin, the same shape, bool.  With
            `unmarked` repeated notes are one.
        """
        on = notes[..., Form.CHORD_NOTES : Form.CHORD_NOTES + Form.MELODY_NOTES] > ON
        sounds = on.any(-1)
        melody = on.int().argmax(-1)
        # A step with no note on belongs to the note before it.
        steps = torch.arange(melody.shape[-1]).expand(melody.shape)
        latest = torch.where(sounds, steps, -1).cummax(-1).values
        held = torch.where(latest >= 0, melody.gather(-1, latest.clamp(min=0)), -1)
        begins = torch.ones_like(sounds)
        begins[..., 1:] = held[..., 1:] != held[..., :-1]
        if self.held == "begins":
            begins |= notes[..., Form.CHORD_NOTES + Form.MELODY_NOTES] > ON
        if self.held == "endings":
            begins[..., 1:] |= sounds[..., 1:] & ~sounds[..., :-1]
        return held, begins & (held >= 0)


ON = 0.5
"""A note is on where its unit is above this."""

REPORT = Encoding()
"""Section 2.2's encoding."""
