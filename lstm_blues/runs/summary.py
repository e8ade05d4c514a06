"""How a run ended, in numbers and in words."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from lstm_blues.errors import ExitCode


class Status(StrEnum):
    """How a run ended, as `summary.json` says it."""

    LEARNED = "learned"
    STEP_LIMIT = "step limit"
    MELODY_NOT_LEARNED = "melody not learned"
    NON_FINITE = "non-finite"
    INTERRUPTED = "interrupted"

    @property
    def exit_code(self) -> int:
        """What `python -m lstm_blues.train` ends with."""
        return _EXIT_CODES[self]

    @property
    def complete(self) -> bool:
        """Whether the run came to one of its own ends."""
        return self in (Status.LEARNED, Status.STEP_LIMIT, Status.MELODY_NOT_LEARNED)


_EXIT_CODES = {
    Status.LEARNED: ExitCode.DONE,
    Status.STEP_LIMIT: ExitCode.NOT_LEARNED,
    Status.MELODY_NOT_LEARNED: ExitCode.NOT_LEARNED,
    Status.NON_FINITE: ExitCode.NON_FINITE,
    Status.INTERRUPTED: ExitCode.INTERRUPTED,
}


def read_summary(path: Path) -> dict[str, Any] | None:
    """A run's `summary.json`; None, with a word on stderr, for one that is broken or foreign."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        told = isinstance(found, dict) and all(
            isinstance(found.get(name), kind) for name, kind in _READ.items()
        )
        if told:
            found.setdefault("status", Status.LEARNED if found["learned"] else Status.STEP_LIMIT)
            # Before `learning.melody.within`, `learned` told of the chords alone.
            found.setdefault("chords_learned", found["learned"])
            numbers = [found[name] for name in _READ if isinstance(found.get(name), float)]
            if found["status"] in list(Status) and all(map(math.isfinite, numbers)):
                return found
        why = "not the summary of a run"
    except (OSError, ValueError, RecursionError) as error:
        why = getattr(error, "strerror", None) or "not JSON"
    print(f"{str(path)!r} is passed over: {why}.", file=sys.stderr)
    return None


_READ: dict[str, Any] = {
    "learned": bool,
    "chords_learned": bool | None,
    "steps": int,
    "choruses": int,
    "seed": int,
    "seconds": float | int,
    "melody_cross_entropy": float | int | None,
    "melody_floor": float | int | None,
    "cycle": dict | None,
}
"""The kinds of what is read of a summary."""


@dataclass(frozen=True)
class Summary:
    """`summary.json`: how a run ended.

    learned: of all that there is to learn: chords_learned, the form, and where there is a melody,
    melody_learned, its loss being within learning.melody.within of its floor; that is None where
    the setting is 0.  seconds: of training, without start-up, compilation and logging;
    logging_seconds: what TensorBoard took meanwhile.  choruses: played by the frozen network
    without a wrong note, of final_choruses.  cross_entropy: of the chords, nats per step, over the
    whole run.
    melody_cross_entropy: of the frozen network on songs drawn from all that it learned,
    nats per step; held_out_cross_entropy: on songs that it never heard, where some were held out;
    melody_floor: the least possible.  wrong: where in the form the frozen network goes wrong, in
    words, where it did not learn.  chosen, attempts: what a portfolio chose, in words, and what it
    tried; `steps` are then the winner's, and where there is none those of all attempts.  cycle: the
    loop that the frozen network's chords enter: `after` how many choruses, and its `length`; None
    where none was found.  weights: their SHA-256, see `network.weights_hash`.
    """

    status: Status
    learned: bool
    steps: int
    seconds: float
    choruses: int
    final_choruses: int
    form: str
    form_steps: int
    seed: int
    name: str
    engine: str
    device: str
    dtype: str
    steps_per_second: float
    logging_seconds: float
    compile_seconds: float
    cross_entropy: float | None
    right: int
    gross: int
    gross_resets: int
    episodes: int
    tests: int
    longest_clean_run: int
    best_free_run: int
    melody_cross_entropy: float | None
    melody_floor: float | None
    version: str
    held_out_cross_entropy: float | None = None
    chords_learned: bool = False
    melody_learned: bool | None = None
    wrong: str | None = None
    chosen: str | None = None
    attempts: list[dict[str, Any]] | None = None
    cycle: dict[str, int] | None = None
    weights: str | None = None

    @property
    def results(self) -> dict[str, float]:
        """The numbers that runs are compared by."""
        names = ("learned", "steps", "seconds", "choruses", "melody_cross_entropy")
        found = {name: getattr(self, name) for name in names}
        return {name: float(value) for name, value in found.items() if value is not None}

    @property
    def _advice(self) -> str:
        """What to try where the form was not learned."""
        if self.attempts is not None:
            return "Try another seed, or resume with a higher run.step_limit."
        return f"Try: python -m lstm_blues.train +experiment=own form={self.form}"

    def in_words(self, folder: Path) -> str:
        """The summary as a person would tell it."""
        how = {
            Status.LEARNED: f"Learned the form {self.form} in {self.steps:,} steps",
            Status.MELODY_NOT_LEARNED: f"Learned the form {self.form}, but not its melody, in "
            f"{self.steps:,} steps",
            Status.STEP_LIMIT: f"Did not learn the form {self.form} within {self.steps:,} steps",
            Status.NON_FINITE: f"Stopped at step {self.steps:,}: the loss is no longer a finite "
            "number",
            Status.INTERRUPTED: f"Stopped by a signal after {self.steps:,} steps",
        }[self.status]
        lines = [
            f"{how} and {self.seconds:.1f} s of training "
            f"({self.steps_per_second:,.0f} steps/s, engine {self.engine}, seed {self.seed}).",
            f"During training: {self.gross_resets:,} resets after gross errors, {self.episodes:,} "
            f"whole episodes, longest clean run {self.longest_clean_run:,} steps, "
            f"{self.tests:,} tests.",
        ]
        if self.chords_learned and self.status.complete:
            lines.append(
                f"Frozen, it played {self.choruses:,} of {self.final_choruses:,} choruses "
                "without a wrong note."
            )
            if self.cycle is not None:
                after, length = self.cycle["after"], self.cycle["length"]
                loop = "the last one" if length == 1 else f"the last {length}"
                lines.append(
                    f"After {after + length} choruses its state is, to the bit, what it was after "
                    f"{after}: it repeats {loop} for any number of choruses."
                )
        elif self.status == Status.STEP_LIMIT:
            lines.append(
                f"Its best free run was {self.best_free_run} steps ({self.form_steps} per chorus)."
            )
            # Of a corpus's songs, `probe songs` tells.
            if self.wrong is not None:
                lines += [self.wrong, self._advice]
        if self.chosen is not None:
            lines.append(self.chosen)
        if self.melody_cross_entropy is not None:
            lines.append(
                f"Melody: {self.melody_cross_entropy:.3f} nats per step on its training songs; the "
                f"optimum is {self.melody_floor:.3f}."
            )
        if self.status == Status.MELODY_NOT_LEARNED:
            lines.append(
                "That is further from the optimum than learning.melody.within allows. Try another "
                "seed, or more of learning.melody.steps."
            )
        if self.held_out_cross_entropy is not None:
            lines.append(
                f"On the songs held out of training: {self.held_out_cross_entropy:.3f} nats per "
                "step."
            )
        lines += [f"Weights: SHA-256 {self.weights}."] if self.weights is not None else []
        lines.append(f"Everything is in {folder}.")
        return "\n".join(lines)
