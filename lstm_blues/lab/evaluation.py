"""How good the melodies are, beside others (section 4.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch

from lstm_blues.errors import require
from lstm_blues.lab.melodies import melody_of, random_walk, training_songs, transition_table
from lstm_blues.lab.melody_metrics import Melodies, MelodyMetrics
from lstm_blues.lab.statistics import Interval, interval
from lstm_blues.runs.trained import Primer, Trained, compose_pieces

Evaluation = dict[str, dict[str, Interval]]
"""By source of melodies and measure, its mean and 95 % bootstrap interval over pieces."""

ORDERS = (1, 2, 3)
"""Of the transition tables (Mozer's comparison)."""


@dataclass(frozen=True)
class EvaluateSettings:
    """`conf/evaluate.yaml`.

    Args:
        pieces: number of compositions.
        choruses: in each of them.
        seed: of all random numbers.
        primer: what the compositions begin with.
        table_songs: training songs that the transition tables are counted on.
        smoothing: share of a uniform choice of notes in the exact model of the training songs.
        resamples: of each bootstrap interval.
        checkpoint: read by the command `lstm_blues.evaluate`.
        output_dir: read by the command, too.

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


def evaluate(trained: Trained, given: EvaluateSettings | None = None) -> Evaluation:
    """Measures the network's compositions beside other melodies (section 4.3).

    Raises `BluesError` where no note can be drawn from the network's outputs, and where a beat is
    no whole number of steps.
    """
    given = given or EvaluateSettings()
    form, library = trained.settings.form, trained.songs.library
    metrics = MelodyMetrics(form, library, given.smoothing)
    rng = np.random.default_rng(given.seed)
    beats = given.choruses * form.bars * form.time.beats
    composed = compose_pieces(trained, given.pieces, given.choruses, given.seed, given.primer)
    pieces = torch.stack([piece.notes for piece in composed])
    chords = form.chord_tensor().repeat(given.choruses, 1) > 0
    wrong = (pieces[..., : form.CHORD_NOTES] != chords).sum((1, 2)).numpy().astype(float)
    table_songs = training_songs(trained, given.table_songs, 1, rng)
    sources: dict[str, Callable[[], Melodies]] = {
        "the network": lambda: melody_of(pieces, trained).numpy(),
        "training songs": lambda: training_songs(trained, given.pieces, given.choruses, rng),
        "random walk": lambda: random_walk(trained, given.pieces, beats, rng),
        "random notes": lambda: rng.integers(
            metrics.drawn, size=(given.pieces, given.choruses * form.steps)
        ),
    }
    for order in ORDERS:
        sources[f"transitions, order {order}"] = partial(
            transition_table, table_songs, order, metrics.beat, given.pieces, beats, rng
        )
    table: Evaluation = {}
    for name, make in sources.items():
        values = metrics.measures(make())
        if name == "the network":
            values = {"wrong chord bits": wrong, **values}
        table[name] = {
            measure: interval(each, given.resamples, rng) for measure, each in values.items()
        }
    return table
