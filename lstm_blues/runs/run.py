"""`python -m lstm_blues.train +experiment=chords`: learn, and play the form for ever.

Experiment 1 of the report (section 3); `+experiment=melody` is Experiment 2 (section 4).  Every
setting is in `conf/`; `resume=FOLDER` goes on from the checkpoint of a run that was stopped.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from tqdm import tqdm

from lstm_blues import __version__
from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.errors import BluesError
from lstm_blues.files import write_text
from lstm_blues.learning.schedule import MelodySchedule
from lstm_blues.learning.state import Counters, Learner, test_uniform
from lstm_blues.music.bars import melody_floor
from lstm_blues.music.corpus import Corpus
from lstm_blues.music.piece import Piece
from lstm_blues.network.topology import CHORDS
from lstm_blues.output.midi import write_midi, write_songs
from lstm_blues.output.pictures import chord_roll, corpus_roll, write_picture
from lstm_blues.output.render import render
from lstm_blues.playing.metrics import melody_cross_entropy
from lstm_blues.playing.player import FreeRun
from lstm_blues.runs.board import Board
from lstm_blues.runs.build import build_learner
from lstm_blues.runs.checkpoint import (
    NAME,
    Checkpoint,
    load_checkpoint,
    require_fitting,
    save_checkpoint,
)
from lstm_blues.runs.resume import resumed_config
from lstm_blues.runs.settings import Settings, settings_from
from lstm_blues.runs.summary import Summary
from lstm_blues.runs.trained import compose_pieces, load_trained

PICTURED_CHORUSES = 2


FRESH_SONGS = 512


COMPOSITION = ("mid", "musicxml", "png", "txt")


_CHUNKS = {"fast": 100_000, "torch": 50}
"""Steps between two looks at the clock and at signals."""


class Run:
    """One run: a learner, its folder, its clock and its reports."""

    def __init__(self, settings: Settings, config: dict[str, Any], folder: Path) -> None:
        self.settings, self.config, self.folder = settings, config, folder
        torch.manual_seed(settings.seed)
        self.learner: Learner = build_learner(settings)
        self.plateau = MelodySchedule()
        bars = settings.bars
        self.floor = None if bars is None else melody_floor(bars, settings.form, settings.encoding)
        self.seconds = self.logging = self.listening = 0.0
        # Of one look at what the frozen network plays; the first one is not yet known.
        self.one_listening = 1.0
        self.stopped = False
        self._logged = Counters()
        self._logged_loss = self._logged_melody_loss = 0.0

    def resume(self, checkpoint: Checkpoint) -> None:
        """Goes on from a checkpoint."""
        settings = self.settings
        require_fitting(
            checkpoint.learner, settings.build_network(), settings.learning, str(self.folder)
        )
        self.learner.load(checkpoint.learner)
        self.seconds, self.plateau = checkpoint.seconds, checkpoint.plateau
        torch.set_rng_state(checkpoint.random)
        self._remember_logged()

    def _remember_logged(self) -> None:
        learner = self.learner
        self._logged, self._logged_loss = learner.counters, learner.loss
        self._logged_melody_loss = learner.melody_loss

    def save(self, name: str = NAME) -> None:
        """Writes the checkpoint."""
        state = Checkpoint(
            self.config, self.learner.state(), self.seconds, torch.get_rng_state(), self.plateau
        )
        save_checkpoint(self.folder / name, state)

    def train(self) -> Summary:
        """Learns until learned, stopped, no longer finite, or at the step limit."""
        run, melody = self.settings.run, self.settings.learning.melody
        self.save()
        start_steps = self.learner.counters.steps
        board = Board(self.folder, self.settings, self.config, since=start_steps)
        bar = tqdm(
            total=run.step_limit + (sum(melody.steps) if self.settings.bars else 0),
            initial=start_steps,
            unit="step",
            unit_scale=True,
            desc=self.settings.name,
            disable=None,
            dynamic_ncols=True,
        )
        saved = time.monotonic()
        with signals_into(self._stop), board, bar:
            while True:
                count = self.learner.counters
                if count.learned and self.settings.bars is not None and not count.melody:
                    self.learner.begin_melody()
                    self.plateau.begin(self.learner)
                    continue
                left = run.step_limit - count.steps
                if count.melody:
                    left = self.plateau.steps_to_look(self.learner, melody)
                if left <= 0 or not count.running or self.stopped or self.plateau.ended:
                    break
                to_log = run.log_interval - count.steps % run.log_interval
                begun = time.perf_counter()
                done = self.learner.learn(min(left, to_log, _CHUNKS[run.engine]))
                self.seconds += time.perf_counter() - begun
                count = self.learner.counters
                if count.melody and done >= left:
                    self.plateau.look(self.learner, melody, self.floor or 0.0)
                bar.set_postfix_str(self._standing(count), refresh=False)
                bar.update(done)
                begun = time.perf_counter()
                if done >= to_log or not count.running:
                    self._log(board)
                if count.nonfinite:
                    break
                if self.listening + self.one_listening < run.listen_share * self.seconds:
                    heard = time.perf_counter()
                    board.listen(self.learner.state().weights, count.steps)
                    self.one_listening = time.perf_counter() - heard
                    self.listening += self.one_listening
                self.logging += time.perf_counter() - begun
                if time.monotonic() - saved > run.checkpoint_seconds:
                    self.save()
                    saved = time.monotonic()
            # A state that is no longer finite must not take the place of the last good one.
            self.save("nonfinite.pt" if self.learner.counters.nonfinite else NAME)
            summary = self._summarise()
            if summary.status in ("learned", "step limit"):
                if run.listen_share:
                    board.listen(self.learner.state().weights, summary.steps)
                board.finish(summary.results, summary.steps)
        return summary

    def _stop(self) -> None:
        self.stopped = True

    def _log(self, board: Board) -> None:
        now, last = self.learner.counters, self._logged
        steps = now.steps - last.steps
        if steps == 0:
            return
        state = self.learner.state()
        weights = torch.cat([value.flatten() for value in state.weights.values()])
        scalars = {
            "learning/cross_entropy": (self.learner.loss - self._logged_loss) / steps,
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
        if self.floor is not None:
            melody_loss = self.learner.melody_loss - self._logged_melody_loss
            scalars["melody/cross_entropy"] = melody_loss / steps
            scalars["melody/floor"] = self.floor
            scalars["melody/rate"] = self.learner.melody_rate
        board.scalars(scalars, now.steps)
        self._remember_logged()

    def _standing(self, count: Counters) -> str:
        text = (
            f"clean run {count.longest_clean_run}, resets {count.gross_resets}, "
            f"best free run {count.best_free_run}"
        )
        if count.melody and self.plateau.best is not None:
            text += f", melody {self.plateau.best:.3f} nats a step"
        return text

    def _choruses_held(self) -> int:
        """Choruses that the frozen network plays without a wrong note; of several songs the
        fewest."""
        corpus, song_steps = self.settings.corpus, self.settings.song_steps
        steps = self.settings.run.final_choruses * song_steps
        songs = 1 if corpus is None else len(corpus.songs)
        runs = [self._free_run(steps, song, stop_at_wrong=True) for song in range(songs)]
        return min(played.right for played in runs) // song_steps

    def _free_run(self, steps: int, song: int = 0, *, stop_at_wrong: bool = False) -> FreeRun:
        uniform = test_uniform(self.settings.network.topology, steps)
        try:
            return self.learner.free_run(
                steps, song=song, uniform=uniform, stop_at_wrong=stop_at_wrong
            )
        except BluesError:  # no note can be drawn
            none = torch.zeros(0, self.settings.network.topology.units)
            return FreeRun(none > 0, none, 0)

    def _melody_cross_entropy(self) -> float | None:
        """Of the frozen network on fresh songs, in nats a step; None for chords alone."""
        songs, settings = self.settings.songs(), self.settings
        if songs is None:
            return None
        network = settings.build_network()
        network.load_state_dict(self.learner.state().weights)
        fresh = songs.subset(min(FRESH_SONGS, len(songs)), settings.seed)
        return melody_cross_entropy(
            network, torch.stack([fresh[n].inputs for n in range(len(fresh))])
        )

    def _summarise(self) -> Summary:
        settings, count = self.settings, self.learner.counters
        run, form = settings.run, settings.form
        finished = self.plateau.ended if count.melody else count.learned
        if count.nonfinite:
            status = "non-finite"
        elif self.stopped and not finished:
            status = "interrupted"
        else:
            status = "learned" if count.learned else "step limit"
        choruses, melody_entropy = 0, None
        if status in ("learned", "step limit"):
            choruses = self._choruses_held()
            melody_entropy = self._melody_cross_entropy()
        compiled = self.learner.compiled if isinstance(self.learner, CompiledLearner) else None
        return Summary(
            status=status,
            learned=status == "learned",
            steps=count.steps,
            seconds=round(self.seconds, 3),
            choruses=choruses,
            final_choruses=run.final_choruses,
            form=form.name if settings.corpus is None else settings.corpus.name,
            form_steps=settings.song_steps,
            seed=settings.seed,
            name=settings.name,
            engine=run.engine,
            device=run.device,
            dtype=run.dtype,
            steps_per_second=round(count.steps / self.seconds, 1) if self.seconds else 0.0,
            logging_seconds=round(self.logging, 3),
            compile_seconds=round(compiled.seconds, 3) if compiled else 0.0,
            cross_entropy=self.learner.loss / count.steps if count.steps else None,
            right=count.right,
            gross=count.gross,
            gross_resets=count.gross_resets,
            episodes=count.episodes,
            tests=count.tests,
            longest_clean_run=count.longest_clean_run,
            best_free_run=count.best_free_run,
            melody_cross_entropy=melody_entropy,
            melody_floor=self.floor,
            version=__version__,
        )

    def publish(self, summary: Summary) -> None:
        """Writes the free run as picture and MIDI, a composition where there is a melody, and the
        summary in words and numbers."""
        form, folder = self.settings.form, self.folder
        if self.settings.corpus is not None:
            self._publish_corpus(self.settings.corpus)
            self._write_summary(summary)
            return
        steps = PICTURED_CHORUSES * form.steps
        chords = self.settings.network.topology.unit_slice(CHORDS)
        played = self._free_run(steps - 1).notes[:, chords]
        # The first step is given to the network, all that follow are its own.
        shown = torch.cat((form.chord_tensor()[:1] > 0, played))
        target = form.chord_tensor().repeat(PICTURED_CHORUSES, 1)
        write_picture(chord_roll(target, shown, form), folder / "free_run.png")
        write_midi(Piece(shown, form, title=form.name), folder / "free_run.mid")
        if self.settings.bars is not None and summary.status != "non-finite":
            trained = load_trained(self.folder)
            (composed,) = compose_pieces(trained, choruses=PICTURED_CHORUSES, seed=summary.seed)
            for suffix in COMPOSITION:
                render(composed, folder / f"composition.{suffix}")
        self._write_summary(summary)

    def _publish_corpus(self, corpus: Corpus) -> None:
        """The free run of every song, as MIDI and as picture: what was given of it, and then two
        choruses alone."""
        played = {}
        for number, (name, song) in enumerate(corpus.songs.items()):
            steps = corpus.primer + PICTURED_CHORUSES * corpus.steps - 1
            notes = self._free_run(steps, number).notes
            played[name] = torch.cat((song[:1] > 0, notes))
        write_songs(played, corpus, self.folder / "free_run.mid")
        write_picture(corpus_roll(played, corpus), self.folder / "free_run.png")

    def _write_summary(self, summary: Summary) -> None:
        text = summary.in_words(self.folder) + "\n"
        write_text(self.folder / "summary.txt", text)
        write_text(self.folder / "summary.json", json.dumps(asdict(summary), indent=2) + "\n")


@contextmanager
def signals_into(stop: Callable[[], None]) -> Iterator[None]:
    """Within, Ctrl-C and SIGTERM call `stop` instead of breaking in mid-step; a second Ctrl-C
    breaks in all the same."""
    before: dict[int, Any] = {}

    def handle(number: int, _frame: object) -> None:
        stop()
        signal.signal(number, before[number])

    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, handle)
    except ValueError:  # not in the main thread: whoever runs us there sees to signals
        pass
    try:
        yield
    finally:
        for caught, handler in before.items():
            signal.signal(caught, handler)


def run_experiment(
    config: dict[str, Any], folder: Path, resume: str | None, overrides: list[str]
) -> Summary:
    """Trains as `config` says, and leaves everything in `folder`.

    Args:
        config: of `conf/train.yaml`, in plain containers.
        folder: of the run; it must be there.
        resume: the folder or checkpoint of a stopped run to go on with, or None.
        overrides: what the command line changes in the config of that run.

    Raises:
        BluesError: a mistake in the config, or `folder` already holds a run.
    """
    if resume is not None:
        config = resumed_config(config, resume, overrides)
    config = {name: value for name, value in config.items() if name != "resume"}
    settings = settings_from(config)
    if resume is None and (folder / NAME).exists():
        raise BluesError(
            f"{str(folder)!r} already holds a run: choose another hydra.run.dir, or go on with "
            f"resume={folder}."
        )
    if not os.access(folder, os.W_OK):
        raise BluesError(f"hydra.run.dir is {str(folder)!r}, which cannot be written.")
    run = Run(settings, config, folder)
    if resume is not None:
        run.resume(load_checkpoint(Path(resume)))
    write_text(folder / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(config)))
    summary = run.train()
    if summary.status != "interrupted":
        run.publish(summary)
    return summary
