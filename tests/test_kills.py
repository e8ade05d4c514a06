"""Kills at random moments: what is left is whole, and the same command ends the work."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pretty_midi
import pytest
from fuzz_support import TALLY
from support import assert_equal, environment

from lstm_blues.output.midi import write_midi
from lstm_blues.runs.bundled import PRETRAINED
from lstm_blues.runs.checkpoint import NAME, PREVIOUS, load_checkpoint
from lstm_blues.runs.trained import compose_pieces, load_trained

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a system with signals")

SLOW_DISK = (
    "import os, sys, time; sync = os.fsync\n"
    "os.fsync = lambda file: (time.sleep(0.05), sync(file))\n"
)
"""Each file takes long to be written."""

RUN = (
    *("+experiment=chords", "run.step_limit=6000000", "run.checkpoint_seconds=0.02"),
    *("run.final_choruses=1", "run.listen_share=0", "learning.test_choruses=1000000"),
)
"""Ends after its step limit, a second or two."""


def start(command: str, *overrides: str, cwd: Path, slow_disk: bool) -> subprocess.Popen[bytes]:
    script = SLOW_DISK if slow_disk else "import sys\n"
    script += f"sys.argv[0] = '{command}'\nfrom lstm_blues import {command}; {command}.main()\n"
    return subprocess.Popen(
        [sys.executable, "-c", script, *overrides],
        cwd=cwd,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def kill(process: subprocess.Popen[bytes], after: float) -> bool:
    """Whether the process was there to be killed; what it said was no traceback."""
    deadline = time.monotonic() + after
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.005)
    was_there = process.poll() is None
    if was_there:
        os.killpg(process.pid, signal.SIGKILL)
    _, errors = process.communicate()
    assert b"Traceback" not in errors, errors.decode()
    return was_there


def finish(process: subprocess.Popen[bytes], code: int) -> None:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == code, errors.decode()


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not path.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)


def assert_clean(folder: Path) -> None:
    """No lock and nothing half is left."""
    assert [str(path) for path in folder.rglob(".*")] == []


def killed_until_done(
    begin: Callable[[bool], subprocess.Popen[bytes]], ready: Path, kills: int, kind: str
) -> None:
    """Begins a command again and again, and kills it at a random moment after `ready` is there."""
    rng = random.Random(kind)
    for number in range(kills):
        process = begin(number % 2 == 1)
        if rng.random() < 0.8:
            wait_for(ready, process)
        TALLY.add(f"kills: {kind}", True, refused=False)
        if not kill(process, rng.uniform(0, 1.0)):
            break


def train(tmp_path: Path, kills: int) -> None:
    folder = tmp_path / "run"

    def begin(slow_disk: bool) -> subprocess.Popen[bytes]:
        has_run = (folder / NAME).exists()
        if has_run:
            # Whatever the moment, the checkpoint and the one before it are whole.
            load_checkpoint(folder)
            if (folder / PREVIOUS).exists():
                load_checkpoint(folder / PREVIOUS)
        options = [f"resume={folder}"] if has_run else [*RUN, f"hydra.run.dir={folder}"]
        return start("train", *options, cwd=tmp_path, slow_disk=slow_disk)

    killed_until_done(begin, folder / NAME, kills, "train")
    finish(begin(False), 1)
    assert_clean(folder)
    whole = tmp_path / "whole"
    finish(start("train", *RUN, f"hydra.run.dir={whole}", cwd=tmp_path, slow_disk=False), 1)
    assert_equal(load_checkpoint(folder), load_checkpoint(whole))


def test_a_run_that_is_killed(tmp_path: Path) -> None:
    train(tmp_path, 2)


@pytest.mark.slow
def test_a_run_that_is_killed_many_times(tmp_path: Path) -> None:
    train(tmp_path, 25)


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [(), ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")])
def test_a_sweep_that_is_killed(tmp_path: Path, launcher: tuple[str, ...]) -> None:
    if launcher:
        pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    options = ["-m", *RUN, "seed=1,2,3", *launcher]
    sweep = tmp_path / "sweep"

    def begin(slow_disk: bool) -> subprocess.Popen[bytes]:
        for path in sweep.glob(f"*/{NAME}"):
            load_checkpoint(path)
        return start("train", *options, "hydra.sweep.dir=sweep", cwd=tmp_path, slow_disk=slow_disk)

    first = "experiment=chords,test_choruses=1000000,seed=1"
    killed_until_done(begin, sweep / first / NAME, 10, "sweeps")
    finish(begin(False), 1)
    assert_clean(sweep)
    assert len(list(sweep.glob("*/summary.json"))) == 3
    finish(start("train", *options, "hydra.sweep.dir=whole", cwd=tmp_path, slow_disk=False), 1)
    for folder in sorted((tmp_path / "whole").glob("*/")):
        assert_equal(load_checkpoint(sweep / folder.name), load_checkpoint(folder))


@pytest.mark.slow
def test_compositions_that_are_killed(tmp_path: Path) -> None:
    options = [f"checkpoint={PRETRAINED}", "pieces=20", "formats=[mid,txt,wav]", "choruses=2"]
    out = tmp_path / "out"

    def begin(slow_disk: bool) -> subprocess.Popen[bytes]:
        for path in out.glob("*.mid"):
            assert pretty_midi.PrettyMIDI(str(path)).instruments
        return start("compose", *options, "output_dir=out", cwd=tmp_path, slow_disk=slow_disk)

    killed_until_done(begin, out, 12, "compose")
    finish(begin(False), 0)
    assert_clean(out)
    finish(start("compose", *options, "output_dir=whole", cwd=tmp_path, slow_disk=False), 0)
    whole = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}
    assert {path.name: path.read_bytes() for path in out.iterdir()} == whole


@pytest.mark.slow
def test_lead_sheets_that_are_killed(tmp_path: Path) -> None:
    (piece,) = compose_pieces(load_trained(PRETRAINED), choruses=3)
    write_midi(piece, tmp_path / "tune.mid")
    options = ["files=[tune.mid]", "name=mine"]
    out = tmp_path / "out"

    def begin(slow_disk: bool) -> subprocess.Popen[bytes]:
        return start("lead_sheet", *options, "output_dir=out", cwd=tmp_path, slow_disk=slow_disk)

    killed_until_done(begin, out / "form", 12, "lead_sheet")
    finish(begin(False), 0)
    assert_clean(out)
    assert sorted(path.name for path in out.rglob("*.yaml")) == ["mine.yaml", "mine.yaml"]
