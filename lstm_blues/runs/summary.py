"""How a run ended, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

EXIT_CODES = {"learned": 0, "step limit": 1, "non-finite": 3, "interrupted": 130}


@dataclass(frozen=True)
class Summary:
    """`summary.json`: how a run ended.

    seconds: of training, without start-up, compilation and logging; logging_seconds: what
    TensorBoard took meanwhile.  choruses: played by the frozen network
    without a wrong note, of final_choruses.  cross_entropy: of the chords, nats a step, over
    the whole run.  melody_cross_entropy: of the frozen network on songs drawn anew, nats a step;
    melody_floor: the least possible.
    """

    status: str
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

    @property
    def results(self) -> dict[str, float]:
        """The numbers that runs are compared by."""
        names = ("learned", "steps", "seconds", "choruses", "melody_cross_entropy")
        found = {name: getattr(self, name) for name in names}
        return {name: float(value) for name, value in found.items() if value is not None}

    def in_words(self, folder: Path) -> str:
        """The summary as a person would tell it."""
        how = {
            "learned": f"Learned the form {self.form} in {self.steps:,} steps",
            "step limit": f"Did not learn the form {self.form} within {self.steps:,} steps",
            "non-finite": f"Stopped at step {self.steps:,}: the loss is no longer a finite number",
            "interrupted": f"Stopped by a signal after {self.steps:,} steps",
        }[self.status]
        lines = [
            f"{how} and {self.seconds:.1f} s of training "
            f"({self.steps_per_second:,.0f} steps/s, engine {self.engine}, seed {self.seed}).",
            f"On the way: {self.gross_resets:,} resets after gross errors, {self.episodes:,} whole "
            f"episodes, longest clean run {self.longest_clean_run:,} steps, {self.tests:,} tests.",
        ]
        if self.learned:
            lines.append(
                f"Frozen, it played {self.choruses:,} of {self.final_choruses:,} choruses "
                "without a wrong note."
            )
        elif self.status == "step limit":
            lines.append(
                f"Its best free run was {self.best_free_run} steps "
                f"({self.form_steps} make a chorus)."
            )
        if self.melody_cross_entropy is not None:
            lines.append(
                f"Melody: {self.melody_cross_entropy:.3f} nats a step on fresh songs; no network "
                f"can do better than {self.melody_floor:.3f}."
            )
        lines.append(f"Everything is in {folder}.")
        return "\n".join(lines)
