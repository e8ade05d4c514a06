"""`python -m lstm_blues.lead_sheet`: a form and a bar library from your own music as MIDI."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from lstm_blues.errors import BluesError
from lstm_blues.files import write_text
from lstm_blues.music.lead_sheet import (
    LeadSheetSettings,
    form_yaml,
    learn_sheets,
    library_yaml,
    read_lead_sheet,
)
from lstm_blues.runs.command import run_command
from lstm_blues.runs.config import build


def _read_and_write(config: dict[str, Any]) -> None:
    given = build(LeadSheetSettings, config, "")
    sheets = [read_lead_sheet(file, given) for file in given.files]
    form, library, shift = learn_sheets(sheets, given)
    sources = ", ".join(Path(file).name for file in given.files)
    folder = Path(given.output_dir)
    texts = {
        folder / "form" / f"{given.name}.yaml": form_yaml(form, sources),
        folder / "bars" / f"{given.name}.yaml": library_yaml(library, form, sources),
    }
    for path in texts:
        if path.exists():
            raise BluesError(f"{str(path)!r} is there already: choose another name.")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
        print(path)
    songs = math.prod(library.choices)
    print(
        f"{form.bars} bars, {songs:,} songs, transposed by {shift} semitones.  Train on them with"
    )
    print(
        f"python -m lstm_blues.train --config-dir {folder} +experiment=melody form={given.name} "
        f"bars={given.name}"
    )


def main() -> None:
    """The command."""
    run_command(_read_and_write, "lead_sheet")


if __name__ == "__main__":
    main()
