"""A tune from a file in place of a form and a bar library: `train +experiment=own tune=FILE`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lstm_blues.errors import require
from lstm_blues.music.reading.door import read_score
from lstm_blues.music.reading.sheet import sheets_of
from lstm_blues.music.songbook import form_and_library, in_words
from lstm_blues.runs.config import in_lists


def with_tune(
    config: Mapping[str, Any], say: Callable[[str], None] | None = None
) -> dict[str, Any]:
    """A config whose `form` and `bars` are those of its `tune`, read as `lead_sheet` does by
    default, where it has one; that is null then, so that the file is not needed again.  `say` is
    given what `lead_sheet` prints of it.

    Raises `BluesError` for a file that is no lead sheet.
    """
    values = dict(config)
    tune = values.get("tune")
    if tune is None:
        return values
    require(isinstance(tune, str) and bool(tune), "tune", tune, "a file, or null")
    sheets = sheets_of([read_score(tune, "tune")])
    name = re.sub(r"\W+", "_", Path(tune).stem).strip("_") or "tune"
    found = form_and_library(sheets, name)
    if say is not None:
        say(in_words(sheets, found))
    made = {"form": asdict(found.form), "bars": asdict(found.library)}
    return {**values, **in_lists(made), "tune": None}
