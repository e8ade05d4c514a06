"""A run: learns until the network plays by itself, and leaves everything in its folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from omegaconf import OmegaConf

from lstm_blues.errors import BluesError
from lstm_blues.files import remove_leftovers, write_text
from lstm_blues.learning.schedule import MelodySchedule
from lstm_blues.runs.build import Parts
from lstm_blues.runs.checkpoint import NAME, NONFINITE, load_checkpoint, save_checkpoint
from lstm_blues.runs.choice import TRIED, tell_choice, with_choice
from lstm_blues.runs.config import run_folder
from lstm_blues.runs.contents import Checkpoint
from lstm_blues.runs.fitting import require_fitting
from lstm_blues.runs.lock import folder_lock
from lstm_blues.runs.log import Log
from lstm_blues.runs.portfolio import NAME as PORTFOLIO
from lstm_blues.runs.portfolio import Rounds, read_attempts
from lstm_blues.runs.progress import Progress
from lstm_blues.runs.results import summarise
from lstm_blues.runs.resume import check_same_run, is_finished, resumed_config
from lstm_blues.runs.settings import Settings, settings_from
from lstm_blues.runs.signals import signals_into
from lstm_blues.runs.summary import Status, Summary
from lstm_blues.runs.tune import with_tune

_COMPILED_CHUNK, _READABLE_CHUNK = 100_000, 50
"""Steps between two looks at the clock and at signals."""


class Run:
    """One run: a learner, its clock and its checkpoints."""

    def __init__(self, settings: Settings, config: dict[str, Any], folder: Path) -> None:
        self.settings, self.config, self.folder = settings, config, folder
        torch.manual_seed(settings.seed)
        self.parts = Parts(settings)
        self.learner = self.parts.learner
        self.schedule = MelodySchedule()
        self.seconds = 0.0
        self.stopped = False

    def resume(self, checkpoint: Checkpoint) -> None:
        """Goes on from a checkpoint; raises `BluesError` where it does not fit."""
        require_fitting(checkpoint, self.parts, str(self.folder))
        self.learner.load(checkpoint.learner)
        self.seconds, self.schedule = checkpoint.seconds, checkpoint.schedule
        torch.set_rng_state(checkpoint.random)

    def save(self, name: str = NAME) -> None:
        """Writes the checkpoint."""
        state = Checkpoint(
            self.config, self.learner.state(), self.seconds, torch.get_rng_state(), self.schedule
        )
        save_checkpoint(self.folder / name, state)

    def train(self) -> Summary:
        """Learns until learned, stopped, no longer finite, or at the step limit."""
        self.save()
        saved = time.monotonic()
        with (
            signals_into(self._stop),
            Log(self.folder, self.parts, self.config) as log,
            Progress(self.settings, self.learner, self.parts.melody_floor) as progress,
        ):
            while (left := self._steps_left()) > 0:
                self._learn(left, log, progress)
                failed = self.learner.counters.nonfinite
                if not failed and time.monotonic() - saved > self.settings.run.checkpoint_seconds:
                    self.save()
                    saved = time.monotonic()
            # A state that is no longer finite must not take the place of the last good one.
            self.save(NONFINITE if self.learner.counters.nonfinite else NAME)
            summary = summarise(self.parts, self._status(), self.seconds, log.seconds)
            if summary.status.complete:
                log.finish(summary)
        return summary

    def _stop(self) -> None:
        self.stopped = True

    def _steps_left(self) -> int:
        """Steps to the step limit or to the melody's next look, none at the end; begins the melody
        where the form is learned."""
        if self.learner.counters.learned and not self.learner.counters.melody and self._has_melody:
            self.learner.begin_melody()
            self.schedule.begin(self.learner)
        count = self.learner.counters
        if self.stopped or self.schedule.ended or not count.running:
            return 0
        if count.melody:
            return self.schedule.steps_to_look(self.learner, self.settings.learning.melody)
        return self.settings.run.step_limit - count.steps

    def _learn(self, left: int, log: Log, progress: Progress) -> None:
        """Learns some steps, at most `left`, and tells of them."""
        to_point = log.steps_to_point()
        chunk = _COMPILED_CHUNK if self.settings.run.compiled else _READABLE_CHUNK
        begun = time.perf_counter()
        done = self.learner.learn(min(left, to_point, chunk))
        self.seconds += time.perf_counter() - begun
        count = self.learner.counters
        if count.melody and done >= left:
            floor = self.parts.melody_floor or 0.0
            self.schedule.look(self.learner, self.settings.learning.melody, floor)
        progress.tell(done, self.schedule)
        log.look(self.seconds, due=done >= to_point or not count.running)

    @property
    def _has_melody(self) -> bool:
        return self.settings.bars is not None

    def _status(self) -> Status:
        count = self.learner.counters
        if count.nonfinite:
            return Status.NON_FINITE
        finished = self.schedule.ended if count.melody else count.learned
        if self.stopped and not finished:
            return Status.INTERRUPTED
        return Status.LEARNED if count.learned else Status.STEP_LIMIT


def import_writers() -> None:
    """What draws takes long to import, and is not needed before the end: the compiled engine learns
    meanwhile, without the interpreter's lock."""
    for name in ("listen", "publish"):
        import_module(f"lstm_blues.runs.{name}")


