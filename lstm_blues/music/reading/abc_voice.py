"""A voice of ABC while it is read: its bars, and the one that is being filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from lstm_blues.music.reading.written import ZERO, WrittenBar, WrittenNote


@dataclass
class Voice:
    """A voice: what was read of it, and what is being read."""

    bars: list[WrittenBar] = field(default_factory=list)
    bar: WrittenBar | None = None
    now: Fraction = ZERO
    filled: Fraction = ZERO  # by a line of the bar that another is laid over
    overlaid: bool = False
    altered: dict[str, int] = field(default_factory=dict)
    endings: frozenset[int] = frozenset()
    section: bool = False
    opens: bool = False
    tuplet: tuple[Fraction, int] = (Fraction(1), 0)
    broken: Fraction = Fraction(1)
    last: int = 0  # how many notes the last one or chord wrote
    written: dict[str, int] = field(default_factory=dict)  # their alterations, by letter
    tied: dict[str, int] = field(default_factory=dict)  # those that a tie carries over a bar line

    def open(self, metre: str) -> WrittenBar:
        """The bar that is being filled; a new one, in this metre, after a bar line."""
        if self.bar is None:
            self.bar = WrittenBar(
                metre, section=self.section, opens=self.opens, endings=self.endings
            )
            self.section = self.opens = self.overlaid = False
            self.altered, self.now, self.filled = {}, ZERO, ZERO
        return self.bar

    def overlay(self) -> None:
        """From the beginning of the bar again; what follows is no melody."""
        self.filled, self.now = max(self.filled, self.now), ZERO
        self.overlaid, self.last = True, 0

    def _line(self, bar: WrittenBar) -> list[WrittenNote]:
        return bar.others if self.overlaid else bar.notes

    def bar_line(self, sign: str) -> None:
        """Closes the bar, and a section or a repeat as the sign tells."""
        self.now = max(self.now, self.filled)
        if self.bar is not None and self.now:
            self.bar.length = self.now
            self.bars.append(self.bar)
            self.bar = None
        ends = sign.startswith(":")
        if ends and self.bars:
            self.bars[-1].closes = True
        if ends or "||" in sign or "]" in sign or sign == "[|":
            self.section = True
            self.endings = frozenset()
        if sign.endswith(":") and (len(sign) > 1):
            self.opens, self.endings = True, frozenset()

    def ending(self, numbers: str) -> None:
        """An ending for the passes `1`, `1,2` or `1-3` begins here."""
        found: set[int] = set()
        for part in filter(None, numbers.split(",")):
            first, _, last = part.partition("-")
            found |= set(range(int(first), int(last or first) + 1))
        self.endings = frozenset(found)
        if self.bar is not None:
            self.bar.endings = self.endings

    def sound(self, bar: WrittenBar, notes: Sequence[tuple[int, bool]], size: Fraction) -> None:
        """Notes that sound together, each with whether it is tied, or a rest, where there are none;
        `size` in quarter notes before tuplets and broken rhythm."""
        factor, left = self.tuplet
        if left:
            size *= factor
            self.tuplet = (factor, left - 1)
        size *= self.broken
        self.broken = Fraction(1)
        end = self.now + size
        self._line(bar).extend(WrittenNote(pitch, self.now, end, tied) for pitch, tied in notes)
        self.last, self.now = len(notes), end
        self.tied = {}

    def break_rhythm(self, bar: WrittenBar, sign: str) -> None:
        """The last note and the next one share their time unequally."""
        line = self._line(bar)
        less = Fraction(1, 2 ** len(sign))
        mine, its = (2 - less, less) if sign[0] == ">" else (less, 2 - less)
        if self.last and line:
            start = line[-1].start
            end = start + (line[-1].end - start) * mine
            line[-self.last :] = [n._replace(end=end) for n in line[-self.last :]]
            self.now, self.broken = end, its

    def tie(self) -> None:
        """The last notes go on in the next ones."""
        bar = self.bar or (self.bars[-1] if self.bars else None)
        if bar is not None and self.last and (line := self._line(bar)):
            line[-self.last :] = [n._replace(tied=True) for n in line[-self.last :]]
            self.tied = dict(self.written)
