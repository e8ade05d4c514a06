"""The kernel's functions by the vector are those of single numbers, to the bit."""

from __future__ import annotations

import ctypes
import platform
from pathlib import Path

import numpy as np
import pytest

from lstm_blues.engine.compiler import FLAGS, compile_with, find_compiler
from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

BOTH = """
void both(const int64_t count, real *x, real *singly) {
  for (int64_t n = 0; n < count; n++) singly[n] = logistic(x[n]);
  logistics(count, x);
}
"""

X86 = platform.machine() in ("x86_64", "AMD64")
WIDTHS = [(), *([("-march=x86-64-v2",), ("-march=x86-64-v3",)] if X86 else [])]


@pytest.mark.parametrize("flags", WIDTHS, ids=" ".join)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_logistic_function_by_the_vector(
    dtype: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    config = compose_config(["+experiment=chords", f"run.dtype={dtype}"])
    learner = Parts(settings_from(config)).learner
    assert isinstance(learner, CompiledLearner)
    library = tmp_path / "both.so"
    source = learner.engine.source + BOTH
    library.write_bytes(compile_with(tuple(find_compiler()), (*FLAGS, *flags), source, tmp_path))

    edges = [0.0, 1e-300, 1e-30, 0.5, 1.0, 36.0, 87.0, 88.5, 103.0, 708.0, 709.8, 745.2, 1e300]
    drawn = np.random.default_rng(1).normal(0, 10, 4000)
    numbers = np.concatenate([edges, np.negative(edges), [np.inf, -np.inf, np.nan], drawn])
    numbers = numbers[: len(numbers) // 64 * 64]
    with np.errstate(over="ignore"):
        x = numbers.astype(dtype)
    room = np.zeros(len(x) + 64, dtype)
    ahead = -room.ctypes.data % 64 // x.itemsize
    vector, singly = room[ahead : ahead + len(x)], np.zeros_like(x)
    vector[:] = x
    ctypes.CDLL(str(library)).both(
        ctypes.c_int64(len(x)),
        vector.ctypes.data_as(ctypes.c_void_p),
        singly.ctypes.data_as(ctypes.c_void_p),
    )
    assert np.array_equal(vector, singly, equal_nan=True)
    with np.errstate(over="ignore"):
        exact = 1 / (1 + np.exp(-x.astype(np.longdouble)))
    finite = np.isfinite(x)
    assert np.abs(singly - exact)[finite].max() < 2 * np.finfo(x.dtype).eps
