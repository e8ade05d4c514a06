"""A frozen network that plays, one step at a time (sections 3.2 and 4.2 of the report).

`Player.step` is the one feedback loop: free runs, compositions, what is watched inside a network
and what it predicts of songs that it hears all go through it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from lstm_blues.errors import require
from lstm_blues.network.blocks import BlockState
from lstm_blues.network.network import Network
from lstm_blues.network.topology import CHORDS
from lstm_blues.playing.sampler import SECTION_4_2, Sampling, draws, next_notes

ALL_UNITS = slice(None)


class Played(NamedTuple):
    """One step of N songs.

    heard: the notes that the network got, 1.0 or 0.0, shape (N, units).  before, after: its state
    before and after the step.  logits: of its output units, shape (N, units), and outputs: their
    activations, the probability of each note at the next step.  notes: those that it plays at the
    next step, shape (N, units), bool.
    """

    heard: Tensor
    before: BlockState
    after: BlockState
    logits: Tensor
    outputs: Tensor
    notes: Tensor


class Player:
    """A frozen network and where it stands in N songs that it plays side by side.

    It begins from zero state and silence.  `state` and `notes` may be set between two steps.

    Args:
        network: any; is not changed.
        songs: how many songs N.
        sampling: how melody notes are drawn from the outputs.
        chords_only: compute nothing that doesn't reach the chord units.
        traces: carry the traces of the truncated gradient, too, to look at; it takes twice the
            time.

    Attributes:
        state: of the network after the last step.
        notes: played at the last step, 1.0 or 0.0, shape (N, units): what it hears next, where it
            isn't told otherwise.
    """

    def __init__(
        self,
        network: Network,
        songs: int = 1,
        *,
        sampling: Sampling = SECTION_4_2,
        chords_only: bool = False,
        traces: bool = False,
    ) -> None:
        self.network, self.sampling = network, sampling
        self.playing = network.topology.chord_groups if chords_only else None
        self.state = network.start(songs, traces=traces)
        self.notes = network.like.new_zeros(songs, network.topology.units)

    @torch.no_grad()
    def step(
        self,
        heard: Tensor | None = None,
        units: slice = ALL_UNITS,
        *,
        uniform: Tensor | None = None,
    ) -> Played:
        """Plays one step.

        Args:
            heard: notes from outside, 1.0 or 0.0, shape (N, units of `units`); None for the
                network's own.
            units: where `heard` stands among all units, such as
                `network.topology.unit_slice(MELODY)` for a melody from outside while the network
                goes on with its own chords.
            uniform: a random number in [0, 1) for each of the melody's draws, shape (N, draws), see
                `draws`; None: no melody is played.

        Raises:
            BluesError: outputs that no note can be drawn from.
        """
        x, before = self.notes, self.state
        if heard is not None:
            x = x.clone()
            x[:, units] = heard
        logits, self.state = self.network(x, before, playing=self.playing)
        outputs = torch.sigmoid(logits)
        notes = next_notes(self.network, outputs, uniform, x, self.sampling)
        self.notes = notes.to(x)
        return Played(x, before, self.state, logits, outputs, notes)


class FreeRun(NamedTuple):
    """What a frozen network played from zero state and the song's first step, on the CPU.

    notes: shape (n, units), bool: the notes played at steps 1 to n, each fed back as the next
    input.  outputs: shape (n, units), the output units' activations.  right: how many steps were
    played before the first wrong chord note.
    """

    notes: Tensor
    outputs: Tensor
    right: int


def free_run(
    network: Network,
    song: Tensor,
    steps: int,
    *,
    uniform: Tensor | None = None,
    stop_at_wrong: bool = False,
    given: int = 1,
) -> FreeRun:
    """Lets the network play `steps` steps by itself (the test of section 3.2).

    Started with the notes of the song's first step and from zero state, it takes its own notes
    for all inputs that follow.  A NaN is never a right note.

    Args:
        song: one cycle of the form, shape (T, units); the chord that is played at step n is
            compared with that of song[n % T].
        steps: how many steps to play.
        uniform: random numbers for the melody, shape (steps,) or (steps, draws), see `draws`; None:
            chords alone are played, which is the same to the bit where no melody reaches the
            chords.
        stop_at_wrong: end with the first wrong chord note.
        given: how many steps of the song the network is given before its own notes count; those are
            right.

    Raises:
        BluesError: outputs that no note can be drawn from.
    """
    chords = network.topology.unit_slice(CHORDS)
    units = chords if uniform is None else ALL_UNITS
    player = Player(network, chords_only=uniform is None)
    song = song.to(player.notes)
    player.notes[:, units] = song[0, units]
    notes, outputs, right, clean = [], [], 0, True
    for step in range(1, steps + 1):
        drawn = None if uniform is None else uniform[step - 1 : step]
        outputs.append(player.step(uniform=drawn).outputs[0])
        now = song[step % len(song)]
        if step < given:
            player.notes[:, units] = now[units]
        notes.append(player.notes[0] > 0)
        clean = clean and torch.equal(player.notes[0, chords], now[chords])
        right += clean
        if stop_at_wrong and not clean:
            break
    empty = song.new_zeros(0, song.shape[1])
    return FreeRun(
        (torch.stack(notes) if notes else empty > 0).cpu(),
        (torch.stack(outputs) if outputs else empty).cpu(),
        right,
    )


def compose(
    network: Network,
    primers: Tensor,
    seed: int,
    sampling: Sampling = SECTION_4_2,
    player: Player | None = None,
    *,
    first: int = 0,
    of: int | None = None,
) -> Iterator[Tensor]:
    """Composes for as long as one is willing to listen (section 4.2).

    The network hears its primer, then its own notes.  Memory does not grow with the music.

    Args:
        network: frozen.
        primers: the first steps of each piece, shape (N, p, units), p at least 1.
        seed: of the uniform random numbers.
        sampling: options beside section 4.2's.
        player: what plays, with as many songs as there are primers and the same `sampling`; None
            for a `Player` of its own.
        first: the number, from 0, of the first of these pieces among those that are composed from
            the seed.
        of: how many those are; None for these alone.

    Yields:
        The notes of all pieces, one step at a time, shape (N, units), bool: first the primers',
        then the network's own.

    Raises:
        BluesError: a primer of no step, or outputs that no note can be drawn from.
    """
    given = primers.shape[1]
    require(given >= 1, "primer", given, "one step or more")
    player = player or Player(network, len(primers), sampling=sampling)
    return _compose(player, primers.to(network.like), seed, first, of or len(primers))


def _compose(player: Player, primers: Tensor, seed: int, begin: int, of: int) -> Iterator[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    own = slice(begin, begin + len(primers))
    numbers = draws(player.network.encoding, player.sampling)
    *first, last = primers.unbind(1)
    for notes in first:
        yield notes > 0
        player.step(notes)
    player.notes = last
    while True:
        yield player.notes > 0
        uniform = torch.rand(of, numbers, generator=generator, dtype=torch.float64)
        player.step(uniform=uniform[own].to(primers))
