"""From settings to what learns: the songs, the network, the songs in their order, the learner."""

from __future__ import annotations

import copy
from functools import cached_property

import torch
from torch import Tensor

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.errors import BluesError
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.learning.state import Learner
from lstm_blues.music.bars import melody_floor
from lstm_blues.music.songs import BluesSongs, deviation_of
from lstm_blues.music.stream import Stream
from lstm_blues.network.cells import CELLS
from lstm_blues.network.network import BluesNetwork, Network
from lstm_blues.runs.settings import DTYPES, Settings

SONGS_IN_ORDER = 2**18
"""How many songs are drawn before their order begins anew."""


class Parts:
    """What a run is made of; each part is built once, when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def songs(self) -> BluesSongs | None:
        """All songs of the form and its bar library; None for chords alone and for a corpus."""
        settings = self.settings
        if settings.bars is None:
            return None
        return BluesSongs(settings.form, settings.bars, settings.encoding)

    def require_songs(self) -> BluesSongs:
        """All songs.  Raises `BluesError` where there is no bar library."""
        if self.songs is None:
            raise BluesError("bars is null, but must be a bar library for a melody to be learned.")
        return self.songs

    @cached_property
    def held_out(self) -> tuple[int, ...]:
        """The numbers of the songs that are not learned."""
        count = self.settings.songs.held_out
        return self.require_songs().held_out(count, self.settings.seed) if count else ()

    @cached_property
    def melody_floor(self) -> float | None:
        """The least possible cross-entropy of the melody, in nats per step; None without one."""
        settings = self.settings
        if settings.bars is None:
            return None
        return melody_floor(settings.bars, settings.form, settings.encoding)

    @cached_property
    def stream(self) -> Stream:
        """The songs that the network hears, drawn by the run's seed."""
        seed, corpus = self.settings.seed, self.settings.corpus
        if corpus is not None:
            return Stream.of_corpus(corpus.table, SONGS_IN_ORDER, seed, corpus.primer)
        if self.songs is None:
            return Stream.of_one(self.settings.form.chord_tensor())
        return Stream.at_random(self.songs, SONGS_IN_ORDER, seed, self.held_out)

    @cached_property
    def network(self) -> Network:
        """The network, with its first weights until run.engine=torch learns in it, on the run's
        device."""
        settings = self.settings
        topology, dtype = settings.network.topology, DTYPES[settings.run.dtype]
        network: Network
        if settings.network.has_blocks:
            g, h = settings.network.g, settings.network.h
            network = BluesNetwork(topology, g, h, dtype, settings.encoding)
        else:
            hidden, window = settings.network.hidden, settings.network.window
            kind = CELLS[settings.network.cell]
            network = kind(topology, hidden, window, dtype, settings.encoding)
        network.initialise(settings.seed, settings.network.weight_range)
        if settings.encoding.inputs == "standardised":
            network.standardise(*self._unit_statistics())
        return network.to(settings.run.device)

    def _unit_statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of every unit over all songs, each of shape (units,)."""
        if self.songs is not None:
            return self.songs.unit_statistics()
        corpus = self.settings.corpus
        notes = self.settings.form.chord_tensor() if corpus is None else corpus.table
        mean = notes.flatten(0, -2).mean(0)
        return mean, deviation_of(mean)

    @property
    def blocks(self) -> BluesNetwork:
        """`network` for those who look into memory blocks.

        Raises `BluesError` where the network has none.
        """
        if not isinstance(self.network, BluesNetwork):
            cell = self.settings.network.cell
            raise BluesError(f"network.cell is {cell!r}, but must be blocks for this.")
        return self.network

    def frozen(self, weights: dict[str, Tensor]) -> BluesNetwork:
        """A copy of the memory blocks with these weights, which learns no more."""
        network = copy.deepcopy(self.blocks)
        network.load_state_dict(weights)
        return network.requires_grad_(False)

    @cached_property
    def learner(self) -> Learner:
        """The learner, before its first step.

        Raises `BluesError` where run.engine=fast cannot run on this machine.
        """
        learning, run = self.settings.learning, self.settings.run
        if run.compiled:
            return CompiledLearner(self.blocks, self.stream, learning)
        if run.device == "cpu":
            # Twenty rows by twenty-one: several threads would only wait for each other.
            torch.set_num_threads(1)
        return OnlineLearner(self.network, self.stream, learning)

    @property
    def compile_seconds(self) -> float:
        """Seconds that a compiler worked for the learner."""
        learner = self.learner
        return learner.compile_seconds if isinstance(learner, CompiledLearner) else 0.0
