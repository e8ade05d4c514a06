"""Ctrl-C and SIGTERM as a wish to stop, not as a break in mid-step."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_came = False


def came() -> bool:
    """Whether a signal has come in this process where `signals_into` waited for it."""
    return _came


@contextmanager
def signals_into(stop: Callable[[], None]) -> Iterator[None]:
    """Within, Ctrl-C and SIGTERM call `stop` instead of breaking in mid-step; a second Ctrl-C
    breaks in all the same."""
    before: dict[int, Any] = {}

    def handle(number: int, _frame: object) -> None:
        global _came  # noqa: PLW0603  # as a process has its signals
        _came = True
        stop()
        signal.signal(number, before[number])

    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, handle)
    except ValueError:  # not in the main thread: whoever runs us there sees to signals
        pass
    try:
        yield
    finally:
        for caught, handler in before.items():
            signal.signal(caught, handler)
