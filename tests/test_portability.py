"""One network, the same to the bit, whatever compiled the kernel and wherever it runs.

Every build learns, plays and listens on the same memory, see `whole_run`; then all of that memory
is compared: weights, momentum, traces, states, counters, losses, notes and outputs.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from kernels import Build, Made, builds, run_library, whole_run

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

BUILDS = {build.name: build for build in builds()}


@dataclass(frozen=True)
class Case:
    """What is learned.

    overrides: of the config.  steps, emulated_steps: how many are learned, and how many where a
    processor is emulated.
    """

    name: str
    overrides: tuple[str, ...]
    steps: int = 20_000
    emulated_steps: int = 2_000

    def new_learner(self) -> CompiledLearner:
        """A learner before its first step."""
        learner = Parts(settings_from(compose_config(list(self.overrides)))).learner
        assert isinstance(learner, CompiledLearner)
        return learner


@cache
def learner_of(case: Case) -> CompiledLearner:
    """A learner that stays before its first step."""
    return case.new_learner()


@cache
def made_by_package(case: Case, steps: int) -> Made:
    """What the kernel makes of a case as the package builds it for this machine."""
    learner = learner_of(case)
    return run_library(learner.engine.compiled.library, whole_run(learner, steps))


TOPOLOGIES = {
    "chords": ("+experiment=chords",),
    "split": ("+experiment=melody",),
    "full": ("+experiment=melody", "+connections=full"),
}
LEARNERS = (
    *("truncated", "nesterov", "truncated_adam", "rtrl", "rtrl_adam", "bptt", "bptt_adam"),
    *("kalman", "kalman_cross_entropy"),
)
OFTEN_TESTED = "learning.test_interval=100"
SINGLE = [
    ("split", name) for name in ("truncated", "truncated_adam", "rtrl", "bptt_adam", "kalman")
]
"""With a melody, what is compared in single precision, too."""


def _every_learner() -> list[Case]:
    cases = []
    for topology, learner, dtype in product(TOPOLOGIES, LEARNERS, ("float64", "float32")):
        if topology != "chords" and dtype == "float32" and (topology, learner) not in SINGLE:
            continue
        heavy = learner.startswith(("rtrl", "kalman"))
        options = (f"+learner={learner}", f"run.dtype={dtype}", OFTEN_TESTED)
        steps = (2_000, 200) if heavy else (20_000, 2_000)
        cases.append(
            Case(f"{topology} {learner} {dtype}", (*TOPOLOGIES[topology], *options), *steps)
        )
    return cases


DEFAULT = Case("the report's chords", TOPOLOGIES["chords"], 400_000, 20_000)
MELODY = Case("the report's melody", TOPOLOGIES["split"], 100_000, 5_000)
CASES = (
    DEFAULT,
    MELODY,
    *_every_learner(),
    Case("begins", ("+experiment=melody", "encoding.held=begins", OFTEN_TESTED)),
    Case("melody_fine", ("+experiment=melody_fine", OFTEN_TESTED)),
    Case("forms", ("+experiment=forms", OFTEN_TESTED)),
    *(
        Case(
            f"{g}, {h}, three cells per block",
            (
                *("+experiment=melody", f"network.g={g}", f"network.h={h}"),
                *("network.groups.chords.cells=3", "network.groups.melody.cells=1", OFTEN_TESTED),
            ),
        )
        for g, h in (("tanh", "logistic_1"), ("logistic_1", "tanh"), ("identity", "logistic_2"))
    ),
)
"""All learners, topologies and precisions, and what else becomes constants of the kernel."""

X86 = platform.machine() in ("x86_64", "AMD64")
QUICK = tuple(
    replace(case, steps=2_000)
    for case in CASES
    if case.name
    in ("the report's chords", "begins", "chords bptt_adam float32", "chords kalman float64")
)
QUICK_BUILDS = (
    ("gcc -O2 -march=x86-64", "gcc -O3 -march=x86-64-v3", "zig -O3 -mcpu=x86_64")
    if X86
    else ("gcc -O2", "zig -O3")
)
WEBASSEMBLY, AARCH64 = "zig -O3 WebAssembly", "zig -O3 AArch64"
MOST_BUILDS = (*QUICK_BUILDS, WEBASSEMBLY, AARCH64)
"""Every compiler and instruction set once, the widest being the package's own build where the
processor has it; the report's two experiments see all of `BUILDS`."""


def compare(case: Case, build: Build, folder: Path) -> None:
    """Fails, and says where, unless a build makes the very same memory of a case."""
    if build.missing:
        pytest.skip(f"not compared with {build.name}: {build.missing}")
    steps = case.emulated_steps if build.emulated else case.steps
    here = made_by_package(case, steps)
    there = build.compile_and_run(whole_run(learner_of(case), steps), folder)
    differing = [name for name, data in here.arrays.items() if there.arrays[name] != data]
    assert not differing, f"{case.name}: {build.name} differs in {', '.join(differing)}"
    assert there.returned == here.returned
    print(f"{here.hash}  {case.name}, {steps} steps: {build.name}")


@pytest.mark.parametrize("build", [*QUICK_BUILDS, WEBASSEMBLY])
@pytest.mark.parametrize("case", QUICK, ids=lambda case: case.name)
def test_a_few_builds_learn_the_same_network(case: Case, build: str, tmp_path: Path) -> None:
    compare(case, BUILDS[build], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("case", [DEFAULT, MELODY], ids=lambda case: case.name)
def test_every_build_learns_the_report_s_experiments(
    case: Case, build: str, tmp_path: Path
) -> None:
    compare(case, BUILDS[build], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("build", MOST_BUILDS)
@pytest.mark.parametrize("case", CASES[2:], ids=lambda case: case.name)
def test_every_learner_learns_the_same_network(case: Case, build: str, tmp_path: Path) -> None:
    compare(case, BUILDS[build], tmp_path)


@pytest.mark.parametrize("case", QUICK[:1], ids=lambda case: case.name)
def test_the_runs_compared_are_those_of_a_learner(case: Case) -> None:
    # What `Run` calls is what `CompiledLearner` calls.
    learner = case.new_learner()
    assert learner.learn(case.steps) == case.steps
    played = learner.free_run(60)
    run = whole_run(learner_of(case), case.steps)
    calls = [number for number, (name, _) in enumerate(run.calls) if name == "free_run"]
    made = run_library(learner_of(case).engine.compiled.library, run)
    assert made.returned[calls[0]] == played.right
    assert made.arrays["notes of chords"] == played.notes.numpy().tobytes()
    assert made.arrays["outputs of chords"] == played.outputs.numpy().tobytes()
