"""How well a frozen network predicts songs that it hears."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from lstm_blues.network.network import Network, cross_entropies
from lstm_blues.network.topology import CHORDS, MELODY
from lstm_blues.playing.player import Player


def melody_cross_entropy(network: Network, songs: Tensor, choruses: int = 2) -> float:
    """Mean cross-entropy of the melody's units, in nats per step, while the network hears songs.

    The network is frozen and starts from zero state; it hears `choruses` songs one after the other,
    each followed by the next one in `songs`, shape (N, steps, units).
    """
    order = [songs.roll(-chorus, 0) for chorus in range(choruses + 1)]
    heard = torch.cat((*order[:-1], order[-1][:, :1]), 1)
    return _cross_entropy(network, heard, MELODY)


def melody_losses(network: Network, pieces: Tensor) -> Tensor:
    """The melody's cross-entropy of each piece, in nats per step, while the network hears it.

    The network is frozen and starts from zero state; every step but the first is predicted.

    Args:
        pieces: notes, 1.0 and 0.0, shape (N, steps, units).

    Returns:
        Shape (N,), float64.
    """
    return _cross_entropies(network, pieces, MELODY)


def chord_cross_entropy(network: Network, song: Tensor, choruses: int = 2) -> float:
    """Mean cross-entropy of the chord units, in nats per step, while the network hears a song.

    The network is frozen and starts from zero state; it hears the song, shape (steps, units),
    `choruses` times.
    """
    heard = torch.cat((*[song] * choruses, song[:1]))
    return _cross_entropy(network, heard[None], CHORDS)


def _cross_entropy(network: Network, heard: Tensor, units: str) -> float:
    """`_cross_entropies`, the mean over songs."""
    return _cross_entropies(network, heard, units).mean().item()


def _cross_entropies(network: Network, heard: Tensor, units: str) -> Tensor:
    """For each song the mean over steps of what is predicted of a set of units, shape (N,);
    heard: shape (N, steps + 1, units), of which the last step is only predicted."""
    places = network.topology.unit_slice(units)
    player, notes = Player(network, len(heard)), heard.to(network.like).unbind(1)
    total = torch.zeros(len(heard), dtype=torch.float64)
    for now, following in pairwise(notes):
        logits = player.step(now).logits
        total += cross_entropies(logits[:, places], following[:, places]).double().cpu()
    return total / (len(notes) - 1)
