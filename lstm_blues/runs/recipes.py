"""Recipes: ways of learning that a portfolio tries side by side, each an ordinary run."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lstm_blues.errors import BluesError, require, require_choice
from lstm_blues.music.encoding import INPUTS
from lstm_blues.network.topology import CHORDS, MELODY

_STAGED = (-0.5, -1.0, -1.5, -2.0)
"""Input and output gates' biases of a quarter of the blocks each (section 3.1)."""

_SHORTEST = 2
"""Steps that the quickest forget gate bridges at first."""


@dataclass(frozen=True)
class Recipe:
    """One way to learn chords, by back-propagation through time and Adam.

    Forget gates begin open, their biases spread evenly from log 2 to the logarithm of `bridge`:
    a gate with bias log T keeps its state for about T steps (chrono initialisation, Tallec and
    Ollivier 2018).

    Args:
        name: what the recipe is called.
        blocks: memory blocks of the chords.
        bridge: steps that the slowest forget gate bridges at first.
        unroll: `Learning.unroll`, in steps; 0 for whole episodes.
        rate: `Learning.rate`.
        gross_errors: `Learning.gross_errors`; 0 for never.
        episode_steps: an episode lasts at least so many steps, and two choruses.
        inputs: `encoding.inputs`, one of `INPUTS`.

    Raises:
        BluesError: a value out of range.
    """

    name: str
    blocks: int
    bridge: int
    unroll: int
    rate: float
    gross_errors: int
    episode_steps: int
    inputs: str = "on_off"

    def __post_init__(self) -> None:
        where = f"portfolio.recipes.{self.name}"
        require(self.blocks >= 2, f"{where}.blocks", self.blocks, "at least 2")
        require(self.bridge >= _SHORTEST, f"{where}.bridge", self.bridge, "at least 2")
        require(0 < self.rate < math.inf, f"{where}.rate", self.rate, "a number above 0")
        require_choice(f"{where}.inputs", self.inputs, INPUTS)
        for setting in ("unroll", "gross_errors", "episode_steps"):
            value = getattr(self, setting)
            require(value >= 0, f"{where}.{setting}", value, "at least 0")

    @property
    def forget_bias(self) -> list[float]:
        """The forget gates' first biases, one per block."""
        low, high = math.log(_SHORTEST), math.log(self.bridge)
        last = self.blocks - 1
        return [round(low + (high - low) * block / last, 2) for block in range(self.blocks)]

    @property
    def staged_bias(self) -> list[float]:
        """Those of the input and of the output gates."""
        return [_STAGED[len(_STAGED) * block // self.blocks] for block in range(self.blocks)]

    def config(self, config: dict[str, Any], seed: int, song_steps: int) -> dict[str, Any]:
        """The config of an ordinary run by this recipe.

        Args:
            config: with a portfolio; stays as it is.
            seed: of the run.
            song_steps: steps in a song.
        """
        made = with_or_without_melody(config)
        made["portfolio"], made["seed"] = None, seed
        made["network"]["groups"][CHORDS].update(
            blocks=self.blocks,
            forget_bias=self.forget_bias,
            input_bias=self.staged_bias,
            output_bias=self.staged_bias,
        )
        made["learning"].update(
            gradient="bptt",
            update="adam",
            unroll=self.unroll,
            rate=self.rate,
            gross_errors=self.gross_errors,
            episode_choruses=max(2, math.ceil(self.episode_steps / song_steps)),
        )
        made["encoding"]["inputs"] = self.inputs
        # Until the form is learned, nothing of the melody is computed.
        made["learning"]["melody"]["start"] = "after_chords"
        return made

    def in_words(self) -> str:
        """The recipe as a person would tell it."""
        errors = self.gross_errors
        through = f"{self.unroll} steps" if self.unroll else "whole episodes"
        resets = f"reset after {errors} gross errors" if errors else "no reset"
        inputs = "" if self.inputs == INPUTS[0] else f", {self.inputs} inputs"
        return (
            f"{self.blocks} blocks with forget gates that bridge up to {self.bridge} steps at "
            f"first, back-propagation through {through}, Adam at {self.rate:g}, {resets}{inputs}"
        )


@dataclass(frozen=True)
class Portfolio:
    """Recipes that are tried side by side, in rounds (`conf/portfolio`).

    Args:
        round_steps: steps that an attempt gets in a round, on average over the recipes: all get the
            same work, so that a network of few weights makes more of them.
        recipes: by name; each begins a new attempt, with other first weights, in every round.

    Raises:
        BluesError: no recipe, or a value out of range.
    """

    round_steps: int
    recipes: dict[str, Recipe]

    def __post_init__(self) -> None:
        steps = self.round_steps
        require(steps >= 1, "portfolio.round_steps", steps, "at least 1")
        if not self.recipes:
            raise BluesError("portfolio.recipes is empty, but must have one recipe or more.")


_GROUP = f"network.groups.{CHORDS}"

SET_BY_RECIPES = {
    f"{_GROUP}.blocks": "blocks",
    f"{_GROUP}.forget_bias": "bridge",
    f"{_GROUP}.input_bias": "",
    f"{_GROUP}.output_bias": "",
    "learning.gradient": "",
    "learning.update": "",
    "learning.unroll": "unroll",
    "learning.rate": "rate",
    "learning.gross_errors": "gross_errors",
    "learning.episode_choruses": "episode_steps",
    "learning.melody.start": "",
    "encoding.inputs": "inputs",
}
"""What `Recipe.config` sets, by the setting's name: the recipe's own setting that it comes from, or
nothing."""

_GROUPS = ("learner", "blocks")
"""Groups of files that set the same."""


def require_left_to_recipes(overrides: Sequence[str]) -> None:
    """Raises `BluesError` where the command line of a run with a portfolio sets what each of the
    recipes sets, which would be of no effect."""
    for override in overrides:
        name = override.lstrip("+~").partition("=")[0]
        if name in SET_BY_RECIPES or name in _GROUPS:
            own = SET_BY_RECIPES.get(name)
            change = f"change portfolio.recipes.NAME.{own}, or " if own else ""
            raise BluesError(
                f"{name} is set by each recipe of the portfolio: {change}learn without a portfolio "
                "(portfolio=null)."
            )


def with_or_without_melody(config: dict[str, Any]) -> dict[str, Any]:
    """A copy of a portfolio's config whose network has a melody only where there is a library."""
    made = copy.deepcopy(config)
    if made.get("bars") is None:
        made["network"]["groups"].pop(MELODY, None)
        made["network"]["units"].pop(MELODY, None)
    return made


def attempt_seed(seed: int, number: int) -> int:
    """The seed of the attempts begun in round `number` of a run with `seed`: the run's own in the
    first."""
    return seed if number == 1 else random.Random(f"{seed} {number}").getrandbits(31)
