"""Tunes from the world as sounding notes, as a corpus learns them."""

from __future__ import annotations

from typing import NamedTuple

from lstm_blues.errors import require
from lstm_blues.music.chords import pitch_classes
from lstm_blues.music.metre import Metre
from lstm_blues.music.reading.door import read_score


class Sounding(NamedTuple):
    """A note of a tune: MIDI note number, beginning and end in bars from the first whole bar."""

    pitch: int
    start: float
    end: float


def read_tune(tune: str) -> tuple[str, list[Sounding]]:
    """A tune's name and its notes, those of chord symbols in the lowest octave; its pickup is left
    out.

    Args:
        tune: a file, or `music21:` and a name in its corpus, as in `reading.door.read_score`.

    Raises:
        BluesError: the tune is not there, cannot be read or is not in 4/4.
    """
    score = read_score(tune, "corpus.tunes")
    require(score.metre in ("4/4", "2/2"), f"the time signature of {tune!r}", score.metre, "4/4")
    bar = Metre(score.metre).quarters
    # From the first bar that begins with a note.
    begins = [tone.start for tone in score.tones] + [change.start for change in score.changes]
    first = min((start for start in begins if start >= 0 and start % bar == 0), default=0)
    ends = [change.start for change in score.changes[1:]] + [score.end]
    found = [
        Sounding(pitch, float((change.start - first) / bar), float((end - first) / bar))
        for change, end in zip(score.changes, ends if score.changes else [], strict=True)
        # Below every tune's range: folded up into the lowest octave.
        for pitch in sorted(pitch_classes(change.symbol))
    ]
    found += [
        Sounding(tone.pitch, float((tone.start - first) / bar), float((tone.end - first) / bar))
        for tone in score.tones
    ]
    return score.title, [note for note in found if note.end > 0]
