"""How a piano voices a chord above its bass."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, product

from lstm_blues.music.chords import OCTAVE
from lstm_blues.music.piece import Chord
from lstm_blues.music.qualities import OF_SIGN
from lstm_blues.music.spelling import symbol_parts
from lstm_blues.output.scene import root_of

_LOWEST_VOICE, _HIGHEST_VOICE = 52, 71  # E3 to B4

_FIFTH, _NINTH, _FLAT_NINTH, _SHARP_NINTH = 7, 2, 1, 3
"""Semitones above a root."""

_VOICES = 4
"""Of an altered chord's voicing."""


def _is_rare(chord: Chord) -> bool:
    """Whether a chord is altered or extended further than usual ones are."""
    parts = symbol_parts(chord.symbol)
    return parts is not None and not OF_SIGN[parts.quality].usual


def _colours(classes: set[int], root: int) -> set[int]:
    """The four notes that stand for an altered chord above its bass: third, seventh and what is
    altered.  The plain fifth can be missed first, then the plain ninth, then of two ninths the flat
    one."""
    kept = set(classes)
    for interval in (_FIFTH, _NINTH, _FLAT_NINTH):
        two = interval != _FLAT_NINTH or (root + _SHARP_NINTH) % OCTAVE in kept
        if len(kept) > _VOICES and two:
            kept.discard((root + interval) % OCTAVE)
    return kept


def voicing(chord: Chord, before: Sequence[int], *, rootless: bool) -> tuple[int, ...]:
    """A chord's notes for the piano's middle register, as near as possible to those `before`; of
    a rare quality its colours, see `_colours`, and no two a semitone apart where that can be.

    Args:
        chord: what the network plays.
        before: the pitches of the voicing before, lowest first; empty for none.
        rootless: leave the root to the bass, where three notes remain.
    """
    classes = {pitch % OCTAVE for pitch in chord.pitches}
    rare = _is_rare(chord)
    if rootless and len(classes) > 3:
        classes.discard(root_of(chord))
        if rare:
            classes = _colours(classes, root_of(chord))
    register = range(_LOWEST_VOICE, _HIGHEST_VOICE + 1)
    places = [[pitch for pitch in register if pitch % OCTAVE == one] for one in sorted(classes)]
    middle = [(_LOWEST_VOICE + _HIGHEST_VOICE) // 2]

    def moved(pitches: tuple[int, ...]) -> tuple[int, int, int, tuple[int, ...]]:
        steps = sum(min(abs(pitch - old) for old in before or middle) for pitch in pitches)
        rubs = sum(high - low == 1 for low, high in pairwise(pitches)) if rare else 0
        return rubs, steps + (max(pitches) - min(pitches)) // 2, max(pitches), pitches

    candidates = {tuple(sorted(pitches)) for pitches in product(*places)}
    near = [c for c in candidates if c[-1] - c[0] <= OCTAVE] or list(candidates)
    return min(near, key=moved)
