"""How good the melodies are, beside others (section 4.3)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstm_blues.errors import require
from lstm_blues.lab.statistics import interval
from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.chords import pitch_classes, pitch_of_class
from lstm_blues.music.form import Form
from lstm_blues.music.piece import Piece
from lstm_blues.music.timing import BEATS_PER_BAR
from lstm_blues.runs.trained import Primer, Trained, compose_pieces

Melodies = NDArray[np.int64]
"""Melody units, shape (pieces, steps)."""


STRONG_BEATS = (0, 2)


ORDERS = (1, 2, 3)


@dataclass(frozen=True)
class EvaluateSettings:
    """`conf/evaluate.yaml`.

    Args:
        pieces: number of compositions.
        choruses: in each of them.
        seed: of all random numbers.
        primer: what the compositions begin with.
        table_songs: number of training songs from which the transition tables are counted.
        smoothing: share of a uniform choice of notes in the exact model of the training songs.
        resamples: for each bootstrap interval.
        checkpoint: see `conf/evaluate.yaml`.
        output_dir: see `conf/evaluate.yaml`.

    Raises:
        BluesError: a value out of range.
    """

    pieces: int = 200
    choruses: int = 4
    seed: int = 1
    primer: Primer = field(default_factory=Primer)
    table_songs: int = 1000
    smoothing: float = 0.01
    resamples: int = 1000
    checkpoint: str | None = None
    output_dir: str = ""

    def __post_init__(self) -> None:
        for name in ("pieces", "choruses", "table_songs", "resamples"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        require(0 <= self.seed < 2**63, "seed", self.seed, "a whole number from 0 to 2^63-1")
        require(0 < self.smoothing < 1, "smoothing", self.smoothing, "between 0 and 1")


class MelodyMetrics:
    """Measures melodies against a form and its bar library; every measure has one value a piece."""

    def __init__(self, form: Form, library: BarLibrary, smoothing: float) -> None:
        self.form, self.library, self.smoothing = form, library, smoothing
        self.segments = [units.numpy() for units in library.units(form)]
        self.beat = form.steps_per_bar // BEATS_PER_BAR
        low = form.lowest_melody_note
        scale = {pitch_of_class(name) for name in library.scale} or set(range(12))
        self.in_scale = np.array([(low + k) % 12 in scale for k in range(form.MELODY_NOTES)])
        chords = [pitch_classes(symbol) for symbol in form.symbols]
        self.fits = np.array(
            [[(low + k) % 12 in chord for k in range(form.MELODY_NOTES)] for chord in chords]
        )

    def measures(self, melodies: Melodies) -> dict[str, NDArray[np.float64]]:
        """All measures of the melodies, each of shape (pieces,)."""
        steps = np.arange(melodies.shape[1])
        beats = melodies.reshape(len(melodies), -1, self.beat)
        fits = self.fits[steps % self.form.steps, melodies]
        strong = np.isin(steps // self.beat % BEATS_PER_BAR, STRONG_BEATS)
        library, mixed = self._bars(melodies)
        return {
            "quarters held": (beats == beats[..., :1]).all(2).mean(1),
            "bars from the library": library,
            "bars mixed": mixed,
            "bars new": 1 - library - mixed,
            "longest copy, steps": np.array([self.longest_copy(m) for m in melodies], float),
            "outside the scale": 1 - self.in_scale[melodies].mean(1),
            "chord notes, strong beats": fits[:, strong].mean(1),
            "chord notes, weak beats": fits[:, ~strong].mean(1),
            "log-likelihood a step": np.array([self.log_likelihood(m) for m in melodies]),
        }

    def _bars(self, melodies: Melodies) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Share of bars that are a segment of the library, and of those that are none but have
        each quarter from one of the bar's segments at its own place."""
        bars = melodies.reshape(len(melodies), -1, self.form.steps_per_bar)
        whole = np.zeros(bars.shape[:2], bool)
        parts = np.zeros(bars.shape[:2], bool)
        for number in range(bars.shape[1]):
            same = bars[:, number, None] == self.segments[number % self.form.bars][None]
            whole[:, number] = same.all(2).any(1)
            quarters = same.reshape(*same.shape[:2], -1, self.beat).all(3)
            parts[:, number] = quarters.any(1).all(1)
        return whole.mean(1), (parts & ~whole).mean(1)

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
        """Mean log-probability of a note, in nats a step, under the exact model of the training
        songs: each bar's segment is drawn evenly, and known as far as the bar's notes tell."""
        even = 1 / self.form.MELODY_NOTES
        total = 0.0
        for number, bar in enumerate(melody.reshape(-1, self.form.steps_per_bar)):
            possible = self.segments[number % self.form.bars]
            for step, unit in enumerate(bar):
                exact = float((possible[:, step] == unit).mean()) if len(possible) else even
                total += np.log((1 - self.smoothing) * exact + self.smoothing * even)
                possible = possible[possible[:, step] == unit]
        return total / len(melody)


def _tail(same: NDArray[np.bool_]) -> int:
    """How many of the last entries are true."""
    wrong = np.flatnonzero(~same)
    return len(same) - (wrong[-1] + 1 if len(wrong) else 0)


