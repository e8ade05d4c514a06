"""The C compiler of the machine, and the cache of what it made."""

from __future__ import annotations

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
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from lstm_blues.errors import BluesError

# Without contraction: which of two products a sum is fused with would be the compiler's choice,
# another one in another topology, and parts that learn alike would no longer do so to the bit.
_FLAGS = (
    *("-std=gnu11", "-O3", "-shared", "-fPIC", "-fopenmp-simd", "-ffp-contract=off"),
    *("-fno-math-errno", "-fno-trapping-math"),
)


@dataclass(frozen=True)
class CompiledKernel:
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
def compile_kernel(header: str, files: tuple[str, ...]) -> CompiledKernel:
    """Compiles files of `kernel/` as one text under `header`, or takes what the cache has.

    Raises `BluesError` where there is no compiler or it fails.
    """
    sources = resources.files("lstm_blues.engine") / "kernel"
    source = header + "".join(sources.joinpath(name).read_text() for name in files)
    compiler = find_compiler()
    key = "\0".join([source, *compiler, *_FLAGS, _processor(), platform.platform()])
    name = f"kernel-{hashlib.sha256(key.encode()).hexdigest()[:24]}.so"
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
    return CompiledKernel(library, seconds)


def _run_compiler(compiler: list[str], source: str, path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="build-") as folder:
        text, built = Path(folder) / "kernel.c", Path(folder) / "kernel.so"
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
