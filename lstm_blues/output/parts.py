"""Who plays: parts of struck notes, and the arrangement that says which there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pretty_midi

from lstm_blues.errors import require, require_choice

CHORD_PROGRAM = 0  # acoustic grand piano
CHORD_VELOCITY, MELODY_VELOCITY = 60, 95

NONE, COMP, TRIO = "none", "comp", "trio"

BANDS = (NONE, COMP, TRIO)

INSTRUMENTS = tuple(name.lower() for name in pretty_midi.INSTRUMENT_MAP)
"""Names of the General MIDI instruments, in the order of their programs."""

ALTO_SAX = "alto sax"


class Struck(NamedTuple):
    """A note that is played: MIDI note number, beginning and end in quarter notes from where its
    stretch of the piece begins, and velocity, 1 to 127."""

    pitch: int
    start: float
    end: float
    velocity: int


class Part(NamedTuple):
    """What one instrument plays.

    name: of the track; it says whose notes they are.  program: of General MIDI, a kit where
    `drums`.  pan: from -1, left, to 1, right.  gain: of its sound beside the others'.
    """

    name: str
    program: int
    notes: list[Struck]
    drums: bool = False
    pan: float = 0.0
    gain: float = 1.0


@dataclass(frozen=True)
class Arrangement:
    """Who plays a piece.

    Args:
        band: `none` plays what the report describes: the network's chords as blocks, and its
            melody, evenly. With `comp` a piano accompanies by rule from the network's chords, and
            the melody is phrased; `trio` adds a bass that walks and drums.
        instrument: of the melody, a General MIDI name such as `tenor sax`.
        seed: of all that a band leaves to chance.

    Raises:
        BluesError: an unknown band or instrument.
    """

    band: str = NONE
    instrument: str = ALTO_SAX
    seed: int = 1

    def __post_init__(self) -> None:
        require_choice("band", self.band, BANDS)
        known = self.instrument.lower() in INSTRUMENTS
        allowed = "a General MIDI name, such as alto sax, tenor sax, trumpet or vibraphone"
        require(known, "instrument", self.instrument, allowed)

    @property
    def program(self) -> int:
        """The melody's General MIDI program."""
        return INSTRUMENTS.index(self.instrument.lower())


REPORT_ARRANGEMENT = Arrangement()
"""Chords and melody as the network plays them."""
