"""Whether a frozen network is in a loop, and so plays any number of choruses (section 3.2)."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from lstm_blues.network.topology import CHORDS
from lstm_blues.playing.player import Player


class Cycle(NamedTuple):
    """A loop of a frozen network that hears its own chords.

    after: choruses that it played before the loop began.  length: choruses of the loop.
    """

    after: int
    length: int


def find_cycle(player: Player, song: Tensor, choruses: int) -> Cycle | None:
    """Lets a network play the chords by itself, and looks for a state that recurs.

    At the first step of every chorus the state of its chord cells and the chord that it hears next
    are compared, bit by bit, with those at the first steps of all choruses before.  What chords a
    frozen network plays from there follows from these alone: where they recur, what it played
    between is what it plays for any number of choruses.

    Args:
        player: of one song, at its beginning, whose network's chords hear no melody.
        song: one chorus, shape (T, units); the network is given its first step.
        choruses: the most to play.

    Returns:
        The first loop, or None where there is none, or a wrong chord comes before it.
    """
    topology = player.network.topology
    chords = topology.unit_slice(CHORDS)
    # Networks of other cells than blocks have chords alone.
    alone = len(topology.unit_sets) == 1
    groups = [topology.cell_slice(name) for name in sorted(topology.chord_groups)]
    cells = [slice(None)] if alone else groups
    song = song.to(player.notes)
    player.notes[:, chords] = song[0, chords]
    first: dict[bytes, int] = {}
    for chorus in range(choruses + 1):
        state = [each[:, part] for each in (player.state.s, player.state.y) for part in cells]
        now = b"".join(each.cpu().numpy().tobytes() for each in (*state, player.notes[:, chords]))
        if now in first:
            return Cycle(first[now], chorus - first[now])
        first[now] = chorus
        for step in range(1, len(song) + 1):
            player.step()
            if not bool((player.notes[0, chords] == song[step % len(song), chords]).all()):
                return None
    return None
