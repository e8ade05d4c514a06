"""The learning rules compiled from C for one topology: thousands of steps per call.

The files of `kernel/` are compiled the first time that a topology is used, by the C compiler of the
machine, and kept in a cache folder.  Tests hold them to the PyTorch engine.
"""

from __future__ import annotations

import copy
import ctypes
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstm_blues.engine.compiler import compile_kernel
from lstm_blues.engine.layout import CountersOfKernel, Layout, Rules
from lstm_blues.errors import BluesError
from lstm_blues.learning.rule import Per
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import (
    Counters,
    LearnerState,
    first_memory,
    memory_shapes,
    test_uniform,
)
from lstm_blues.music.stream import Stream
from lstm_blues.network.network import BluesNetwork
from lstm_blues.network.topology import CHORDS, Part
from lstm_blues.playing.player import FreeRun, free_run
from lstm_blues.playing.sampler import NO_NOTE

_REALS: dict[torch.dtype, tuple[str, type[np.floating]]] = {
    torch.float64: ("double", np.float64),
    torch.float32: ("float", np.float32),
}


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
        like = network.like
        if like.device.type != "cpu":
            raise BluesError(f"engine=fast runs on device=cpu only, not on {like.device.type!r}.")
        if like.dtype not in _REALS:
            raise BluesError(f"engine=fast computes in float64 or float32, not in {like.dtype}.")
        if not network.topology.chords_are_separate and network.encoding.held != "unmarked":
            raise BluesError(
                "engine=fast draws no marks of held notes, which it had to where a melody reaches "
                "the chord units: choose encoding.held=unmarked or run.engine=torch."
            )
        real, self.dtype = _REALS[like.dtype]
        self.network = network
        self.learning = learning
        self.given = stream.given
        self.layout = Layout(network.topology, learning, stream.steps)
        self.table = np.ascontiguousarray(stream.table.cpu().numpy().astype(self.dtype))
        self.picks = np.ascontiguousarray(stream.picks.numpy().astype(np.int64))
        # What the network hears of a unit that is off, and of one that is on.
        silent = torch.zeros_like(network.mean)
        self.levels = np.stack(
            [((on - network.mean) * network.scale).numpy() for on in (silent, silent + 1)]
        )
        songs, bars = self.picks.shape
        self.compiled = compile_kernel(self.layout.header(network, real), self.layout.kernel_files)
        self.buffer = _aligned(self.layout.size, self.dtype)
        kalman, melody = learning.kalman, learning.melody
        self._rules = Rules(
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
            gross_errors=learning.gross_errors,
            count_per_chorus=learning.gross_count == "in_chorus",
            episode_choruses=learning.episode_choruses,
            test_steps=learning.test_choruses * stream.steps,
            test_interval=learning.test_interval,
            melody_together=melody.start == "together",
            chords_learn=melody.chords == "learn",
            stretch=self.layout.stretches[0],
            melody_stretch=self.layout.stretches[1],
            song_steps=stream.steps,
            bars=bars,
            songs_in_order=songs,
            by_episode=stream.by_episode,
            tested=stream.tested,
            given=stream.given,
        )
        drawn = test_uniform(network.topology, self._rules.test_steps)
        self._uniform = None if drawn is None else drawn.numpy()
        self._counters = CountersOfKernel()
        self._losses = np.zeros(2)
        weights = {name: value.detach() for name, value in network.named_parameters()}
        self._write_weights(weights, "weights")
        self._write_memory(first_memory(network, learning))

    @property
    def counters(self) -> Counters:
        """See `Learner.counters`."""
        return Counters(**{f.name: getattr(self._counters, f.name) for f in fields(Counters)})

    @property
    def loss(self) -> float:
        """See `Learner.loss`."""
        return float(self._losses[0])

    @property
    def melody_loss(self) -> float:
        """See `Learner.melody_loss`."""
        return float(self._losses[1])

    @property
    def melody_rate(self) -> float:
        """See `Learner.melody_rate`."""
        return float(self._rules.melody_rate)

    @melody_rate.setter
    def melody_rate(self, rate: float) -> None:
        self._rules.melody_rate = rate

    def learn(self, steps: int) -> int:
        """See `Learner.learn`; the interpreter's lock is free meanwhile."""
        return int(
            self.compiled.library.learn(
                _pointer(self.buffer),
                _pointer(self.levels),
                _pointer(self.table),
                _pointer(self.picks),
                None if self._uniform is None else _pointer(self._uniform),
                ctypes.byref(self._rules),
                ctypes.byref(self._counters),
                _pointer(self._losses),
                ctypes.c_int64(steps),
            )
        )

    def begin_melody(self) -> None:
        """See `Learner.begin_melody`."""
        self.compiled.library.begin_melody(_pointer(self.buffer), ctypes.byref(self._counters))

    def free_run(
        self,
        steps: int,
        *,
        song: int = 0,
        uniform: Tensor | None = None,
        stop_at_wrong: bool = False,
    ) -> FreeRun:
        """See `Learner.free_run`."""
        if uniform is not None and self.network.encoding.held != "unmarked":
            return self._readable_free_run(steps, song, uniform, stop_at_wrong)
        topology = self.network.topology
        units, form = topology.units, topology.unit_slice(CHORDS)
        table = self.table[song].copy()
        if uniform is None:
            table[:, : form.start] = table[:, form.stop :] = 0
        first = (table[0] > 0).astype(np.uint8)
        notes = np.zeros((steps, units), dtype=np.bool_)
        outputs = np.zeros((steps, units))
        drawn = None if uniform is None else np.ascontiguousarray(uniform.double().numpy())
        played = ctypes.c_int64(0)
        right = self.compiled.library.free_run(
            _pointer(self.buffer),
            _pointer(first),
            _pointer(self.levels),
            _pointer(table),
            ctypes.c_int64(len(table)),
            ctypes.c_int64(self.given),
            ctypes.c_int64(steps),
            ctypes.c_int(stop_at_wrong),
            None if drawn is None else _pointer(drawn),
            _pointer(notes),
            _pointer(outputs),
            ctypes.byref(played),
        )
        if right < 0:
            raise BluesError(NO_NOTE)
        end = played.value
        return FreeRun(torch.from_numpy(notes[:end]), torch.from_numpy(outputs[:end]), int(right))

    def _readable_free_run(
        self, steps: int, song: int, uniform: Tensor, stop_at_wrong: bool
    ) -> FreeRun:
        """The compiled sampler knows no marks of held notes."""
        network = copy.deepcopy(self.network)
        network.load_state_dict(self.state().weights)
        notes = torch.from_numpy(self.table[song])
        return free_run(
            network, notes, steps, uniform=uniform, stop_at_wrong=stop_at_wrong, given=self.given
        )

    def state(self) -> LearnerState:
        """See `Learner.state`."""
        topology, layout = self.network.topology, self.layout
        weights = {n: torch.zeros_like(v.detach()) for n, v in self.network.named_parameters()}
        velocity = {name: value.clone() for name, value in weights.items()}
        like = self.network.like
        traces = like.new_zeros(0)
        if self.learning.rule.gradient.traces:
            traces = like.new_zeros(3, topology.cells, topology.sources)
        memory = {
            name: like.new_zeros(shape)
            for name, shape in memory_shapes(self.network, self.learning).items()
        }
        for name, places, packed in self._memory():
            memory[name][places] = torch.from_numpy(packed.copy())
        for name, seen, packed in self._rows("weights"):
            weights[name][:, seen] = torch.from_numpy(packed.copy())
        for name, seen, packed in self._rows("velocity"):
            # The kernel climbs where torch.optim descends; SGD without momentum keeps nothing.
            if self.learning.momentum or self.learning.rule.optimizer.counts:
                velocity[name][:, seen] = torch.from_numpy(-packed)
        for part, seen, packed in self._traces():
            traces[:, part.cells, seen] = torch.from_numpy(packed.copy())
        cells = topology.cells
        return LearnerState(
            weights=weights,
            velocity=velocity,
            s=torch.from_numpy(self.buffer[layout.s : layout.s + cells].copy()),
            y=torch.from_numpy(self.buffer[layout.y : layout.y + cells].copy()),
            traces=traces,
            counters=self.counters,
            loss=self.loss,
            melody_loss=self.melody_loss,
            melody_rate=self.melody_rate,
            memory=memory,
        )

    def load(self, state: LearnerState) -> None:
        """See `Learner.load`."""
        self._write_weights(state.weights, "weights")
        self._write_weights({n: -v for n, v in state.velocity.items()}, "velocity")
        for part, seen, packed in self._traces():
            packed[:] = state.traces[:, part.cells, seen].numpy()
        cells, layout = self.network.topology.cells, self.layout
        self.buffer[layout.s : layout.s + cells] = state.s.numpy()
        self.buffer[layout.y : layout.y + cells] = state.y.numpy()
        self._counters = CountersOfKernel(**asdict(state.counters))
        self._losses[:] = state.loss, state.melody_loss
        self.melody_rate = state.melody_rate
        self._write_memory(state.memory)

    def _write_memory(self, memory: dict[str, Tensor]) -> None:
        for name, places, packed in self._memory():
            packed[:] = memory[name][places].numpy()

    def _memory(self) -> list[tuple[str, tuple[Any, ...], NDArray[np.floating]]]:
        """Views into the buffer of what `LearnerState.memory` holds, with their places there."""
        views: list[tuple[str, tuple[Any, ...], NDArray[np.floating]]] = []
        gradient, optimizer = self.learning.rule
        for memory in (*gradient.memory, *optimizer.memory):
            for place in self.layout.places:
                seen, first = torch.tensor(place.part.seen), 0
                for rows in place.part.rows:
                    view = self.layout.memory(self.buffer, memory.per, place, first, rows.height)
                    first += rows.height
                    if view is not None:
                        where: tuple[Any, ...] = (..., seen)
                        if memory.per is Per.PAIR_IN_ROW:
                            where = (slice(None), seen[:, None], seen)
                        views.append((f"{memory.name}/{rows.parameter}", where, view))
        return views

    def _write_weights(self, values: dict[str, Tensor], kind: str) -> None:
        for name, seen, packed in self._rows(kind):
            packed[:] = values[name][:, seen].numpy()

    def _rows(self, kind: str) -> list[tuple[str, list[int], NDArray[np.floating]]]:
        """Views into the buffer, one for each parameter, without the padding."""
        views = []
        for place in self.layout.places:
            at, seen = getattr(place, kind), list(place.part.seen)
            for rows in place.part.rows:
                end = at + rows.height * place.width
                block = self.buffer[at:end].reshape(rows.height, place.width)
                views.append((rows.parameter, seen, block[:, : len(seen)]))
                at = end
        return views

    def _traces(self) -> list[tuple[Part, list[int], NDArray[np.floating]]]:
        """Views of the traces of each group, (3, cells, M)."""
        views: list[tuple[Part, list[int], NDArray[np.floating]]] = []
        for place in self.layout.places:
            if self.learning.rule.gradient.traces and place.part.blocks:
                block = self.buffer[place.traces : place.traces + 3 * place.cells * place.width]
                block = block.reshape(3, place.cells, place.width)
                seen = list(place.part.seen)
                views.append((place.part, seen, block[:, :, : len(seen)]))
        return views


def _pointer(array: NDArray[np.generic]) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


def _aligned(size: int, dtype: type[np.floating]) -> NDArray[np.floating]:
    """Zeros that begin on a cache line."""
    item = np.dtype(dtype).itemsize
    room = np.zeros(size + 64 // item, dtype=dtype)
    skip = -room.ctypes.data % 64 // item
    return room[skip : skip + size]
