"""Every learner and topology under the address and the undefined-behaviour sanitizer, and what the
kernel answers to what cannot be.

Each array is a block of its own there, so that a step beyond its end is seen.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from kernels import At, Run, program, run_library, run_program, whole_run
from support import (
    LEARNING,
    Command,
    environment,
    fully_connected,
    random_song,
    topology,
    two_groups,
)

from lstm_blues.engine.layout import CountersOfKernel, Rules
from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.learning.schedule import MelodySchedule
from lstm_blues.learning.settings import KalmanFilter, Learning
from lstm_blues.music.stream import Stream
from lstm_blues.network.network import BluesNetwork
from lstm_blues.runs.build import Parts
from lstm_blues.runs.checkpoint import NAME, Checkpoint, save_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import DTYPES, settings_from

FLAGS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1", "-g")
STEPS = 100_000
TOPOLOGIES = {"one group": topology(), "two groups": two_groups(3), "full": fully_connected()}
CALM = replace(LEARNING, rate=1e-4, test_choruses=50)
LEARNERS = {
    "truncated": (CALM, replace(CALM, gross_count="in_chorus", momentum=0.0)),
    "nesterov": (replace(CALM, update="nesterov"),),
    "truncated_adam": (replace(CALM, update="adam"),),
    "rtrl": (replace(CALM, gradient="rtrl"),),
    "rtrl_adam": (replace(CALM, gradient="rtrl", update="adam"),),
    "bptt": (
        replace(CALM, gradient="bptt", unroll=7),
        replace(CALM, gradient="bptt", unroll=0),
    ),
    "bptt_adam": (replace(CALM, gradient="bptt", unroll=7, update="adam"),),
    "kalman": tuple(
        replace(
            CALM, update="kalman", kalman=KalmanFilter(1.0, (100.0, 10.0), (1e-5, 1e-6), 500, error)
        )
        for error in ("squared", "cross_entropy")
    ),
}
"""Every gradient and optimizer that can be combined, with settings that share a kernel."""

SINGLE = (("two groups", "truncated_adam"), ("full", "bptt_adam"), ("one group", "kalman"))
"""What runs in single precision, too."""

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc, whose sanitizers check")


def small_learner(
    shape: str, learning: Learning = CALM, dtype: torch.dtype = torch.float64
) -> CompiledLearner:
    """Three songs in the order of five picks, one each episode."""
    net = BluesNetwork(TOPOLOGIES[shape], "logistic_2", "tanh", dtype)
    net.initialise(1, 0.5)
    table = torch.stack([random_song(net.topology.units, 11, seed) for seed in range(3)])
    picks = torch.tensor([[0], [2], [1], [1], [2]])
    return CompiledLearner(net, Stream(table, picks, by_episode=True, given=2), learning)


def checked_program(run: Run, folder: Path) -> list[str]:
    """A command that ends with an error where a sanitizer has anything to say."""
    return [str(program(run.source, ("gcc",), FLAGS, folder))]


@needs_gcc
@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "learner", "dtype"),
    [(*both, "float64") for both in product(TOPOLOGIES, LEARNERS)]
    + [(*both, "float32") for both in SINGLE],
)
def test_every_learner_runs_clean(shape: str, learner: str, dtype: str, tmp_path: Path) -> None:
    command: list[str] = []
    for learning in LEARNERS[learner]:
        run = Run(small_learner(shape, learning, DTYPES[dtype]))
        # What is learned while the melody is does not end when the form is learned.
        run.learn(1_000)
        run.begin_melody()
        run.learn(STEPS - 1_000)
        run.free_run(60)
        run.play(60)
        run.listen(3)
        command = command or checked_program(run, tmp_path)
        before, _, learned, *_ = run_program(command, run, tmp_path).returned
        assert before + learned >= STEPS


@needs_gcc
@pytest.mark.slow
@pytest.mark.parametrize(
    "overrides",
    [
        ("+experiment=chords",),
        ("+experiment=melody",),
        ("+experiment=melody", "+connections=full", "run.dtype=float32"),
        ("+experiment=melody_fine",),
        ("+experiment=forms",),
        ("+experiment=melody", "encoding.held=begins", "+learner=truncated_adam"),
        ("+experiment=chords", "+learner=rtrl"),
        ("+experiment=chords", "+learner=kalman"),
    ],
    ids=" ".join,
)
def test_the_experiments_run_clean(overrides: tuple[str, ...], tmp_path: Path) -> None:
    learner = Parts(settings_from(compose_config(list(overrides)))).learner
    assert isinstance(learner, CompiledLearner)
    run = whole_run(learner, STEPS)
    assert min(run_program(checked_program(run, tmp_path), run, tmp_path).returned) >= 0


IMPOSSIBLE = {
    "position at the end": ("counters", "position", 11, -1),
    "position beyond": ("counters", "position", 10**9, -1),
    "position below 0": ("counters", "position", -1, -1),
    "position far below 0": ("counters", "position", -(2**63), -1),
    "songs below 0": ("counters", "songs", -1, -2),
    "episodes below 0": ("counters", "episodes", -3, -2),
    "steps far too many": ("counters", "steps", 2**62, -2),
    "steps as many as there are numbers": ("counters", "steps", 2**63 - 1, -2),
    "resets far too many": ("counters", "gross_resets", 2**63 - 1, -2),
    "melody neither 0 nor 1": ("counters", "melody", 2, -2),
    "changes far too many": ("counters", "adam_chords", 2**62, -2),
}
"""A field, its value, and what `learn` answers."""


def impossible(name: str) -> tuple[Run, int]:
    """A run that begins from a counter that cannot be, and what it is answered."""
    array, field, value, answer = IMPOSSIBLE[name]
    run = Run(small_learner("two groups"))
    run.write(
        At(array, getattr(CountersOfKernel, field).offset), value.to_bytes(8, "little", signed=True)
    )
    run.learn(100)
    return run, answer


def with_pick(song: int, segment: int) -> Run:
    run = Run(small_learner("two groups"))
    run.write(At("picks", 8 * song), segment.to_bytes(8, "little", signed=True))
    run.learn(1_000)
    return run


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_the_kernel_refuses_counters_that_cannot_be(name: str) -> None:
    run, answer = impossible(name)
    made = run_library(run.learner.engine.compiled.library, run)
    assert made.returned == (answer,)
    start, size = run.places["buffer"]
    assert made.arrays["buffer"] == run.image[start : start + size]


@pytest.mark.parametrize("segment", [3, -1, 2**40, -(2**63)])
@pytest.mark.parametrize("song", [0, 1, 4])
def test_the_kernel_refuses_songs_that_it_does_not_have(song: int, segment: int) -> None:
    run = with_pick(song, segment)
    assert run_library(run.learner.engine.compiled.library, run).returned == (-3,)


LOADED = """
import sys
import torch
from lstm_blues.errors import BluesError
from lstm_blues.runs.build import Parts
from lstm_blues.runs.checkpoint import NAME, Checkpoint, save_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

