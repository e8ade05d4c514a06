"""The one door through which files become scores."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import note_name
from lstm_blues.music.form import PITCHES
from lstm_blues.music.reading.abc import read_abc
from lstm_blues.music.reading.abc_fields import title_of, tunes_of
from lstm_blues.music.reading.changes import Placed, changes_of, passed_over
from lstm_blues.music.reading.midi import read_midi
from lstm_blues.music.reading.notation import MUSIC21, read_notation
from lstm_blues.music.reading.parts import top_line
from lstm_blues.music.reading.score import ChordChange, Score
from lstm_blues.music.reading.sheet import MOST_BARS
from lstm_blues.music.reading.written import WrittenBar, as_played, lay_out, sounding

_TITLES = 3
"""How many titles of a collection an error names."""


def read_score(
    file: str,
    setting: str = "files",
    melody_track: str | None = None,
    chord_track: str | None = None,
    *,
    symbols: bool = True,
) -> Score:
    """A tune from a file: MIDI, ABC, or what music21 reads, such as MusicXML.

    Args:
        file: its path, or `music21:` and a name in music21's corpus; `#n` after it is the n-th tune
            of a collection.
        setting: the one that names the file, for error messages.
        melody_track, chord_track: names of a MIDI file's tracks; None: they are found.
        symbols: whether its chord symbols are read; not where chords are given in their place.

    Raises:
        BluesError: the file is not there or cannot be read, has several tunes and no number, or
            changes its metre; one sentence.
    """
    place, _, after = file.partition("#")
    if after and not after.isdigit():
        raise BluesError(
            f"{setting} names {file!r}, which has {after!r} after #, but must have a number there."
        )
    number = int(after) if after else None
    if not place.startswith(MUSIC21) and not Path(place).is_file():
        raise BluesError(f"{setting} names {file!r}, which is not a file.")
    suffix = Path(place).suffix.lower()
    if suffix in (".mid", ".midi", ".kar"):
        return read_midi(place, melody_track, chord_track, symbols=symbols)
    if suffix == ".abc":
        text = _abc_text(place, file)
        tune = read_abc(_chosen(text, number, file))
        name = tune.title or Path(place).stem
        return _played(tune.bars, file, name, tune.key, tune.remarks, symbols)
    notated = read_notation(place, number, file)
    return _played(notated.bars, file, notated.title, notated.key, notated.remarks, symbols)


def _abc_text(place: str, file: str) -> str:
    path = Path(place)
    if place.startswith(MUSIC21):
        try:
            from music21 import corpus  # noqa: PLC0415  # an extra

            path = Path(str(corpus.getWork(place.removeprefix(MUSIC21))))
        except ImportError:
            raise BluesError(
                f"{file!r} needs music21: install the package's extra 'tunes'."
            ) from None
        except Exception as error:  # whatever it stumbles over
            raise BluesError(f"{file!r} cannot be read by music21 ({error}).") from None
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _chosen(text: str, number: int | None, file: str) -> str:
    """The tune of that number, the only one where it is None."""
    tunes = tunes_of(text)
    if not tunes:
        raise BluesError(f"{file!r} has no tune in ABC notation, with the fields X: and K:.")
    if number is None and len(tunes) > 1:
        titles = ", ".join(repr(title_of(tune)) for tune in tunes[:_TITLES])
        more = ", ..." if len(tunes) > _TITLES else ""
        raise BluesError(
            f"{file!r} has {len(tunes)} tunes ({titles}{more}): choose one by its place, such as "
            f"{file}#1."
        )
    if not 1 <= (number or 1) <= len(tunes):
        raise BluesError(f"{file!r} asks for tune {number} of {len(tunes)}.")
    return tunes[(number or 1) - 1]


def _require_midi(bars: list[WrittenBar], file: str) -> None:
    """Raises `BluesError` for a note that has no MIDI note number."""
    for number, bar in enumerate(bars, 1):
        for note in [*bar.notes, *bar.others]:
            if not 0 <= note.pitch < PITCHES:
                raise BluesError(
                    f"bar {number} of {file!r} has the note {note_name(note.pitch)}, but notes "
                    f"must be from {note_name(0)} to {note_name(PITCHES - 1)}."
                )


def _played(
    bars: list[WrittenBar],
    file: str,
    title: str,
    key: str | None,
    remarks: list[str],
    symbols: bool,
) -> Score:
    """The score of written bars, repeats written out."""
    if not any(bar.notes for bar in bars):
        raise BluesError(f"{file!r} has no notes.")
    _require_midi(bars, file)
    order = as_played(bars)
    if len(order) > MOST_BARS:
        raise BluesError(
            f"{file!r} has more than {MOST_BARS:,} bars with its repeats written out, but must "
            f"have at most {MOST_BARS:,}."
        )
    laid = lay_out(bars, order, file)
    placed = [(start, bars[number]) for start, number in zip(laid.starts, order, strict=True)]
    melody = list(sounding([(start, bar.notes) for start, bar in placed]))
    line, rest = top_line(melody, overlaps=False)
    others = list(sounding([(start, bar.others) for start, bar in placed]))
    changes, told = _chords(order, placed, file) if symbols else ([], [])
    if len(order) > len(bars):
        remarks = [*remarks, f"repeats are written out: {len(order)} bars from {len(bars)}"]
    return Score(
        file,
        re.sub(r"\s+", " ", title),
        laid.metre,
        key,
        tuple(sorted(line, key=lambda tone: tone.start)),
        tuple(changes),
        tuple(sorted([*rest, *others], key=lambda tone: (tone.start, tone.pitch))),
        tuple(sorted([*melody, *others], key=lambda tone: (tone.start, tone.pitch))),
        (*remarks, *laid.remarks, *told),
        laid.end,
    )


def _chords(
    order: list[int], placed: list[tuple[Fraction, WrittenBar]], file: str
) -> tuple[list[ChordChange], list[str]]:
    """The chords of bars that begin at given times, and what of their texts is passed over."""
    symbols, words = [], []
    for number, (start, bar) in zip(order, placed, strict=True):
        symbols += [Placed(text, start + at, number + 1) for at, text in bar.symbols]
        words += [(text, number + 1) for text in bar.words]
    changes, remarks = changes_of(symbols, file)
    return changes, [*remarks, *passed_over(words)]


__all__ = ["MUSIC21", "Score", "read_score"]
