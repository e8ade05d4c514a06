"""The learning rules compiled from C for one topology: thousands of steps per call.

The files of `kernel/` are compiled the first time that a topology is used, by the C compiler of the
machine, and kept in a cache folder.  Tests hold them to the PyTorch engine.
"""

from __future__ import annotations

import ctypes
from dataclasses import asdict, fields

import numpy as np
import torch
from torch import Tensor

from lstm_blues.engine.layout import CountersOfKernel, Layout, Rules, SamplingOfKernel
from lstm_blues.engine.network import CompiledNetwork
from lstm_blues.errors import BluesError
from lstm_blues.learning.frozen import test_uniform
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import (
    Counters,
    LearnerState,
    first_memory,
    memory_shapes,
)
from lstm_blues.music.encoding import Encoding
from lstm_blues.music.stream import Stream
from lstm_blues.network.network import BluesNetwork
from lstm_blues.network.topology import CHORDS
from lstm_blues.playing.player import FreeRun
from lstm_blues.playing.sampler import NO_NOTE, SECTION_4_2, draws

_REFUSALS = {
    -1: "the position in the song is {position}, but must be from 0 to {last}.",
    -2: "a counter of the learner is out of range, but must be from 0 to 2**62 - 1, and learned, "
    "melody and nonfinite 0 or 1.",
    -3: "a song has a segment that the table of songs does not have.",
}
"""What the kernel answers to what it was given, by its return value."""


def make_rules(learning: Learning, layout: Layout, stream: Stream, encoding: Encoding) -> Rules:
    """The settings of learning and what the songs are like, as the kernel reads them."""
    kalman, melody = learning.kalman, learning.melody
    return Rules(
        rate=learning.rate,
        melody_rate=melody.rates[0],
        momentum=learning.momentum,
        gross_error=learning.gross_error,
        adam_decay=learning.adam_decay,
        kalman_over=kalman.over,
        first_noise=kalman.noise[0],
        last_noise=kalman.noise[1],
        first_process=kalman.process[0],
        last_process=kalman.process[1],
        own_notes=0.0 if stream.by_episode else melody.own_notes,
        gross_errors=learning.gross_errors,
        count_per_chorus=learning.counts_in_chorus,
        episode_choruses=learning.episode_choruses,
        test_steps=learning.test_choruses * stream.steps,
        test_interval=learning.test_interval,
        melody_together=melody.together,
        chords_learn=melody.chords_go_on,
        stretch=layout.stretches[0],
        melody_stretch=layout.stretches[1],
        kalman_cross_entropy=kalman.divides,
        song_steps=stream.steps,
        bars=stream.picks.shape[1],
        songs_in_order=len(stream.picks),
        segments=len(stream.table),
        by_episode=stream.by_episode,
        tested=stream.tested,
        given=stream.given,
        draws=draws(encoding),
        sampling=SamplingOfKernel.of(SECTION_4_2, encoding),
    )


