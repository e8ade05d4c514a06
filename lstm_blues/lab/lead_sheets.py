"""`python -m lstm_blues.lab.lead_sheets FILES ...`: how many files `lead_sheet` reads as it is.

Files and folders of MusicXML, MIDI and ABC are read with the defaults, `music21` being the lead
sheets of its corpus; of MusicXML and ABC all tunes with a chord symbol for every four bars or more.
With --export each tune in ABC is written by other programs as well, by music21 as MusicXML and MIDI
and by abc2midi, where it is installed, as MIDI with an accompaniment, and what is read from those
is compared with the tune itself.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile, is_zipfile

from lstm_blues.errors import BluesError, extra
from lstm_blues.files import write_text
from lstm_blues.lab.statistics import wilson
from lstm_blues.lab.tables import csv_text, markdown
from lstm_blues.music.chords import pitch_classes
from lstm_blues.music.reading.abc import read_abc
from lstm_blues.music.reading.abc_fields import tunes_of
from lstm_blues.music.reading.door import MUSIC21, read_score
from lstm_blues.music.reading.sheet import Sheet, sheets_of
from lstm_blues.music.reading.time_signatures import MetreError
from lstm_blues.music.songbook import form_and_library

READ = ("abc", "mxl", "musicxml", "xml", "mid", "midi")
"""Suffixes of the files that are looked for in folders."""


LEAD_SHEETS = ("leadSheet", "nottingham-dataset")
"""Folders of music21's corpus with lead sheets; elsewhere symbols are analyses."""

SYMBOLS_PER_BAR = 0.25
"""What has fewer chord symbols is no lead sheet."""


class Tried(NamedTuple):
    """A file that was tried.

    collection: its folder or file.  tune: what the user would call it.  format: how it is written,
    and by what.  metre, bars, steps_per_bar: as read; None where it wasn't.  supported: whether it
    has one metre, which a form can have.  read: whether a form and a library came out.  same: of an
    export, whether chords and melody are the tune's own.  why: one sentence, where not.
    """

    collection: str
    tune: str
    format: str
    metre: str | None
    bars: int | None
    steps_per_bar: int | None
    supported: bool
    read: bool
    same: bool | None
    why: str


def try_file(file: str, collection: str, written: str, truth: Sheet | None = None) -> Tried:
    """Reads one file with the defaults of `lead_sheet`."""
    try:
        (sheet,) = sheets_of([read_score(file)])
        form_and_library([sheet], "tune")
    except BluesError as error:
        why = str(error)
        known = not isinstance(error, MetreError)
        return Tried(collection, file, written, None, None, None, known, False, None, why)
    bar = sheet.steps_per_bar
    same = None if truth is None else is_same(sheet, truth)
    bars = len(sheet.chords) // bar
    return Tried(collection, file, written, sheet.metre, bars, bar, True, True, same, "")


def is_same(sheet: Sheet, truth: Sheet) -> bool:
    """Whether two sheets have the same bars, the same chords at each step, and melodies whose notes
    begin together."""
    if (sheet.metre, len(sheet.chords)) != (truth.metre, len(truth.chords)):
        return False
    chords = all(
        pitch_classes(a) == pitch_classes(b)
        for a, b in zip(sheet.chords, truth.chords, strict=True)
    )
    return chords and _begins(sheet) == _begins(truth)


def _begins(sheet: Sheet) -> list[tuple[int, int]]:
    return [(note.pitch, note.start) for note in sheet.melody]


def with_chords(place: Path, name: str) -> Iterator[str]:
    """The tunes of a file that have chord symbols, as the user would name them; MIDI files all."""
    suffix = place.suffix.lower()
    if suffix == ".abc":
        text = place.read_bytes().decode("latin-1")
        tunes = tunes_of(text)
        for number, tune in enumerate(tunes, 1):
            bars = read_abc(tune).bars
            symbols = sum(len(bar.symbols) for bar in bars)
            if symbols >= SYMBOLS_PER_BAR * len(bars) > 0:
                yield name if len(tunes) == 1 else f"{name}#{number}"
    elif suffix in (".mid", ".midi") or _has_harmony(place):
        yield name


def _has_harmony(place: Path) -> bool:
    raw = place.read_bytes()
    if is_zipfile(place):
        with ZipFile(place) as inside:
            raw = b"".join(inside.read(name) for name in inside.namelist())
    return raw.count(b"<harmony") >= SYMBOLS_PER_BAR * raw.count(b"<measure") > 0


