"""The cache of compiled kernels: whatever is found there, the engine works; nothing is left behind.

Kernels are loaded in processes of their own, which a damaged one might end.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import environment, mounted

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a system with owners and signals")

LOAD = """
import os, sys
from lstm_blues.engine.compiler import compile_kernel
answer, umask = map(int, sys.argv[1:])
os.umask(umask)
names = ("begin_melody", "free_run", "play_step", "listen")
source = f"long long learn(void) {{ return {answer}; }}\\n"
source += "".join(f"long long {name}(void) {{ return 0; }}\\n" for name in names)
kernel = compile_kernel(source, 512)
print(kernel.library.learn(), kernel.seconds > 0)
"""
"""Loads a kernel that gives an answer; prints it, and whether it was compiled."""


class Cache:
    """A cache folder and a folder for temporary files."""

    def __init__(self, place: Path) -> None:
        self.folder, self.temporary = place / "cache", place / "temporary"
        self.temporary.mkdir(parents=True)
        self.told: dict[str, str] = {}
        """More of the environment."""

    def start(self, answer: int = 7, umask: int = 0o022) -> subprocess.Popen[str]:
        """A process that loads a kernel with this answer."""
        own = {"LSTM_BLUES_CACHE": str(self.folder), "TMPDIR": str(self.temporary)}
        return subprocess.Popen(
            [sys.executable, "-c", LOAD, str(answer), str(umask)],
            env={**environment(), **own, **self.told},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def load(self, answer: int = 7, umask: int = 0o022, warning: str = "") -> bool:
        """Loads a kernel, which has to work; whether it was compiled."""
        return finished(self.start(answer, umask), answer, warning)

    @property
    def kernel(self) -> Path:
        """The one kernel that is kept."""
        (found,) = self.folder.glob("kernel-*.so")
        return found

    @property
    def digest(self) -> Path:
        """Of the kernel."""
        return self.kernel.with_suffix(".sha256")

    def assert_clean(self, kernels: int = 1) -> None:
        """Nothing stands there but whole kernels."""
        names = sorted(path.name for path in self.folder.iterdir())
        assert [name.rpartition(".")[2] for name in names] == ["sha256", "so"] * kernels, names
        self.assert_nothing_temporary()

    def assert_nothing_temporary(self) -> None:
        """No temporary file is left."""
        assert list(self.temporary.iterdir()) == []


def finished(process: subprocess.Popen[str], answer: int = 7, warning: str = "") -> bool:
    """Waits for `Cache.start`'s process, which has to succeed; whether it compiled."""
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert errors.startswith(f"warning: {warning}") if warning else errors == ""
    assert errors.count("\n") == bool(warning)
    found, compiled = printed.split()
    assert int(found) == answer
    return compiled == "True"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


def test_a_kernel_is_compiled_once(cache: Cache) -> None:
    assert cache.load()
    cache.assert_clean()
    assert not cache.load()
    assert cache.load(8)
    assert not cache.load(8)
    cache.assert_clean(2)
    assert cache.folder.stat().st_mode & 0o777 == 0o700


def test_a_umask_that_lets_the_group_write_does_not_defeat_it(cache: Cache) -> None:
    assert cache.load(umask=0o002)
    assert not cache.load(umask=0o002)
    assert not cache.kernel.stat().st_mode & 0o022


def truncate(cache: Cache) -> None:
    cache.kernel.write_bytes(cache.kernel.read_bytes()[:5000])


def empty(cache: Cache) -> None:
    cache.kernel.write_bytes(b"")


