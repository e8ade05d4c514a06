"""What a portfolio chose and tried, for the summary of its run."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lstm_blues.files import write_text
from lstm_blues.learning.state import LearnerState
from lstm_blues.runs.summary import Summary

TRIED = "attempts.json"
"""What a portfolio chose and tried."""


@dataclass(frozen=True)
class Tried:
    """An attempt, as the summary tells of it.

    steps: those in which it learned; of another than the winner, those after which it had not, as
    far as they count: up to the winner's work.
    """

    recipe: str
    seed: int
    begun: int
    steps: int
    learned: bool


@dataclass(frozen=True)
class Choice:
    """What a portfolio came to: the winner, or where there is none the attempt that played longest.

    config: of an ordinary run that makes the same steps.  state: of its learner.  words: what was
    tried and the winner's recipe, as a person would tell it.  tried: all attempts.  steps: of all.
    """

    config: dict[str, Any]
    state: LearnerState
    words: str
    tried: tuple[Tried, ...]
    steps: int
    seconds: float
    won: bool
    stopped: bool


def tell_choice(choice: Choice, seed: int, folder: Path) -> None:
    """Writes what was chosen and tried into `folder`, for the summary of the run with
    `seed`."""
    told = {
        "seed": seed,
        "chosen": choice.words,
        "steps": choice.steps,
        "attempts": [asdict(each) for each in choice.tried],
    }
    write_text(folder / TRIED, json.dumps(told, indent=2) + "\n")


def with_choice(summary: Summary, folder: Path) -> Summary:
    """The summary of a portfolio's run, with what was chosen and tried; others stay as they are."""
    if not (folder / TRIED).is_file():
        return summary
    told = json.loads((folder / TRIED).read_text())
    won = [each["steps"] for each in told["attempts"] if each["learned"]]
    every = summary.steps + told["steps"] - won[0] if won else told["steps"]
    speed = round(every / summary.seconds, 1) if summary.seconds else 0.0
    return replace(
        summary,
        seed=told["seed"],
        steps=summary.steps if won else every,
        steps_per_second=speed,
        chosen=told["chosen"],
        attempts=told["attempts"],
    )