def run_experiment(
    config: dict[str, Any],
    folder: Path,
    resume: str | None = None,
    overrides: Sequence[str] = (),
    say: Callable[[str], None] | None = None,
) -> Summary:
    """Trains as `config` says, and leaves everything in `folder`.

    Args:
        config: of `conf/train.yaml`, in plain containers.
        folder: of the run; it must be there.
        resume: the folder or checkpoint of a stopped run to go on with, or None.
        overrides: what the command line changes in the config of that run.
        say: is told what was decided in reading the config's tune, before the run begins.

    Raises:
        BluesError: a mistake in the config, a checkpoint that cannot be loaded, or `folder` holds a
            run that is not the one to go on with, or that is at work.
    """
    if not os.access(folder, os.W_OK):
        raise BluesError(f"hydra.run.dir is {str(folder)!r}, which cannot be written.")
    with folder_lock(folder):
        return _run(config, folder, resume, overrides, say)


def _run(
    config: dict[str, Any],
    folder: Path,
    resume: str | None,
    overrides: Sequence[str],
    say: Callable[[str], None] | None,
) -> Summary:
    """`run_experiment` in a folder where no other run is at work."""
    checkpoint = None
    unfinished = resume is not None and (folder / PORTFOLIO).is_file()
    if resume is not None and unfinished:
        old = read_attempts(folder)["config"]
        config = resumed_config(old, config, resume, overrides)
    elif resume is not None:
        checkpoint = load_checkpoint(Path(resume))
        config = resumed_config(checkpoint.config, config, resume, overrides)
    goes_on = resume is not None and run_folder(resume).resolve() == folder.resolve()
    holds = (folder / NAME).exists() or (folder / PORTFOLIO).exists()
    if holds and not goes_on:
        raise BluesError(
            f"{str(folder)!r} already contains a run: choose another hydra.run.dir, or resume it "
            f"with resume={folder}."
        )
    config = {name: value for name, value in with_tune(config, say).items() if name != "resume"}
    settings = settings_from(config)
    run = None if settings.portfolio else Run(settings, config, folder)
    if run is not None and checkpoint is not None:
        run.resume(checkpoint)
    remove_leftovers(folder, every=True)
    # That of a portfolio's run stays the one that was asked for.
    if not (folder / TRIED).is_file():
        write_text(folder / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(config)))
    Thread(target=import_writers).start()
    if run is None:
        run, ended = _choose(settings, config, folder)
        summary = ended or run.train()
    else:
        summary = run.train()
    summary = with_choice(summary, folder)
    if summary.status != Status.INTERRUPTED:
        from lstm_blues.runs.publish import publish  # noqa: PLC0415  # see `import_writers`

        publish(run.parts, summary, folder)
    return summary


def _choose(settings: Settings, config: dict[str, Any], folder: Path) -> tuple[Run, Summary | None]:
    """The run of a portfolio's winner, which goes on with the melody; where there is no winner the
    best attempt's, and its summary."""
    choice = Rounds(settings, config, folder).run()
    run = Run(settings_from(choice.config), choice.config, folder)
    run.learner.load(choice.state)
    run.seconds = choice.seconds
    if choice.stopped:
        return run, summarise(run.parts, Status.INTERRUPTED, run.seconds, 0.0)
    tell_choice(choice, settings.seed, folder)
    run.save()
    if choice.won:
        (folder / PORTFOLIO).unlink()
        return run, None
    return run, summarise(run.parts, Status.STEP_LIMIT, run.seconds, 0.0)


def run_of_sweep(
    config: dict[str, Any],
    folder: Path,
    overrides: Sequence[str],
    say: Callable[[str], None] | None = None,
) -> Summary | None:
    """`run_experiment` for one run of a sweep, which goes on from where it was stopped.

    Returns None where the run is finished already.  Raises `BluesError` where `folder` holds
    another run, and for `resume`.
    """
    if config["resume"] is not None:
        raise BluesError("resume continues one run and cannot be swept with -m.")
    if not (folder / NAME).is_file() and not (folder / PORTFOLIO).is_file():
        return run_experiment(config, folder, say=say)
    config = with_tune(config)
    check_same_run(config, folder)
    if is_finished(folder, settings_from(config).run.step_limit):
        return None
    # What was asked for of a portfolio is checked above; its winner has settings of its own.
    won = (folder / TRIED).is_file() and not (folder / PORTFOLIO).is_file()
    # Its limit may stand in the config of a study as well as on the command line.
    return run_experiment(config, folder, str(folder), [*([] if won else overrides), "run"])
