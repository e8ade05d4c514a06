"""One process per run: a folder is locked while a run lives in it.

The lock is the system's, on a file of the folder: it ends with its process, however that ends.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lstm_blues.errors import BluesError

LOCK = ".lock"


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Within, no other process gets the lock of `folder`.

    Raises `BluesError` where another one has it; nothing has changed then.
    """
    path = folder / LOCK
    lock = _take(path)
    try:
        with suppress(OSError):  # a full disk: only whom to wait for is not known
            os.truncate(lock, 0)
            os.write(lock, f"{os.getpid()} on {platform.node()}\n".encode())
        yield
    finally:
        # While it is locked, so that nobody locks a file that is no longer there.
        with suppress(OSError):
            path.unlink()
        os.close(lock)


def _take(path: Path) -> int:
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(lock)
            # Whoever had it may have taken the file away meanwhile.
            if os.path.samestat(os.fstat(lock), path.stat()):
                return lock
        except FileNotFoundError:
            pass
        except BlockingIOError:
            holder = os.read(lock, 1000).decode(errors="replace").strip()
            os.close(lock)
            raise BluesError(
                f"a run is at work in {str(path.parent)!r} (process {holder or 'unknown'}): wait "
                "for its end, or choose another hydra.run.dir."
            ) from None
        except OSError:  # a disk without locks
            print(
                f"warning: {str(path.parent)!r} cannot be locked; start no second run in it.",
                file=sys.stderr,
            )
            return lock
        os.close(lock)


if sys.platform == "win32":
    import msvcrt

    def _lock(lock: int) -> None:
        os.lseek(lock, 1 << 20, os.SEEK_SET)  # what is locked cannot be read
        try:
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        except OSError:
            raise BlockingIOError from None
        os.lseek(lock, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(lock: int) -> None:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
