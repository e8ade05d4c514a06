"""What goes wrong by a user's mistake: one sentence, no traceback."""

from __future__ import annotations

import sys
from collections.abc import Collection
from importlib import import_module
from types import ModuleType, TracebackType
from typing import Any


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

    def hook(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            print("Interrupted.", file=sys.stderr)
        else:
            show(kind, error, traceback)

    sys.excepthook = hook


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