def flip(cache: Cache) -> None:
    content = bytearray(cache.kernel.read_bytes())
    content[len(content) // 2] ^= 1
    cache.kernel.write_bytes(content)


def text(cache: Cache) -> None:
    cache.kernel.write_text("no library")


def unloadable(cache: Cache) -> None:
    content = b"whole, and no library"
    cache.kernel.write_bytes(content)
    cache.digest.write_bytes(hashlib.sha256(cache.kernel.name.encode() + content).digest())


def foreign(cache: Cache, *, with_digest: bool = False) -> None:
    path, digest = cache.kernel, cache.digest
    other = Cache(cache.temporary / "other")
    assert other.load(8)
    path.write_bytes(other.kernel.read_bytes())
    if with_digest:
        digest.write_bytes(other.digest.read_bytes())
    shutil.rmtree(cache.temporary / "other")


def foreign_with_its_digest(cache: Cache) -> None:
    foreign(cache, with_digest=True)


def writable_by_the_group(cache: Cache) -> None:
    cache.kernel.chmod(0o664)


def writable_by_all(cache: Cache) -> None:
    cache.kernel.chmod(0o646)


def without_digest(cache: Cache) -> None:
    cache.digest.unlink()


def with_an_empty_digest(cache: Cache) -> None:
    cache.digest.write_bytes(b"")


def unreadable(cache: Cache) -> None:
    cache.kernel.chmod(0)


def a_link_to_nothing(cache: Cache) -> None:
    path = cache.kernel
    path.unlink()
    path.symlink_to("nothing")


def another_s(cache: Cache) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(cache.kernel, 12345, 12345)


@pytest.mark.parametrize(
    "damage",
    [
        *(truncate, empty, flip, text, foreign, foreign_with_its_digest, without_digest),
        *(with_an_empty_digest, writable_by_the_group, writable_by_all, a_link_to_nothing),
        *(unreadable, unloadable, another_s),
    ],
)
def test_a_damaged_kernel_is_made_anew(cache: Cache, damage: Callable[[Cache], None]) -> None:
    assert cache.load()
    damage(cache)
    # Root reads what nobody may, and what it reads is whole.
    readable = damage is unreadable and os.access(cache.kernel, os.R_OK)
    assert cache.load() is not readable
    assert not cache.load()
    cache.assert_clean()


def test_a_folder_in_the_kernel_s_place_does_not_matter(cache: Cache) -> None:
    assert cache.load()
    path = cache.kernel
    path.unlink()
    path.mkdir()
    assert cache.load()
    cache.assert_clean()


def test_a_file_in_the_folder_s_place_does_not_matter(cache: Cache) -> None:
    cache.folder.write_text("a file")
    assert cache.load()
    assert cache.folder.read_text() == "a file"
    cache.assert_nothing_temporary()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no /proc, where nobody can write")
def test_a_folder_that_cannot_be_written_does_not_matter(cache: Cache) -> None:
    for folder in ("/proc/lstm_blues", "/proc/self"):
        cache.folder = Path(folder)
        assert cache.load()
        cache.assert_nothing_temporary()


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_can_write_is_not_used(cache: Cache, mode: int) -> None:
    assert cache.load()
    cache.folder.chmod(mode)
    before = sorted(cache.folder.iterdir())
    # Others could put in it what is executed here: it is said, and compiled each time.
    warning = f"compiled engines are not kept in '{cache.folder}', which others can write"
    assert cache.load(warning=warning)
    assert cache.load(8, warning=warning)
    assert sorted(cache.folder.iterdir()) == before
    cache.assert_clean()


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give files away")
def test_a_folder_of_another_user_is_not_used(cache: Cache) -> None:
    cache.folder.mkdir()
    os.chown(cache.folder, 12345, 12345)
    assert cache.load(warning="compiled engines are not kept in")
    assert list(cache.folder.iterdir()) == []
    cache.assert_nothing_temporary()


@pytest.fixture
def no_programs(tmp_path: Path) -> Iterator[Path]:
    """A disk from which nothing may be executed."""
    with mounted(tmp_path / "noexec", "size=8m,noexec") as folder:
        yield folder


def test_disks_from_which_nothing_may_be_executed(cache: Cache, no_programs: Path) -> None:
    folder, temporary = cache.folder, cache.temporary
    cache.folder = no_programs / "cache"
    assert cache.load()
    assert cache.load()  # from the temporary folder
    cache.temporary = no_programs / "temporary"
    cache.temporary.mkdir()
    process = cache.start()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "BluesError: engine=fast cannot load what it compiled, neither from" in errors
    assert "set LSTM_BLUES_CACHE to a folder of your own on a disk" in errors
    cache.assert_nothing_temporary()
    cache.folder = folder  # one good disk is enough
    assert cache.load()
    assert not cache.load()
    assert list(temporary.iterdir()) == []


def test_several_processes_at_once_all_get_a_kernel(cache: Cache) -> None:
    processes = [cache.start() for _ in range(4)]
    compiled = [finished(process) for process in processes]
    assert any(compiled)
    cache.assert_clean()
    assert not cache.load()


def dead_process() -> int:
    """The number of a process that is no more."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_what_dead_processes_left_is_taken_away(cache: Cache) -> None:
    cache.folder.mkdir(mode=0o700)
    host = platform.node()
    dead = cache.folder / f"build-{host}-{dead_process()}-abcd"
    # Another machine that shares the disk may still be at work.
    kept = {
        cache.folder / f"build-{host}-{os.getpid()}-abcd",
        cache.folder / f"build-not{host}-{dead_process()}-abcd",
        cache.folder / f"build-{host}-{dead_process()}-{dead_process()}-abcd",
    }
    for folder in (dead, *kept):
        folder.mkdir()
        (folder / "kernel.c").write_text("int")
    assert cache.load()
    assert set(cache.folder.glob("build-*")) == kept


@pytest.mark.parametrize("usable", [True, False], ids=["cache", "temporary folder"])
def test_a_kill_in_the_middle_leaves_nothing_for_long(
    cache: Cache, tmp_path: Path, usable: bool
) -> None:
    started, go_on = tmp_path / "started", tmp_path / "go on"
    slow = tmp_path / "slow-cc"
    slow.write_text(
        f"#!/bin/sh\ntouch '{started}' \"${{TMPDIR:-/tmp}}/cc-file\"\n"
        f"[ -e '{go_on}' ] || sleep 60\n"
        'rm -f "${TMPDIR:-/tmp}/cc-file"\nexec cc "$@"\n'
    )
    slow.chmod(0o700)
    cache.told["CC"] = str(slow)
    if not usable:
        cache.folder.write_text("a file")
    process = cache.start()
    deadline = time.monotonic() + 60
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    at_work = cache.folder if usable else cache.temporary
    assert list(at_work.glob("*-*")), "it was killed while it worked"
    go_on.touch()
    assert cache.load()
    if usable:
        cache.assert_clean()
    cache.assert_nothing_temporary()


def test_what_cannot_be_compiled_leaves_nothing(cache: Cache) -> None:
    cache.told["CC"] = "false"
    process = cache.start()
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert "engine=fast could not be compiled by 'false'" in errors
    assert list(cache.folder.iterdir()) == []
    cache.assert_nothing_temporary()
