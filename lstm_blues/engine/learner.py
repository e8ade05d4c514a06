"""The learning rules compiled from C for one topology: thousands of steps per call.

The files of `kernel/` are compiled the first time that a topology is used, by the C compiler of the
machine, and kept in a cache folder.  Tests hold them to the PyTorch engine.
"""

from __future__ import annotations

import copy
import ctypes
from dataclasses import asdict, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstm_blues.engine.compiler import compile_kernel
from lstm_blues.engine.layout import CountersOfKernel, Layout, Rules
from lstm_blues.errors import BluesError
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
from lstm_blues.network.topology import CHORDS
from lstm_blues.playing.sampler import NO_NOTE, FreeRun, free_run

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
        # What is heard of it, each set of units from a whole vector on.
        heard = ((stream.table.cpu() - network.mean) * network.scale).numpy()
        self._sounds = np.zeros((*heard.shape[:2], self.layout.inputs), self.dtype)
        self._sounds[..., self.layout.input_places] = heard
        self.picks = np.ascontiguousarray(stream.picks.numpy().astype(np.int64))
        # What the network hears of a unit that is off, and of one that is on.
        silent = torch.zeros_like(network.mean)
        self.levels = np.stack(
            [((on - network.mean) * network.scale).numpy() for on in (silent, silent + 1)]
        )
        songs, bars = self.picks.shape
        self._bar_of = np.arange(stream.steps, dtype=np.int64) * bars // stream.steps
        self.compiled = compile_kernel(self.layout.source(network, real))
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
            kalman_cross_entropy=kalman.error == "cross_entropy",
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
        weights = {f"weights/{name}": value for name, value in network.named_parameters()}
        self._write(weights | first_memory(network, learning))

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
                _pointer(self._sounds),
                _pointer(self.picks),
                _pointer(self._bar_of),
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
        table = np.ascontiguousarray(self.table[song])
        first = (table[0] > 0).astype(np.uint8)
        if uniform is None:
            first[: form.start] = first[form.stop :] = 0
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
        for key, where, view, inside in self.layout.windows(self.buffer):
            found[key][where] = torch.from_numpy(view[inside])

        def of(kind: str) -> dict[str, Tensor]:
            return {
                key.removeprefix(kind): value
                for key, value in found.items()
                if key.startswith(kind)
            }

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
        """See `Learner.load`."""
        self._write(
            {f"weights/{name}": value for name, value in state.weights.items()}
            | {f"velocity/{name}": -value for name, value in state.velocity.items()}
            | {"traces": state.traces, "s": state.s, "y": state.y}
            | state.memory
        )
        self._counters = CountersOfKernel(**asdict(state.counters))
        self._losses[:] = state.loss, state.melody_loss
        self.melody_rate = state.melody_rate

    def _write(self, tensors: dict[str, Tensor]) -> None:
        """Writes those tensors of the buffer's windows that there are."""
        for key, where, view, inside in self.layout.windows(self.buffer):
            if key in tensors:
                view[inside] = tensors[key].detach().numpy()[where]


def _pointer(array: NDArray[np.generic]) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


def _aligned(size: int, dtype: type[np.floating]) -> NDArray[np.floating]:
    """Zeros that begin on a cache line."""
    item = np.dtype(dtype).itemsize
    room = np.zeros(size + 64 // item, dtype=dtype)
    skip = -room.ctypes.data % 64 // item
    return room[skip : skip + size]
