"""How notes stand at the network's units (section 2.2 of the report).

One unit per note, 1.0 for on and 0.0 for off, twelve chord notes first, then the melody's, thirteen
in the report.  So a held note looks like a repeated one; the two ways to tell them apart that the
report names but does not use are options here.  The report's melodies never rest; where others do,
a further unit is on, drawn as one more note.
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
            notes), or by a further unit that is on where a note or a rest begins (`begins`).
        rests: whether a unit after the melody's notes, and before the one that tells beginnings, is
            on while the melody rests.  Without it silence can be read, but not learned.

    Raises:
        BluesError: an unknown choice.
    """

    inputs: str = "on_off"
    held: str = "unmarked"
    rests: bool = False

    def __post_init__(self) -> None:
        require_choice("encoding.inputs", self.inputs, INPUTS)
        require_choice("encoding.held", self.held, HELD)

    def melody_units(self, notes: int) -> int:
        """Units of a melody of so many different notes: those, and the ones that tell rests and
        beginnings, where there are such."""
        return notes + self.rests + (self.held == "begins")

    def encode_melody(self, melody: Tensor, begins: Tensor, notes: int) -> Tensor:
        """The melody's units.

        Args:
            melody: the note at each step, 0 the lowest, and `notes` for a rest, shape (..., steps),
                int64.
            begins: where notes and rests begin, the same shape, bool; the end of the last axis ends
                a note.
            notes: how many different notes the melody has.

        Returns:
            Shape (..., steps, melody_units), float64.
        """
        units = torch.nn.functional.one_hot(melody, self.melody_units(notes)).double()
        if self.held == "begins":
            units[..., -1] = begins.double()
        if self.held == "endings":
            last = begins.roll(-1, -1)
            last[..., -1] = True
            units[last & (melody < notes)] = 0.0
        return units

    def decode_melody(self, notes: Tensor) -> tuple[Tensor, Tensor]:
        """The melody's note at each step, and where notes begin: what `encode_melody` was given.

        Args:
            notes: on where above 0.5, chord units first, shape (..., steps, units).

        Returns:
            The note at each step, 0 the lowest, -1 before the first one, shape (..., steps), int64
            (the lowest where several sound; a rest is the unit after the last note), and where
            notes begin, the same shape, bool.  With `unmarked` repeated notes are one.
        """
        marks = notes[..., -1] > ON
        on = notes[..., Form.CHORD_NOTES :] > ON
        if self.held == "begins":
            on = on[..., :-1]
        sounds = on.any(-1)
        melody = on.int().argmax(-1)
        # A step with no note on belongs to the note before it.
        steps = torch.arange(melody.shape[-1]).expand(melody.shape)
        latest = torch.where(sounds, steps, -1).cummax(-1).values
        held = torch.where(latest >= 0, melody.gather(-1, latest.clamp(min=0)), -1)
        begins = torch.ones_like(sounds)
        begins[..., 1:] = held[..., 1:] != held[..., :-1]
        if self.held == "begins":
            begins |= marks
        if self.held == "endings":
            begins[..., 1:] |= sounds[..., 1:] & ~sounds[..., :-1]
        if self.rests:
            begins &= held < on.shape[-1] - 1
        return held, begins & (held >= 0)


ON = 0.5
"""A note is on where its unit is above this."""

REPORT = Encoding()
"""Section 2.2's encoding."""