torch.set_num_threads(1)
learner = Parts(settings_from(compose_config(["+experiment=melody"]))).learner
state = learner.state()
for name, value in [word.split("=") for word in sys.argv[1:]]:
    before = getattr(state.counters, name)
    setattr(state.counters, name, int(value))
    try:
        learner.load(state)
        learner.learn(1000)
        print(f"{name} is taken")
    except BluesError as error:
        print(error)
    setattr(state.counters, name, before)
learner.load(state)
learner.picks[1] = 10**9
try:
    learner.learn(1000)
except BluesError as error:
    print(error)
"""
"""Loads states with counters that cannot be, then learns from a song that there is not."""


def test_a_state_that_cannot_be_is_an_error_of_one_sentence() -> None:
    wrong = ("position=1000000000", "position=-1", "position=96", f"position={2**64 + 3}")
    wrong += ("songs=-1", f"songs={2**62}", f"steps={10**30}", f"episodes={-(2**63)}", "melody=2")
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *wrong],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    *counters, song = done.stdout.splitlines()
    assert song == "a song has a segment that the table of songs does not have."
    assert len(counters) == len(wrong)
    for told, line in zip(wrong, counters, strict=True):
        name, value = told.split("=")
        if name == "position" and int(value) < 2**63:
            expected = f"the position in the song is {value}, but must be from 0 to 95."
        else:
            expected = "a counter of the learner is out of range, but must be "
        assert line.startswith(expected), told


def test_a_run_does_not_resume_at_a_position_that_cannot_be(tmp_path: Path, train: Command) -> None:
    config = compose_config(["+experiment=chords"])
    learner = Parts(settings_from(config)).learner
    learner.learn(500)
    state = learner.state()
    state.counters.position = 10**9
    save_checkpoint(
        tmp_path / NAME, Checkpoint(config, state, 1.0, torch.get_rng_state(), MelodySchedule())
    )
    done = train(f"resume={tmp_path}")
    told = "has 1000000000 for the counter position, but its settings allow from 0 to 95.\n"
    assert done.returncode == 2
    assert done.stderr.startswith("error: the checkpoint of ")
    assert done.stderr.endswith(told)


@needs_gcc
@pytest.mark.slow
def test_refusals_read_nothing_outside(tmp_path: Path) -> None:
    # One program for all: they differ in what they are given.
    runs = [impossible(name) for name in IMPOSSIBLE]
    runs += [(with_pick(song, far), -3) for song in (0, 1, 4) for far in (3, -1, 2**40, -(2**63))]
    command = checked_program(runs[0][0], tmp_path)
    for run, answer in runs:
        assert run_program(command, run, tmp_path).returned == (answer,)


@needs_gcc
@pytest.mark.slow
@pytest.mark.parametrize("learner", ["truncated_adam", "bptt_adam", "kalman"])
def test_the_largest_counters_and_numbers_that_are_not_finite_run_clean(
    learner: str, tmp_path: Path
) -> None:
    made = small_learner("full", LEARNERS[learner][-1])
    run = Run(made)
    most = {name: 2**62 - 2_000 for name, _ in CountersOfKernel._fields_}
    most |= {"position": 10, "learned": 0, "melody": 1, "nonfinite": 0}
    most |= {"own_note": 0, "own_segment": 0}
    run.write(At("counters"), bytes(CountersOfKernel(**most)))
    run.learn(1_000)
    command = checked_program(run, tmp_path)
    assert run_program(command, run, tmp_path).returned[0] >= 1_000
    for poison in (np.nan, np.inf, -np.inf, 1e308):
        run = Run(made)
        run.write(At("buffer"), np.full(made.engine.layout.group_weights, poison).tobytes())
        run.write(At("rules", Rules.rate.offset), np.float64(1e308).tobytes())
        run.learn(1_000)
        run.free_run(20)
        run.play(20)
        run_program(command, run, tmp_path)
