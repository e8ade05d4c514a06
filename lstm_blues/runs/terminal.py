"""Progress bars as wide as the terminal."""

from __future__ import annotations

import shutil
from typing import Any

from tqdm import tqdm


def columns() -> int:
    """The width of the terminal; 80 where it reports none."""
    return shutil.get_terminal_size().columns


def bar(total: int, unit: str, words: str | None = None) -> tqdm[Any]:
    """A progress bar on a terminal, and nothing elsewhere."""
    scaled = unit == "step"
    return tqdm(
        total=total, unit=unit, desc=words, unit_scale=scaled, disable=None, ncols=columns()
    )
