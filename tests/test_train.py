"""The command, as a user calls it."""

import json
import subprocess
from pathlib import Path

import pretty_midi
import pytest
import yaml
from support import Command, environment, run_command, train_command
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lstm_blues.music.chords import pitch_classes
from lstm_blues.runs.build import Parts
from lstm_blues.runs.checkpoint import load_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

TAGS = {
    "learning/cross_entropy",
    "learning/right_predictions",
    "learning/resets",
    "learning/episodes",
    "learning/longest_clean_run",
    "free_run/steps",
    "free_run/best",
    "norm/weights",
    "norm/state",
    "norm/traces",
}


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A finished run of the fast preset: its folder and what it printed."""
    folder = tmp_path_factory.mktemp("learned")
    done = run_command("train", "+experiment=chords_fast", "seed=1", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # quiet where there is no terminal
    (run,) = (folder / "outputs" / "chords_fast").iterdir()
    return run, done.stdout


def test_a_run_leaves_what_it_promises(learned: tuple[Path, str]) -> None:
    run, printed = learned
    names = {path.name for path in run.iterdir()}
    assert names >= {
        "checkpoint.pt",
        "config.yaml",
        "free_run.mid",
        "free_run.png",
        "summary.json",
        "summary.txt",
    }
    assert run.name.endswith("_seed1")
    summary = json.loads((run / "summary.json").read_text())
    assert summary["learned"] is True
    assert summary["choruses"] == 1000
    assert summary["seed"] == 1
    assert summary["steps"] > 10_000
    assert summary["seconds"] > 0
    assert summary["status"] == "learned"
    assert printed == (run / "summary.txt").read_text()
    assert "1,000 of 1,000 choruses without a wrong note" in printed
    after, both = summary["cycle"]["after"], sum(summary["cycle"].values())
    assert f"After {both} choruses its state is, to the bit, what it was after {after}" in printed
    assert (run / "free_run.png").read_bytes().startswith(b"\x89PNG")


def test_the_frozen_network_holds_the_form_for_1000_choruses(learned: tuple[Path, str]) -> None:
    checkpoint = load_checkpoint(learned[0])
    settings = settings_from(checkpoint.config)
    learner = Parts(settings).learner
    learner.load(checkpoint.learner)
    assert learner.free_run(96_000).right == 96_000


def test_the_resolved_config_makes_the_same_run(learned: tuple[Path, str]) -> None:
    written = yaml.safe_load((learned[0] / "config.yaml").read_text())
    expected = compose_config(["+experiment=chords_fast", "seed=1"])
    expected.pop("resume")
    assert written == expected
    assert load_checkpoint(learned[0]).config == expected


def test_tensorboard_has_every_scalar(learned: tuple[Path, str]) -> None:
    board = EventAccumulator(str(learned[0]))
    board.Reload()
    assert set(board.Tags()["scalars"]) >= TAGS
    steps = json.loads((learned[0] / "summary.json").read_text())["steps"]
    points = board.Scalars("learning/cross_entropy")
    assert points[-1].step == steps
    assert points[-1].value < points[0].value
    assert board.Scalars("free_run/best")[-1].value == 9600


def test_the_midi_file_plays_the_form(learned: tuple[Path, str]) -> None:
    midi = pretty_midi.PrettyMIDI(str(learned[0] / "free_run.mid"))
    (track,) = midi.instruments
    assert track.name == "chords"
    assert midi.get_tempo_changes()[1] == pytest.approx([120.0])
    assert midi.time_signature_changes[0].numerator == 4
    assert midi.get_end_time() == pytest.approx(48.0)  # 24 bars of 2 seconds
    form = settings_from(compose_config(["+experiment=chords"])).form
    for step in range(2 * form.steps):
        at = (step + 0.5) * 0.25
        sounding = {note.pitch for note in track.notes if note.start <= at < note.end}
        assert {pitch % 12 for pitch in sounding} == pitch_classes(form.symbols[step % form.steps])
        assert all(48 <= pitch < 60 for pitch in sounding)
    # chords are held, not struck again at every step
    assert len({note.start for note in track.notes}) == 2 * 16


def test_giving_up_is_honest(train: Command, tmp_path: Path) -> None:
    done = train("+experiment=chords", "run.step_limit=20000", "hydra.run.dir=run")
    assert done.returncode == 1
    assert "Did not learn the form bebop_blues within 20,000 steps" in done.stdout
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["learned"] is False
    assert summary["choruses"] == 0
    assert summary["steps"] == 20_000
    assert summary["best_free_run"] < 96


@pytest.mark.slow
def test_the_readable_engine_runs_the_same_command(train: Command, tmp_path: Path) -> None:
    options = ["+experiment=chords", "run.step_limit=700", "run.final_choruses=1"]
    for engine in ("torch", "fast"):
        done = train(*options, f"run.engine={engine}", f"hydra.run.dir={engine}")
        assert done.returncode == 1, done.stderr
    slow, fast = (load_checkpoint(tmp_path / name).learner for name in ("torch", "fast"))
    assert slow.counters == fast.counters
    for name, weights in slow.weights.items():
        assert (weights - fast.weights[name]).abs().max() < 1e-9


def test_a_loss_that_is_not_finite_stops_with_a_saved_state(train: Command, tmp_path: Path) -> None:
    done = train("+experiment=chords", "network.units.chords.bias=1e308", "hydra.run.dir=run")
    assert done.returncode == 3
    assert "no longer a finite number" in done.stderr
    assert "Traceback" not in done.stderr
    assert load_checkpoint(tmp_path / "run" / "nonfinite.pt").learner.counters.nonfinite == 1
    assert load_checkpoint(tmp_path / "run").learner.counters.nonfinite == 0
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["learned"] is False
    assert summary["status"] == "non-finite"


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ([], "no experiment is chosen"),
        (["+experiment=chords", "learning.rate=-1"], "learning.rate is -1.0"),
        (
            ["+experiment=chords", "learning.rat=1"],
            "learning.rat is not a setting; similar ones are le",
        ),
        pytest.param(["+experiment=chord"], "'experiment/chord'", marks=pytest.mark.slow),
        pytest.param(
            ["+experiment=chords", "hydra.run.dir=file/below"],
            "'file/below",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["+experiment=chords", "form.chords=[C]"], "fills 1 bars", marks=pytest.mark.slow
        ),
        pytest.param(
            ["resume=nowhere"], "there is no checkpoint at 'nowhere", marks=pytest.mark.slow
        ),
        pytest.param(
            ["-m", "resume=nowhere", "+experiment=chords"],
            "cannot be swept",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_mistake_is_one_sentence_before_any_work(
    train: Command, tmp_path: Path, overrides: list[str], words: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = train(*overrides)
    assert done.returncode not in (0, 1)
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    assert line.startswith("error: ")
    assert words in line
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "file"]
    assert [path for path in left if ".hydra" not in path.parts and path.suffix != ".yaml"] == []


def test_a_folder_with_a_run_is_not_overwritten(train: Command, tmp_path: Path) -> None:
    options = ["+experiment=chords", "run.step_limit=100", "hydra.run.dir=run"]
    assert train(*options).returncode == 1
    again = train(*options)
    assert again.returncode == 2
    assert "already contains a run" in again.stderr


def test_a_sweep_runs_every_seed(train: Command, tmp_path: Path) -> None:
    done = train(
        "-m", "+experiment=chords", "seed=1,2", "run.step_limit=500", "hydra.sweep.dir=sweep"
    )
    assert done.returncode == 1
    seeds = [
        json.loads(path.read_text())["seed"]
        for path in sorted((tmp_path / "sweep").glob("*/summary.json"))
    ]
    assert seeds == [1, 2]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_report_s_numbers_learn_and_hold(train: Command, tmp_path: Path, seed: int) -> None:
    done = train("+experiment=chords", f"seed={seed}", "hydra.run.dir=run")
    assert done.returncode == 0, done.stdout
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["learned"]
    assert summary["choruses"] == 1000


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    with subprocess.Popen(
        train_command("+experiment=chords", "run.step_limit=1000", "run.listen_share=0"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141
