"""Chord symbols of MusicXML, a root with a kind and degrees, as music21 gives them."""

from __future__ import annotations

import re
from typing import Any

from lstm_blues.music.chords import NOTE_NAMES, OCTAVE, read_symbol
from lstm_blues.music.qualities import QUALITIES
from lstm_blues.music.reading.harmony import symbol_of
from lstm_blues.music.reading.symbols import is_no_chord

NO_CHORD = "N.C."

_ALIASES = {
    "dominant-seventh": "dominant",
    "half-diminished-seventh": "half-diminished",
    "minor-major-seventh": "major-minor",
}
"""Kinds that music21 has by other names than MusicXML."""

_KINDS = {one.kind: one.intervals for one in QUALITIES if not one.degrees}
_KINDS |= {name: _KINDS[kind] for name, kind in _ALIASES.items()}
"""Semitones of each kind."""

_ALTERED_DOMINANT = re.compile(r"7?\(?alt\.?\)?")

_OTHER = ("other", "pedal")
"""Kinds that say nothing of the notes above the root."""

_DEGREES = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 10, 8: 0, 9: 2, 10: 4, 11: 5, 12: 7, 13: 9}
"""Semitones of what `add` adds: MusicXML counts from a dominant chord."""

_ALTERED = {3: (4, 3), 5: (7, 6, 8), 7: (10, 11, 9)}
"""What `alter` and `subtract` may find of a degree; of others their own tone."""

_FOURTH, _SEVENTH = 4, 7
"""Degrees of a chord."""

_MAJOR_THIRD, _MINOR_SEVENTH = 4, 10
"""Semitones."""

_TRIAD = 3
"""Notes of the smallest chord that music21 spells and MusicXML has no kind for."""


def symbol_text(symbol: Any) -> str:
    """A chord symbol of music21 as a text that `plain_symbol` reads: the quality on its root that
    has the same notes, else another chord that has them, over the root as bass; where the kind says
    nothing, what the file prints.  Where that gives no chord, it is a text that is not known.
    """
    if symbol.chordKind == "none" or is_no_chord(symbol.chordKindStr or ""):
        return NO_CHORD
    if symbol.root() is None:
        return str(symbol.figure)
    root = symbol.root().pitchClass
    bass = root if symbol.bass() is None else symbol.bass().pitchClass
    intervals = _intervals(symbol, root)
    sign = next((one.signs[0] for one in QUALITIES if set(one.intervals) == intervals), None)
    if _ALTERED_DOMINANT.fullmatch(symbol.chordKindStr or ""):
        sign = "7alt"  # by whatever degrees: MusicXML has no kind for it
    other = symbol_of([root + interval for interval in sorted(intervals)])
    if sign is not None:
        name = NOTE_NAMES[root] + sign
    elif other is not None:
        name, root = other, read_symbol(other).root
    else:
        name = _printed(symbol, root)
    return name if bass == root else f"{name}/{NOTE_NAMES[bass]}"


def _intervals(symbol: Any, root: int) -> frozenset[int]:
    """Semitones of the chord's notes above its root."""
    kind = symbol.chordKind
    if kind not in _KINDS and kind not in _OTHER:  # a sixth with a nation's name, say
        spelled = frozenset((pitch.pitchClass - root) % OCTAVE for pitch in symbol.pitches)
        return spelled if len(spelled) >= _TRIAD else frozenset()
    notes = {0} if kind in _OTHER else set(_KINDS[kind])
    for change in symbol.chordStepModifications:
        alter = round(change.interval.semitones) if change.interval is not None else 0
        _change(notes, change.modType, int(change.degree), alter)
    return frozenset(notes)


def _change(notes: set[int], how: str, degree: int, alter: int) -> None:
    """Adds, alters or subtracts a degree."""
    own = _DEGREES.get(degree, 0)
    if how == "add":
        # Some count the seventh from a major one, others as MusicXML does.
        added = own if (degree, alter) == (_SEVENTH, -1) else (own + alter) % OCTAVE
        if (degree, alter) == (_FOURTH, 0) and _MINOR_SEVENTH in notes:
            notes.discard(_MAJOR_THIRD)  # a suspended chord, as some write it
        notes.add(added)
        return
    found = next((note for note in _ALTERED.get(degree, (own,)) if note in notes), None)
    if found is not None:
        notes.discard(found)
    if how == "alter":
        notes.add(((own if found is None else found) + alter) % OCTAVE)


def _printed(symbol: Any, root: int) -> str:
    """A symbol as a person would write it, where the kind says nothing as the file prints it."""
    if symbol.chordKind in _OTHER:
        return NOTE_NAMES[root] + (symbol.chordKindStr or f" {symbol.chordKind}")
    figure = str(symbol.figure).partition("/")[0].replace("-", "b").replace(" alter ", "")
    return figure.replace(" subtract ", "omit").replace(" add ", "add")
