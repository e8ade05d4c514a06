"""A portfolio: attempts by different recipes and seeds, in rounds, until one learns the form.

Steps to learn have a heavy tail, and what suits one form fails on another.  So every round begins
one more attempt by each recipe, and all attempts go on for as much work again; the first that
passes the frozen test is the run.  This is not the report's learner, but it is its network.
"""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from lstm_blues.engine.population import cores
from lstm_blues.errors import BluesError
from lstm_blues.files import write_bytes
from lstm_blues.learning.schedule import MelodySchedule
from lstm_blues.runs.build import Parts
from lstm_blues.runs.checkpoint import unpacked
from lstm_blues.runs.choice import Choice, Tried
from lstm_blues.runs.contents import Checkpoint, read_config, read_learner
from lstm_blues.runs.fitting import require_fitting
from lstm_blues.runs.race import Attempt, race
from lstm_blues.runs.recipes import Portfolio, attempt_seed
from lstm_blues.runs.seal import is_sealed, seal
from lstm_blues.runs.settings import Settings, settings_from
from lstm_blues.runs.signals import signals_into
from lstm_blues.runs.terminal import bar

NAME = "portfolio.pt"
"""The attempts of a portfolio that has no winner yet."""

_FORMAT = "lstm_blues portfolio 1"

_COMPILED_CHUNK, _READABLE_CHUNK = 20_000, 50


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
        with signals_into(self._stop), self._progress() as shown:
            while True:
                begun = time.perf_counter()
                self._say(shown)

                def tell(done: int) -> bool:
                    shown.update(done)
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
        """Steps that it may have made by the end of this round."""
        first = self.attempts[: len(self.portfolio.recipes)]
        shared = self.portfolio.round_steps * sum(each.weights for each in first)
        return (self.round - attempt.begun + 1) * (shared // (len(first) * attempt.weights))

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
        shown = bar(self.settings.run.step_limit, "step", self.settings.name)
        shown.update(sum(attempt.learner.counters.steps for attempt in self.attempts))
        return shown

    def _say(self, shown: tqdm[Any]) -> None:
        best = max(attempt.learner.counters.best_free_run for attempt in self.attempts)
        shown.set_postfix_str(
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
        archive = io.BytesIO()
        torch.save(content, archive)
        write_bytes(self.folder / NAME, seal(archive.getvalue()))

    def _load(self) -> None:
        content = read_attempts(self.folder)
        self.round, self.seconds = content["round"], content["seconds"]
        for kept in content["attempts"]:
            attempt = self._attempt(kept["recipe"], kept["seed"], kept["begun"])
            state, made = kept["learner"], self._made(kept["recipe"], kept["seed"])
            as_run = Checkpoint(made, state, 0.0, torch.get_rng_state(), MelodySchedule())
            require_fitting(as_run, Parts(settings_from(made)), str(self.folder / NAME))
            attempt.learner.load(state)
            attempt.before = kept["before"]
            self.attempts.append(attempt)


def _some(count: int, what: str) -> str:
    return f"{count} {what}" + "s" * (count != 1)


def read_attempts(folder: Path) -> dict[str, Any]:
    """What `portfolio.pt` of a run's folder holds: the config and the attempts' states, read.

    Raises `BluesError` where it is damaged, not one of this package's, or holds what it cannot.
    """
    path = folder / NAME
    try:
        archive = path.read_bytes()
        content = unpacked(archive) if is_sealed(archive) else None
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise BluesError("is damaged or not of this package")
        attempts = [
            {**kept, "learner": read_learner(kept["learner"])} for kept in content["attempts"]
        ]
        return {**content, "config": read_config(content["config"]), "attempts": attempts}
    except (KeyError, TypeError, AttributeError, OSError):
        raise BluesError(f"{str(path)!r} lacks a part, and was not loaded.") from None
    except BluesError as error:
        raise BluesError(f"{str(path)!r} {error}, and was not loaded.") from None
