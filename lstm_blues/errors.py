"""What goes wrong by a user's mistake: one sentence, no traceback."""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum
from importlib import import_module
from types import ModuleType
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
