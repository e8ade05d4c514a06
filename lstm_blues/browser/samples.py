"""The sounds of the page."""

from __future__ import annotations


def sample_files() -> dict[str, bytes]:
    """The files of the sounds, by path below the page."""
    return {}
