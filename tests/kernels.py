"""Kernels built otherwise than the package builds them, and what each makes of the same memory."""

from __future__ import annotations

import ctypes
import hashlib
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from lstm_blues.engine.compiler import FLAGS, compile_with, load_kernel
from lstm_blues.engine.layout import SamplingOfKernel
from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.engine.webassembly import build_webassembly, memory_image
from lstm_blues.playing.sampler import Sampling

SOURCES = Path(__file__).parent / "kernel"
_ALIGNMENT = 64
_OPTIONS = (
    Sampling(),
    Sampling(temperature=0.7),
    Sampling(temperature=1.5, top_k=3),
    Sampling(voices=3),
    Sampling(greedy=True),
)
"""Samplings that the steps of `Run.play` take in turn."""
SONGS = 3
"""Songs that are played side by side."""


class At(NamedTuple):
    """A place in an array of a `Run`, in bytes."""

    array: str
    offset: int = 0


Argument = At | int | None
"""Of a call: a pointer, a whole number, or a null pointer."""


@dataclass(frozen=True)
class Made:
    """What a kernel made of a `Run`: what each call returned, and the arrays by name."""

    returned: tuple[int, ...]
    arrays: dict[str, bytes]

    @property
    def hash(self) -> str:
        """Equal where everything is, to the bit."""
        found = hashlib.sha256(repr(self.returned).encode())
        for data in self.arrays.values():
            found.update(data)
        return found.hexdigest()[:16]


