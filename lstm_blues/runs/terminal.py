"""Progress bars as wide as the terminal."""

from __future__ import annotations

import shutil
from typing import Any

from tqdm import tqdm


def terminal() -> dict[str, int]:
    """The size of the terminal, as tqdm takes it; 80 columns of 24 lines where it reports none, on
    which tqdm alone would show nothing."""
    size = shutil.get_terminal_size()
    return {"ncols": size.columns, "nrows": size.lines}


def bar(total: int, unit: str, words: str | None = None) -> tqdm[Any]:
    """A progress bar on a terminal, and nothing elsewhere."""
    scaled = unit == "step"
    return tqdm(total=total, unit=unit, desc=words, unit_scale=scaled, disable=None, **terminal())
