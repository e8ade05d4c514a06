"""The kernel as WebAssembly under Node.js, beside the native one."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.engine.webassembly import write_webassembly
from lstm_blues.errors import BluesError
from lstm_blues.lab.tables import markdown
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

RUNNER = Path(__file__).with_name("learn.mjs")
CONTENDERS = {
    f"{name}, {dtype}": [f"+experiment={name}", f"run.dtype={dtype}"]
    for name in ("chords", "melody")
    for dtype in ("float64", "float32")
}


def learner_of(overrides: list[str]) -> CompiledLearner:
    """The compiled learner of a run before its first step.

    Raises `BluesError` where run.engine is another.
    """
    learner = Parts(settings_from(compose_config(overrides))).learner
    if not isinstance(learner, CompiledLearner):
        raise BluesError("run.engine is 'torch', but must be fast for WebAssembly.")
    return learner


def learn_twice(learner: CompiledLearner, steps: int) -> dict[str, Any]:
    """Learns twice so many steps; the steps and seconds of the second half, and a hash of the
    network, as learn.mjs tells them."""
    learner.learn(steps)
    begun = time.perf_counter()
    done = learner.learn(steps)
    seconds = time.perf_counter() - begun
    return {
        "steps": done,
        "seconds": seconds,
        "hash": hashlib.sha256(learner.engine.buffer.tobytes()).hexdigest(),
    }


def learn_in_node(folder: Path, steps: int) -> dict[str, Any]:
    """`learn_twice` of what `write_webassembly` wrote to `folder`, in Node.js.

    Raises `BluesError` where there is none, or it fails.
    """
    node = shutil.which("node")
    if node is None:
        raise BluesError("--webassembly needs Node.js: install a command 'node'.")
    command = [node, str(RUNNER), str(folder), str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or "no message").splitlines()[0]
        raise BluesError(f"Node.js could not run the kernel's WebAssembly ({last}).")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compare_webassembly(steps: int, rounds: int) -> tuple[str, dict[str, dict[str, Any]]]:
    """WebAssembly in Node.js beside the native kernel, in turns: a table, and for each contender
    the bytes of the module, the medians of both speeds in steps per second and of their ratio, and
    whether both ended with the same bytes.

    Each is timed over `steps` steps, after as many before.  Raises `BluesError` without ziglang or
    Node.js.
    """
    figures: dict[str, dict[str, Any]] = {}
    for name, overrides in CONTENDERS.items():
        native, node, same = [], [], True
        with tempfile.TemporaryDirectory() as folder:
            size = write_webassembly(learner_of(overrides), Path(folder))["kernel.wasm"]
            for _ in range(rounds):
                ours = learn_twice(learner_of(overrides), steps)
                theirs = learn_in_node(Path(folder), steps)
                native.append(ours["steps"] / ours["seconds"])
                node.append(theirs["steps"] / theirs["seconds"])
                same &= ours["hash"] == theirs["hash"]
        figures[name] = {
            "bytes": size,
            "native": median(native),
            "node": median(node),
            "ratio": median(b / a for a, b in zip(native, node, strict=True)),
            "same": same,
        }
    rows = [
        [
            *(name, f"{found['bytes']:,}", f"{found['native']:,.0f}", f"{found['node']:,.0f}"),
            *(f"{found['ratio']:.2f}", "yes" if found["same"] else "no"),
        ]
        for name, found in figures.items()
    ]
    head = ["experiment", "bytes", "native, steps/s", "Node.js, steps/s", "ratio", "same bytes"]
    return markdown(head, rows), figures