class CompiledLearner:
    """The compiled engine, for the CPU; `lstm_blues.learning.state.Learner` says what it offers.

    Args:
        network: gives topology, activations, dtype and first weights; it does not change.
        stream: the songs.
        learning: the settings.

    Raises:
        BluesError: there is no C compiler, or the network is not on the CPU in float64 or float32.
    """

    def __init__(self, network: BluesNetwork, stream: Stream, learning: Learning) -> None:
        self.network, self.learning = network, learning
        self.engine = CompiledNetwork(network, learning, stream.steps)
        self.table = np.ascontiguousarray(stream.table.cpu().numpy().astype(self.engine.dtype))
        self.sounds = self.engine.sounds(stream.table)
        self.picks = np.ascontiguousarray(stream.picks.numpy().astype(np.int64))
        bars = self.picks.shape[1]
        self.bar_of = np.arange(stream.steps, dtype=np.int64) * bars // stream.steps
        self.rules = make_rules(learning, self.engine.layout, stream, network.encoding)
        drawn = test_uniform(network.topology, self.rules.test_steps)
        self.uniform = None if drawn is None else drawn.numpy()
        self.struct_counters = CountersOfKernel()
        self.losses = np.zeros(2)
        self.engine.write(first_memory(network, learning))

    @property
    def compile_seconds(self) -> float:
        """Seconds that the C compiler took; 0.0 where the cache had the kernel."""
        return self.engine.compiled.seconds

    @property
    def counters(self) -> Counters:
        """See `Learner.counters`."""
        return Counters(**{f.name: getattr(self.struct_counters, f.name) for f in fields(Counters)})

    @property
    def loss(self) -> float:
        """See `Learner.loss`."""
        return float(self.losses[0])

    @property
    def melody_loss(self) -> float:
        """See `Learner.melody_loss`."""
        return float(self.losses[1])

    @property
    def melody_rate(self) -> float:
        """See `Learner.melody_rate`."""
        return float(self.rules.melody_rate)

    @melody_rate.setter
    def melody_rate(self, rate: float) -> None:
        self.rules.melody_rate = rate

    def learn(self, steps: int) -> int:
        """See `Learner.learn`; the interpreter's lock is free meanwhile.

        Raises `BluesError` for counters that cannot be.
        """
        songs = (self.table, self.sounds, self.picks, self.bar_of)
        state = (self.rules, self.struct_counters, self.losses)
        engine = self.engine
        done = engine.call(
            "learn", engine.buffer, engine.levels, *songs, self.uniform, *state, steps
        )
        if done < 0:
            last = self.rules.song_steps - 1
            raise BluesError(
                _REFUSALS[done].format(position=self.struct_counters.position, last=last)
            )
        return done

    def begin_melody(self) -> None:
        """See `Learner.begin_melody`."""
        self.engine.call("begin_melody", self.engine.buffer, self.struct_counters)

    def free_run(
        self,
        steps: int,
        *,
        song: int = 0,
        uniform: Tensor | None = None,
        stop_at_wrong: bool = False,
    ) -> FreeRun:
        """See `Learner.free_run`."""
        topology = self.network.topology
        units, chords = topology.units, topology.unit_slice(CHORDS)
        table = self.table[song].copy()
        if uniform is None:
            table[:, : chords.start] = table[:, chords.stop :] = 0
        first = (table[0] > 0).astype(np.uint8)
        notes, outputs = np.zeros((steps, units), dtype=np.bool_), np.zeros((steps, units))
        drawn = None if uniform is None else np.ascontiguousarray(uniform.double().numpy())
        played = ctypes.c_int64(0)
        rules, engine = self.rules, self.engine
        right = engine.call(
            "free_run",
            *(engine.buffer, first, engine.levels, table, rules.song_steps, rules.given, steps),
            *(stop_at_wrong, rules.sampling, drawn, rules.draws, notes, outputs, played),
        )
        if right < 0:
            raise BluesError(NO_NOTE)
        end = played.value
        return FreeRun(torch.from_numpy(notes[:end]), torch.from_numpy(outputs[:end]), right)

    def listen(self, songs: Tensor, choruses: int = 2) -> tuple[float, float]:
        """Cross-entropy of the chords and of the melody while the frozen network hears songs.

        It starts from zero state and hears `choruses` songs one after the other, each followed by
        the next one in `songs`, shape (N, steps, units).  In nats per step.
        """
        table = np.ascontiguousarray(songs.numpy().astype(self.engine.dtype))
        losses, (count, steps) = np.zeros(2), songs.shape[:2]
        sounds = self.engine.sounds(songs)
        self.engine.call(
            "listen", self.engine.buffer, table, sounds, count, steps, choruses, losses
        )
        chords, melody = losses / (choruses * steps)
        return float(chords), float(melody)

    def state(self) -> LearnerState:
        """See `Learner.state`."""
        like, topology = self.network.like, self.network.topology
        rule = self.learning.rule
        shapes: dict[str, tuple[int, ...]] = dict(memory_shapes(self.network, self.learning))
        memory = list(shapes)
        for name, value in self.network.named_parameters():
            shapes[f"weights/{name}"] = shapes[f"velocity/{name}"] = tuple(value.shape)
        cells, sources = topology.cells, topology.sources
        shapes["traces"] = (3, cells, sources) if rule.gradient.traces else (0,)
        shapes["s"] = shapes["y"] = (cells,)
        found = {key: like.new_zeros(shape) for key, shape in shapes.items()}
        self.engine.read(found)

        def of(kind: str) -> dict[str, Tensor]:
            return {k.removeprefix(kind): value for k, value in found.items() if k.startswith(kind)}

        # The kernel climbs where torch.optim descends; SGD without momentum keeps nothing.
        keeps = bool(self.learning.momentum) or rule.optimizer.counts
        return LearnerState(
            weights=of("weights/"),
            velocity={name: -value * keeps for name, value in of("velocity/").items()},
            s=found["s"],
            y=found["y"],
            traces=found["traces"],
            counters=self.counters,
            loss=self.loss,
            melody_loss=self.melody_loss,
            melody_rate=self.melody_rate,
            memory={key: found[key] for key in memory},
        )

    def load(self, state: LearnerState) -> None:
        """See `Learner.load`.

        Raises `BluesError` for counters that a kernel's numbers cannot hold.
        """
        counters = CountersOfKernel(**asdict(state.counters))
        if any(getattr(counters, name) != n for name, n in asdict(state.counters).items()):
            raise BluesError(_REFUSALS[-2])
        self.engine.write(
            {f"weights/{name}": value for name, value in state.weights.items()}
            | {f"velocity/{name}": -value for name, value in state.velocity.items()}
            | {"traces": state.traces, "s": state.s, "y": state.y}
            | state.memory
        )
        self.struct_counters = counters
        self.losses[:] = state.loss, state.melody_loss
        self.melody_rate = state.melody_rate
