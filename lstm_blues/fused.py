"""The learning rule of `online.py`, compiled for one topology: thousands of steps a call.

`fused.c` is compiled the first time that a topology is used, by the C compiler of the machine, and
kept in a cache folder.  Tests hold it to the PyTorch engine.
"""

from __future__ import annotations

import copy
import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lstm_blues.errors import BluesError
from lstm_blues.network import BluesNetwork
from lstm_blues.online import (
    Counters,
    LearnerState,
    Learning,
    first_memory,
    memory_shapes,
    test_uniform,
)
from lstm_blues.sampler import NO_NOTE, FreeRun, free_run
from lstm_blues.songs import Stream
from lstm_blues.topology import FORM, Topology

LANES = 4
"""Rows of weights are padded to whole vectors of so many numbers."""

# Without contraction: which of two products a sum is fused with would be the compiler's choice,
# another one in another topology, and parts that learn alike would no longer do so to the bit.
_FLAGS = (
    *("-std=gnu11", "-O3", "-shared", "-fPIC", "-fopenmp-simd", "-ffp-contract=off"),
    *("-fno-math-errno", "-fno-trapping-math"),
)
_SQUASHINGS = {"identity": 0, "tanh": 1, "logistic_1": 2, "logistic_2": 3}
_RULES = (
    *("gross_errors", "count_per_chorus", "episode_choruses", "test_steps", "test_interval"),
    *("songs_in_order", "melody_together", "chords_learn", "test_uniform"),
    *("by_episode", "tested", "given"),
)
_REALS_OF_ALL = 4
_LEARNER_REALS = (
    *("adam_decay", "kalman_over"),
    *("first_noise", "last_noise", "first_process", "last_process"),
)
_REALS: dict[torch.dtype, tuple[str, type[np.floating]]] = {
    torch.float64: ("double", np.float64),
    torch.float32: ("float", np.float32),
}


@dataclass(frozen=True)
class _Part:
    """The rows of the buffer that belong to one group of blocks or one set of units."""

    names: tuple[str, ...]  # the network's parameters, in the order of their rows
    heights: tuple[int, ...]  # rows of each
    seen: list[int]  # places in [x; y; 1] of the packed sources
    cells: slice  # the group's cells; empty for units
    form: bool  # whether it reaches the chord units
    width: int = 0  # packed sources, padded
    weights: int = 0  # offsets in the buffer
    velocity: int = 0
    traces: int = 0
    covariance: int = 0

    @property
    def size(self) -> int:
        """Numbers of its weights."""
        return self.width * sum(self.heights)


