"""Files that are always whole: written under a temporary name, then renamed."""

from __future__ import annotations

import io
import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_TEMPORARY = re.compile(r"\..+\.(?:(?P<host>.*)-)?(?P<process>\d+)\.tmp")


def temporary_name(path: Path) -> Path:
    """Where this process writes what will be `path`; see `remove_leftovers`."""
    return path.with_name(f".{path.name}.{platform.node()}-{os.getpid()}.tmp")


def write_together(writers: Mapping[Path, Callable[[BinaryIO], object]]) -> None:
    """Writes files under temporary names, and renames them when all of them are written.

    Each path always holds a whole file, the old one or the new one.  An error leaves the old ones;
    OSError names the file.
    """
    temporary = {path: temporary_name(path) for path in writers}
    try:
        for path, write in writers.items():
            _remove_leftovers_once(path.parent)
            with naming(path):
                _write_whole(temporary[path], write)
        for path, written in temporary.items():
            with naming(path):
                written.replace(path)
    except BaseException:
        for written in temporary.values():
            with suppress(OSError):
                written.unlink(missing_ok=True)
        raise


class _Draft(io.FileIO):
    """Keeps the first error of a write for later.

    Libraries that write through callbacks print a traceback of it, and raise another one.
    """

    error: OSError | None = None

    def write(self, content: Buffer, /) -> int:
        """Writes nothing after an error."""
        if self.error is None:
            try:
                return super().write(content)
            except OSError as error:
                self.error = error
        return memoryview(content).nbytes


def _write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    draft = _Draft(path, "w+")
    try:
        with io.BufferedRandom(draft) as file:
            write(file)
            file.flush()
            if draft.error is None:
                os.fsync(file.fileno())
    finally:
        # Whatever came of it, this was first.
        if draft.error is not None:
            raise draft.error


def write_safely(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Writes a file under a temporary name and renames it, so that `path` is always whole."""
    write_together({path: write})


def write_bytes(path: Path, content: bytes) -> None:
    """`write_safely` for bytes."""
    write_safely(path, lambda file: file.write(content))


def write_text(path: Path, text: str) -> None:
    """`write_safely` for a text."""
    write_bytes(path, text.encode())


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An OSError of the system within tells of `path`: that of a full disk names no file."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def remove_leftovers(folder: Path, *, every: bool = False) -> None:
    """Takes away the temporary files that processes of this machine left when they were killed.

    every: those of other machines and of processes at work, too, where nobody else writes there.
    """
    with suppress(OSError):
        for path in folder.iterdir():
            found = _TEMPORARY.fullmatch(path.name)
            if found is None:
                continue
            dead = found["host"] == platform.node() and not is_alive(int(found["process"]))
            if every or dead:
                with suppress(OSError):
                    path.unlink()


@cache
def _remove_leftovers_once(folder: Path) -> None:
    """Looks through a folder of thousands of files before the first is written, not before each."""
    remove_leftovers(folder)


def is_alive(process: int) -> bool:
    """Whether there is such a process on this machine; true where that cannot be known."""
    if os.name != "posix":  # where the signal 0 is one
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, or no such question on this system
        return True
    return True
