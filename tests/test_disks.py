"""Full, failing and read-only disks: one sentence that names the file, and nothing lost."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support import Command, assert_equal, environment, mounted, run_command, train_command

from lstm_blues.errors import BluesError, ExitCode
from lstm_blues.files import write_together
from lstm_blues.lead_sheet import write_form_and_library
from lstm_blues.music.conf_files import form_yaml
from lstm_blues.output.midi import write_midi
from lstm_blues.output.render import render
from lstm_blues.runs.bundled import PRETRAINED
from lstm_blues.runs.checkpoint import NAME, load_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.run import run_experiment
from lstm_blues.runs.settings import Settings
from lstm_blues.runs.trained import compose_pieces, load_trained

SLOW = pytest.mark.slow
FULL = os.strerror(errno.ENOSPC)


class Disk:
    """A small disk of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, leave: int = 0) -> None:
        """Fills it up but for so many bytes."""
        with (self.folder / "filler").open("ab", buffering=0) as file:
            with suppress(OSError):
                while file.write(bytes(4096)) == 4096:
                    pass
            file.truncate(max(0, file.tell() - leave))

    def empty(self) -> None:
        """Room again."""
        (self.folder / "filler").unlink()

    def remount(self, how: str) -> None:
        """`ro` or `rw`."""
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.folder)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Two megabytes; skipped where this machine does not let one mount them."""
    with mounted(tmp_path / "disk", "size=2m") as folder:
        yield Disk(folder)


SMALL = ("+experiment=chords", "run.step_limit=1000", "run.listen_share=0", "run.final_choruses=1")


def assert_told(done: subprocess.CompletedProcess[str], folder: Path, why: str) -> None:
    """One sentence, which names a file below `folder`."""
    assert done.returncode == ExitCode.DISK, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"error: '{folder}"), done.stderr
    assert done.stderr.endswith(f" cannot be written or read: {why}.\n"), done.stderr
    assert ".tmp" not in done.stderr


# With room for a start, the events or a checkpoint are what does not fit.
@pytest.mark.parametrize(
    "leave", [4096, pytest.param(0, marks=SLOW), pytest.param(60_000, marks=SLOW)]
)
def test_a_full_disk_keeps_the_last_checkpoint(train: Command, disk: Disk, leave: int) -> None:
    folder = disk.folder / "run"
    folder.mkdir()
    run_experiment(compose_config([*SMALL]), folder)
    before = load_checkpoint(folder)
    disk.fill(leave)
    more = "run.step_limit=40000000", "run.log_interval=100", "run.listen_share=0.9"
    done = train(f"resume={folder}", *more)
    assert_told(done, folder, FULL)
    disk.empty()
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]
    after = load_checkpoint(folder)
    assert after.learner.counters.steps >= before.learner.counters.steps


@SLOW
def test_the_readable_engine_too(train: Command, disk: Disk) -> None:
    folder = disk.folder / "run"
    disk.fill(40_000)
    done = train(*SMALL, f"hydra.run.dir={folder}", "run.engine=torch")
    assert_told(done, folder, FULL)


@SLOW
def test_a_sweep_says_it_too(train: Command, disk: Disk) -> None:
    disk.fill(30_000)
    done = train("-m", *SMALL, "seed=1,2", f"hydra.sweep.dir={disk.folder}/sweep")
    assert_told(done, disk.folder / "sweep", FULL)


@pytest.mark.filterwarnings("error")  # a library's callback may not raise, either
def test_every_format_names_its_file_on_a_full_disk(
    disk: Disk, capfd: pytest.CaptureFixture[str]
) -> None:
    (piece,) = compose_pieces(load_trained(PRETRAINED), choruses=4)
    disk.fill()
    capfd.readouterr()
    for name in ("mid", "musicxml", "png", "txt", "wav", "flac", "ogg"):
        path = disk.folder / f"piece.{name}"
        with pytest.raises(OSError, match=FULL) as found:
            render(piece, path)
        assert found.value.filename == str(path), name
        assert [each.name for each in disk.folder.iterdir()] == ["filler"], name
    assert capfd.readouterr() == ("", "")


@SLOW
def test_compositions_on_a_full_disk(disk: Disk, tmp_path: Path) -> None:
    disk.fill(8192)
    for formats in ("[mid,musicxml,txt]", "[wav]", "[png]", "[flac]", "[svg]", "[mp3]", "[pdf]"):
        done = run_command(
            "compose",
            f"checkpoint={PRETRAINED}",
            f"output_dir={disk.folder}/out",
            f"formats={formats}",
            cwd=tmp_path,
        )
        told = done.stderr.removeprefix("composed by the bundled network\n")
        if done.returncode == ExitCode.MISTAKE:  # seen before any work
            assert re.fullmatch(r"error: choruses is 4, but must be smaller: .+\.\n", told), told
        else:
            told_of = subprocess.CompletedProcess([], done.returncode, "", told)
            assert_told(told_of, disk.folder, FULL)
        assert not list(disk.folder.rglob(".*"))


def test_a_lead_sheet_leaves_no_half_result(disk: Disk, tmp_path: Path) -> None:
    (piece,) = compose_pieces(load_trained(PRETRAINED), choruses=2)
    write_midi(piece, tmp_path / "tune.mid")
    out = disk.folder / "out"
    given = compose_config(
        [f"files=[{tmp_path}/tune.mid]", "name=mine", f"output_dir={out}"], "lead_sheet"
    )
    # Room for one of the two files, of a page each.
    disk.fill(4096)
    with pytest.raises(OSError, match=FULL):
        write_form_and_library(given)
    assert not [path for path in out.rglob("*") if path.is_file()]
    disk.empty()
    for _ in range(2):  # what it wrote itself is no other file
        write_form_and_library(given)
    (out / "bars" / "mine.yaml").unlink()  # as where it was killed in between
    write_form_and_library(given)
    (out / "form" / "mine.yaml").write_text("another: 1\n")
    with pytest.raises(BluesError, match="already exists"):
        write_form_and_library(given)


@SLOW
def test_a_read_only_disk(train: Command, disk: Disk, tmp_path: Path) -> None:
    folder = disk.folder / "run"
    assert train(*SMALL, f"hydra.run.dir={folder}").returncode == 1
    before = load_checkpoint(folder)
    disk.remount("ro")
    try:
        for options in ([f"resume={folder}"], [*SMALL, f"hydra.run.dir={disk.folder}/new"]):
            done = train(*options)
            assert done.returncode in (ExitCode.MISTAKE, ExitCode.DISK)
            assert done.stderr.startswith("error: ")
            assert done.stderr.count("\n") == 1
            assert str(disk.folder) in done.stderr
    finally:
        disk.remount("rw")
    assert_equal(load_checkpoint(folder), before)


@SLOW
def test_a_full_standard_output(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            train_command(*SMALL),
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == ExitCode.DISK
    assert done.stderr == f"error: 'standard output' cannot be written or read: {FULL}.\n"


@SLOW
def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "sys.argv = ['train', *sys.argv[1:]]\n"
        "from lstm_blues import train; train.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *SMALL, f"hydra.run.dir={tmp_path}/run"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert_told(done, tmp_path / "run" / NAME, os.strerror(errno.EFBIG))


def test_files_written_together_are_all_there_or_none(
    tmp_path: Path, default_settings: Settings
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")

    def fails(file: object) -> None:
        raise OSError(errno.ENOSPC, FULL)

    text = form_yaml(default_settings.form, "test").encode()
    with pytest.raises(OSError, match="No space left") as found:
        write_together({old: lambda file: file.write(text), new: fails})
    assert found.value.filename == str(new)
    assert old.read_text() == "old"
    assert list(tmp_path.iterdir()) == [old]
    write_together({old: lambda file: file.write(text), new: lambda file: file.write(b"new")})
    assert (old.read_bytes(), new.read_bytes()) == (text, b"new")
