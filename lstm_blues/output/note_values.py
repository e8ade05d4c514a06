"""How a bar's rhythm is written in scores: note values, cuts at beats, beams.

Times within a bar are in quarter notes, as fractions: a metre has no step of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from lstm_blues.music.metre import FOUR_FOUR, Metre
from lstm_blues.music.piece import Note
from lstm_blues.output.tuplets import ONE, Span, parts_of, tuplet_spans

_TYPES = ("whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th", "256th")

_WHOLE = 4

_FIRST_BEAMED = _TYPES.index("eighth")


class Value(NamedTuple):
    """How a length is written: MusicXML's name of its type, its dots, and in a tuplet how many such
    notes sound in the time of how many; the type is empty for a length that has none."""

    type: str
    dots: int = 0
    actual: int = 1
    normal: int = 1


class Slice(NamedTuple):
    """A stretch in which the same notes sound, in steps; `tied`: those that go on after it.

    value: how it is written.  beams: MusicXML's names of what its beams do, outermost first.  edge:
    `start` or `stop` where a tuplet begins or ends with it.  bracket: whether that tuplet needs
    one, as a beam doesn't join it.
    """

    pitches: tuple[int, ...]
    start: int
    end: int
    tied: frozenset[int]
    value: Value
    beams: tuple[str, ...] = ()
    edge: str = ""
    bracket: bool = True


def written_slices(
    melody: Sequence[Note], first: int, size: int, metre: Metre = FOUR_FOUR
) -> list[Slice]:
    """What one voice writes in the bar of `size` steps that begins at step `first`.

    Stretches are cut where notes begin and end, and then until each can be written as one note or
    rest that doesn't hide the beat.  A bar without notes is one rest.
    """
    inside = [note for note in melody if note.start < first + size and note.end > first]
    if not inside:
        return [Slice((), first, first + size, frozenset(), Value(""))]
    step = metre.quarters / size
    cuts = {0, size}
    for note in inside:
        cuts |= {max(note.start - first, 0), min(note.end - first, size)}
    points = sorted(cuts)
    slices: list[Slice] = []
    for span in tuplet_spans([point * step for point in points], metre, step):
        sizes = _sizes(span, metre)
        low, high = int(span.start / step), int(span.end / step)
        within = len(slices)
        for begin, end in pairwise([low, *(p for p in points if low < p < high), high]):
            sounding = [n for n in inside if n.start <= first + begin and n.end >= first + end]
            origin = Fraction(0) if span.ratio == 1 else span.start
            shown = tuple((p * step - origin) * span.ratio for p in (begin, end))
            grid = _Grid(sizes, step * span.ratio, rest=not sounding)
            for start, stop in grid.writable(*shown):
                at, to = (first + int((p / span.ratio + origin) / step) for p in (start, stop))
                tied = frozenset(n.pitch for n in sounding if n.end > to)
                pitches = tuple(sorted({n.pitch for n in sounding}))
                value = note_value(stop - start)._replace(
                    actual=span.ratio.numerator, normal=span.ratio.denominator
                )
                slices.append(Slice(pitches, at, to, tied, value))
        if span.ratio != 1:
            slices[within] = slices[within]._replace(edge="start")
            slices[-1] = slices[-1]._replace(edge="stop")
    beams = _beams(slices, size, metre)
    slices = [here._replace(beams=names) for here, names in zip(slices, beams, strict=True)]
    return [
        here._replace(bracket=not _is_joined(slices[place:])) if here.edge == "start" else here
        for place, here in enumerate(slices)
    ]


def note_value(length: Fraction) -> Value:
    """How a length in quarters is written, in no tuplet."""
    for dots, share in ((0, ONE), (1, Fraction(3, 2))):
        halvings = _WHOLE * share / length
        if _is_power(halvings) and halvings < 2 ** len(_TYPES):
            return Value(_TYPES[halvings.numerator.bit_length() - 1], dots)
    return Value("")


def _is_power(number: Fraction) -> bool:
    """Whether a number is a power of two, from 1 up."""
    return number.denominator == 1 and number.numerator & (number.numerator - 1) == 0


def _sizes(span: Span, metre: Metre) -> tuple[Fraction, ...]:
    """The sizes of the parts that show the beat: of the bar, or in a tuplet of that as written."""
    if span.ratio == 1:
        return parts_of(metre)
    length = (span.end - span.start) * span.ratio
    return (length, length / span.ratio.numerator)


class _Grid(NamedTuple):
    """The boundaries of a bar or a tuplet, in written quarters.

    sizes: of its parts, the largest first.  step: no cut is finer.  rest: whether what is written
    is silent.
    """

    sizes: tuple[Fraction, ...]
    step: Fraction
    rest: bool

    def writable(self, start: Fraction, end: Fraction) -> list[tuple[Fraction, Fraction]]:
        """A stretch as notes that can be written: cut at its strongest boundary where need be."""
        if self._is_one_note(start, end):
            return [(start, end)]
        size = self.sizes[0]
        finer = iter(self.sizes[1:])
        while size >= self.step:
            inside = [bound for bound in self._bounds(size, start, end) if start < bound < end]
            if inside:
                cut = next(
                    (bound for bound in reversed(inside) if self._is_one_note(start, bound)),
                    inside[0],
                )
                return self.writable(start, cut) + self.writable(cut, end)
            size = next(finer, size / 2)
        return [(start, end)]

    def _bounds(self, size: Fraction, start: Fraction, end: Fraction) -> list[Fraction]:
        """The bounds of parts of a size, from `start` to `end`, where steps begin."""
        numbers = range(math.ceil(start / size), math.floor(end / size) + 1)
        return [n * size for n in numbers if (n * size / self.step).denominator == 1]

    def _is_one_note(self, start: Fraction, end: Fraction) -> bool:
        """Whether players read a stretch at sight as one note, or one rest."""
        length, unit = end - start, self.sizes[-1]
        value = note_value(length)
        if not value.type:
            return False
        parts = list(pairwise(self.sizes))
        for larger, size in parts:
            # Whole parts of one larger part: in 3/4 a half from the second beat, too, but no rest.
            whole = start % size == 0 and (end % size == 0 or end == self.sizes[0])
            seen = not self.rest or start % larger == 0 or length <= size
            if whole and seen and self._are_together(start, end, larger):
                return True
        undotted = length / (ONE + Fraction(value.dots, 2))
        if start % undotted == 0 and (value.dots or length < unit):
            around = next((larger for larger, size in parts if size == undotted), unit)
            halved = all(_is_power(larger / size) for larger, size in parts)
            return halved or (undotted <= unit and self._are_together(start, end, around))
        # An off-beat note of half the size on each side is a syncopation.
        off_beat = not value.dots and start % length == length / 2 and length <= unit
        return off_beat and not self.rest and self._are_together(start, end, self.sizes[-2])

    def _are_together(self, start: Fraction, end: Fraction, size: Fraction) -> bool:
        """Whether a stretch lies within one part of a size."""
        return end <= (start // size + 1) * size


def _is_joined(slices: Sequence[Slice]) -> bool:
    """Whether a beam joins the tuplet that begins with the first slice."""
    last = next(place for place, here in enumerate(slices) if here.edge == "stop")
    outermost = ["".join(here.beams[:1]) for here in slices[: last + 1]]
    return outermost == ["begin", *["continue"] * (last - 1), "end"]


def _beams(slices: Sequence[Slice], size: int, metre: Metre) -> list[tuple[str, ...]]:
    """For each slice of a bar of `size` steps its beams: notes shorter than a quarter that begin in
    the same beat are joined."""
    first = slices[0].start
    counts, beats = [], []
    for here in slices:
        level = _TYPES.index(here.value.type) - _FIRST_BEAMED + 1 if here.value.type else 0
        counts.append(max(0, level) if here.pitches else 0)
        beats.append((here.start - first) * metre.quarters / size // metre.beat)
    beams = []
    for place, count in enumerate(counts):
        before = counts[place - 1] if place and beats[place - 1] == beats[place] else 0
        after = 0
        if place + 1 < len(counts) and beats[place + 1] == beats[place]:
            after = counts[place + 1]
        names = []
        if before or after:
            for level in range(1, count + 1):
                left, right = level <= before, level <= after
                hook = "backward hook" if before else "forward hook"
                names.append(
                    "continue" if left and right else "end" if left else "begin" if right else hook
                )
        beams.append(tuple(names))
    return beams
