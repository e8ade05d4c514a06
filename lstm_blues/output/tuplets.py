"""Where a bar is divided into tuplets, and where not.

Times are in quarter notes, as fractions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from lstm_blues.music.metre import Metre

ONE = Fraction(1)


class Span(NamedTuple):
    """A part of a bar: from where to where in quarters, and in a tuplet the ratio of written to
    sounding length, else 1."""

    start: Fraction
    end: Fraction
    ratio: Fraction


def _odd(number: int) -> int:
    """A number without its factors of two."""
    return number // (number & -number)


def tuplet_spans(points: Sequence[Fraction], metre: Metre, step: Fraction) -> list[Span]:
    """A bar in stretches without tuplets, as long as can be, and tuplets.

    A tuplet fills a quarter, in metres that count eighths an eighth, or more where a note begins or
    ends off the beats and sounds across one.  points: where notes begin and end, from the bar's
    start to its end.
    """
    found: list[Span] = []
    for span in _tuplets(points[0], points[-1], points, parts_of(metre), step):
        if found and found[-1].ratio == span.ratio == 1:
            found[-1] = found[-1]._replace(end=span.end)
        else:
            found.append(span)
    return found


def _tuplets(
    start: Fraction,
    end: Fraction,
    points: Sequence[Fraction],
    levels: Sequence[Fraction],
    step: Fraction,
) -> Iterator[Span]:
    """A part of a bar in plain stretches and tuplets; levels: sizes of its parts, the first its
    own."""
    within = [point for point in points if start <= point <= end]
    if all(_odd(point.denominator) == 1 for point in within):
        yield Span(start, end, ONE)
        return
    if len(levels) > 1:
        size = levels[1]
        bounds = [start + n * size for n in range(math.ceil((end - start) / size))] + [end]
        if all(_is_clean(bound, points, step) for bound in bounds):
            for begin, finish in pairwise(bounds):
                yield from _tuplets(begin, finish, points, levels[1:], step)
            return
    length = end - start
    actual = math.lcm(*(_odd(((point - start) / length).denominator) for point in within))
    # As many written notes as have the length that is filled: three quarters, two halves.
    normal = _odd(length.numerator)
    while normal * 2 <= actual:
        normal *= 2
    yield Span(start, end, Fraction(actual, normal))


def _is_clean(bound: Fraction, points: Sequence[Fraction], step: Fraction) -> bool:
    """Whether what sounds across a bound can be cut there without a tuplet."""
    before = max(point for point in points if point <= bound)
    after = min(point for point in points if point >= bound)
    plain = _odd(before.denominator) == _odd(after.denominator) == 1
    return before == after or (plain and (bound / step).denominator == 1)


def parts_of(metre: Metre) -> tuple[Fraction, ...]:
    """The sizes of a bar's parts, from the bar down to what tuplets and syncopations fill: the
    quarter, or where eighths are counted the eighth."""
    unit = ONE if metre.swings else Fraction(1, 2)
    return (*(size for size in metre.spans if size > unit), unit)
