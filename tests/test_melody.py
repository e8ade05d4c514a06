"""Two groups that learn: the chord part as if alone, both engines alike, rates that fall."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from support import assert_same, melody_settings

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.learning.schedule import MelodySchedule
from lstm_blues.learning.settings import MelodyLearning
from lstm_blues.learning.state import Learner
from lstm_blues.playing.metrics import melody_cross_entropy
from lstm_blues.runs.build import Parts
from lstm_blues.runs.checkpoint import load_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.results import summarise
from lstm_blues.runs.run import Run
from lstm_blues.runs.settings import Settings, settings_from
from lstm_blues.runs.summary import Status

HEARD = "encoding.inputs=standardised"
FAST = ["learning.rate=1e-4", "network.groups.chords.forget_bias=[0.5,1.0,1.5,2.0]"]


def begun(engine: type, settings: Settings, steps: int) -> Learner:
    learner: Learner = engine(Parts(settings).network, Parts(settings).stream, settings.learning)
    learner.learn(steps)
    learner.begin_melody()
    return learner


@pytest.mark.parametrize("start", ["together", "after_chords"])
def test_the_chord_part_learns_as_if_it_were_alone(start: str) -> None:
    alone = Parts(settings_from(compose_config(["+experiment=chords", *FAST, HEARD]))).learner
    both = Parts(melody_settings(*FAST, f"learning.melody.start={start}")).learner
    assert alone.learn(300_000) == both.learn(300_000)
    one, two = alone.state(), both.state()
    seen = both.network.topology.group_parts[0].seen  # type: ignore[attr-defined]
    for name, weights in one.weights.items():
        assert torch.equal(two.weights[name][:, seen], weights), name
    assert torch.equal(two.s[:8], one.s)
    for name in ("steps", "gross", "gross_resets", "episodes", "best_free_run", "tests"):
        assert getattr(one.counters, name) == getattr(two.counters, name)
    moved = two.weights["output.melody"] - both.network.output["melody"]  # type: ignore[attr-defined]
    assert bool((moved != 0).any()) == (start == "together")


@pytest.mark.parametrize(
    ("start", "chords"),
    [
        ("after_chords", "hold"),
        *(
            pytest.param(start, chords, marks=pytest.mark.slow)
            for start, chords in [
                ("after_chords", "learn"),
                ("together", "hold"),
                ("together", "learn"),
            ]
        ),
    ],
)
def test_engines_agree_through_both_phases(start: str, chords: str) -> None:
    # Without resets, songs follow one another.
    settings = melody_settings(
        f"learning.melody.start={start}",
        f"learning.melody.chords={chords}",
        "learning.gross_errors=0",
    )
    fast, readable = (begun(engine, settings, 600) for engine in (CompiledLearner, OnlineLearner))
    assert_same(fast, readable)
    held = {n: w for n, w in fast.state().weights.items() if "chords" in n}
    for learner in (fast, readable):
        learner.learn(300)
        learner.melody_rate = 2e-5
        learner.learn(300)
    assert_same(fast, readable)
    assert abs(fast.melody_loss - readable.melody_loss) < 1e-6
    assert readable.counters.melody_steps == 600
    after = readable.state().weights
    assert all(torch.equal(after[name], w) for name, w in held.items()) == (chords == "hold") or (
        chords == "hold" and all((after[name] - w).abs().max() < 1e-12 for name, w in held.items())
    )


def test_gross_errors_are_counted_on_the_chords_alone() -> None:
    settings = melody_settings()
    learner = Parts(settings).learner
    state = learner.state()
    state.weights["output.melody"][:, -1] = -50.0  # every melody note is missed
    learner.load(state)
    alone = Parts(settings_from(compose_config(["+experiment=chords", HEARD]))).learner
    learner.learn(5000)
    alone.learn(5000)
    assert learner.counters.gross == alone.counters.gross


MELODY = MelodyLearning("together", "hold", (1e-3, 1e-4), (50, 100), 10, 0.01, 2, 0.1)


class Scripted:
    """A learner whose melody loss follows a script, one value a window."""

    def __init__(self, losses: list[float]) -> None:
        self.losses = losses
        self.melody_loss = 0.0
        self.melody_rate = 1e-3
        self.counters = type("C", (), {"melody_steps": 0})()

    def window(self, plateau: MelodySchedule) -> None:
        steps = plateau.steps_to_look(self, MELODY)  # type: ignore[arg-type]
        assert steps == 10
        self.counters.melody_steps += steps
        self.melody_loss += self.losses.pop(0) * steps
        plateau.look(self, MELODY, 0.5)  # type: ignore[arg-type]


def test_the_rate_falls_after_flat_windows_and_then_the_melody_is_learned() -> None:
    learner, plateau = Scripted([3.0, 2.0, 2.0, 1.5, 1.495, 1.6, 1.0, 1.0, 1.0]), MelodySchedule()
    rates = []
    while not plateau.ended:
        learner.window(plateau)
        rates.append(learner.melody_rate)
    # flat at 2.0, better at 1.5, then at the limit of 50 steps the next rate; flat twice, the end
    assert rates == [1e-3, 1e-3, 1e-3, 1e-3, 1e-4, 1e-4, 1e-4, 1e-4, 1e-4]
    assert learner.losses == []


def test_two_flat_windows_in_a_row_bring_the_next_rate() -> None:
    learner, plateau = Scripted([2.0, 2.0, 2.0, 1.0]), MelodySchedule()
    for _ in range(3):
        learner.window(plateau)
    assert (plateau.rate, learner.melody_rate) == (1, 1e-4)
    assert plateau.best is None
    learner.window(plateau)
    assert plateau.best == 1.0


def test_near_the_floor_is_learned_enough() -> None:
    learner, plateau = Scripted([2.0, 1.0, 0.6, 0.59, 0.1]), MelodySchedule()
    while not plateau.ended:
        learner.window(plateau)
    assert learner.losses == [0.1]  # 0.59 is within 0.1 of the floor of 0.5; 0.6 is not
    assert plateau.rate == 0


@pytest.mark.parametrize(
    ("within", "learned", "status"),
    [
        (0.1, False, Status.MELODY_NOT_LEARNED),
        (100, True, Status.LEARNED),
        (0, None, Status.LEARNED),
    ],
)
def test_a_run_has_learned_when_its_melody_has_too(
    within: float, learned: bool | None, status: Status
) -> None:
    settings = melody_settings(f"learning.melody.within={within}", "run.final_choruses=1")
    summary = summarise(Parts(settings), Status.LEARNED, 1.0, 0.0)
    assert (summary.melody_learned, summary.status) == (learned, status)
    assert summary.learned == (status == Status.LEARNED)
    assert summary.status.exit_code == (not summary.learned)
    assert ("not its melody" in summary.in_words(Path())) == (not summary.learned)
    # Where the form is not learned, nothing else is asked.
    missed = summarise(Parts(settings), Status.STEP_LIMIT, 1.0, 0.0)
    assert (missed.status, missed.learned) == (Status.STEP_LIMIT, False)


def test_cross_entropy_on_songs_is_what_the_units_say() -> None:
    settings = melody_settings()
    songs, network = Parts(settings).songs, Parts(settings).network
    assert songs is not None
    with torch.no_grad():
        for weights in network.parameters():
            weights.zero_()
    batch = torch.stack([songs[n].inputs for n in range(3)])
    expected = 13 * torch.tensor(2.0).log().item()
    assert melody_cross_entropy(network, batch) == pytest.approx(expected, rel=1e-6)


def small(tmp_path: Path, name: str, stop_after: int | None = None) -> tuple[Run, Path]:
    """A run that is told that the form is learned, to learn the melody for a few windows."""
    config = compose_config(
        [
            "+experiment=melody",
            "learning.melody.steps=[40000,30000]",
            "learning.melody.rates=[1e-4,3e-5]",
            "learning.melody.window=10000",
            "run.final_choruses=1",
        ]
    )
    config.pop("resume")
    folder = tmp_path / name
    folder.mkdir()
    run = Run(settings_from(config), config, folder)
    state = run.learner.state()
    run.learner.load(replace(state, counters=replace(state.counters, learned=1)))
    if stop_after is not None:
        look = run.schedule.look

        def stopping(learner: Learner, melody: MelodyLearning, floor: float) -> None:
            look(learner, melody, floor)
            run.stopped = learner.counters.melody_steps >= stop_after

        run.schedule.look = stopping  # type: ignore[method-assign]
    return run, folder


def test_a_melody_that_is_not_finite_is_not_called_learned(tmp_path: Path) -> None:
    run, folder = small(tmp_path, "poisoned")
    state = run.learner.state()
    state.weights["output.melody"][:, -1] = torch.nan
    run.learner.load(state)
    summary = run.train()
    assert (summary.status, summary.learned) == ("non-finite", False)
    assert summary.melody_cross_entropy is None
    assert (folder / "nonfinite.pt").is_file()


@pytest.mark.slow
def test_a_melody_run_that_was_stopped_ends_in_the_same_weights(tmp_path: Path) -> None:
    whole, whole_folder = small(tmp_path, "whole")
    summary = whole.train()
    assert summary.steps == 70_000
    assert summary.melody_floor == pytest.approx(0.1733, abs=1e-4)
    assert summary.melody_cross_entropy is not None
    assert 0.1 < summary.melody_cross_entropy < 10
    stopped, folder = small(tmp_path, "stopped", stop_after=50_000)
    halfway = stopped.train()
    assert (halfway.status, halfway.learned) == ("interrupted", False)
    assert load_checkpoint(folder).learner.counters.steps == 50_000
    again = Run(stopped.settings, stopped.config, folder)
    again.resume(load_checkpoint(folder))
    again.train()
    one, two = load_checkpoint(whole_folder), load_checkpoint(folder)
    assert asdict(one.schedule) == asdict(two.schedule)
    assert one.schedule.ended
    assert one.learner.counters == two.learner.counters
    for name, weights in one.learner.weights.items():
        assert torch.equal(weights, two.learner.weights[name])
