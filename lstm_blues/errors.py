"""What goes wrong by a user's mistake: one sentence, no traceback."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Collection
from contextlib import suppress
from enum import IntEnum
from importlib import import_module
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import Any


class ExitCode(IntEnum):
    """What the commands end with; a sweep ends with the largest of its runs'."""

    DONE = 0
    """All that was asked for is done; for training: every run has learned."""
    NOT_LEARNED = 1
    """A run reached its step limit."""
    MISTAKE = 2
    """A mistake in a setting or a file, or something that this machine does not have."""
    NON_FINITE = 3
    """A number of a run is no longer finite."""
    DISK = 4
    """The disk is full, over its quota, or failing."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C or SIGTERM."""
    CLOSED_PIPE = 141
    """The reader of the output closed it: as a shell tells it of a program that SIGPIPE ended."""


class BluesError(ValueError):
    """A mistake in a setting, a file or the machine; its text is one sentence for the user."""


def require(holds: bool, setting: str, value: Any, allowed: str) -> None:
    """Raise `BluesError` naming the setting, its value and what is allowed, unless it `holds`."""
    if not holds:
        raise BluesError(f"{setting} is {value!r}, but must be {allowed}.")


def require_choice(setting: str, value: Any, choices: Collection[str]) -> None:
    """Raise `BluesError` unless `value` is one of `choices`."""
    require(value in choices, setting, value, "one of " + ", ".join(choices))


def interrupt_quietly() -> None:
    """From now on Ctrl-C ends this program without a traceback, even while it imports."""
    show = sys.excepthook

    def handler(number: int, frame: FrameType | None) -> None:
        if not _imports(frame):
            signal.default_int_handler(number, frame)
        # What is half imported may take Ctrl-C for an error of its own, or lose it.
        print("Interrupted.", file=sys.stderr, flush=True)
        os._exit(ExitCode.INTERRUPTED)

    def hook(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, KeyboardInterrupt):
            cause = cause.__cause__
        if cause is None:
            show(kind, error, traceback)
            return
        print("Interrupted.", file=sys.stderr)
        raise SystemExit(ExitCode.INTERRUPTED)

    signal.signal(signal.SIGINT, handler)
    sys.excepthook = hook


def _imports(frame: FrameType | None) -> bool:
    """Whether this program, in `frame`, is still busy with the imports of its main module."""
    called: FrameType | None = None
    while frame is not None:
        if frame.f_globals.get("__name__") == "__main__" and frame.f_code.co_name == "<module>":
            return called is None or "importlib" in called.f_code.co_filename
        called, frame = frame, frame.f_back
    return True


def memory() -> int:
    """Bytes of this machine's memory, or of what its container may use."""
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # no such question on this system
        found = 2**34
    with suppress(OSError, ValueError):
        found = min(found, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return found


MAX_SEED = 2**63 - 1


def require_seed(seed: int) -> None:
    """Raise `BluesError` unless `seed` is one that every generator of random numbers takes."""
    require(0 <= seed <= MAX_SEED, "seed", seed, "a whole number from 0 to 2^63-1")


def require_room(setting: str, value: Any, needed: float, room: float | None = None) -> None:
    """Raise `BluesError` naming the setting where it needs more bytes than there is `room`, which
    is this machine's memory by default."""
    needed = min(needed, 10**30)
    what = "memory" if room is None else "disk space"
    room = memory() if room is None else room
    if needed > room:
        raise BluesError(
            f"{setting} is {value!r}, but must be smaller: it would need {_bytes(needed)} of "
            f"{what}, and there are {_bytes(room)}."
        )


def _bytes(count: float) -> str:
    units = ("bytes", "kB", "MB", "GB", "TB", "PB")
    if count > 1e300:  # whole numbers know no end
        return "more than 1e282 EB"
    for unit in units:
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} EB"


def extra(module: str, name: str, what: str) -> ModuleType:
    """A module of one of the package's extras.

    Raises `BluesError` naming the extra that `what` needs, where it is not installed.
    """
    try:
        return import_module(module)
    except ImportError:
        raise BluesError(
            f"{what} needs the extra {name!r}: pip install 'lstm_blues[{name}]'."
        ) from None
