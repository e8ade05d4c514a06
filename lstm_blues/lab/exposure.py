"""Whether a network plays what it predicts: errors that feed on themselves (section 4.2)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from lstm_blues.errors import BluesError
from lstm_blues.lab.collect import Run
from lstm_blues.lab.melodies import begins_of, draw_songs, melody_of
from lstm_blues.lab.melody_metrics import MelodyMetrics
from lstm_blues.lab.statistics import Interval, Quartiles, Share, interval, quartiles, wilson
from lstm_blues.lab.summaries import RESAMPLES, Record, Records
from lstm_blues.playing.metrics import melody_losses
from lstm_blues.runs.trained import compose_pieces, load_trained

PIECES, CHORUSES = 100, 4

SMOOTHING = 0.01
"""See `MelodyMetrics`."""


def probe_exposure(run: Run) -> list[Record]:
    """What a network loses on songs and on its own music, and what that music is like.

    holds: whether it learned the form and played all of run.final_choruses.  above: the melody's
    loss on songs above its floor; None where it was not measured.  on own music: what its loss is
    larger by on `PIECES` of its own compositions than on as many songs, all losses in nats per
    step.  The other measures are those of `MelodyMetrics`.
    """
    summary = run.summary
    if summary["melody_floor"] is None:
        return []
    trained = load_trained(run.folder)
    library, form = trained.songs.library, trained.form
    metrics = MelodyMetrics(form, library, SMOOTHING)
    try:
        pieces = compose_pieces(trained, PIECES, CHORUSES)
    except BluesError:  # no note can be drawn
        return []
    notes = torch.stack([piece.notes for piece in pieces]).double()
    songs = draw_songs(trained, PIECES, CHORUSES, np.random.default_rng(1))
    measured = metrics.measures(melody_of(notes, trained).numpy(), begins_of(notes, trained))
    losses = [melody_losses(trained.network, each).mean().item() for each in (notes, songs)]
    heard = summary["melody_cross_entropy"]
    enough = run.settings["run.final_choruses"]
    return [
        {
            "holds": bool(summary["chords_learned"]) and summary["choruses"] >= enough,
            "steps": summary["steps"],
            "seconds": summary["seconds"],
            "above": None if heard is None else heard - summary["melody_floor"],
            "on own music": losses[0] - losses[1],
            **{name: float(each.mean()) for name, each in measured.items()},
        }
    ]


class Exposure(NamedTuple):
    """What the networks of a setting play, beside what they predict.

    networks: how many.  holds: those that learned the form and hold it; all that follows is of
    these, and of all where none does.  above: loss on songs above
    the floor.  held: beats held for all their steps.  broken: bars that are new and have a note
    whose place or length is none of training.  own: loss on their own music minus loss on songs; of
    some it is a hundred times as large as of most, hence quartiles.
    likely: log-likelihood of their music under the exact model of the songs.  seconds: of training.
    """

    setting: str
    networks: int
    holds: Share
    above: Quartiles
    held: Interval
    broken: Interval
    own: Quartiles
    likely: Interval
    seconds: Quartiles


_MEASURES = ("beats held", "bars new and broken", "log-likelihood per step")
"""Those whose means `Exposure` has."""


def summarise_exposure(records: Records) -> list[Exposure]:
    """One row per setting, the one whose beats are held best first."""
    rng = np.random.default_rng(1)
    rows = []
    for setting, of_setting in records.items():
        # Over wrong chords no melody is what it could be.
        holding = [record for record in of_setting if record["holds"]]
        every, networks, holds = holding or of_setting, len(of_setting), len(holding)
        measured = {
            name: interval(np.array([record[name] for record in every]), RESAMPLES, rng)
            for name in _MEASURES
        }
        above = [np.inf if record["above"] is None else record["above"] for record in every]
        rows.append(
            Exposure(
                setting,
                networks,
                (holds, *wilson(holds, networks)),
                quartiles(above),
                measured["beats held"],
                measured["bars new and broken"],
                quartiles([record["on own music"] for record in every]),
                measured["log-likelihood per step"],
                quartiles([record["seconds"] for record in every]),
            )
        )
    return sorted(rows, key=lambda row: -row.held[0])
