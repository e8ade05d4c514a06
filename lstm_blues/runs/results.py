"""What the network of a run can do once its weights are frozen (section 3.2)."""

from __future__ import annotations

import torch

from lstm_blues import __version__
from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.errors import BluesError
from lstm_blues.learning.frozen import test_uniform
from lstm_blues.playing.diagnosis import diagnose
from lstm_blues.playing.metrics import melody_cross_entropy
from lstm_blues.playing.player import FreeRun
from lstm_blues.runs.build import Parts
from lstm_blues.runs.summary import Status, Summary

FRESH_SONGS = 512


def play_alone(parts: Parts, steps: int, song: int = 0, *, stop_at_wrong: bool = False) -> FreeRun:
    """The free run of the frozen network; nothing where no note can be drawn."""
    topology = parts.settings.network.topology
    uniform = test_uniform(topology, steps)
    try:
        return parts.learner.free_run(
            steps, song=song, uniform=uniform, stop_at_wrong=stop_at_wrong
        )
    except BluesError:
        none = torch.zeros(0, topology.units)
        return FreeRun(none > 0, none, 0)


def choruses_held(parts: Parts) -> int:
    """Choruses of run.final_choruses that the frozen network plays without a wrong note; of several
    songs the fewest."""
    song_steps = parts.settings.song_steps
    steps = parts.settings.run.final_choruses * song_steps
    runs = [
        play_alone(parts, steps, song, stop_at_wrong=True) for song in range(parts.stream.tested)
    ]
    return min(played.right for played in runs) // song_steps


def where_wrong(parts: Parts) -> str | None:
    """Where in the form the frozen network goes wrong first, in words; None for a corpus, and where
    it does not within the choruses of the test."""
    settings = parts.settings
    if settings.corpus is not None:
        return None
    steps = settings.learning.test_choruses * settings.form.steps
    found = diagnose(settings.form, play_alone(parts, steps, stop_at_wrong=True))
    return None if found is None else found.in_words()


def fresh_cross_entropy(parts: Parts) -> float | None:
    """Of the frozen network's melody on songs drawn anew, nats per step; None for chords alone."""
    songs = parts.songs
    if songs is None:
        return None
    fresh = songs.subset(min(FRESH_SONGS, len(songs)), parts.settings.seed)
    heard = torch.stack([fresh[n].inputs for n in range(len(fresh))])
    if isinstance(parts.learner, CompiledLearner):
        return parts.learner.listen(heard)[1]
    return melody_cross_entropy(parts.frozen(parts.learner.state().weights), heard)


def summarise(parts: Parts, status: Status, trained: float, logging: float) -> Summary:
    """The summary of a run that ended with `status`, after so many seconds of each."""
    settings, learner, count = parts.settings, parts.learner, parts.learner.counters
    run, song = settings.run, settings.form if settings.corpus is None else settings.corpus
    return Summary(
        status=status,
        learned=status == Status.LEARNED,
        steps=count.steps,
        seconds=round(trained, 3),
        choruses=choruses_held(parts) if status.complete else 0,
        final_choruses=run.final_choruses,
        form=song.name,
        form_steps=song.steps,
        seed=settings.seed,
        name=settings.name,
        engine=run.engine,
        device=run.device,
        dtype=run.dtype,
        steps_per_second=round(count.steps / trained, 1) if trained else 0.0,
        logging_seconds=round(logging, 3),
        compile_seconds=round(parts.compile_seconds, 3),
        cross_entropy=learner.loss / count.steps if count.steps else None,
        right=count.right,
        gross=count.gross,
        gross_resets=count.gross_resets,
        episodes=count.episodes,
        tests=count.tests,
        longest_clean_run=count.longest_clean_run,
        best_free_run=count.best_free_run,
        melody_cross_entropy=fresh_cross_entropy(parts) if status.complete else None,
        melody_floor=parts.melody_floor,
        version=__version__,
        wrong=where_wrong(parts) if status == Status.STEP_LIMIT else None,
    )
