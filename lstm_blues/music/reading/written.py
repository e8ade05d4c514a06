"""Bars as they are written, with repeats and pickups, and the score that they make when played."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from lstm_blues.errors import BluesError
from lstm_blues.music.metre import Metre
from lstm_blues.music.reading.score import Tone
from lstm_blues.music.reading.time_signatures import MetreError, quarters_of, require_metre

ZERO = Fraction(0)


class WrittenNote(NamedTuple):
    """A note of a bar: MIDI note number, beginning and end in quarter notes from the bar line, and
    whether a tie goes on from it."""

    pitch: int
    start: Fraction
    end: Fraction
    tied: bool = False


@dataclass
class WrittenBar:
    """A bar as it is written.

    Args:
        metre: the time signature that holds in it, such as `6/8`.
        length: quarter notes that its notes and rests fill.
        notes: the melody's.
        others: those of all other parts and voices.
        symbols: chord symbols as they are written, with their beginnings.
        words: other texts above the notes.
        section: whether a double bar line or a new part stands before it.
        opens, closes: whether a repeat begins before it, ends after it.
        endings: the passes through a repeat that it is played in; empty for all.
        times: how often what is repeated is played, where `closes` and no endings tell.
    """

    metre: str
    length: Fraction = ZERO
    notes: list[WrittenNote] = field(default_factory=list)
    others: list[WrittenNote] = field(default_factory=list)
    symbols: list[tuple[Fraction, str]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    section: bool = False
    opens: bool = False
    closes: bool = False
    endings: frozenset[int] = frozenset()
    times: int = 2

    @property
    def quarters(self) -> Fraction:
        """Quarter notes of a whole bar in its metre; 0 in free time."""
        return quarters_of(self.metre)


def as_played(bars: Sequence[WrittenBar]) -> list[int]:
    """The numbers of the bars in the order in which they are played, repeats written out.

    A repeat without a sign where it begins goes back to the last one that ended, the last double
    bar line or the beginning; not to a pickup where the bar at its end leaves no room for it.
    """
    order: list[int] = []
    at, start, turn = 0, 0, 1
    while at < len(bars):
        bar = bars[at]
        if at > start:
            section = bar.section and not bar.endings and not bars[start].opens
            after_endings = turn > 1 and not bar.endings and bool(bars[at - 1].endings)
            if bar.opens or section or after_endings:
                start, turn = at, 1
        if bar.endings and turn not in bar.endings:
            at += 1
            continue
        order.append(at)
        # An ending that another one follows closes, whether the sign is there or not.
        follows = bars[at + 1].endings if at + 1 < len(bars) else frozenset()
        closes = bar.closes or bool(bar.endings and follows and follows != bar.endings)
        if closes and turn < _passes(bars, start, at):
            turn += 1
            pickup = bars[start].length < bars[start].quarters and at > start
            at = start + int(pickup and bar.length >= bar.quarters)
        else:
            at += 1
            if closes:
                start, turn = at, 1
    return order


def _passes(bars: Sequence[WrittenBar], start: int, close: int) -> int:
    """How often the repeat from bar `start` to the sign after bar `close` is played."""
    numbers = {2 if bars[close].endings else bars[close].times}
    for at in range(start, len(bars)):
        numbers |= bars[at].endings
        if at >= close and not (at + 1 < len(bars) and bars[at + 1].endings):
            break
    return max(numbers)


class Laid(NamedTuple):
    """Bars in a row: the metre, when each begins and the last one ends, in quarter notes from the
    first whole bar, and what had to be done."""

    metre: str
    starts: list[Fraction]
    end: Fraction
    remarks: list[str]


def lay_out(bars: Sequence[WrittenBar], order: Sequence[int], file: str) -> Laid:
    """Where the bars of `order` begin; one that is too short is held until the next bar line,
    unless the next one completes it.

    Raises `BluesError` where the metre changes or is not known, or a bar is too long.
    """
    # A short first bar is a pickup, whatever time signature it stands under.
    whole = next((n for n in order if bars[n].length >= bars[n].quarters), order[0])
    metre = bars[whole].metre
    require_metre(metre, file)
    full = Metre(metre).quarters
    remarks: list[str] = []
    first = bars[order[0]].length
    now = -first if first < full and len(order) > 1 else ZERO
    starts = []
    for place, number in enumerate(order):
        bar = bars[number]
        if bar.metre != metre and bar.length > ZERO and place:
            raise MetreError(
                f"{file!r} changes its time signature from {metre} to {bar.metre} in bar "
                f"{number + 1}, but a form has one."
            )
        within = now % full
        if within and bar.length > full - within:
            now += full - within
            before = order[place - 1] + 1
            remark = f"bar {before} is too short for {metre} and is held until its end"
            if remark not in remarks:
                remarks.append(remark)
            within = ZERO
        if (within + bar.length) % full and within + bar.length > full:
            raise BluesError(
                f"bar {number + 1} of {file!r} lasts {float(bar.length):g} quarter notes, but one "
                f"of {metre} has {float(full):g}."
            )
        starts.append(now)
        now += bar.length
    return Laid(metre, starts, now, remarks)


def sounding(parts: Sequence[tuple[Fraction, Sequence[WrittenNote]]]) -> Iterator[Tone]:
    """The notes of bars that begin at given times; tied notes are one."""
    open_at: dict[int, Tone] = {}
    for start, notes in parts:
        for note in sorted(notes, key=lambda note: note.start):
            tone = Tone(note.pitch, start + note.start, start + note.end)
            held = open_at.pop(note.pitch, None)
            if held is not None and held.end == tone.start:
                tone = tone._replace(start=held.start)
            elif held is not None:
                yield held
            if note.tied:
                open_at[note.pitch] = tone
            else:
                yield tone
    yield from open_at.values()
