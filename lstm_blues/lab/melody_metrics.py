"""Melodies measured against chords, scale, bar library and training songs (section 4.3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstm_blues.lab.contour import contour
from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.chords import pitch_classes, pitch_of_class
from lstm_blues.music.form import Form
from lstm_blues.music.rhythm import Rhythm

Melodies = NDArray[np.int64]
"""Melody units, 0 the lowest, that after the highest note for a rest, shape (pieces, steps)."""

Begins = NDArray[np.bool_]
"""Where notes begin, shape (pieces, steps)."""


def in_scale(form: Form, library: BarLibrary) -> NDArray[np.bool_]:
    """Which melody notes are of the library's scale, shape (melody_notes,); all where it has
    none."""
    scale = {pitch_of_class(name) for name in library.scale} or set(range(12))
    return np.array([pitch % 12 in scale for pitch in form.melody_pitches])


class MelodyMetrics:
    """Measures melodies against a form and its bar library; every measure has one value per piece.

    Args:
        form: gives the chords and the beats.
        library: gives the segments and the scale.
        smoothing: share of the rougher guess in each probability of the exact model of the songs.

    Attributes:
        beat: steps per beat.
        drawn: how many different notes a melody has, a rest being one of them where the library
            has rests.

    Raises:
        BluesError: a beat is no whole number of steps.
    """

    def __init__(self, form: Form, library: BarLibrary, smoothing: float) -> None:
        self.form, self.library, self.smoothing = form, library, smoothing
        self.segments = [units.numpy() for units in library.units(form)]
        self.rhythm = Rhythm(library, form)
        self.beat = form.steps_per_beat
        self.drawn = form.melody_notes + library.rests
        # A rest is in no scale and in no chord.
        self.in_scale = np.append(in_scale(form, library), False)
        chords = [pitch_classes(symbol) for symbol in form.symbols]
        self.fits = np.array(
            [[*(pitch % 12 in chord for pitch in form.melody_pitches), False] for chord in chords]
        )

    def measures(
        self, melodies: Melodies, begins: Begins | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """All measures of the melodies, each of shape (pieces,).

        Those of notes are shares of the steps that have one, 0 where a piece has none; where all
        beats are strong, as in 3/8, weak beats have no measure.

        Args:
            melodies: melody units, shape (pieces, steps), whole choruses.
            begins: where notes begin, the same shape, where the encoding marks it; else None.
        """
        steps, metre = np.arange(melodies.shape[1]), self.form.time
        beats = melodies.reshape(len(melodies), -1, self.beat)
        notes = melodies < self.form.melody_notes
        fits = self.fits[steps % self.form.steps, melodies]
        strong = np.isin(steps // self.beat % metre.beats, metre.strong_beats)
        measured = {
            "beats held": (beats == beats[..., :1]).all(2).mean(1),
            **self.bars(melodies, begins),
            "longest copy, steps": np.array([self.longest_copy(m) for m in melodies], float),
            "outside the scale": _share(notes & ~self.in_scale[melodies], notes),
            "chord notes, strong beats": _share(fits[:, strong], notes[:, strong]),
        }
        if not strong.all():
            weak = _share(fits[:, ~strong], notes[:, ~strong])
            measured["chord notes, weak beats"] = weak
        likely = np.array([self.log_likelihood(melody) for melody in melodies])
        moving = contour(melodies, begins, self.form)
        return {**measured, "log-likelihood per step": likely, **moving}

    def bars(self, melodies: Melodies, begins: Begins | None) -> dict[str, NDArray[np.float64]]:
        """What the bars are: segments of the library at their place in the form, or new.

        A new bar is whole where each of its notes has a place and length as in training, and broken
        otherwise.  It is mixed where at every step it has the note of one of its place's segments.
        The distance to the nearest segment is counted in steps, 0 for one of the library.
        """
        size = self.form.steps_per_bar
        bars = melodies.reshape(len(melodies), -1, size)
        nearest, mixed = np.zeros(bars.shape[:2]), np.zeros(bars.shape[:2], bool)
        for number in range(bars.shape[1]):
            same = bars[:, number, None] == self.segments[number % self.form.bars][None]
            nearest[:, number] = (~same).sum(2).min(1)
            mixed[:, number] = same.any(1).all(1)
        new = nearest > 0
        marks = None if begins is None else begins.reshape(-1, size)
        whole = self.rhythm.keeps(bars.reshape(-1, size), marks).reshape(new.shape)
        return {
            "bars from the library": 1 - new.mean(1),
            "bars new and whole": (new & whole).mean(1),
            "bars new and broken": (new & ~whole).mean(1),
            "bars mixed": (new & mixed).mean(1),
            "steps from the nearest bar": nearest.mean(1),
        }

    def longest_copy(self, melody: NDArray[np.int64]) -> int:
        """Steps of the longest stretch within a chorus that stands in some training song."""
        longest = 0
        for chorus in melody.reshape(-1, self.form.steps):
            # For each step the length of the longest copied stretch that ends there: within its
            # bar as far as one segment goes on; through its start to all that was copied before.
            ending = 0
            for number, bar in enumerate(chorus.reshape(self.form.bars, -1)):
                before = ending
                same = self.segments[number] == bar
                for step in range(len(bar)):
                    lengths = [_tail(row[: step + 1]) for row in same]
                    within = max(lengths)
                    ending = within + before if within == step + 1 else within
                    longest = max(longest, ending)
        return longest

    def log_likelihood(self, melody: NDArray[np.int64]) -> float:
        """Mean log-probability of a note or rest, in nats per step, under a model of the songs.

        The exact model knows that each bar's segment is drawn uniformly, and which are possible
        after the bar's notes so far.  A share `smoothing` of every probability, and all of it where
        no segment is possible any more, is a rougher guess, which knows how often notes begin at
        each step of a bar and that the note before goes on otherwise; a share `smoothing` of that
        in turn is an even choice of notes.
        """
        even = 1 / self.drawn
        total, before = 0.0, -1
        for number, bar in enumerate(melody.reshape(-1, self.form.steps_per_bar)):
            possible = self.segments[number % self.form.bars]
            for step, unit in enumerate(bar):
                begins = self.rhythm.begins[step]
                guess = begins * even + (1 - begins) * float(unit == before)
                guess = self._mix(guess, even)
                exact = float((possible[:, step] == unit).mean()) if len(possible) else guess
                total += np.log(self._mix(exact, guess))
                possible = possible[possible[:, step] == unit]
                before = unit
        return total / len(melody)

    def _mix(self, model: float, rougher: float) -> float:
        return (1 - self.smoothing) * model + self.smoothing * rougher


def _share(these: NDArray[np.bool_], of: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each piece how many of the steps `of` are among `these`, as a share; 0 of none."""
    shares: NDArray[np.float64] = these.sum(1) / np.maximum(of.sum(1), 1)
    return shares


def _tail(same: NDArray[np.bool_]) -> int:
    """How many of the last entries are true."""
    wrong = np.flatnonzero(~same)
    return len(same) - (wrong[-1] + 1 if len(wrong) else 0)
