"""What TensorBoard is given while a run learns, and the time that this may take."""

from __future__ import annotations

import time
from pathlib import Path

import torch

from lstm_blues.learning.state import Learner
from lstm_blues.runs.board import Board
from lstm_blues.runs.build import Parts
from lstm_blues.runs.summary import Summary


class Log:
    """Numbers every run.log_interval steps; pictures, sound and histograms as often as
    run.listen_share of the training time allows, and at the end.  To be used in a `with` block.

    Args:
        folder: of the run.
        parts: of the run, the learner where it begins or goes on.
        config: of the run, in plain containers.
    """

    def __init__(self, folder: Path, parts: Parts, config: dict[str, object]) -> None:
        self.parts, self.config, self.run = parts, config, parts.settings.run
        self.board = Board(folder, since=parts.learner.counters.steps)
        self.seconds = 0.0
        """What all of it but the end has taken."""
        self._listening = 0.0
        # Of one look at what the frozen network plays; the first one is not yet known.
        self._one_listening = 1.0
        self._remember()

    def __enter__(self) -> Log:
        return self

    def __exit__(self, *_: object) -> None:
        self.board.close()

    def steps_to_point(self) -> int:
        """Steps to the next point's numbers."""
        return self.run.log_interval - self.parts.learner.counters.steps % self.run.log_interval

    def look(self, trained: float, *, due: bool) -> None:
        """Logs the numbers where they are due, and listens where `trained` seconds of training
        allow it."""
        begun, count = time.perf_counter(), self.parts.learner.counters
        if due and count.steps > self._logged.steps:
            self.board.scalars(self._numbers(self.parts.learner), count.steps)
            self._remember()
        allowed = self._listening + self._one_listening < self.run.listen_share * trained
        if allowed and not count.nonfinite:
            heard = time.perf_counter()
            self._listen(count.steps)
            self._one_listening = time.perf_counter() - heard
            self._listening += self._one_listening
        self.seconds += time.perf_counter() - begun

    def finish(self, summary: Summary) -> None:
        """What the network plays at the end, and the final numbers beside the settings."""
        if self.run.listen_share:
            self._listen(summary.steps)
        self.board.finish(self.config, summary.results, summary.steps)

    def _listen(self, step: int) -> None:
        from lstm_blues.runs.listen import listen  # noqa: PLC0415  # see `run.import_writers`

        listen(self.board.writer, self.parts, self.parts.learner.state().weights, step)

    def _remember(self) -> None:
        learner = self.parts.learner
        self._logged, self._logged_loss = learner.counters, learner.loss
        self._logged_melody_loss = learner.melody_loss

    def _numbers(self, learner: Learner) -> dict[str, float]:
        now, last, state = learner.counters, self._logged, learner.state()
        steps = now.steps - last.steps
        weights = torch.cat([value.flatten() for value in state.weights.values()])
        numbers = {
            "learning/cross_entropy": (learner.loss - self._logged_loss) / steps,
            "learning/right_predictions": (now.right - last.right) / steps,
            "learning/resets": now.gross_resets,
            "learning/episodes": now.episodes,
            "learning/longest_clean_run": now.longest_clean_run,
            "free_run/steps": now.free_run,
            "free_run/best": now.best_free_run,
            "norm/weights": weights.norm().item(),
            "norm/state": state.s.norm().item(),
            "norm/traces": state.traces.norm().item(),
        }
        floor = self.parts.melody_floor
        if floor is not None:
            melody_loss = learner.melody_loss - self._logged_melody_loss
            numbers["melody/cross_entropy"] = melody_loss / steps
            numbers["melody/floor"] = floor
            numbers["melody/rate"] = learner.melody_rate
        return numbers
