"""`python -m lstm_blues.train +experiment=chords`: learn, and play the form for ever.

Experiment 1 of the report (section 3); `+experiment=melody` is Experiment 2 (section 4).  Every
setting is in `conf/`; `resume=FOLDER` goes on from the checkpoint of a run that was stopped.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import OmegaConf
from tqdm import tqdm

from lstm_blues import __version__
from lstm_blues.bars import melody_floor
from lstm_blues.board import Board
from lstm_blues.checkpoint import (
    NAME,
    Checkpoint,
    load_checkpoint,
    require_fitting,
    save_checkpoint,
    write_text,
)
from lstm_blues.command import run_command
from lstm_blues.config import RunSettings, Settings, build, flat_config, settings_from
from lstm_blues.corpus import Corpus, write_songs
from lstm_blues.engines import build_learner
from lstm_blues.errors import BluesError
from lstm_blues.fused import FusedLearner
from lstm_blues.midi import write_midi
from lstm_blues.network import melody_cross_entropy
from lstm_blues.online import Counters, Learner, test_uniform
from lstm_blues.pictures import chord_roll, corpus_roll, write_picture
from lstm_blues.piece import Piece
from lstm_blues.plateau import Plateau
from lstm_blues.render import render
from lstm_blues.sampler import FreeRun
from lstm_blues.sweep import Watch
from lstm_blues.topology import FORM
from lstm_blues.trained import compose_pieces, load_trained

EXIT_CODES = {"learned": 0, "step limit": 1, "non-finite": 3, "interrupted": 130}
PICTURED_CHORUSES = 2
FRESH_SONGS = 512
COMPOSITION = ("mid", "musicxml", "png", "txt")

_CHUNKS = {"fast": 100_000, "torch": 50}
"""Steps between two looks at the clock and at signals."""

_MAY_CHANGE = ("run.", "learning.test_")
"""Settings that a resumed run may change: they don't touch the weight changes."""

_ROUNDING = ("run.dtype", "run.engine", "run.device")


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


class Run:
    """One run: a learner, its folder, its clock and its reports."""

    def __init__(self, settings: Settings, config: dict[str, Any], folder: Path) -> None:
        self.settings, self.config, self.folder = settings, config, folder
        torch.manual_seed(settings.seed)
        self.learner: Learner = build_learner(settings)
        self.plateau = Plateau()
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
        compiled = self.learner.compiled if isinstance(self.learner, FusedLearner) else None
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
        chords = self.settings.network.topology.unit_slice(FORM)
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


def resumed_config(config: dict[str, Any], resume: str, overrides: list[str]) -> dict[str, Any]:
    """The config of a stopped run, with what the command line may change in it.

    Raises `BluesError` for an override that would change what is learned.
    """
    old = dict(load_checkpoint(Path(resume)).config)
    old_flat, new_flat = flat_config(old), flat_config(config)
    for override in overrides:
        key = override.split("=", 1)[0].lstrip("+~").split("@")[0]
        if key in ("resume", "experiment") or override.startswith("+experiment="):
            continue
        for name in [n for n in new_flat if n == key or n.startswith(f"{key}.")]:
            if new_flat[name] == old_flat.get(name):
                continue
            if not name.startswith(_MAY_CHANGE):
                raise BluesError(
                    f"resume={resume} cannot change {name} from {old_flat.get(name)!r} to "
                    f"{new_flat[name]!r}: that would be another run."
                )
            _put(old, name, new_flat[name])
    return old


def check_same_run(config: dict[str, Any], folder: Path) -> None:
    """Raises `BluesError` where `folder` holds a run with other settings than those of `config`
    that a run may change on the way."""
    old, new = (
        flat_config(yaml.safe_load((folder / "config.yaml").read_text())),
        flat_config(config),
    )
    for name in sorted(old.keys() | new.keys()):
        differs = name != "resume" and old.get(name) != new.get(name)
        if differs and (name in _ROUNDING or not name.startswith("run.")):
            raise BluesError(
                f"{str(folder)!r} holds another run, with {name} {old.get(name)!r} and not "
                f"{new.get(name)!r}: choose another hydra.sweep.dir."
            )


def is_finished(folder: Path, step_limit: int) -> bool:
    """Whether the run in `folder` ended, and not at a lower step limit, so that a sweep need not
    make it again."""
    path = folder / "summary.json"
    if not path.is_file():
        return False
    summary = json.loads(path.read_text())
    # What stands there may be the end at a lower limit of a run that goes on since.
    return bool(summary["status"] != "step limit" or summary["steps"] >= step_limit)


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    *groups, last = name.split(".")
    for group in groups:
        values = values[group]
    values[last] = value


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


def tell(summary: Summary, folder: Path) -> None:
    """Prints how a run ended, and what can be done where it did not end well."""
    print(summary.in_words(folder))
    if summary.status == "interrupted":
        print(f"Go on with: python -m lstm_blues.train resume={folder}")
    if summary.status == "non-finite":
        print(
            f"error: the loss is no longer a finite number after step {summary.steps:,}; that "
            f"state is in {folder / 'nonfinite.pt'}, the last finite one in {folder / NAME}; a "
            "smaller learning.rate may help.",
            file=sys.stderr,
        )


_statuses: list[str] = []


def _train(config: dict[str, Any]) -> None:
    context = HydraConfig.get()
    if config["resume"] is not None and context.mode == RunMode.MULTIRUN:
        raise BluesError("resume goes on with one run; it cannot be swept with -m.")
    folder, resume = Path(context.runtime.output_dir), config["resume"]
    overrides = list(context.overrides.task)
    if context.mode == RunMode.MULTIRUN and (folder / NAME).is_file():
        # A sweep that was stopped goes on: half-done runs from their checkpoint.
        check_same_run(config, folder)
        if is_finished(folder, build(RunSettings, config["run"], "run").step_limit):
            print(f"Already there: {folder}.")
            return
        resume = str(folder)
        # Its limit may stand in the config of a study as well as on the command line.
        overrides.append("run")
    # Several processes of a sweep would wait for each other's threads.
    torch.set_num_threads(1)
    summary = run_experiment(config, folder, resume, overrides)
    tell(summary, folder)
    _statuses.append(summary.status)
    if summary.status == "interrupted":
        # A sweep stops too.
        sys.exit(EXIT_CODES[summary.status])


def main() -> None:
    """The command; exits with 0 when every run has learned."""
    run_command(_train, "train")
    # Runs of a sweep may have been in other processes.
    ended = _statuses if Watch.ended is None else Watch.ended
    sys.exit(max((EXIT_CODES[status] for status in ended), default=0))


if __name__ == "__main__":
    # Launchers send what is in __main__ to other processes as a copy, in which dataclasses have
    # lost their fields; what is in a module they import there.
    from lstm_blues import train  # noqa: PLW0406

    train.main()
