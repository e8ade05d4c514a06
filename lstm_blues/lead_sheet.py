"""`python -m lstm_blues.lead_sheet`: a form and a bar library from your own music.

MusicXML, MIDI and ABC are read.  Chords become symbols, notes are moved to the nearest step, and
the melody keeps its key, moved by octaves or in a wider range than the report's.  What comes out is
YAML that a person can read, mend and train on.
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
from lstm_blues.music.chords import pitch_classes
from lstm_blues.music.conf_files import form_yaml, library_yaml
from lstm_blues.music.form import PITCHES, require_steps_per_bar
from lstm_blues.music.metre import Metre
from lstm_blues.music.reading.door import read_score
from lstm_blues.music.reading.sheet import MOST_BARS, sheets_of
from lstm_blues.music.songbook import Learnable, form_and_library, in_words
from lstm_blues.runs.command import run_command
from lstm_blues.runs.config import MY_MUSIC, conf_folder, read


@dataclass(frozen=True)
class LeadSheetSettings:
    """`conf/lead_sheet.yaml`."""

    files: tuple[str, ...]
    name: str
    chords: tuple[str, ...]
    chord_track: str | None
    melody_track: str | None
    form_bars: int | None
    skip_bars: int
    steps_per_bar: int | None
    lowest_chord_note: int
    lowest_melody_note: int | None
    melody_notes: int | None
    rests: float | None
    overwrite: bool
    output_dir: str

    def __post_init__(self) -> None:
        require(bool(self.files), "files", list(self.files), "one file or more")
        fine = re.fullmatch(r"\w[\w-]*", self.name) is not None
        require(fine, "name", self.name, "a word of letters, digits, _ and -")
        require(
            self.name.casefold() not in _taken_names(),
            "name",
            self.name,
            f"one that the package's forms and bars do not have, such as my_{self.name}",
        )
        for entry in self.chords:
            for symbol in entry.split():
                try:
                    pitch_classes(symbol)
                except BluesError as error:
                    raise BluesError(f"chords: {error}") from None
        bars = self.form_bars
        fine = bars is None or 1 <= bars <= MOST_BARS
        require(fine, "form_bars", bars, f"from 1 to {MOST_BARS}, or null")
        require(
            0 <= self.skip_bars <= MOST_BARS, "skip_bars", self.skip_bars, f"from 0 to {MOST_BARS}"
        )
        notes, rests = self.melody_notes, self.rests
        fine = notes is None or 1 <= notes <= PITCHES
        require(fine, "melody_notes", notes, f"from 1 to {PITCHES}, or null")
        fine = rests is None or 0 < rests < math.inf
        require(fine, "rests", rests, "above 0, or null for no rests")
        require(self.output_dir != "", "output_dir", "", "a folder")


def _taken_names() -> set[str]:
    """Names that `train` would not take for the user's own: those of the package's forms and bar
    libraries, whatever the case, as some disks know none, and those for no file."""
    packaged = [*conf_folder().glob("form/*.yaml"), *conf_folder().glob("bars/*.yaml")]
    return {path.stem.casefold() for path in packaged} | {"null", "none"}


def write_form_and_library(config: dict[str, Any]) -> None:
    """Reads and writes as `conf/lead_sheet.yaml` says; prints the files, what was decided and how
    to train on them.

    Raises `BluesError` for a file that is no lead sheet, or where a result would overwrite a file.
    """
    given = read(LeadSheetSettings, config, "")
    tracks = (given.melody_track, given.chord_track)
    symbols = not given.chords
    scores = [read_score(file, "files", *tracks, symbols=symbols) for file in given.files]
    if given.steps_per_bar is not None:
        require_steps_per_bar("steps_per_bar", given.steps_per_bar, Metre(scores[0].metre))
    sheets = sheets_of(
        scores,
        steps_per_bar=given.steps_per_bar,
        skip_bars=given.skip_bars,
        chords=given.chords,
    )
    found = form_and_library(
        sheets,
        given.name,
        form_bars=given.form_bars,
        lowest_chord_note=given.lowest_chord_note,
        lowest_melody_note=given.lowest_melody_note,
        melody_notes=given.melody_notes,
        rests=given.rests,
    )
    _write(given, found)
    print(in_words(sheets, found))
    where = "" if given.output_dir == MY_MUSIC else f"--config-dir {given.output_dir} "
    print("Train on them with")
    print(f"python -m lstm_blues.train {where}+experiment=own form={given.name} bars={given.name}")


def _write(given: LeadSheetSettings, found: Learnable) -> None:
    sources = ", ".join(file if ":" in file else Path(file).name for file in given.files)
    folder = Path(given.output_dir)
    texts = {
        folder / "form" / f"{given.name}.yaml": form_yaml(found.form, sources),
        folder / "bars" / f"{given.name}.yaml": library_yaml(found.library, found.form, sources),
    }
    contents = {path: text.encode() for path, text in texts.items()}
    for path, content in contents.items():
        # One of the same content is what this command left when it was killed between the two.
        same = path.is_file() and path.read_bytes() == content
        if path.exists() and not same and not (given.overwrite and path.is_file()):
            raise BluesError(
                f"{str(path)!r} already exists: choose another name, or set overwrite=true."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
    write_together({path: partial(_put, content) for path, content in contents.items()})
    print(*contents, sep="\n")


def _put(content: bytes, file: BinaryIO) -> None:
    file.write(content)


def main() -> None:
    """The command."""
    run_command(write_form_and_library, "lead_sheet")


if __name__ == "__main__":
    main()
