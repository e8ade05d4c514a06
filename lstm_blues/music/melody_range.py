"""Where a melody lies among the network's notes: moved by octaves, or in a wider range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lstm_blues.errors import require
from lstm_blues.music.chords import OCTAVE, note_name
from lstm_blues.music.form import PITCHES

REPORT_LOWEST, REPORT_NOTES = 60, 13
"""The melody's notes of Figure 1: C4 to C5."""

_LOWEST, _HIGHEST = 48, 96
"""MIDI note numbers between which a melody stays in its own octave."""


class Placing(NamedTuple):
    """Where a melody lies.

    shift: semitones up that everything is moved by.  lowest, notes: the range, as in `Form`.
    remark: what was done, for the user; empty where nothing was.
    """

    shift: int
    lowest: int
    notes: int
    remark: str

    def place(self, pitch: int) -> int:
        """A pitch of the file in the range; one outside is moved in by octaves."""
        up = pitch + self.shift - self.lowest
        return self.lowest + (up if 0 <= up < self.notes else up % OCTAVE)


def own_range(pitches: Sequence[int], lowest: int | None) -> Placing:
    """The range of a melody in the key of its file.

    The 13 notes from C4 where octaves bring it there; else its own range, wider or narrower, in an
    octave in which people play; from `lowest` up where that is given.

    Raises `BluesError` where there is no room from `lowest` up.
    """
    low, high = min(pitches), max(pitches)
    start = REPORT_LOWEST if lowest is None else lowest
    up = -(-(start - low) // OCTAVE) * OCTAVE
    if high + up < start + REPORT_NOTES:
        return Placing(up, start, REPORT_NOTES, _moved(up))
    if lowest is None:
        up = 0
        while low + up < _LOWEST:
            up += OCTAVE
        while high + up > _HIGHEST and low + up - OCTAVE >= _LOWEST:
            up -= OCTAVE
        while high + up >= PITCHES:
            up -= OCTAVE
        start = low + up
    else:
        most = low + (PITCHES - 1 - high) // OCTAVE * OCTAVE
        wide = f"at most {most}, from where the melody's {high - low + 1} notes have room"
        require(high + up < PITCHES, "lowest_melody_note", lowest, wide)
    notes = high + up - start + 1
    return Placing(up, start, notes, "; ".join(filter(None, (_moved(up), _range(start, notes)))))


def _range(start: int, notes: int) -> str:
    """What is said of a range that is not the report's."""
    ends = f"{note_name(start)} to {note_name(start + notes - 1)}"
    if notes == REPORT_NOTES:
        return f"the melody's range is moved to {ends}"
    how = "widened" if notes > REPORT_NOTES else "narrowed"
    return f"the melody's range is {how} from {REPORT_NOTES} to {notes} notes, {ends}"


def given_range(pitches: Sequence[int], lowest: int | None, notes: int) -> Placing:
    """A melody brought into so many notes: by whole octaves where they do, else by as few semitones
    as possible, chords and all.  Where it is too wide for both, by the octaves that leave the
    fewest notes outside, which are then moved in one by one.

    Raises `BluesError` where a note has no octave in the range, as it may in one of less than 12.
    """
    low, high = min(pitches), max(pitches)
    start = REPORT_LOWEST if lowest is None else lowest
    room = notes - 1

    def nearest(shift: int) -> tuple[bool, int, int]:
        return bool(shift % OCTAVE), abs(shift), shift

    if high - low <= room:
        shift = min(range(start - low, start + room - high + 1), key=nearest)
        return Placing(shift, start, notes, _moved(shift))

    needed = min(high - low, max((pitch - start) % OCTAVE for pitch in pitches)) + 1
    wide = (
        f"at least {needed} for this tune, whose notes are moved by octaves to "
        f"lowest_melody_note={start} and above, or null"
    )
    require(notes >= needed, "melody_notes", notes, wide)

    def outside(shift: int) -> tuple[int, int]:
        return sum(not start <= p + shift <= start + room for p in pitches), abs(shift)

    shift = min(range(-10 * OCTAVE, 10 * OCTAVE + 1, OCTAVE), key=outside)
    folded = f"{outside(shift)[0]} of {len(pitches)} notes are moved by octaves into {notes} notes"
    return Placing(shift, start, notes, "; ".join(filter(None, (_moved(shift), folded))))


def _moved(shift: int) -> str:
    if not shift:
        return ""
    way = "up" if shift > 0 else "down"
    octaves, rest = divmod(abs(shift), OCTAVE)
    if rest:
        return f"everything is transposed {way} by {abs(shift)} semitones"
    return f"the melody is moved {way} by {octaves} octave{'s' if octaves > 1 else ''}"
