"""Forms drawn at random: sections that come back, and bars that keep their chord."""

from __future__ import annotations

import random

PLANS = ("AABA", "ABAC", "AAB", "AB")
SECTION_BARS = (2, 4, 8)
_ROOTS = ("C", "D", "Eb", "E", "F", "G", "A", "Bb")
_QUALITIES = ("", "m", "7", "m7", "maj7")
_KEEPS, _SPLITS = 0.4, 0.15
"""How often a bar keeps the chord of the one before it, and how often it has two chords."""


def random_form(seed: int) -> list[str]:
    """The chords of a form, one string per bar; the same seed gives the same form.

    A plan such as AABA is drawn, and a section of 2, 4 or 8 bars for each of its letters, so that
    there are from 4 to 32 bars.  Sections that come back come back as they were.
    """
    draw = random.Random(seed)
    plan, bars = draw.choice(PLANS), draw.choice(SECTION_BARS)
    sections = {letter: _section(draw, bars) for letter in sorted(set(plan))}
    return [bar for letter in plan for bar in sections[letter]]


def _section(draw: random.Random, bars: int) -> list[str]:
    section = [_chord(draw)]
    while len(section) < bars:
        if draw.random() < _KEEPS:
            section.append(section[-1])
        else:
            two = draw.random() < _SPLITS
            section.append(f"{_chord(draw)} {_chord(draw)}" if two else _chord(draw))
    return section


def _chord(draw: random.Random) -> str:
    return draw.choice(_ROOTS) + draw.choice(_QUALITIES)
