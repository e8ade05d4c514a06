"""Chord symbols from the notes of an accompaniment: block chords, a bass before its chord, broken
chords."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from typing import NamedTuple

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import NOTE_NAMES, OCTAVE, chord_name, pitch_classes, read_symbol
from lstm_blues.music.metre import Metre
from lstm_blues.music.reading.score import ChordChange, Tone

CHORD_NOTES = 3
"""Different notes of a triad."""

_SHORT = Fraction(1, 8)
"""Quarter notes: what begins within so little time begins together."""


class _Slice(NamedTuple):
    """What sounds from one beginning of a note to the next: pitches and the symbol, if any."""

    start: Fraction
    pitches: frozenset[int]
    symbol: str | None


def symbol_of(pitches: Collection[int]) -> str | None:
    """The symbol of notes that sound together, on the lowest where there is one; None where there
    is none: one note is no chord, and two are one only where they are a fifth apart."""
    name = chord_name(pitches)
    try:
        known = pitch_classes(name) == {pitch % OCTAVE for pitch in pitches}
    except BluesError:
        return None
    return name if known else None


def chords_from_notes(
    tones: Sequence[Tone], melody: Sequence[Tone], metre: str, file: str
) -> list[ChordChange]:
    """The chords of an accompaniment, each where it begins.

    Notes that sound together are a chord where they have a symbol; so do a bass and the chord that
    is struck after it where the bass is the root of both, as that of Cmaj7 is below Em.  Others
    belong to the chord of their bar that contains them; else the notes of the bar, or of its beats,
    are taken together, as in broken chords.  Two notes count with that of the melody, which may
    have taken the third.

    Raises `BluesError`, naming bar and notes, where that gives no chord.
    """
    bar = Metre(metre).quarters
    slices = _slices(tones, melody)
    changes: list[ChordChange] = []
    for number in sorted({one.start // bar for one in slices}):
        inside = [one for one in slices if one.start // bar == number]
        if number < 0:  # a pickup may have a bass alone
            inside = [one for one in inside if one.symbol]
        last = changes[-1].symbol if changes else None
        inside = _with_roots(inside, metre)
        if inside:
            changes += _of_bar(inside, metre, last, f"bar {number + 1} of {file!r}")
    merged: list[ChordChange] = []
    for change in changes:
        if not merged or merged[-1].symbol != change.symbol:
            merged.append(change)
    return merged


def _slices(tones: Sequence[Tone], melody: Sequence[Tone]) -> list[_Slice]:
    starts: list[Fraction] = []
    for start in sorted(tone.start for tone in tones):
        if not starts or start - starts[-1] > _SHORT:
            starts.append(start)
    slices = []
    for start in starts:
        late = start + _SHORT
        pitches = _at(tones, start, late)
        if pitches:
            symbol = symbol_of(pitches)
            if symbol is None and len({pitch % OCTAVE for pitch in pitches}) == CHORD_NOTES - 1:
                symbol = symbol_of(pitches | _at(melody, start, late))
            slices.append(_Slice(start, pitches, symbol))
    return slices


def _at(tones: Sequence[Tone], start: Fraction, late: Fraction) -> frozenset[int]:
    return frozenset(t.pitch for t in tones if t.start <= late and t.end > late and t.end > start)


def _with_roots(slices: Sequence[_Slice], metre: str) -> list[_Slice]:
    """A bar with each chord that has its root before it as one chord with it, wherever it is struck
    in the bar; the roots are low notes that begin a bar or half of one."""
    time = Metre(metre)
    half = time.quarters / 2 if time.beats % 2 == 0 else time.quarters
    found = list(slices)
    whole: dict[str, str] = {}  # chords that were struck, with what they are over their basses
    for number, one in enumerate(slices):
        if one.symbol is not None:
            found[number] = one._replace(symbol=whole.setdefault(one.symbol, one.symbol))
            continue
        above = slices[number + 1] if number + 1 < len(slices) else None
        # Below a chord that is struck again the bass walks.
        if above is None or above.symbol is None or above.symbol in whole:
            continue
        strong = min(one.start % half, -one.start % half) <= _SHORT
        symbol = _on_root(one.pitches, above) if strong else None
        if symbol is not None:
            found[number] = one._replace(symbol=symbol)
            whole[above.symbol] = symbol
    return found


def _on_root(bass: Collection[int], above: _Slice) -> str | None:
    """The symbol of a low note and the chord above it, where that note is the root of both."""
    if len({pitch % OCTAVE for pitch in bass}) > 1 or max(bass) >= min(above.pitches):
        return None
    low = min(bass)
    notes = pitch_classes(above.symbol) if above.symbol else frozenset()
    symbol = symbol_of({low, *(low + (note - low) % OCTAVE for note in notes)})
    return symbol if symbol is not None and read_symbol(symbol).root == low % OCTAVE else None


def _of_bar(
    slices: Sequence[_Slice], metre: str, before: str | None, where: str
) -> list[ChordChange]:
    """The chords of a bar; `before` sounds when it begins."""
    if not any(one.symbol for one in slices):
        return _joined(slices, metre, before, where)
    found: list[ChordChange] = []
    for number, one in enumerate(slices):
        symbol = one.symbol
        if symbol is None:
            ahead = next((other.symbol for other in slices[number:] if other.symbol), None)
            last = found[-1].symbol if found else before
            following = slices[number + 1].symbol if number + 1 < len(slices) else None
            # A bass belongs to the chord that is struck after it, even if the last one has it too.
            fits = [s for s in (following, last if found else None, ahead, last) if s]
            fits = [s for s in fits if _holds(s, one)]
            symbol = fits[0] if fits else None
            if symbol is None and len({pitch % OCTAVE for pitch in one.pitches}) < CHORD_NOTES:
                symbol = last if found else ahead  # a passing note of the bass
            if symbol is None:
                raise BluesError(_unknown(one.pitches, where))
        found.append(ChordChange(symbol, one.start))
    return found


def _holds(symbol: str, one: _Slice) -> bool:
    return {pitch % OCTAVE for pitch in one.pitches} <= pitch_classes(symbol)


def _joined(
    slices: Sequence[_Slice], metre: str, before: str | None, where: str
) -> list[ChordChange]:
    """A bar in which no chord is struck at once: the notes of its largest parts that make one."""
    time = Metre(metre)
    every = frozenset(pitch for one in slices for pitch in one.pitches)
    whole = symbol_of(every)
    # Two triads in a bar have a symbol as well, a long one.
    if whole is not None and len({pitch % OCTAVE for pitch in every}) <= CHORD_NOTES + 1:
        return [ChordChange(whole, slices[0].start)]
    half = time.quarters / 2 if time.beats % 2 == 0 else time.beat
    for size in (half, time.beat):
        found: list[tuple[Fraction, str | None]] = []
        for part in sorted({one.start // size for one in slices}):
            group = [one for one in slices if one.start // size == part]
            symbol = symbol_of({pitch for one in group for pitch in one.pitches})
            found.append((group[0].start, symbol))
        if all(symbol for _, symbol in found):
            return [ChordChange(symbol, start) for start, symbol in found if symbol]
    if before is not None and {pitch % OCTAVE for pitch in every} <= pitch_classes(before):
        return [ChordChange(before, slices[0].start)]
    if whole is not None:
        return [ChordChange(whole, slices[0].start)]
    raise BluesError(_unknown(every, where))


def _unknown(pitches: Collection[int], where: str) -> str:
    names = [NOTE_NAMES[pitch] for pitch in sorted({pitch % OCTAVE for pitch in pitches})]
    if len(names) == 1:
        return f"{where}: {names[0]} alone makes no chord."
    return f"{where}: the notes {', '.join(names)} sound together, but form no known chord."
