"""How a network goes on after four bars in which it heard somebody else's melody, or none.

It trades fours with a player: in his turns it goes on with its own chords.  See
browser/page/music/hearing.js for what it hears where he is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstm_blues.lab.statistics import interval
from lstm_blues.lab.tables import csv_text, markdown
from lstm_blues.music.piece import BROKEN, LIBRARY, Piece
from lstm_blues.network.topology import MELODY
from lstm_blues.playing.player import Player
from lstm_blues.playing.sampler import draws
from lstm_blues.runs.trained import Trained

OWN, SONGS, PAGE, SILENCE = "own", "songs", "page", "silence"

HEARD = {
    SONGS: "a training song",
    OWN: "what it would play itself",
    PAGE: "silence, as on the page",
    SILENCE: "silence: a rest, or the last note held",
}
"""What it may hear in the player's turns."""

COUNTED = (LIBRARY, BROKEN)

TURN = 4
"""Bars."""

_CHORUSES = 3


class Answers(NamedTuple):
    """How a network answered.

    network: the name of its bar library.  heard: one of `HEARD`.  shares: of each trade, shape
    (trades, 4): of the first bars of its answers those that are a segment of the library and those
    that are broken, see `Piece.bar_kinds`, and the same of all their bars.
    """

    network: str
    heard: str
    shares: NDArray[np.float64]


def answers(trained: Trained, heard: str, trades: int, seed: int = 1) -> Answers:
    """Trades fours for three choruses; its first turn is no answer.

    Args:
        trained: a network that plays a melody.
        heard: one of `HEARD`.
        trades: how many, each with its own song and draws.
        seed: of songs and draws.
    """
    network, songs = trained.network, trained.songs
    form, encoding = songs.form, network.encoding
    places = network.topology.unit_slice(MELODY)
    generator = torch.Generator().manual_seed(seed)
    picks = torch.stack(
        [torch.randint(c, (trades,), generator=generator) for c in songs.library.choices], 1
    )
    table = songs.table.to(network.like)
    player = Player(network, trades)
    player.notes = table[picks[:, 0], 0].clone()
    size = form.steps_per_bar
    played: list[Tensor] = []
    for step in range(_CHORUSES * form.steps):
        bar, x = step // size, player.notes.clone()
        if bar // TURN % 2 == 1:
            since, place = step - bar // TURN * TURN * size, step % form.steps
            if heard == SONGS:
                x[:, places] = table[picks[:, place // size], place][:, places]
            elif heard == SILENCE or (heard == PAGE and encoding.rests and since < size):
                x[:, places] = _silence(played[-1][:, places], encoding.rests, form.melody_notes)
                if encoding.held == "begins":
                    x[:, -1] = float(since == 0 and encoding.rests)
        played.append(x)
        numbers = torch.rand(trades, draws(encoding), generator=generator, dtype=torch.float64)
        player.step(x, uniform=numbers.to(x))
    pieces = torch.stack(played, 1)
    kinds = np.array([Piece(one, form, encoding, songs.library).bar_kinds for one in pieces])
    bars = np.arange(kinds.shape[1])
    answer = (bars // TURN % 2 == 0) & (bars >= TURN)
    first = answer & (bars % TURN == 0)
    shares = [(kinds[:, of] == kind).mean(1) for of in (first, answer) for kind in COUNTED]
    return Answers(songs.library.name, heard, np.stack(shares, 1))


def _silence(before: Tensor, rests: bool, notes: int) -> Tensor:
    if not rests:
        return before
    units = torch.zeros_like(before)
    units[:, notes] = 1.0
    return units


def answers_table(found: Sequence[Answers]) -> str:
    """A row for each network and what it heard, with 95 % intervals over trades, as Markdown."""
    head = ["network", "heard in the player's turns", "first bar of the answer: from the library"]
    head += ["broken", "all its bars: from the library", "broken"]
    rng = np.random.default_rng(1)
    rows = []
    for network, heard, shares in found:
        intervals = [interval(column, 2000, rng) for column in shares.T]
        texts = [f"{mean:.2f} ({low:.2f} to {high:.2f})" for mean, low, high in intervals]
        rows.append([network, HEARD[heard], *texts])
    return markdown(head, rows)


def answers_csv(found: Sequence[Answers]) -> str:
    """A row for every trade."""
    shares = [f"{of} {kind}" for of in ("first", "all") for kind in COUNTED]
    head = ["network", "heard", "trade", *shares]
    return csv_text(
        head,
        [
            [network, heard, trade, *row]
            for network, heard, found_shares in found
            for trade, row in enumerate(found_shares.tolist())
        ],
    )
