"""How good the melodies are, beside others (section 4.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstm_blues.errors import require, require_room, require_seed
from lstm_blues.lab.melodies import begins_of, draw_songs, melody_of, random_walk
from lstm_blues.lab.melody_metrics import Melodies, MelodyMetrics
from lstm_blues.lab.statistics import Interval, interval
from lstm_blues.lab.transitions import TOLD, TransitionTable, told_labels
from lstm_blues.music.bars import melody_floor
from lstm_blues.music.encoding import ON
from lstm_blues.music.form import Form
from lstm_blues.music.rhythm import Rhythm
from lstm_blues.playing.metrics import melody_losses
from lstm_blues.runs.trained import Primer, SamplingSettings, Trained, compose_pieces

Evaluation = dict[str, dict[str, Interval]]
"""By source of melodies and measure, its mean and 95 % bootstrap interval over pieces."""

ORDERS = (1, 2, 3)
"""Of the transition tables (Mozer's comparison)."""

SONGS = "training songs"

WRONG = "wrong chord bits"

LOSS = "the network's loss, nats per step"
"""The melody's cross-entropy (equation 1) where the network hears a piece and predicts its
notes."""

FLOOR = "least possible loss, nats per step"
"""The floor of the training songs, for a predictor that knows the library."""


@dataclass(frozen=True)
class EvaluateSettings:
    """`conf/evaluate.yaml`.

    Args:
        pieces: number of compositions.
        choruses: in each of them.
        seed: of all random numbers.
        primer: what the compositions begin with.
        sampling: how they are drawn.
        table_songs: training songs that the transition tables are counted on.
        smoothing: share of the rougher guess in the model of the training songs, see
            `MelodyMetrics.log_likelihood`.
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
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    table_songs: int = 1000
    smoothing: float = 0.01
    resamples: int = 1000
    checkpoint: str | None = None
    output_dir: str = ""

    def __post_init__(self) -> None:
        for name in ("pieces", "choruses", "table_songs", "resamples"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        # Of every resample the pieces that it drew; transition tables count songs by their steps.
        largest = max("pieces", "resamples", key=lambda name: getattr(self, name))
        room = self.resamples * self.pieces * 16
        require_room(largest, getattr(self, largest), room)
        require_room("table_songs", self.table_songs, self.table_songs * 1000)
        allowed = "a checkpoint, a run's folder, a bundled network's name, or null"
        require(self.checkpoint != "", "checkpoint", "", allowed)
        require_seed(self.seed)
        require(0 < self.smoothing < 1, "smoothing", self.smoothing, "between 0 and 1")


def evaluate(trained: Trained, given: EvaluateSettings | None = None) -> Evaluation:
    """Measures the network's compositions beside other melodies (section 4.3).

    Raises `BluesError` where no note can be drawn from the network's outputs, and where a beat is
    no whole number of steps.
    """
    given = given or EvaluateSettings()
    form, library = trained.form, trained.songs.library
    metrics = MelodyMetrics(form, library, given.smoothing)
    rng = np.random.default_rng(given.seed)
    sampling = given.sampling.of(trained.settings.sampling)
    composed = compose_pieces(
        trained, given.pieces, given.choruses, given.seed, given.primer, sampling
    )
    played = {"the network": torch.stack([piece.notes for piece in composed]).double()}
    counted = draw_songs(trained, given.table_songs, 2, rng)
    played[SONGS] = draw_songs(trained, given.pieces, given.choruses, rng)
    if trained.held_out:
        played["held-out songs"] = draw_songs(
            trained, given.pieces, given.choruses, rng, held_out=True
        )
    table: Evaluation = {}

    def add(name: str, values: dict[str, NDArray[np.float64]]) -> None:
        table[name] = {
            measure: interval(each, given.resamples, rng) for measure, each in values.items()
        }

    for name, notes in played.items():
        values = metrics.measures(melody_of(notes, trained).numpy(), begins_of(notes, trained))
        values = {WRONG: wrong_chord_bits(notes, form), **values}
        values[LOSS] = melody_losses(trained.network, notes).numpy()
        if name == SONGS:
            values[FLOOR] = np.full(len(notes), melody_floor(library, form, trained.songs.encoding))
        add(name, values)
    for name, melodies in baselines(trained, given, melody_of(counted, trained).numpy(), rng):
        add(name, metrics.measures(melodies))
    return table


def baselines(
    trained: Trained, given: EvaluateSettings, counted: Melodies, rng: np.random.Generator
) -> Iterator[tuple[str, Melodies]]:
    """Melodies made without a network, by the name of what makes them.

    counted: the songs that the transition tables are counted on, shape (songs, steps).
    """
    form = trained.form
    library, steps = trained.songs.library, given.choruses * form.steps
    beats = given.choruses * form.bars * form.time.beats
    yield "random walk", random_walk(trained, given.pieces, beats, rng)
    yield (
        "random notes",
        rng.integers(form.melody_notes + library.rests, size=(given.pieces, steps)),
    )
    grid = Rhythm(library, form).grid
    for told in TOLD:
        for order in ORDERS:
            table = TransitionTable(counted, order, grid, told_labels(form, grid, told))
            yield f"table, {told}, order {order}", table.draw(given.pieces, steps // grid, rng)


def wrong_chord_bits(notes: Tensor, form: Form) -> NDArray[np.float64]:
    """Chord notes that are on and should be off, or the reverse; notes: shape (pieces, steps,
    units), whole choruses.  Returns shape (pieces,)."""
    chords = form.chord_tensor().repeat(notes.shape[1] // form.steps, 1) > 0
    wrong = (notes[..., : form.CHORD_NOTES] > ON) != chords
    return wrong.sum((1, 2)).numpy().astype(float)
