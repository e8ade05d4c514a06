"""Which notes are the melody and which the chords, where a file has several parts or one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from lstm_blues.errors import BluesError
from lstm_blues.music.reading.score import Tone

_MELODY = re.compile(r"melod|lead|vocal|voice|solo|sing|tune|head", re.IGNORECASE)
_CHORDS = re.compile(r"chord|harmon|accomp", re.IGNORECASE)

_LOW = 50
"""A part whose notes lie below this MIDI number on average is no melody, where others are there."""


_AT_ONCE = Fraction(1, 24)
"""Quarter notes: what begins within so little time begins together."""


@dataclass
class Part:
    """A part of a file, such as a MIDI track's channel: its name and its notes."""

    name: str
    tones: list[Tone] = field(default_factory=list)

    @property
    def height(self) -> float:
        """The mean MIDI note number."""
        return sum(tone.pitch for tone in self.tones) / len(self.tones)

    @property
    def is_one_line(self) -> bool:
        """Whether nearly all notes begin alone."""
        groups = _together(self.tones)
        return sum(1 for group in groups if len(group) == 1) >= 0.9 * len(groups)


def is_melody_name(name: str) -> bool:
    """Whether a part is called a melody."""
    return _MELODY.search(name) is not None and _CHORDS.search(name) is None


def melody_and_harmony(
    parts: Sequence[Part],
    file: str,
    melody_track: str | None = None,
    chord_track: str | None = None,
) -> tuple[list[Tone], list[Tone]]:
    """The notes of the melody and those beside it.

    The melody is the part that is named so, else the highest that has one note at a time, else the
    highest; where one part is all there is, or the melody has chords in it, their top line.

    Raises `BluesError` where a track that was asked for is not there.
    """
    chords = _named(parts, file, "chord_track", chord_track)
    melody = _named(parts, file, "melody_track", melody_track)
    if melody is None:
        melody = _likely_melody([part for part in parts if part is not chords] or list(parts))
    line, rest = top_line(melody.tones, overlaps=melody.is_one_line)
    if chords is not None and chords is not melody:
        return line, list(chords.tones)
    others = [tone for part in parts if part is not melody for tone in part.tones]
    usual = [part for part in parts if part is not melody and _CHORDS.search(part.name)]
    if usual:
        others = [tone for part in usual for tone in part.tones]
    # Second voices of the melody are chords only where nothing else is.
    return line, sorted(others or rest, key=lambda tone: (tone.start, tone.pitch))


def _named(parts: Sequence[Part], file: str, setting: str, wanted: str | None) -> Part | None:
    if wanted is None:
        return None
    found = [part for part in parts if part.name == wanted]
    if len(found) != 1:
        names = ", ".join(repr(part.name) for part in parts) or "none"
        raise BluesError(f"{setting} is {wanted!r}, but the tracks of {file!r} are {names}.")
    return found[0]


def _likely_melody(parts: Sequence[Part]) -> Part:
    named = [part for part in parts if is_melody_name(part.name)]
    free = [part for part in parts if not _CHORDS.search(part.name)] or list(parts)
    lines = [part for part in free if part.is_one_line and part.height >= _LOW]
    return max(named or lines or free, key=lambda part: part.height)


def top_line(tones: Sequence[Tone], *, overlaps: bool) -> tuple[list[Tone], list[Tone]]:
    """The highest of the notes that begin together, and the others; a note ends where the next one
    of its line begins.  A note below one that is still held is not of the line, unless notes are
    known to overlap."""
    line: list[Tone] = []
    rest: list[Tone] = []
    for together in _together(tones):
        *below, top = sorted(together, key=lambda tone: tone.pitch)
        rest += below
        held = line[-1] if line and line[-1].end > top.start else None
        late = overlaps or (held is not None and _is_late(held, top))
        if held is not None and top.pitch < held.pitch and not late:
            rest.append(top)
            continue
        if held is not None:
            line[-1] = held._replace(end=top.start)
        line.append(top)
    return line, rest


def _together(tones: Sequence[Tone]) -> list[list[Tone]]:
    """Notes in groups that begin at once, or nearly so."""
    groups: list[list[Tone]] = []
    for tone in sorted(tones, key=lambda tone: tone.start):
        if groups and tone.start - groups[-1][0].start <= _AT_ONCE:
            groups[-1].append(tone)
        else:
            groups.append([tone])
    return groups


def _is_late(held: Tone, following: Tone) -> bool:
    """Whether a note is held a little into the next one, as players do."""
    return held.end - following.start <= min(Fraction(1), held.end - held.start) / 4