def files_of(given: str) -> Iterator[tuple[str, Path, str]]:
    """Collection, path and name of all files in a folder, a file, or music21's corpus."""
    if given == "music21":
        corpus: Any = extra("music21", "tunes", "music21's corpus").corpus
        for path in sorted(corpus.getCorePaths()):
            name = f"{path.parent.name}/{path.name}"
            if path.parent.name in LEAD_SHEETS and path.suffix.lower()[1:] in READ:
                yield f"music21, {path.parent.name}", path, MUSIC21 + name
        return
    place = Path(given)
    paths = sorted(place.rglob("*")) if place.is_dir() else [place]
    for path in paths:
        if path.suffix.lower()[1:] in READ:
            yield path.parent.name, path, str(path)


def exports(tune: str, path: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """The tune as other programs write it: what by, and the file."""
    music21: Any = extra("music21", "tunes", "exports")
    number = int(tune.partition("#")[2] or 1)
    abc = folder / "tune.abc"
    abc.write_text(tunes_of(path.read_bytes().decode("latin-1"))[number - 1])
    with suppress(Exception):  # what it cannot read or write is not ours
        score = music21.converter.parse(abc)
        yield "MusicXML by music21", Path(score.write("mxl", folder / "tune.mxl"))
        played = score.expandRepeats()
        # Without lengths music21 would end chord symbols before they begin.
        for part in played.parts:
            music21.harmony.realizeChordSymbolDurations(part)
        yield "MIDI by music21", Path(played.write("midi", folder / "tune.mid"))
    program = shutil.which("abc2midi")
    if program:
        made = folder / "accompanied.mid"
        subprocess.run([program, abc, "-o", made], capture_output=True, check=False)
        if made.is_file():
            yield "MIDI by abc2midi", made


def try_all(given: Sequence[str], *, export: bool) -> Iterator[Tried]:
    """Everything that is found, one after the other."""
    for place in given:
        for collection, path, name in files_of(place):
            for tune in with_chords(path, name):
                suffix = path.suffix.lower()
                kind = {".abc": "ABC", ".mid": "MIDI", ".midi": "MIDI"}.get(suffix, "MusicXML")
                tried = try_file(tune, collection, kind)
                yield tried
                if export and kind == "ABC" and tried.read:
                    (truth,) = sheets_of([read_score(tune)])
                    with tempfile.TemporaryDirectory() as folder:
                        for written, file in exports(tune, path, Path(folder)):
                            found = try_file(str(file), collection, written, truth)
                            why = found.why.replace(str(file), tune)
                            yield found._replace(tune=tune, why=why)


def table(every: Sequence[Tried]) -> str:
    """Collections and formats, with the share that is read."""
    head = ["collection", "format", "tunes", "in a supported metre"]
    head += ["read with the defaults (95 % interval)", "the same as the tune itself"]
    rows = []
    for place in dict.fromkeys((t.collection, t.format) for t in every):
        of = [t for t in every if (t.collection, t.format) == place]
        rows.append([*place, *_counts(of)])
    for written in dict.fromkeys(t.format for t in every):
        rows.append(["all", written, *_counts([t for t in every if t.format == written])])
    return markdown(head, rows)


def _counts(of: Sequence[Tried]) -> list[str]:
    supported = [t for t in of if t.supported]
    read = sum(1 for t in supported if t.read)
    low, high = wilson(read, len(supported))
    compared = [t.same for t in of if t.same is not None]
    same = f"{sum(compared)} of {len(compared)}" if compared else "-"
    share = f"{read} of {len(supported)} ({low:.2f} to {high:.2f})"
    return [str(len(of)), str(len(supported)), share, same]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command; `arguments` as on the command line, which they are where None."""
    parser = argparse.ArgumentParser(
        prog="python -m lstm_blues.lab.lead_sheets", description=__doc__
    )
    parser.add_argument("files", nargs="+", help="files, folders, or music21")
    parser.add_argument("--export", action="store_true", help="read exports of tunes in ABC too")
    parser.add_argument("--out", type=Path, help="write files.csv and table.md into this folder")
    given = parser.parse_args(arguments)
    try:
        every = list(try_all(given.files, export=given.export))
    except BluesError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print(table(every))
    for tried in every:
        if not tried.read:
            print(f"{tried.format}: {tried.why}")
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        write_text(given.out / "files.csv", csv_text(Tried._fields, every))
        write_text(given.out / "table.md", table(every) + "\n")


if __name__ == "__main__":
    main()
