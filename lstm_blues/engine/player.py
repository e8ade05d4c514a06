"""A frozen network that plays in the compiled engine: the same notes on every machine."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lstm_blues.engine.layout import SamplingOfKernel
from lstm_blues.engine.network import CompiledNetwork
from lstm_blues.errors import BluesError
from lstm_blues.learning.settings import Learning
from lstm_blues.network.blocks import BlockState
from lstm_blues.network.network import BluesNetwork
from lstm_blues.playing.player import ALL_UNITS, Played, Player
from lstm_blues.playing.sampler import NO_NOTE, SECTION_4_2, Sampling, draws


class CompiledPlayer(Player):
    """`Player`, compiled; it carries no traces.

    Args:
        network: on the CPU, in float64 or float32; is not changed.
        songs: how many songs N.
        learning: of the run that the network is from, whose kernel it shares.
        sampling: how melody notes are drawn from the outputs.

    Raises:
        BluesError: there is no C compiler.
    """

    network: BluesNetwork

    def __init__(
        self,
        network: BluesNetwork,
        songs: int,
        learning: Learning,
        sampling: Sampling = SECTION_4_2,
    ) -> None:
        super().__init__(network, songs, sampling=sampling)
        self.engine = CompiledNetwork(network, learning)
        self._options = SamplingOfKernel.of(sampling, network.encoding)
        self._draws = draws(network.encoding, sampling)

    def step(
        self,
        heard: Tensor | None = None,
        units: slice = ALL_UNITS,
        *,
        uniform: Tensor | None = None,
    ) -> Played:
        """See `Player.step`."""
        engine, x, before = self.engine, self.notes, self.state
        if heard is not None:
            x = x.clone()
            x[:, units] = heard
        songs, cells = len(x), engine.layout.cell_places
        s, y = np.zeros((2, songs, engine.layout.cells), engine.dtype)
        s[:, cells], y[:, cells] = before.s.numpy(), before.y.numpy()
        on = np.ascontiguousarray(x.numpy() > 0)
        notes, (logits, outputs) = np.zeros_like(on), np.zeros((2, *on.shape))
        drawn = None
        if uniform is not None:
            drawn = np.ascontiguousarray(uniform.reshape(songs, -1).double().numpy())
        fine = engine.call(
            "play_step",
            *(engine.buffer, engine.levels, songs, s, y, on, 1, self._options, drawn, self._draws),
            *(notes, logits, outputs, None, None),
        )
        if not fine:
            raise BluesError(NO_NOTE)
        self.state = BlockState(torch.from_numpy(s[:, cells]), torch.from_numpy(y[:, cells]), None)
        played = torch.from_numpy(notes)
        self.notes = played.to(x)
        of_logits, of_outputs = torch.from_numpy(logits).to(x), torch.from_numpy(outputs).to(x)
        return Played(x, before, self.state, of_logits, of_outputs, played)
