"""Nothing is lost: interrupts, failed writes, foreign files."""

import os
import pickle
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch
from support import Command, assert_equal, environment, train_command, write_contents

from lstm_blues.errors import BluesError
from lstm_blues.files import write_safely
from lstm_blues.learning.schedule import MelodySchedule
from lstm_blues.runs.build import Parts
from lstm_blues.runs.checkpoint import NAME, load_checkpoint, save_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.contents import Checkpoint
from lstm_blues.runs.settings import settings_from


def small_checkpoint(path: Path, steps: int = 500) -> Checkpoint:
    config = compose_config(["+experiment=chords"])
    learner = Parts(settings_from(config)).learner
    learner.learn(steps)
    checkpoint = Checkpoint(config, learner.state(), 1.5, torch.get_rng_state(), MelodySchedule())
    save_checkpoint(path, checkpoint)
    return checkpoint


def test_a_checkpoint_comes_back_whole(tmp_path: Path) -> None:
    saved = small_checkpoint(tmp_path / NAME)
    loaded = load_checkpoint(tmp_path)
    assert_equal(saved, loaded)
    assert loaded.config == saved.config
    assert loaded.seconds == 1.5
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_says_how_to_go_on(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "run"
    process = subprocess.Popen(
        train_command("+experiment=chords", f"hydra.run.dir={folder}", "run.checkpoint_seconds=60"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (folder / "config.yaml").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"python -m lstm_blues.train resume={folder}" in out
    assert "Traceback" not in err
    assert load_checkpoint(folder).learner.counters.steps > 0


def test_a_truncated_file_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    small_checkpoint(tmp_path / NAME)
    whole = (tmp_path / NAME).read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / NAME).write_bytes(whole[:length])
        with pytest.raises(BluesError, match="truncated, damaged or not a checkpoint"):
            load_checkpoint(tmp_path)


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_a_foreign_file_runs_no_code(tmp_path: Path) -> None:
    marker = tmp_path / "exploded"
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Bomb(marker)))
    torch.save({"format": Bomb(marker)}, tmp_path / "torch.pt")
    for name in ("plain.pt", "torch.pt"):
        with pytest.raises(BluesError):
            load_checkpoint(tmp_path / name)
    assert not marker.exists()


def test_other_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "other.pt")
    with pytest.raises(BluesError, match="not a checkpoint of this package"):
        load_checkpoint(tmp_path / "other.pt")
    saved = torch.load(small_file(tmp_path), weights_only=True)
    del saved["learner"]
    write_contents(tmp_path / "partial.pt", saved)
    with pytest.raises(BluesError, match="lacks a part"):
        load_checkpoint(tmp_path / "partial.pt")
    with pytest.raises(BluesError, match="there is no checkpoint"):
        load_checkpoint(tmp_path / "nowhere")


def small_file(folder: Path) -> Path:
    small_checkpoint(folder / NAME)
    return folder / NAME


def test_a_checkpoint_that_does_not_fit_its_settings_is_refused(
    tmp_path: Path, train: Command
) -> None:
    saved = torch.load(small_file(tmp_path), weights_only=True)
    saved["learner"]["s"] = torch.zeros(3, dtype=torch.float64)
    write_contents(tmp_path / NAME, saved)
    done = train(f"resume={tmp_path}")
    assert done.returncode == 2
    assert "does not fit its own network settings" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fails(file: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_safely(path, fails)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_resumed_run_keeps_its_settings_but_for_what_may_change(
    tmp_path: Path, train: Command
) -> None:
    folder = tmp_path / "run"
    first = train("+experiment=chords", "run.step_limit=1000", "seed=4", f"hydra.run.dir={folder}")
    assert first.returncode == 1
    refused = train(f"resume={folder}", "learning.rate=1e-3")
    assert refused.returncode == 2
    assert "cannot change learning.rate from 1e-05 to 0.001" in refused.stderr
    further = train(f"resume={folder}", "+experiment=chords", "run.step_limit=2000")
    assert further.returncode == 1, further.stderr
    assert "2,000 steps" in further.stdout
    assert "seed 4" in further.stdout
    assert load_checkpoint(folder).learner.counters.steps == 2000
