"""How well a frozen network predicts songs that it hears."""

from __future__ import annotations

import torch
from torch import Tensor

from lstm_blues.network.network import BluesNetwork, Network, cross_entropy
from lstm_blues.network.topology import CHORDS, MELODY


@torch.no_grad()
def melody_cross_entropy(network: Network, songs: Tensor, choruses: int = 2) -> float:
    """Mean cross-entropy of the melody's units, in nats a step, while the network hears songs.

    The network is frozen and starts from zero state; it hears `choruses` songs one after the other,
    each followed by the next one in `songs`, shape (N, steps, units).
    """
    places = network.topology.unit_slice(MELODY)
    songs = songs.to(network.like)
    state = network.start(len(songs), traces=False)
    total = 0.0
    for chorus in range(choruses):
        playing, following = songs.roll(-chorus, 0), songs.roll(-chorus - 1, 0)
        targets = torch.cat((playing[:, 1:], following[:, :1]), dim=1)
        for step in range(songs.shape[1]):
            net, state = network(playing[:, step], state)
            total += cross_entropy(net[:, places], targets[:, step, places]).item()
    return total / (choruses * songs.shape[0] * songs.shape[1])


def chord_cross_entropy(network: BluesNetwork, song: Tensor, choruses: int = 2) -> float:
    """Of the chord units, in nats a step, while the frozen network hears one song."""
    places = network.topology.unit_slice(CHORDS)
    song = song.to(network.like)
    state, total = network.start(traces=False), 0.0
    with torch.no_grad():
        for step in range(choruses * len(song)):
            net, state = network(song[step % len(song)][None], state)
            target = song[(step + 1) % len(song)][None]
            total += cross_entropy(net[:, places], target[:, places]).item()
    return total / (choruses * len(song))