def melody_of(notes: Tensor, trained: Trained) -> Tensor:
    """The melody's note at each step, 0 the lowest, shape (..., steps), int64."""
    return trained.songs.encoding.decode_melody(notes)[0].clamp(min=0)


def training_songs(
    trained: Trained, pieces: int, choruses: int, rng: np.random.Generator
) -> Melodies:
    """Songs drawn evenly from all, `choruses` in a row."""
    songs = trained.songs
    numbers = rng.integers(len(songs), size=(pieces, choruses))
    return np.stack(
        [
            np.concatenate([melody_of(songs[int(n)].inputs, trained).numpy() for n in row])
            for row in numbers
        ]
    )


def random_walk(trained: Trained, pieces: int, quarters: int, rng: np.random.Generator) -> Melodies:
    """Quarter notes that step up or down the scale, or stay, evenly; turned back at its ends."""
    judge = MelodyMetrics(trained.settings.form, trained.songs.library, 0.5)
    scale = np.flatnonzero(judge.in_scale)
    at = rng.integers(len(scale), size=pieces)
    walked = []
    for _ in range(quarters):
        walked.append(scale[at])
        at = np.clip(at + rng.integers(-1, 2, size=pieces), 0, len(scale) - 1)
    return np.stack(walked, 1).repeat(judge.beat, 1)


def random_walks(
    trained: Trained, pieces: int = 1, choruses: int = 4, seed: int = 1
) -> list[Piece]:
    """The random walk over the form's chords, as pieces to hear and to see.

    Raises `BluesError` for a number of pieces or choruses below 1.
    """
    for name, value in (("pieces", pieces), ("choruses", choruses)):
        require(value >= 1, name, value, "at least 1")
    songs, form = trained.songs, trained.form
    rng = np.random.default_rng(seed)
    melodies = random_walk(trained, pieces, choruses * form.bars * BEATS_PER_BAR, rng)
    chords = form.chord_tensor().repeat(choruses, 1)
    beat = form.steps_per_bar // BEATS_PER_BAR
    begins = torch.arange(len(chords)) % beat == 0
    walked = []
    for number, melody in enumerate(melodies, start=1):
        units = songs.encoding.encode_melody(torch.from_numpy(melody), begins)
        notes = torch.cat((chords, units), 1)
        title = f"Random walk {seed}.{number}"
        walked.append(Piece(notes, form, songs.encoding, songs.library, title))
    return walked


def transition_table(
    songs: Melodies, order: int, beat: int, pieces: int, quarters: int, rng: np.random.Generator
) -> Melodies:
    """Quarter notes drawn from what followed the last `order` quarters in the songs."""
    notes = songs[:, ::beat]
    table: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for song in notes.tolist():
        for place in range(len(song) - order):
            table[tuple(song[place : place + order])][song[place + order]] += 1
    drawn = np.zeros((pieces, quarters), np.int64)
    for piece in drawn:
        piece[:order] = notes[rng.integers(len(notes))][:order]
        for place in range(order, quarters):
            followers = table.get(tuple(piece[place - order : place].tolist()))
            if not followers:  # the end of the songs: begin anew
                piece[place] = notes[rng.integers(len(notes))][0]
                continue
            weights = np.array(list(followers.values()), float)
            piece[place] = rng.choice(list(followers), p=weights / weights.sum())
    return drawn.repeat(beat, 1)


Table = dict[str, dict[str, tuple[float, float, float]]]


def evaluate(trained: Trained, given: EvaluateSettings | None = None) -> Table:
    """Every measure by source of melodies: its mean and 95 % bootstrap interval over pieces."""
    given = given or EvaluateSettings()
    form, library = trained.settings.form, trained.songs.library
    judge = MelodyMetrics(form, library, given.smoothing)
    rng = np.random.default_rng(given.seed)
    quarters = given.choruses * form.bars * BEATS_PER_BAR
    composed = compose_pieces(trained, given.pieces, given.choruses, given.seed, given.primer)
    pieces = torch.stack([piece.notes for piece in composed])
    chords = form.chord_tensor().repeat(given.choruses, 1) > 0
    wrong = (pieces[..., : form.CHORD_NOTES] != chords).sum((1, 2)).numpy().astype(float)
    table_songs = training_songs(trained, given.table_songs, 1, rng)
    sources: dict[str, Callable[[], Melodies]] = {
        "the network": lambda: melody_of(pieces, trained).numpy(),
        "training songs": lambda: training_songs(trained, given.pieces, given.choruses, rng),
        "random walk": lambda: random_walk(trained, given.pieces, quarters, rng),
        "random notes": lambda: rng.integers(
            form.MELODY_NOTES, size=(given.pieces, given.choruses * form.steps)
        ),
    }
    for order in ORDERS:
        sources[f"transitions, order {order}"] = partial(
            transition_table, table_songs, order, judge.beat, given.pieces, quarters, rng
        )
    table: Table = {}
    for name, make in sources.items():
        values = judge.measures(make())
        if name == "the network":
            values = {"wrong chord bits": wrong, **values}
        table[name] = {
            measure: interval(each, given.resamples, rng) for measure, each in values.items()
        }
    return table
