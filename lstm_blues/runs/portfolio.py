"""A portfolio: attempts by different recipes and seeds, in rounds, until one learns the form.

Steps to learn have a heavy tail, and what suits one form fails on another.  So every round begins
one more attempt by each recipe, and all attempts go on for as many steps again; the first that
passes the frozen test is the run.  This is not the report's learner, but it is its network.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from lstm_blues.engine.population import cores
from lstm_blues.errors import BluesError
from lstm_blues.files import write_safely, write_text
from lstm_blues.learning.state import LearnerState
from lstm_blues.runs.build import Parts
from lstm_blues.runs.checkpoint import learner_state
from lstm_blues.runs.race import Attempt, race
from lstm_blues.runs.recipes import Portfolio, attempt_seed
from lstm_blues.runs.settings import Settings, settings_from
from lstm_blues.runs.signals import signals_into
from lstm_blues.runs.summary import Summary

NAME = "portfolio.pt"
"""The attempts of a portfolio that has no winner yet."""

TRIED = "attempts.json"
"""What a portfolio chose and tried."""

_FORMAT = "lstm_blues portfolio 1"

_COMPILED_CHUNK, _READABLE_CHUNK = 20_000, 50


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


class Rounds:
    """The attempts of one run, and where they stand.

    Args:
        settings: with a portfolio.
        config: the same in plain containers.
        folder: of the run, for `portfolio.pt`.
    """

    def __init__(self, settings: Settings, config: dict[str, Any], folder: Path) -> None:
        assert settings.portfolio is not None
        self.settings, self.config, self.folder = settings, config, folder
        self.portfolio: Portfolio = settings.portfolio
        self.attempts: list[Attempt] = []
        self.round = 0
        self.seconds = 0.0
        self.stopped = False
        if (folder / NAME).is_file():
            self._load()

    def run(self) -> Choice:
        """Rounds until an attempt has learned, a signal, or run.step_limit steps of all."""
        run = self.settings.run
        workers = run.workers or len(cores())
        chunk = _COMPILED_CHUNK if run.compiled else _READABLE_CHUNK
        if not self.attempts:
            self._begin_round()
        with signals_into(self._stop), self._progress() as bar:
            while True:
                begun = time.perf_counter()
                self._say(bar)

                def tell(done: int) -> bool:
                    bar.update(done)
                    return not self.stopped

                won = race(self.attempts, self._allowed, workers=workers, chunk=chunk, tell=tell)
                self.seconds += time.perf_counter() - begun
                if won is not None:
                    return self._choice(won)
                if self.stopped:
                    self._save()
                    return self._choice(None)
                if sum(map(self._allowed, self.attempts)) >= run.step_limit:
                    self._save()
                    return self._choice(None)
                self._begin_round()

    def _stop(self) -> None:
        self.stopped = True

    def _begin_round(self) -> None:
        for attempt in self.attempts:
            attempt.before = attempt.learner.counters.steps
        self.round += 1
        seed = attempt_seed(self.settings.seed, self.round)
        self.attempts += [self._attempt(name, seed, self.round) for name in self.portfolio.recipes]
        self._save()

    def _made(self, recipe: str, seed: int) -> dict[str, Any]:
        return self.portfolio.recipes[recipe].config(self.config, seed, self.settings.song_steps)

    def _attempt(self, recipe: str, seed: int, begun: int) -> Attempt:
        parts = Parts(settings_from(self._made(recipe, seed)))
        weights = sum(
            len(part.seen) * sum(rows.height for rows in part.rows)
            for part in parts.network.topology.parts
            if part.reaches_chords
        )
        return Attempt(recipe, seed, begun, weights, parts.learner)

    def _allowed(self, attempt: Attempt) -> int:
        return (self.round - attempt.begun + 1) * self.portfolio.round_steps

    def _choice(self, won: Attempt | None) -> Choice:
        chosen = won or max(self.attempts, key=lambda a: a.learner.counters.best_free_run)
        tried = []
        for attempt in self.attempts:
            steps = self._allowed(attempt)
            if won is not None:
                # More would depend on the number of cores.
                steps = min(steps, attempt.before + won.work // attempt.weights)
            if attempt is won:
                steps = won.learner.counters.steps
            tried.append(Tried(attempt.recipe, attempt.seed, attempt.begun, steps, attempt is won))
        return Choice(
            config=self._made(chosen.recipe, chosen.seed),
            state=chosen.learner.state(),
            words=self._words(won),
            tried=tuple(tried),
            steps=sum(each.steps for each in tried),
            seconds=self.seconds,
            won=won is not None,
            stopped=self.stopped and won is None,
        )

    def _words(self, won: Attempt | None) -> str:
        recipes = self.portfolio.recipes
        begun = f"{_some(len(self.attempts), 'attempt')} by {_some(len(recipes), 'recipe')}"
        rounds = _some(self.round, "round")
        if won is None:
            return f"Tried {begun} in {rounds}, none of which passed the frozen test."
        number = self.attempts.index(won) + 1
        return (
            f"Tried {begun} in {rounds}; the first to pass the frozen test was number {number}, "
            f"recipe {won.recipe}, seed {won.seed}: {recipes[won.recipe].in_words()}."
        )

    def _progress(self) -> tqdm[Any]:
        return tqdm(
            total=self.settings.run.step_limit,
            initial=sum(attempt.learner.counters.steps for attempt in self.attempts),
            unit="step",
            unit_scale=True,
            desc=self.settings.name,
            disable=None,
            dynamic_ncols=True,
        )

    def _say(self, bar: tqdm[Any]) -> None:
        best = max(attempt.learner.counters.best_free_run for attempt in self.attempts)
        bar.set_postfix_str(
            f"round {self.round}, {len(self.attempts)} attempts, best free run {best}"
        )

    def _save(self) -> None:
        """Writes all attempts, so that a run that is killed goes on from here."""
        content = {
            "format": _FORMAT,
            "config": json.dumps(self.config),
            "round": self.round,
            "seconds": self.seconds,
            "attempts": [
                {
                    "recipe": attempt.recipe,
                    "seed": attempt.seed,
                    "begun": attempt.begun,
                    "before": attempt.before,
                    "learner": attempt.learner.state().as_dict(),
                }
                for attempt in self.attempts
            ],
        }
        write_safely(self.folder / NAME, lambda file: torch.save(content, file))

    def _load(self) -> None:
        content = read_attempts(self.folder)
        self.round, self.seconds = content["round"], content["seconds"]
        for kept in content["attempts"]:
            attempt = self._attempt(kept["recipe"], kept["seed"], kept["begun"])
            attempt.learner.load(learner_state(kept["learner"]))
            attempt.before = kept["before"]
            self.attempts.append(attempt)


def _some(count: int, what: str) -> str:
    return f"{count} {what}" + "s" * (count != 1)


def read_attempts(folder: Path) -> dict[str, Any]:
    """What `portfolio.pt` of a run's folder holds, in plain containers.

    Raises `BluesError` where it is damaged or not one of this package's.
    """
    path = folder / NAME
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # whatever a damaged file brings about
        content = None
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise BluesError(f"{str(path)!r} is damaged or not of this package, and was not loaded.")
    return content


def tell_choice(choice: Choice, settings: Settings, folder: Path) -> None:
    """Writes what was chosen and tried into `folder`, for the summary of the run."""
    told = {
        "seed": settings.seed,
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
