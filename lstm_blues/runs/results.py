"""What the network of a run can do once its weights are frozen (section 3.2)."""

from __future__ import annotations

import torch

from lstm_blues import __version__
from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.engine.player import CompiledPlayer
from lstm_blues.errors import BluesError
from lstm_blues.learning.frozen import test_uniform
from lstm_blues.network.network import weights_hash
from lstm_blues.playing.cycle import find_cycle
from lstm_blues.playing.diagnosis import diagnose
from lstm_blues.playing.metrics import melody_cross_entropy
from lstm_blues.playing.player import FreeRun, Player
from lstm_blues.runs.build import Parts
from lstm_blues.runs.summary import Status, Summary

SONGS = 512
"""How many songs the melody is measured on."""

CYCLE_CHORUSES = 300
"""Choruses in which a loop is looked for, which takes seconds."""


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


def exact_cycle(parts: Parts) -> dict[str, int] | None:
    """The loop that the frozen network's chords enter, see `find_cycle`: `after` how many choruses,
    and its `length` in choruses.

    None for a corpus, where a melody reaches the chords, and where there is no loop within
    `CYCLE_CHORUSES`.
    """
    settings, learner = parts.settings, parts.learner
    if settings.corpus is not None or not settings.network.topology.chords_are_separate:
        return None
    player: Player
    if isinstance(learner, CompiledLearner):
        frozen = parts.frozen(learner.state().weights)
        player = CompiledPlayer(frozen, 1, settings.learning)
    else:
        player = Player(parts.network, chords_only=True)
    found = find_cycle(player, parts.stream.table[0], CYCLE_CHORUSES)
    return None if found is None else found._asdict()


def where_wrong(parts: Parts) -> str | None:
    """Where in the form the frozen network goes wrong first, in words; None for a corpus, and where
    it does not within the choruses of the test."""
    settings = parts.settings
    if settings.corpus is not None:
        return None
    steps = settings.learning.test_choruses * settings.form.steps
    found = diagnose(settings.form, play_alone(parts, steps, stop_at_wrong=True))
    return None if found is None else found.in_words()


def songs_cross_entropy(parts: Parts, *, held_out: bool = False) -> float | None:
    """Of the frozen network's melody on songs, nats per step.

    The songs are `SONGS` different ones drawn from all that are learned, which the network may have
    heard, or with `held_out` those that it has not; None where there are none.
    """
    songs, apart = parts.songs, parts.held_out
    if songs is None or (held_out and not apart):
        return None
    if held_out:
        numbers = list(apart[:SONGS])
    else:
        drawn = songs.subset(min(SONGS + len(apart), len(songs)), parts.settings.seed).indices
        numbers = [number for number in drawn if number not in apart][:SONGS]
    heard = torch.stack([songs[n].inputs for n in numbers])
    if isinstance(parts.learner, CompiledLearner):
        return parts.learner.listen(heard)[1]
    return melody_cross_entropy(parts.frozen(parts.learner.state().weights), heard)


def is_melody_learned(parts: Parts, found: float | None) -> bool | None:
    """Whether the melody's cross-entropy on songs, `found`, is within learning.melody.within of its
    floor; None where that is 0, and where there is no melody or none was measured."""
    within, floor = parts.settings.learning.melody.within, parts.melody_floor
    if not within or floor is None or found is None:
        return None
    return found <= floor + within


def summarise(parts: Parts, status: Status, trained: float, logging: float) -> Summary:
    """The summary of a run that ended with `status`, after so many seconds of each."""
    settings, learner, count = parts.settings, parts.learner, parts.learner.counters
    melody = songs_cross_entropy(parts) if status.complete else None
    melody_learned = is_melody_learned(parts, melody)
    if status == Status.LEARNED and melody_learned is False:
        status = Status.MELODY_NOT_LEARNED
    learned = status == Status.LEARNED
    run, song = settings.run, settings.form if settings.corpus is None else settings.corpus
    return Summary(
        status=status,
        learned=learned,
        steps=count.steps,
        seconds=round(trained, 3),
        choruses=choruses_held(parts) if status.complete else 0,
        final_choruses=run.final_choruses,
        cycle=exact_cycle(parts) if count.learned else None,
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
        melody_cross_entropy=melody,
        held_out_cross_entropy=songs_cross_entropy(parts, held_out=True)
        if status.complete
        else None,
        melody_floor=parts.melody_floor,
        version=__version__,
        chords_learned=bool(count.learned),
        melody_learned=melody_learned,
        wrong=where_wrong(parts) if status == Status.STEP_LIMIT else None,
        weights=weights_hash(learner.state().weights),
    )