class Run:
    """Calls of a kernel on an image of its memory, for `run_library`, kernel/main.c and
    kernel/run.mjs.

    The two programs read the image, and the calls from a text: a line `array OFFSET LENGTH` for
    each array, then a line for each call with its name and arguments: whole numbers, `-` for a null
    pointer, `@ARRAY+OFFSET` for a place in one.  They print what each call returned, a line each,
    and write the image as it is then.

    Args:
        learner: gives the kernel's text and all that it works on; it does not change.
    """

    def __init__(self, learner: CompiledLearner) -> None:
        self.learner = learner
        image, described = memory_image(learner)
        self.image = bytearray(image)
        self.places = {
            name: (each["offset"], each["length"]) for name, each in described["arrays"].items()
        }
        self.calls: list[tuple[str, tuple[Argument, ...]]] = []

    @property
    def source(self) -> str:
        """The kernel's text."""
        return self.learner.engine.source

    def add(self, name: str, data: bytes) -> At:
        """A further array."""
        self.image += bytes(-len(self.image) % _ALIGNMENT)
        self.places[name] = (len(self.image), len(data))
        self.image += data
        return At(name)

    def write(self, at: At, data: bytes) -> None:
        """Other bytes in an array."""
        start, length = self.places[at.array]
        assert at.offset + len(data) <= length
        self.image[start + at.offset : start + at.offset + len(data)] = data

    def call(self, name: str, *arguments: Argument) -> None:
        """A further call."""
        self.calls.append((name, arguments))

    def learn(self, steps: int) -> None:
        """So many steps of learning."""
        songs = ("buffer", "levels", "table", "sounds", "picks", "bar_of", "uniform")
        places = [At(name) for name in (*songs, "rules", "counters", "losses")]
        self.call("learn", *(at if self.places[at.array][1] else None for at in places), steps)

    def begin_melody(self) -> None:
        """From here on the melody is learned."""
        self.call("begin_melody", At("buffer"), At("counters"))

    def free_run(self, steps: int) -> None:
        """A free run on the first song, of chords alone, then of all."""
        learner, rules = self.learner, self.learner.rules
        units, draws = learner.network.topology.units, int(rules.draws)
        first = (learner.table[0, 0] > 0).astype(np.uint8)
        start, uniform = self.add("first", first.tobytes()), self._random(steps * draws)
        sampling = self.add("sampling", bytes(rules.sampling))
        for name, drawn in (("chords", None), ("all", uniform)):
            self.call(
                *("free_run", At("buffer"), start, At("levels"), At("table")),
                *(rules.song_steps, rules.given, steps, 0, sampling, drawn, draws),
                self.add(f"notes of {name}", bytes(steps * units)),
                self.add(f"outputs of {name}", bytes(8 * steps * units)),
                self.add(f"played of {name}", bytes(8)),
            )

    def play(self, steps: int) -> None:
        """Steps of playing on from the network's present state, and of several songs side by side
        from zero state, with all options of sampling in turn."""
        learner = self.learner
        layout, encoding = learner.engine.layout, learner.network.encoding
        units, item = learner.network.topology.units, learner.engine.buffer.itemsize
        s, y = (At("buffer", item * place) for place in (layout.s, layout.y))
        samplings = [
            self.add(f"option {n}", bytes(SamplingOfKernel.of(option, encoding)))
            for n, option in enumerate(_OPTIONS)
        ]
        zeros = bytes(item * SONGS * layout.cells)
        alone = (1, s, y)
        together = (SONGS, self.add("s of songs", zeros), self.add("y of songs", zeros))
        for name, (songs, s, y) in (("alone", alone), ("together", together)):
            draws = 1 + max(option.voices for option in _OPTIONS)
            uniform = self._random(steps * songs * draws)
            first = (learner.table[0, 0] > 0).astype(np.uint8).tobytes() * songs
            notes = self.add(f"notes {name}", first + bytes(steps * songs * units))
            logits = self.add(f"logits {name}", bytes(8 * steps * songs * units))
            outputs = self.add(f"outputs {name}", bytes(8 * steps * songs * units))
            gates = self.add(f"gates {name}", bytes(item * songs * layout.gates))
            inputs = self.add(f"inputs {name}", bytes(item * songs * layout.cells))
            for step in range(steps):
                at = step * songs * units
                self.call(
                    *("play_step", At("buffer"), At("levels"), songs, s, y),
                    *(At(notes.array, at), 1, samplings[step % len(samplings)]),
                    *(At(uniform.array, 8 * draws * songs * step), draws),
                    At(notes.array, at + songs * units),
                    *(At(logits.array, 8 * at), At(outputs.array, 8 * at), gates, inputs),
                )

    def listen(self, songs: int) -> None:
        """The cross-entropies of the table's first songs."""
        losses = self.add("losses of songs", bytes(16))
        steps = self.learner.rules.song_steps
        songs = min(songs, len(self.learner.table))
        self.call("listen", At("buffer"), At("table"), At("sounds"), songs, steps, 2, losses)

    def _random(self, count: int) -> At:
        generator = torch.Generator().manual_seed(len(self.places))
        drawn = torch.rand(count, generator=generator, dtype=torch.float64)
        return self.add(f"random {len(self.places)}", drawn.numpy().tobytes())

    def made(self, returned: tuple[int, ...], image: bytes) -> Made:
        """What became of the image."""
        return Made(
            returned, {name: image[at : at + size] for name, (at, size) in self.places.items()}
        )

    def write_files(self, folder: Path) -> tuple[Path, Path]:
        """The image and the text of the calls."""
        numbers = {name: n for n, name in enumerate(self.places)}

        def word(argument: Argument) -> str:
            if isinstance(argument, At):
                return f"@{numbers[argument.array]}+{argument.offset}"
            return "-" if argument is None else str(argument)

        lines = [f"array {at} {size}" for at, size in self.places.values()]
        lines += [" ".join((name, *map(word, arguments))) for name, arguments in self.calls]
        image, calls = folder / "image", folder / "calls"
        image.write_bytes(self.image)
        calls.write_text("\n".join(lines) + "\n")
        return image, calls


