"""The C compiler of the machine, and the cache of what it made."""

from __future__ import annotations

import ctypes
import glob
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from lstm_blues.errors import BluesError
from lstm_blues.files import is_alive, write_bytes

# Without contraction of products and sums: what a compiler fused would differ from the next one's.
FLAGS = (
    *("-std=gnu11", "-O3", "-shared", "-fPIC", "-fopenmp-simd", "-ffp-contract=off"),
    *("-fno-math-errno", "-fno-trapping-math", "-Wno-psabi"),
)
_NATIVE = (
    ("-march=native", "-mprefer-vector-width={bits}"),
    ("-march=native",),
    ("-mcpu=native",),
    (),
)
"""What is tried in turn.  Vectors as wide as the kernel's lanes are the fastest: 512 bits in double
precision, 256 in single."""


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
    told = os.environ.get("CC")
    if told:
        try:
            command = shlex.split(told)
        except ValueError:
            command = []
        if not command or shutil.which(command[0]) is None:
            raise BluesError(f"CC is {told!r}, but must be a command on this machine.")
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


def has_compiler() -> bool:
    """Whether `find_compiler` finds one."""
    try:
        return bool(find_compiler())
    except BluesError:
        return False


def cache_folder() -> Path:
    """Where compiled engines are kept: $LSTM_BLUES_CACHE, or `lstm_blues` in the user's cache."""
    if os.environ.get("LSTM_BLUES_CACHE"):
        return Path(os.environ["LSTM_BLUES_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "lstm_blues"


def kernel_source(header: str, files: tuple[str, ...]) -> str:
    """The text that is compiled: `header`, then files of `kernel/`."""
    sources = resources.files("lstm_blues.engine") / "kernel"
    return header + "".join(sources.joinpath(name).read_text() for name in files)


def compile_kernel(source: str, bits: int) -> CompiledKernel:
    """Compiles `source`, whose vectors have so many `bits`, or takes what the cache has.

    A file of the cache is loaded only when it is whole, by the digest that stands beside it, and
    belongs to this user or root alone; else it is made anew.  Raises `BluesError` where there is no
    compiler or it fails.
    """
    return _compile(source, bits, tuple(find_compiler()), cache_folder())


@lru_cache(maxsize=32)
def _compile(source: str, bits: int, compiler: tuple[str, ...], folder: Path) -> CompiledKernel:
    key = "\0".join([source, str(bits), *compiler, *FLAGS, _processor(), platform.platform()])
    name = f"kernel-{hashlib.sha256(key.encode()).hexdigest()[:24]}.so"
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if _is_ours(folder):
        # A folder that is full, read-only or no folder at all is gone without.
        with suppress(OSError):
            if _is_whole(folder / name):
                with suppress(OSError):
                    return load_kernel(folder / name)
            return _build(source, bits, compiler, folder / name)
    elif folder.is_dir():
        print(
            f"warning: compiled engines are not kept in {str(folder)!r}, which others can write; "
            f"`chmod go-w` and a folder of your own, or another LSTM_BLUES_CACHE, change that.",
            file=sys.stderr,
        )
    temporary = Path(tempfile.gettempdir())
    with _workshop(temporary, "lstm_blues-") as own:
        try:
            # Loaded, the file need not be there any more.
            return _build(source, bits, compiler, own / name)
        except OSError as error:  # such as a disk from which nothing may be executed
            raise BluesError(
                f"engine=fast cannot load what it compiled, neither from {str(folder)!r} nor from "
                f"{str(temporary)!r} ({' '.join(str(error).split())}): set LSTM_BLUES_CACHE to a "
                "folder of your own on a disk that programs may run from, or choose engine=torch."
            ) from None


def _build(source: str, bits: int, compiler: tuple[str, ...], path: Path) -> CompiledKernel:
    start = time.perf_counter()
    with _workshop(path.parent) as own:
        for native in _NATIVE:
            try:
                flags = (flag.format(bits=bits) for flag in native)
                built = compile_with(compiler, (*FLAGS, *flags), source, own)
                break
            except BluesError:
                if native == _NATIVE[-1]:
                    raise
        for target, content in ((path, built), (_digest_of(path), _digest(path, built))):
            made = own / target.name
            write_bytes(made, content)
            made.chmod(0o644)  # whatever the umask: one that others can write is not loaded
            made.replace(target)
    return load_kernel(path, time.perf_counter() - start)


def load_kernel(path: Path, seconds: float = 0.0) -> CompiledKernel:
    """A compiled kernel from its file, which must be whole; OSError where it is not a library."""
    library = ctypes.CDLL(str(path))
    for name in ("learn", "begin_melody", "free_run", "play_step", "listen"):
        getattr(library, name).restype = ctypes.c_int64
    return CompiledKernel(library, seconds)


def compile_with(
    compiler: tuple[str, ...], flags: tuple[str, ...], source: str, folder: Path
) -> bytes:
    """What `compiler` makes of `source` with `flags`, in a folder of its own below `folder`.

    Raises `BluesError` where it fails.
    """
    with _workshop(folder) as own:
        text, built = own / "kernel.c", own / "kernel.out"
        text.write_text(source)
        command = [*compiler, *flags, str(text), "-o", str(built)]
        # A compiler that is killed leaves its temporary files here, too.
        told = {**os.environ, "TMPDIR": str(own)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=told)
        if done.returncode == 0 and built.is_file():
            return built.read_bytes()
    last = next((line for line in done.stderr.splitlines() if "error" in line), "no message")
    raise BluesError(
        f"engine=fast could not be compiled by {' '.join(compiler)!r} ({last.strip()}): set CC to "
        "another C compiler, or choose engine=torch."
    )


@contextmanager
def _workshop(folder: Path, prefix: str = "build-") -> Iterator[Path]:
    """A new folder below `folder`, taken away at the end, as are those that this machine's dead
    processes left: other machines may share the disk."""
    prefix += f"{platform.node()}-"
    for left in folder.glob(f"{glob.escape(prefix)}*-*"):
        process, _, mark = left.name.removeprefix(prefix).partition("-")
        # More dashes are those of another machine's name.
        own_kind = process.isdigit() and "-" not in mark and _is_ours(left)
        if own_kind and not is_alive(int(process)):
            shutil.rmtree(left, ignore_errors=True)
    own = Path(tempfile.mkdtemp(dir=folder, prefix=f"{prefix}{os.getpid()}-"))
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _digest_of(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _digest(path: Path, content: bytes) -> bytes:
    """Of a file and its name, so that another kernel's file does not pass for it."""
    return hashlib.sha256(path.name.encode() + content).digest()


def _is_whole(path: Path) -> bool:
    """Whether a file of the cache is ours and as it was written.

    A library that is cut short would end the process where it is loaded.
    """
    try:
        return _is_ours(path) and _digest(path, path.read_bytes()) == _digest_of(path).read_bytes()
    except OSError:
        return False


def _is_ours(path: Path) -> bool:
    """Whether nobody but this user and root can have written it."""
    if not hasattr(os, "getuid"):
        return path.exists()
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_uid in (os.getuid(), 0) and not found.st_mode & 0o022


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
