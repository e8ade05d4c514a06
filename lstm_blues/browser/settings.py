"""The settings of the page's command (`conf/page.yaml`)."""

from __future__ import annotations

from dataclasses import dataclass

from lstm_blues.errors import require

_LAST_PORT = 2**16 - 1


@dataclass(frozen=True)
class PageSettings:
    """What to build, and how to show it.

    Args:
        checkpoint: of a network that the page has beside the bundled ones, and begins with; None
            for those alone.
        output_dir: the folder of the page.
        serve: whether it is served on 127.0.0.1, or only built.
        port: to serve it on; 0 for any that is free.
        browser: whether it is opened in the browser.

    Raises:
        BluesError: a value out of range.
    """

    checkpoint: str | None
    output_dir: str
    serve: bool
    port: int
    browser: bool

    def __post_init__(self) -> None:
        require(0 <= self.port <= _LAST_PORT, "port", self.port, f"from 0 to {_LAST_PORT}")
