"""Where in a form a frozen network goes wrong, and what it lacks there, in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import torch
from torch import Tensor

from lstm_blues.music.form import Form
from lstm_blues.playing.player import FreeRun


class Mistake(StrEnum):
    """What a network did where it went wrong."""

    STAYED = "stayed"
    """It held a chord beyond its end."""
    LEFT = "left"
    """It left a chord before its end."""
    CONFUSED = "confused"
    """It went on as after another place of the form."""
    FOREIGN = "foreign"
    """It played notes that are no chord of the form."""


@dataclass(frozen=True)
class Diagnosis:
    """The first wrong step of a free run.

    Args:
        form: that was to be played.
        step: the wrong step, counted from 0 at the first step of the first chorus.
        mistake: what kind.
        like: a step of the form where what was played would have been right; None for FOREIGN.
        alike: steps before the wrong one that are as those before `like`.
        equal: steps in a row with the chord that was sounding, up to the wrong step.
    """

    form: Form
    step: int
    mistake: Mistake
    like: int | None
    alike: int
    equal: int

    @property
    def bar(self) -> int:
        """The bar of the form that it went wrong in, from 1."""
        return self.step % self.form.steps // self.form.steps_per_bar + 1

    def in_words(self) -> str:
        """One or two sentences."""
        form, symbols = self.form, self.form.symbols
        chorus = self.step // form.steps + 1
        here = symbols[self.step % form.steps]
        begun = f"Frozen, it goes wrong in bar {self.bar} of chorus {chorus}, at {here}: "
        if self.mistake == Mistake.FOREIGN:
            return begun + "it plays notes that are no chord of the form."
        assert self.like is not None
        bars = self.equal / form.steps_per_bar
        length = f"{bars:g} equal bar{'s' if bars != 1 else ''}"
        sounding = symbols[(self.step - 1) % form.steps]
        if self.mistake == Mistake.STAYED:
            return begun + f"it stays on {sounding} after {length}, which takes a count."
        there = self.like // form.steps_per_bar + 1
        if self.mistake == Mistake.LEFT:
            return begun + (
                f"it leaves {sounding} for {symbols[self.like]} after {length}, too soon, which "
                "takes a count."
            )
        back = f"{self.alike / form.steps_per_bar:.3g}"
        if there == self.bar:
            return begun + f"it plays {symbols[self.like]}, at the wrong moment of that bar."
        return begun + (
            f"it confuses bar {self.bar} with bar {there} and plays {symbols[self.like]}; "
            f"the {back} bar{'s' if back != '1' else ''} before both are alike, so that it has to "
            "remember what came before them."
        )


def diagnose(form: Form, played: FreeRun) -> Diagnosis | None:
    """What went wrong first in a free run of the form; None where nothing did.

    Args:
        form: one chorus.
        played: its chord units come first; it may have ended with the wrong step.
    """
    if played.right >= len(played.notes):
        return None
    song = form.chord_tensor() > 0
    step = played.right + 1
    notes = played.notes[played.right, : form.CHORD_NOTES]
    equal = _equal_before(song, step)
    places = [at for at in range(form.steps) if torch.equal(song[at], notes)]
    if not places:
        return Diagnosis(form, step, Mistake.FOREIGN, None, 0, equal)
    alike, like = max((_alike_before(song, step, at), -at) for at in places)
    before = song[(step - 1) % form.steps]
    if torch.equal(notes, before):
        mistake = Mistake.STAYED
    elif torch.equal(song[step % form.steps], before):
        mistake = Mistake.LEFT
    else:
        mistake = Mistake.CONFUSED
    return Diagnosis(form, step, mistake, -like, alike, equal)


def _equal_before(song: Tensor, step: int) -> int:
    """Steps in a row before `step` that sound as the one just before it."""
    steps, last = len(song), song[(step - 1) % len(song)]
    for count in range(1, steps + 1):
        if not torch.equal(song[(step - 1 - count) % steps], last):
            return count
    return steps


def _alike_before(song: Tensor, here: int, there: int) -> int:
    """Steps before `here` that are as those before `there`."""
    steps = len(song)
    for count in range(steps):
        if not torch.equal(song[(here - 1 - count) % steps], song[(there - 1 - count) % steps]):
            return count
    return steps