class Layout:
    """Where everything stands in the compiled engine's one buffer.

    Weights of all parts, then their velocities, then what other learners need, then the traces (or
    what they have in their place), s and y.
    """

    def __init__(self, topology: Topology, learning: Learning, steps: int) -> None:
        self.topology, self.learning = topology, learning
        parts: list[_Part] = []
        for group in topology.groups:
            cells = topology.cell_slice(group.name)
            gates = ("input_gate", "forget_gate", "output_gate", "cell")
            parts.append(
                _Part(
                    tuple(f"blocks.{group.name}.{gate}" for gate in gates),
                    (group.blocks, group.blocks, group.blocks, cells.stop - cells.start),
                    topology.visible(group.inputs, group.recurrent),
                    cells,
                    group.name in topology.form_groups,
                )
            )
        for units in topology.unit_sets:
            seen = topology.visible(units.inputs, units.cells)
            name = f"output.{units.name}"
            form = units.name == FORM
            parts.append(_Part((name,), (units.units,), seen, slice(0, 0), form))

        parts = [replace(part, width=-(-len(part.seen) // LANES) * LANES) for part in parts]
        total = sum(part.size for part in parts)
        # Of the groups alone, whose parts come first.
        self.group_weights = sum(part.size for part in parts[: len(topology.groups)])
        gradient, adam = learning.gradient, learning.update == "adam"
        summed = learning.update != "kalman" and (gradient != "truncated" or adam)
        self.stretches = [
            learning.stretch(steps, melody) if gradient == "unrolled" else 0
            for melody in (False, True)
        ]
        self.history = sum(_kept(part) for part in parts)
        free = 2 * total
        self.gradient = free
        free += total * summed
        self.second = free
        free += total * adam
        self.history_at = free
        free += self.history * max(self.stretches)
        self.later = free
        free += topology.cells * self.group_weights * (gradient == "full")
        at = 0
        self.parts: list[_Part] = []
        for part in parts:
            self.parts.append(replace(part, weights=at, velocity=total + at, covariance=free))
            at += part.size
            free += part.size * part.width * (learning.update == "kalman")
        # One buffer's parts begin on whole vectors.
        self.traces = traces = -(-free // LANES) * LANES
        if gradient == "truncated":
            for number, part in enumerate(self.parts):
                self.parts[number] = replace(part, traces=traces)
                traces += 3 * (part.cells.stop - part.cells.start) * part.width
        if gradient == "full":
            traces += 2 * topology.cells * self.group_weights
        self.groups = self.parts[: len(topology.groups)]
        self.unit_sets = self.parts[len(topology.groups) :]
        self.trace_count = traces - self.traces
        padded = -(-topology.cells // LANES) * LANES
        self.s = traces
        self.y = traces + padded
        self.size = traces + 2 * padded

    def header(self, steps: int, bars: int, network: BluesNetwork, real: str) -> str:
        """The constants that `fused.c` is compiled with."""
        topology = self.topology
        defines: dict[str, object] = {
            "UNITS": topology.units,
            "CELLS": topology.cells,
            "SOURCES": topology.sources,
            "STEPS": steps,
            "BARS": bars,
            "FORM_FIRST": topology.unit_slice(FORM).start,
            "FORM_UNITS": topology.unit_slice(FORM).stop - topology.unit_slice(FORM).start,
            "SQUASH_G": _SQUASHINGS[network.g],
            "SQUASH_H": _SQUASHINGS[network.h],
            "TRACES_AT": self.traces,
            "TRACES": self.trace_count,
            "S_AT": self.s,
            "Y_AT": self.y,
        }
        lines = [f"typedef {real} real;"]
        lines += [f"#define {name} {value}" for name, value in defines.items()]
        for names in ([c.name for c in fields(Counters)], _RULES):
            lines.append("enum { " + ", ".join(_constant(name) for name in names) + " };")
        gathers, groups, sets = [], [], []
        for number, (part, group) in enumerate(zip(self.groups, topology.groups, strict=True)):
            places = [group.blocks, group.cells, part.width, part.weights, part.velocity]
            groups.append(_call(number, part, [*places, part.traces, part.cells.start]))
            gathers.append((f"g{number}", part))
        for number, (part, units) in enumerate(
            zip(self.unit_sets, topology.unit_sets, strict=True)
        ):
            places = [units.units, part.width, part.weights, part.velocity]
            sets.append(_call(number, part, [*places, topology.unit_slice(units.name).start]))
            gathers.append((f"u{number}", part))
        for name, part in gathers:
            index = part.seen + [topology.sources] * (part.width - len(part.seen))
            lines.append(f"static const int gather_{name}[] = {{{', '.join(map(str, index))}}};")
        if self.learner_files:
            lines += self._learner_header()
        lines.append(f"#define GROUPS(X) {' '.join(groups)}")
        lines.append(f"#define UNIT_SETS(X) {' '.join(sets)}")
        return "\n".join(lines) + "\n"

    @property
    def learner_files(self) -> tuple[str, ...]:
        """The files of `learners/` that take the place of the report's weight change."""
        if self.learning.update == "kalman":
            return ("kalman.c",)
        if self.learning.gradient == "truncated" and self.learning.update == "momentum":
            return ()
        return ("change.c", f"{self.learning.gradient}.c")

    def _learner_header(self) -> list[str]:
        """The constants of the files in `learners/`."""
        topology, learning = self.topology, self.learning
        form = [0] * topology.cells
        for part in self.groups:
            form[part.cells] = [int(part.form)] * (part.cells.stop - part.cells.start)
        defines: dict[str, int] = {
            "UPDATE_ADAM": int(learning.update == "adam"),
            "KALMAN_CROSS_ENTROPY": int(learning.kalman.error == "cross_entropy"),
            "HAS_MELODY": int(not all(part.form for part in self.parts)),
            "WEIGHTS": self.group_weights,
            "GRADIENT_AT": self.gradient,
            "SECOND_AT": self.second,
            "STRETCH": self.stretches[0],
            "MELODY_STRETCH": self.stretches[1],
            "HISTORY": self.history,
            "HISTORY_AT": self.history_at,
            "LATER_AT": self.later,
        }
        kept = 0
        for kind, parts in (("g", self.groups), ("u", self.unit_sets)):
            for number, part in enumerate(parts):
                defines[f"H_{kind}{number}"] = kept
                defines[f"K_{kind}{number}"] = part.covariance
                kept += _kept(part)
        names = ", ".join(_constant(name) for name in _LEARNER_REALS)
        return [
            *(f"#define {name} {value}" for name, value in defines.items()),
            f"enum {{ {names.replace(',', f' = {_REALS_OF_ALL},', 1)} }};",
            f"static const int cell_form[] = {{{', '.join(map(str, form))}}};",
        ]


def _kept(part: _Part) -> int:
    """Numbers a step that the unrolled gradient keeps of a part; see learners/unrolled.c."""
    cells = part.cells.stop - part.cells.start
    gates = sum(part.heights) - cells
    return part.width + gates + 3 * cells if cells else part.width + part.heights[0]


def _call(number: int, part: _Part, places: list[int]) -> str:
    """One call of the X-macro that lists the parts."""
    return f"X({', '.join(map(str, [number, int(part.form), *places]))})"


def _constant(name: str) -> str:
    return f"N_{name.upper()}"


@dataclass(frozen=True)
class Compiled:
    """The compiled functions and how they came to be."""

    library: ctypes.CDLL
    seconds: float
    """Seconds of compilation, 0.0 where the cache had it."""


def find_compiler() -> list[str]:
    """The command of a C compiler: $CC, cc, gcc or clang, else the one of the package `ziglang`.

    Raises `BluesError` where there is none.
    """
    if os.environ.get("CC"):
        command = shlex.split(os.environ["CC"])
        if shutil.which(command[0]) is None:
            raise BluesError(f"CC is {os.environ['CC']!r}, which is no command on this machine.")
        return command
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return [name]
    if find_spec("ziglang") is not None:
        return [sys.executable, "-m", "ziglang", "cc"]
    raise BluesError(
        "engine=fast needs a C compiler and found none: install one (cc, gcc or clang, or the "
        "package's extra 'compiler'), or choose engine=torch, which is several hundred times "
        "slower."
    )


def cache_folder() -> Path:
    """Where compiled engines are kept: $LSTM_BLUES_CACHE, or `lstm_blues` in the user's cache."""
    if os.environ.get("LSTM_BLUES_CACHE"):
        return Path(os.environ["LSTM_BLUES_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "lstm_blues"


@lru_cache(maxsize=1)
def _processor() -> str:
    """What -march=native depends on, so that a cache on a shared disk serves several machines."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return line
    except OSError:
        pass
    return platform.machine() + platform.processor()


@lru_cache(maxsize=32)
def compile_source(header: str, learner_files: tuple[str, ...] = ()) -> Compiled:
    """Compiles `fused.c` under `header`, with files of `learners/`, or takes it from the cache.

    Raises `BluesError` where there is no compiler or it fails.
    """
    folder_of_sources = resources.files("lstm_blues")
    text = folder_of_sources.joinpath("fused.c").read_text()
    learner = "".join(
        folder_of_sources.joinpath("learners", name).read_text() for name in learner_files
    )
    source = header + text.replace("/* LEARNER */\n", learner)
    compiler = find_compiler()
    key = "\0".join([source, *compiler, *_FLAGS, _processor(), platform.platform()])
    name = f"fused-{hashlib.sha256(key.encode()).hexdigest()[:24]}.so"
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        folder = Path(tempfile.mkdtemp(prefix="lstm_blues-"))
    path, seconds = folder / name, 0.0
    if not path.exists():
        start = time.perf_counter()
        _run_compiler(compiler, source, path)
        seconds = time.perf_counter() - start
    library = ctypes.CDLL(str(path))
    library.learn.restype = ctypes.c_int64
    library.free_run.restype = ctypes.c_int64
    return Compiled(library, seconds)


def _run_compiler(compiler: list[str], source: str, path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="build-") as folder:
        text, built = Path(folder) / "fused.c", Path(folder) / "fused.so"
        text.write_text(source)
        command = [*compiler, *_FLAGS, str(text), "-o", str(built), "-lm"]
        for native in (["-march=native"], ["-mcpu=native"], []):
            done = subprocess.run([*command, *native], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                built.replace(path)
                return
    last = next((line for line in done.stderr.splitlines() if "error" in line), "no message")
    raise BluesError(
        f"engine=fast could not be compiled by {' '.join(compiler)!r} ({last.strip()}): set CC to "
        "another C compiler, or choose engine=torch."
    )


class FusedLearner:
    """The compiled engine, for the CPU; see `lstm_blues.online.Learner` for what it offers.

    Args:
        network: gives topology, squashings, dtype and first weights; it does not change.
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
        if not network.topology.form_is_separate and network.encoding.held != "unmarked":
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
        self.compiled = compile_source(
            self.layout.header(stream.steps, bars, network, real), self.layout.learner_files
        )
        self.buffer = _aligned(self.layout.size, self.dtype)
        kalman = learning.kalman
        of_all = [learning.rate, learning.momentum, learning.gross_error, learning.melody.rates[0]]
        of_learners = [learning.adam_decay, kalman.over, *kalman.noise, *kalman.process]
        self._reals = np.array(of_all + of_learners)
        rules = {
            **asdict(learning),
            "count_per_chorus": learning.gross_count == "in_chorus",
            "test_steps": learning.test_choruses * stream.steps,
            "songs_in_order": songs,
            "by_episode": stream.by_episode,
            "tested": stream.tested,
            "given": stream.given,
            "melody_together": learning.melody.start == "together",
            "chords_learn": learning.melody.chords == "learn",
        }
        # Kept here as long as its address is in use.
        drawn = test_uniform(network.topology, int(rules["test_steps"]))
        self._uniform = None if drawn is None else drawn.numpy()
        rules["test_uniform"] = 0 if self._uniform is None else self._uniform.ctypes.data
        self._rules = np.array([int(rules[name]) for name in _RULES], dtype=np.int64)
        self._counters = np.zeros(len(fields(Counters)), dtype=np.int64)
        self._losses = np.zeros(2)
        weights = {name: value.detach() for name, value in network.named_parameters()}
        self._write_weights(weights, "weights")
        if learning.update == "kalman":
            self._write_memory(first_memory(network, learning))

    @property
    def counters(self) -> Counters:
        """See `Learner.counters`."""
        return Counters(*self._counters.tolist())

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
        return float(self._reals[3])

    @melody_rate.setter
    def melody_rate(self, rate: float) -> None:
        self._reals[3] = rate

    def learn(self, steps: int) -> int:
        """See `Learner.learn`; the interpreter's lock is free meanwhile."""
        return int(
            self.compiled.library.learn(
                _pointer(self.buffer),
                _pointer(self.levels),
                _pointer(self.table),
                _pointer(self.picks),
                _pointer(self._reals),
                _pointer(self._rules),
                _pointer(self._counters),
                _pointer(self._losses),
                ctypes.c_int64(steps),
            )
        )

    def begin_melody(self) -> None:
        """See `Learner.begin_melody`."""
        count = self.counters
        count.melody = 1
        count.songs += 1
        count.position = count.choruses_in_episode = 0
        count.gross_in_count = count.gross_in_chorus = 0
        self._counters[:] = list(asdict(count).values())
        self.buffer[self.layout.traces :] = 0  # traces, s and y

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
        units, form = topology.units, topology.unit_slice(FORM)
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
        if self.learning.gradient == "truncated":
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
            # The compiled engine climbs, torch.optim.SGD descends, without momentum keeps nothing.
            if self.learning.momentum or self.learning.update == "adam":
                velocity[name][:, seen] = torch.from_numpy(-packed)
        for part, packed in self._traces():
            traces[:, part.cells, part.seen] = torch.from_numpy(packed.copy())
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
        for part, packed in self._traces():
            packed[:] = state.traces[:, part.cells, part.seen].numpy()
        cells, layout = self.network.topology.cells, self.layout
        self.buffer[layout.s : layout.s + cells] = state.s.numpy()
        self.buffer[layout.y : layout.y + cells] = state.y.numpy()
        self._counters[:] = list(asdict(state.counters).values())
        self._losses[:] = state.loss, state.melody_loss
        self.melody_rate = state.melody_rate
        self._write_memory(state.memory)

    def _write_memory(self, memory: dict[str, Tensor]) -> None:
        for name, places, packed in self._memory():
            packed[:] = memory[name][places].numpy()

    def _memory(self) -> list[tuple[str, tuple[Any, ...], NDArray[np.floating]]]:
        """Views into the buffer of what `LearnerState.memory` holds, with their places there."""
        views: list[tuple[str, tuple[Any, ...], NDArray[np.floating]]] = []
        layout, learning, cells = self.layout, self.learning, self.network.topology.cells
        for part in layout.parts:
            count, first, seen = len(part.seen), 0, torch.tensor(part.seen)
            for name, height in zip(part.names, part.heights, strict=True):
                at, size = first * part.width, height * part.width
                first += height
                if learning.update == "adam":
                    second = layout.second + part.weights + at
                    rows = self.buffer[second : second + size].reshape(height, part.width)
                    views.append((f"second/{name}", (slice(None), seen), rows[:, :count]))
                if learning.update == "kalman":
                    place = part.covariance + at * part.width
                    square = self.buffer[place : place + size * part.width]
                    square = square.reshape(height, part.width, part.width)
                    places = (slice(None), seen[:, None], seen)
                    views.append((f"covariance/{name}", places, square[:, :count, :count]))
                if learning.gradient == "full" and part.cells.stop > part.cells.start:
                    end = layout.traces + 2 * cells * layout.group_weights
                    every = self.buffer[layout.traces : end].reshape(2, cells, -1)
                    own = every[..., part.weights + at : part.weights + at + size]
                    own = own.reshape(2, cells, height, part.width)
                    views.append((f"sensitivity/{name}", (..., seen), own[..., :count]))
        return views

    def _write_weights(self, values: dict[str, Tensor], kind: str) -> None:
        for name, seen, packed in self._rows(kind):
            packed[:] = values[name][:, seen].numpy()

    def _rows(self, kind: str) -> list[tuple[str, list[int], NDArray[np.floating]]]:
        """Views into the buffer, one for each parameter, without the padding."""
        views = []
        for part in self.layout.parts:
            at = getattr(part, kind)
            for name, height in zip(part.names, part.heights, strict=True):
                end = at + height * part.width
                block = self.buffer[at:end].reshape(height, part.width)
                views.append((name, part.seen, block[:, : len(part.seen)]))
                at = end
        return views

    def _traces(self) -> list[tuple[_Part, NDArray[np.floating]]]:
        views: list[tuple[_Part, NDArray[np.floating]]] = []
        if self.learning.gradient != "truncated":
            return views
        for part in self.layout.groups:
            count = part.cells.stop - part.cells.start
            block = self.buffer[part.traces : part.traces + 3 * count * part.width]
            views.append((part, block.reshape(3, count, part.width)[:, :, : len(part.seen)]))
        return views


def _pointer(array: NDArray[np.generic]) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


def _aligned(size: int, dtype: type[np.floating]) -> NDArray[np.floating]:
    """Zeros that begin on a cache line."""
    item = np.dtype(dtype).itemsize
    room = np.zeros(size + 64 // item, dtype=dtype)
    skip = -room.ctypes.data % 64 // item
    return room[skip : skip + size]
