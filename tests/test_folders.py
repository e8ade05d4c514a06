"""One process per run, a folder of its own for each, and nothing left behind."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from support import Command, environment, run_command, train_command

from lstm_blues.errors import BluesError
from lstm_blues.files import write_text
from lstm_blues.runs.bundled import PRETRAINED
from lstm_blues.runs.checkpoint import NAME, load_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.folders import Folders, remove_unused
from lstm_blues.runs.lock import LOCK, folder_lock
from lstm_blues.runs.run import run_experiment

LONG = ("+experiment=chords", "learning.rate=1e-9", "run.listen_share=0", "run.log_interval=1e12")
"""A run that does not end by itself."""


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.exists()


def start(*overrides: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        train_command(*overrides),
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def small(*overrides: str) -> dict[str, Any]:
    options = ["run.step_limit=500", "run.final_choruses=1", "run.listen_share=0"]
    return compose_config(["+experiment=chords", *options, *overrides])


def test_a_second_run_in_a_folder_is_refused_and_changes_nothing(
    train: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    process = start(*LONG, "hydra.run.dir=run", "run.checkpoint_seconds=1000", cwd=tmp_path)
    try:
        wait_for(folder / "config.yaml")
        wait_for(folder / NAME)
        before = files(folder)
        done = train(*LONG, "seed=2", "hydra.run.dir=run")
        assert done.returncode == 2
        told = f"a run is at work in '{folder}' (process {process.pid} on {platform.node()}): "
        assert done.stderr.startswith(f"error: {told}")
        assert done.stderr.count("\n") == 1
        with pytest.raises(BluesError, match="a run is at work in"):
            run_experiment(small(), folder, str(folder))
        assert files(folder) == before
        assert not (folder / ".hydra").exists()
    finally:
        process.kill()
        process.communicate()
    # The lock of a dead process is taken over.
    assert (folder / LOCK).exists()
    (folder / f".{NAME}.123.tmp").write_text("half")
    (folder / f".{NAME}.elsewhere-123.tmp").write_text("half")
    (folder / "mine.tmp").write_text("mine")
    options = ["run.step_limit=1"]
    run_experiment(small(*options), folder, str(folder), options)
    hidden = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    assert hidden == []
    assert (folder / "mine.tmp").exists()


def test_a_lock_is_for_one_and_ends(tmp_path: Path) -> None:
    with folder_lock(tmp_path):
        with pytest.raises(BluesError, match=f"process {os.getpid()} on"), folder_lock(tmp_path):
            pass
        assert (tmp_path / LOCK).exists()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / LOCK).write_text("999999 on nowhere")
    with folder_lock(tmp_path):
        assert (tmp_path / LOCK).read_text().startswith(f"{os.getpid()} on")


def test_of_many_processes_one_gets_the_lock(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        "from lstm_blues.errors import BluesError; from lstm_blues.runs.lock import folder_lock\n"
        "for _ in range(200):\n"
        "    try:\n"
        "        with folder_lock(Path(sys.argv[1])):\n"
        "            (Path(sys.argv[1]) / 'held').mkdir()\n"
        "            (Path(sys.argv[1]) / 'held').rmdir()\n"
        "    except BluesError: pass\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    every = [subprocess.Popen(command, env=environment()) for _ in range(3)]
    assert [process.wait(timeout=60) for process in every] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_not_gone_on_with_is_not_overwritten(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        run_experiment(small(), folder)
    before = files(other)
    with pytest.raises(BluesError, match="already contains a run"):
        run_experiment(small("run.step_limit=600"), other, str(one), ["run.step_limit=600"])
    assert files(other) == before
    new = tmp_path / "new"
    new.mkdir()
    run_experiment(small("run.step_limit=600"), new, str(one), ["run.step_limit=600"])
    assert load_checkpoint(new).learner.counters.steps == 600


def test_a_folder_named_after_the_time_is_new(tmp_path: Path) -> None:
    made = []
    for overrides in ([], [], [], ["resume=x"], ["hydra.run.dir=fixed"], ["hydra.run.dir=fixed"]):
        # Both names of it are the command's: `train` has one, `compose` the other.
        config = OmegaConf.create(
            {
                "resume": None,
                "output_dir": f"{tmp_path}/out/${{now:%Y}}_seed1",
                "hydra": {
                    "run": {"dir": "${output_dir}"},
                    "sweep": {"dir": "${output_dir}"},
                    "overrides": {"hydra": []},
                },
            }
        )
        if overrides == ["resume=x"]:
            config.resume = "x"
        elif overrides:
            config.hydra.run.dir = f"{tmp_path}/fixed"
        Folders().on_run_start(config)
        path = Path(config.hydra.run.dir)
        assert path.is_dir()
        made.append(path.name)
    first = made[0]
    assert made == [first, f"{first}_2", f"{first}_3", first, "fixed", "fixed"]
    remove_unused()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_runs_of_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    options = ["+experiment=chords", "run.step_limit=5", "run.listen_share=0"]
    fixed = "name=x", "hydra.run.dir=outputs/${now:%Y}_seed${seed}"
    every = [start(*options, *fixed, cwd=tmp_path) for _ in range(3)]
    for process in every:
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (1, "")
    found = sorted(path.name for path in (tmp_path / "outputs").iterdir())
    first = found[0]
    assert found == [first, f"{first}_2", f"{first}_3"]
    assert all((tmp_path / "outputs" / name / "summary.json").exists() for name in found)


@pytest.mark.slow
def test_sweeps_of_the_same_second_too(train: Command, tmp_path: Path) -> None:
    options = ["-m", "+experiment=chords", "run.step_limit=5", "run.listen_share=0", "seed=1,2"]
    for _ in range(2):
        assert train(*options, "hydra.sweep.dir=out/${now:%Y}").returncode == 1
    one, other = sorted((tmp_path / "out").iterdir())
    assert other.name == f"{one.name}_2"
    for folder in (one, other):
        assert len(list(folder.glob("*/summary.json"))) == 2


@pytest.mark.slow
def test_compositions_of_the_same_second_too(tmp_path: Path) -> None:
    options = [f"checkpoint={PRETRAINED}", "choruses=1", "formats=[txt]"]
    for _ in range(2):
        done = run_command("compose", *options, "output_dir=out/${now:%Y}", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    one, other = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert other == f"{one}_2"
    assert (tmp_path / "out" / other / "piece_1.txt").exists()


@pytest.mark.parametrize(
    "overrides",
    [
        ["run.step_limit=0"],
        pytest.param(["run.step_limit=0", "hydra.run.dir=a/b/c"], marks=pytest.mark.slow),
        ["-m", "run.step_limit=0,5"],
        pytest.param(["-m", "run.step_limit=0,5", "hydra.sweep.dir=a/b"], marks=pytest.mark.slow),
    ],
)
def test_a_mistake_leaves_no_folder(train: Command, tmp_path: Path, overrides: list[str]) -> None:
    done = train(*overrides, "+experiment=chords")
    assert done.returncode == 2, done.stderr
    assert done.stderr == "error: run.step_limit is 0, but must be at least 1.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_mistake_leaves_one_s_own_empty_folder(train: Command, tmp_path: Path) -> None:
    (tmp_path / "mine" / "run").mkdir(parents=True)
    assert train("+experiment=chords", "seed=-1", "hydra.run.dir=mine/run").returncode == 2
    assert (tmp_path / "mine" / "run").is_dir()


def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from lstm_blues.files import write_safely\n"
        "write_safely(Path(sys.argv[1]), lambda _: os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    path = tmp_path / "file"
    killed = subprocess.run(
        [sys.executable, "-c", script, str(path)], env=environment(), check=False
    )
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.endswith(".tmp")
    alive = tmp_path / f".file.{platform.node()}-{os.getppid()}.tmp"
    elsewhere = tmp_path / ".file.elsewhere-1.tmp"
    for other in (alive, elsewhere):
        other.touch()
    write_text(path, "whole")
    assert path.read_text() == "whole"
    assert set(tmp_path.iterdir()) == {path, alive, elsewhere}