def whole_run(learner: CompiledLearner, steps: int) -> Run:
    """All that a kernel does: learns, the melody too, plays, listens, and learns on."""
    run = Run(learner)
    run.learn(steps // 2)
    if not all(part.reaches_chords for part in learner.network.topology.parts):
        run.begin_melody()
    run.learn(steps - steps // 2)
    run.free_run(60)
    run.play(60)
    run.listen(3)
    run.learn(min(steps, 500))
    return run


def run_library(library: ctypes.CDLL, run: Run) -> Made:
    """What a library in this process makes of a run."""
    room = np.zeros(len(run.image) + _ALIGNMENT, np.uint8)
    base = room.ctypes.data + -room.ctypes.data % _ALIGNMENT
    ctypes.memmove(base, bytes(run.image), len(run.image))

    def told(argument: Argument) -> ctypes.c_void_p | ctypes.c_int64:
        if isinstance(argument, At):
            return ctypes.c_void_p(base + run.places[argument.array][0] + argument.offset)
        return ctypes.c_void_p() if argument is None else ctypes.c_int64(argument)

    returned = tuple(
        int(getattr(library, name)(*map(told, arguments))) for name, arguments in run.calls
    )
    return run.made(returned, ctypes.string_at(base, len(run.image)))


def run_program(command: list[str], run: Run, folder: Path, timeout: float = 3600) -> Made:
    """What a program of kernel/ makes of a run; AssertionError where it fails or says anything."""
    image, calls = run.write_files(folder)
    result = folder / "result"
    done = subprocess.run(
        [*command, str(image), str(calls), str(result)],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return run.made(tuple(map(int, done.stdout.split())), result.read_bytes())


def program(source: str, compiler: tuple[str, ...], flags: tuple[str, ...], folder: Path) -> Path:
    """A kernel and kernel/main.c as a program."""
    own = tuple(flag for flag in FLAGS if flag not in ("-shared", "-fPIC"))
    main = str(SOURCES / "main.c")
    path = folder / "program"
    path.write_bytes(compile_with(compiler, (*own, *flags, main), source, folder))
    path.chmod(0o700)
    return path


# Builds.


@dataclass(frozen=True)
class Build:
    """One way to build a kernel, and where it runs.

    compile_and_run: what the kernel of a run makes of it; works in the folder.  missing: why it
    cannot be had on this machine, or None.  emulated: it takes several hundred times as long.
    """

    name: str
    compile_and_run: Callable[[Run, Path], Made]
    missing: str | None = None
    emulated: bool = False


ZIG = (sys.executable, "-m", "ziglang", "cc")
_NO_ZIG = None if find_spec("ziglang") else "no ziglang (the extra 'compiler')"


def builds() -> Iterator[Build]:
    """All builds that are compared."""
    x86 = platform.machine() in ("x86_64", "AMD64")
    levels = ("x86-64", "x86-64-v3", "x86-64-v4") if x86 else ("",)
    for name, command, lacking in (
        ("gcc", ("gcc",), _lacking("gcc")),
        ("clang", ("clang",), _lacking("clang")),
        ("zig", ZIG, _NO_ZIG),
    ):
        for level in levels:
            # zig knows the levels as processors.
            option = f"-mcpu={level.replace('-', '_')}" if name == "zig" else f"-march={level}"
            march = (option,) * bool(level)
            wide = ("-mprefer-vector-width=512",) * level.endswith("v4")
            for optimised in ("-O2", "-O3"):
                yield Build(
                    " ".join((name, optimised, *march)),
                    _in_process(command, (optimised, *march, *wide)),
                    lacking or _lacks_level(level),
                )
    qemu = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    static = ("-target", "aarch64-linux-musl", "-static")
    yield Build(
        "zig -O3 AArch64",
        lambda run, folder: run_program(
            [str(qemu), str(program(run.source, ZIG, static, folder))], run, folder
        ),
        _NO_ZIG or (None if qemu else "no qemu-aarch64 (the system's package qemu-user-static)"),
        emulated=True,
    )
    yield Build("zig -O3 WebAssembly", _webassembly, _NO_ZIG or _lacking("node"))


def _lacking(command: str) -> str | None:
    return None if shutil.which(command) else f"no {command}"


def _lacks_level(level: str) -> str | None:
    needed = {
        "x86-64-v3": {"avx2", "fma", "bmi1", "bmi2", "movbe", "f16c"},
        "x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    }
    lacking = needed.get(level, set()) - _processor_flags()
    return f"this processor has no {', '.join(sorted(lacking))}" if lacking else None


@cache
def _processor_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())


def _in_process(compiler: tuple[str, ...], flags: tuple[str, ...]) -> Callable[[Run, Path], Made]:
    def compile_and_run(run: Run, folder: Path) -> Made:
        path = folder / "kernel.so"
        path.write_bytes(compile_with(compiler, (*FLAGS, *flags), run.source, folder))
        return run_library(load_kernel(path).library, run)

    return compile_and_run


def _webassembly(run: Run, folder: Path) -> Made:
    module = folder / "kernel.wasm"
    module.write_bytes(build_webassembly(run.source, folder))
    return run_program(["node", str(SOURCES / "run.mjs"), str(module)], run, folder)
