"""`python -m lstm_blues.lead_sheet`: a form and a bar library from your own music as MIDI.

A lead sheet is a track of chords and one melody line.  Chords are read as chord symbols, notes are
moved to the nearest step, and everything is transposed together until the melody lies in the 13
notes of Figure 1.  What comes out is YAML that a person can read, mend and train on.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from lstm_blues.errors import BluesError, require
from lstm_blues.files import write_together
from lstm_blues.music.conf_files import form_yaml, library_yaml
from lstm_blues.music.form import require_steps_per_bar
from lstm_blues.music.lead_sheet import MOST_BARS, read_lead_sheet
from lstm_blues.music.songbook import form_and_library
from lstm_blues.runs.command import run_command
from lstm_blues.runs.config import read


@dataclass(frozen=True)
class LeadSheetSettings:
    """`conf/lead_sheet.yaml`."""

    files: tuple[str, ...]
    name: str
    chord_track: str | None
    melody_track: str | None
    form_bars: int | None
    skip_bars: int
    steps_per_bar: int
    lowest_chord_note: int
    lowest_melody_note: int
    fold: bool
    output_dir: str

    def __post_init__(self) -> None:
        require(bool(self.files), "files", list(self.files), "one MIDI file or more")
        fine = re.fullmatch(r"\w[\w-]*", self.name) is not None
        require(fine, "name", self.name, "a word of letters, digits, _ and -")
        bars = self.form_bars
        fine = bars is None or 1 <= bars <= MOST_BARS
        require(fine, "form_bars", bars, f"from 1 to {MOST_BARS}, or null")
        require(
            0 <= self.skip_bars <= MOST_BARS, "skip_bars", self.skip_bars, f"from 0 to {MOST_BARS}"
        )
        require_steps_per_bar("steps_per_bar", self.steps_per_bar)
        require(self.output_dir != "", "output_dir", "", "a folder")


def write_form_and_library(config: dict[str, Any]) -> None:
    """Reads and writes as `conf/lead_sheet.yaml` says; prints the files and how to train on them.

    Raises `BluesError` for a file that is no lead sheet, or where a result would overwrite a file.
    """
    given = read(LeadSheetSettings, config, "")
    sheets = [
        read_lead_sheet(
            file,
            steps_per_bar=given.steps_per_bar,
            skip_bars=given.skip_bars,
            form_bars=given.form_bars,
            chord_track=given.chord_track,
            melody_track=given.melody_track,
        )
        for file in given.files
    ]
    form, library, shift = form_and_library(
        sheets,
        given.name,
        form_bars=given.form_bars,
        lowest_chord_note=given.lowest_chord_note,
        lowest_melody_note=given.lowest_melody_note,
        fold=given.fold,
    )
    sources = ", ".join(Path(file).name for file in given.files)
    folder = Path(given.output_dir)
    texts = {
        folder / "form" / f"{given.name}.yaml": form_yaml(form, sources),
        folder / "bars" / f"{given.name}.yaml": library_yaml(library, form, sources),
    }
    contents = {path: text.encode() for path, text in texts.items()}
    for path, content in contents.items():
        # One of the same content is what this command left when it was killed between the two.
        if path.exists() and not (path.is_file() and path.read_bytes() == content):
            raise BluesError(f"{str(path)!r} already exists: choose another name.")
        path.parent.mkdir(parents=True, exist_ok=True)
    write_together({path: partial(_write, content) for path, content in contents.items()})
    print(*contents, sep="\n")
    songs = math.prod(library.choices)
    print(
        f"{form.bars} bars, {songs:,} songs, transposed by {shift} semitones.  Train on them with"
    )
    print(
        f"python -m lstm_blues.train --config-dir {folder} +experiment=melody form={given.name} "
        f"bars={given.name}"
    )


def _write(content: bytes, file: BinaryIO) -> None:
    file.write(content)


def main() -> None:
    """The command."""
    run_command(write_form_and_library, "lead_sheet")


if __name__ == "__main__":
    main()
