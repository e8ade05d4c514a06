"""What was read from a file, whatever its format: melody, chords and metre in quarter notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple


class Tone(NamedTuple):
    """A note: MIDI note number, beginning and end in quarter notes from the first whole bar.

    A pickup begins before 0.
    """

    pitch: int
    start: Fraction
    end: Fraction


class ChordChange(NamedTuple):
    """A chord: its symbol, spelled as in `music.chords`, and its beginning in quarter notes from
    the first whole bar; it lasts until the next one."""

    symbol: str
    start: Fraction


@dataclass(frozen=True)
class Score:
    """A tune.

    Args:
        file: where it was read from, with the number of the tune where the file has several.
        title: what it is called.
        metre: the time signature of all its bars, such as `3/4`; one of `metre.METRES`.
        key: such as `D major`; None where the file doesn't tell.
        melody: its notes by beginning, one at a time.
        changes: its chords by beginning; empty where there are none.
        harmony: the notes that `changes` were read from, or that sound beside the melody; empty
            where the chords are symbols.
        tones: all notes that sound, as long as they do, whoever plays them.
        remarks: what was decided in reading, each a sentence for the user.
        filled: quarter notes from the first whole bar to the end of the last bar that is known of
            without its notes: as written, rests and all, or as a chord symbol begins in it.
    """

    file: str
    title: str
    metre: str
    key: str | None
    melody: tuple[Tone, ...]
    changes: tuple[ChordChange, ...]
    harmony: tuple[Tone, ...] = ()
    tones: tuple[Tone, ...] = ()
    remarks: tuple[str, ...] = field(default=())
    filled: Fraction = Fraction(0)

    @property
    def end(self) -> Fraction:
        """When the last note or the last bar ends, in quarter notes."""
        ends = [tone.end for tone in self.tones]
        return max([self.filled, *ends, *(change.start for change in self.changes)])
