"""A score in steps: what a form and a bar library are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import note_name
from lstm_blues.music.metre import Metre
from lstm_blues.music.piece import Note
from lstm_blues.music.reading.grid import Grid, coarsest_grid
from lstm_blues.music.reading.harmony import chords_from_notes
from lstm_blues.music.reading.score import ChordChange, Score, Tone

_LATE = Fraction(1, 8)
"""Quarter notes by which a tune may reach beyond its last bar line."""

MOST_BARS = 10_000
"""Of a lead sheet: hours of music."""

_UNTOLD = 2
"""Bars without a chord in which a tune may begin; its first chord sounds in them, as is said."""

_LONG = 8
"""Bars without a chord symbol after which it is said that the last one is held."""


class Sheet(NamedTuple):
    """A lead sheet in steps.

    file, title, metre, key: as in `Score`.  chords: the symbol that sounds at each step.  melody:
    its notes, one after the other, with rests between them.  steps_per_bar: of both.  remarks: what
    was decided, each a sentence for the user.
    """

    file: str
    title: str
    metre: str
    key: str | None
    chords: list[str]
    melody: list[Note]
    steps_per_bar: int = 8
    remarks: tuple[str, ...] = ()


class _Aligned(NamedTuple):
    """A tune from its first bar with a chord on: chords, melody and bars."""

    score: Score
    changes: list[ChordChange]
    melody: list[Tone]
    bars: int


def sheets_of(
    scores: Sequence[Score],
    *,
    steps_per_bar: int | None = None,
    skip_bars: int = 0,
    chords: Sequence[str] = (),
) -> list[Sheet]:
    """Scores in steps, at their own pitch.

    Args:
        scores: all in one metre.
        steps_per_bar: notes are moved to the nearest of so many steps per bar; None: the fewest
            that hold the notes of all scores.
        skip_bars: bars to leave out before the first chorus.
        chords: the chords of each bar, for tunes without; several share a bar equally.

    Raises:
        BluesError: a score has no chords or another metre, or `chords` do not share a bar equally;
            names file and bar.
    """
    for score in scores:
        if score.metre != scores[0].metre:
            raise BluesError(
                f"{score.file!r} is in {score.metre} and {scores[0].file!r} in {scores[0].metre}, "
                "but files over one form must have one metre."
            )
    aligned = [_aligned(score, skip_bars, chords) for score in scores]
    metre = scores[0].metre
    quarters = Metre(metre).quarters
    if steps_per_bar is None:
        lines = [[tone.start for tone in one.melody] for one in aligned]
        lines += [[change.start for change in one.changes] for one in aligned]
        grid = coarsest_grid(lines, metre, {len(entry.split()) for entry in chords})
    else:
        grid = Grid(Fraction(steps_per_bar) / quarters)
    bar = int(grid.per_quarter * quarters)
    _require_equal_parts(chords, bar)
    return [_in_steps(one, grid, bar) for one in aligned]


def _aligned(score: Score, skip_bars: int, given: Sequence[str]) -> _Aligned:
    full = Metre(score.metre).quarters
    if not score.melody:
        raise BluesError(f"{score.file!r} has no melody.")
    origin = skip_bars * full
    bars = math.ceil((score.end - origin - _LATE) / full)
    changes = _given(given, bars, full, score.file) if given else _changes(score, origin)
    if not given and changes[0].start >= full:
        # What sounds before the first chord's bar is a pickup, if it is shorter than a bar.
        late = changes[0].start // full
        first = min(t.start for t in score.melody if t.end > origin) - origin
        if first > (late - 1) * full:
            origin += late * full
            changes = [ChordChange(c.symbol, c.start - late * full) for c in changes]
            bars -= late
        elif late > _UNTOLD:
            raise BluesError(
                f"{score.file!r} has no chord before bar {late + 1}: skip_bars="
                f"{skip_bars + late} leaves out the bars before it, and chords= gives chords."
            )
    if bars < 1:
        raise BluesError(f"{score.file!r} has no bar after skip_bars={skip_bars}.")
    if bars > MOST_BARS:
        raise BluesError(f"{score.file!r} has {bars:,} bars, but must have at most {MOST_BARS:,}.")
    melody = [Tone(t.pitch, t.start - origin, t.end - origin) for t in score.melody]
    return _Aligned(score, changes, [t for t in melody if t.end > -full], bars)


def _given(chords: Sequence[str], bars: int, full: Fraction, file: str) -> list[ChordChange]:
    """The chords that the user gives, one entry per bar, for every chorus."""
    if bars % len(chords):
        raise BluesError(
            f"chords has {len(chords)} bars, but {file!r} has {bars}, which is not a multiple."
        )
    changes = []
    for bar in range(bars):
        symbols = chords[bar % len(chords)].split()
        if not symbols:
            raise BluesError(f"chords has no symbol for bar {bar + 1}.")
        for part, symbol in enumerate(symbols):
            changes.append(ChordChange(symbol, (bar + Fraction(part, len(symbols))) * full))
    return changes


def _require_equal_parts(chords: Sequence[str], steps: int) -> None:
    """Raises `BluesError` where the chords of a bar do not share its steps equally."""
    for number, entry in enumerate(chords, 1):
        count = len(entry.split())
        if steps % count:
            raise BluesError(
                f"bar {number} of chords is {entry!r}: {count} chords do not divide its {steps} "
                f"steps; steps_per_bar must be a multiple of {count} for them."
            )


def _changes(score: Score, origin: Fraction) -> list[ChordChange]:
    changes = list(score.changes)
    if not changes:
        if not score.harmony:
            raise BluesError(
                f"{score.file!r} has a melody but no chords: give them as chords=[C7,F7,...], one "
                "entry per bar, as in lead_sheet chords=[C7,F7,...] 'files=[melody.mid]'."
            )
        changes = chords_from_notes(score.harmony, score.melody, score.metre, score.file)
    # The chord that sounds where the tune begins may have begun before.
    before = [change for change in changes if change.start <= origin]
    after = [change for change in changes if change.start > origin]
    moved = [ChordChange(c.symbol, max(c.start, origin) - origin) for c in [*before[-1:], *after]]
    if not moved:
        raise BluesError(f"{score.file!r} has no chord after skip_bars.")
    return moved


def _in_steps(one: _Aligned, grid: Grid, bar: int) -> Sheet:
    score, steps = one.score, one.bars * bar
    remarks = list(score.remarks)
    chords: list[str] = []
    starts = [grid.step(change.start) for change in one.changes]
    if starts[0] > 0:
        remarks.append(_begun_early(one.changes[0].symbol, starts[0] // bar))
    for start, end, change in zip([0, *starts[1:]], [*starts[1:], steps], one.changes, strict=True):
        chords += [change.symbol] * (min(end, steps) - max(start, len(chords)))
        if end - start > _LONG * bar and not score.harmony:
            remarks.append(
                f"{change.symbol} is held in bars {start // bar + 1} to {-(-end // bar)}, which "
                "have no other chord symbol"
            )
    if grid.swung:
        remarks.append("swung eighths are read as even ones; swing=0.67 plays them swung")
    melody = _line([t for t in one.melody if grid.step(t.start) >= 0], grid, score.file, bar)
    pickup = [t for t in one.melody if grid.step(t.start) < 0]
    if pickup:
        melody = _with_pickup(melody, _line(pickup, grid, score.file, bar), steps, remarks)
    if not melody:
        raise BluesError(f"{score.file!r} has no melody in its first bars.")
    melody[-1] = melody[-1]._replace(end=min(melody[-1].end, steps))
    return Sheet(
        score.file, score.title, score.metre, score.key, chords, melody, bar, tuple(remarks)
    )


def _begun_early(symbol: str, bars: int) -> str:
    """A remark on the first chord, before which so many whole bars and a part of one have none."""
    if not bars:
        return f"the first chord, {symbol}, is held from the bar line on"
    which = "bar 1 has" if bars == 1 else f"bars {' and '.join(map(str, range(1, bars + 1)))} have"
    return f"{which} no chord: the first one, {symbol}, sounds there as well"


def _line(tones: Sequence[Tone], grid: Grid, file: str, bar: int) -> list[Note]:
    """Notes moved to the nearest steps, each at least one step long."""
    notes: list[Note] = []
    for tone in tones:
        start = grid.step(tone.start)
        if notes and notes[-1].start == start:
            two = f"{note_name(notes[-1].pitch)} and {note_name(tone.pitch)}"
            raise BluesError(
                f"bar {start // bar + 1} of the melody of {file!r}: {two} fall on the same step: "
                "faster notes need more steps_per_bar."
            )
        if notes and notes[-1].end > start:
            notes[-1] = notes[-1]._replace(end=start)
        notes.append(Note(tone.pitch, start, max(start + 1, grid.step(tone.end))))
    return notes


def _with_pickup(
    melody: list[Note], pickup: list[Note], steps: int, remarks: list[str]
) -> list[Note]:
    """The melody with its pickup at the end of the last bar, from where a chorus goes on to the
    next one."""
    last = melody[-1] if melody else None
    wrapped = [Note(note.pitch, note.start + steps, note.end + steps) for note in pickup]
    if last is not None and wrapped[0].start <= last.start:
        remarks.append("the pickup is left out: there is a note at its place in the last bar")
        return melody
    remarks.append("the pickup is at the end of the last bar, from where the form begins again")
    if last is not None:
        melody[-1] = last._replace(end=min(last.end, wrapped[0].start))
    return [*melody, *wrapped]
