"""Fidelity against novelty: how near to its songs a network is, and what of its music is new."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from lstm_blues.errors import BluesError
from lstm_blues.lab.collect import Run
from lstm_blues.lab.exposure import CHORUSES, PIECES, SMOOTHING
from lstm_blues.lab.melodies import begins_of, melody_of
from lstm_blues.lab.melody_metrics import MelodyMetrics
from lstm_blues.lab.statistics import Interval, Quartiles, interval, quartiles
from lstm_blues.lab.summaries import RESAMPLES, Record, Records
from lstm_blues.playing.sampler import Sampling
from lstm_blues.runs.trained import compose_pieces, load_trained

TEMPERATURES = (0.4, 0.6, 0.8, 1.0, 1.3)

_BARS = ("bars from the library", "bars new and whole", "bars new and broken", "bars mixed")
"""Every bar is of one of the first three kinds; those that are mixed are new."""


def probe_novelty(run: Run) -> list[Record]:
    """What the bars of a network's music are, drawn at each of `TEMPERATURES`.

    steps: of learning the melody and the form.  above: the melody's loss on songs above its floor,
    in nats per step.  The bars are those of `PIECES` compositions, see `MelodyMetrics`.  There is
    no record of a network that has not learned its form, nor of a temperature at which no note can
    be drawn.
    """
    summary = run.summary
    if summary["melody_cross_entropy"] is None or not summary["chords_learned"]:
        return []
    trained = load_trained(run.folder)
    metrics = MelodyMetrics(trained.form, trained.songs.library, SMOOTHING)
    found = []
    for temperature in TEMPERATURES:
        try:
            drawn = compose_pieces(trained, PIECES, CHORUSES, sampling=Sampling(temperature))
        except BluesError:  # no note can be drawn
            continue
        notes = torch.stack([piece.notes for piece in drawn])
        bars = metrics.bars(melody_of(notes, trained).numpy(), begins_of(notes, trained))
        found.append(
            {
                "temperature": temperature,
                "steps": summary["steps"],
                "above": summary["melody_cross_entropy"] - summary["melody_floor"],
                **{name: float(bars[name].mean()) for name in _BARS},
            }
        )
    return found


class Novelty(NamedTuple):
    """The music of the networks of a setting at a temperature.

    steps: of learning.  above: loss on songs above the floor.  Shares of bars: library, those of
    the library; whole, new ones whose notes have places and lengths as in training; broken, others;
    mixed, new ones that at each step have the note of a segment of their place.
    """

    setting: str
    temperature: float
    networks: int
    steps: Quartiles
    above: Quartiles
    library: Interval
    whole: Interval
    broken: Interval
    mixed: Interval


def summarise_novelty(records: Records) -> list[Novelty]:
    """One row per setting and temperature, the networks farthest from the floor first."""
    rng = np.random.default_rng(1)

    def rows() -> Iterator[Novelty]:
        for setting, every in records.items():
            for temperature in sorted({record["temperature"] for record in every}):
                these = [record for record in every if record["temperature"] == temperature]
                yield Novelty(
                    setting,
                    temperature,
                    len(these),
                    quartiles([record["steps"] for record in these]),
                    quartiles([record["above"] for record in these]),
                    *(
                        interval(np.array([record[name] for record in these]), RESAMPLES, rng)
                        for name in _BARS
                    ),
                )

    return sorted(rows(), key=lambda row: (-row.above[1], row.setting, row.temperature))
