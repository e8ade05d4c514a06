"""How fast the page learns, beside the native kernel, in Chromium."""

from __future__ import annotations

import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from typing import Any

from lstm_blues.browser.build import build_page
from lstm_blues.browser.serve import address_of, make_server
from lstm_blues.engine.compiler import (
    FLAGS,
    CompiledKernel,
    compile_with,
    find_compiler,
    load_kernel,
)
from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.errors import BluesError, extra
from lstm_blues.network.network import weights_hash
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.run import run_experiment
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.summary import Status

CONTENDERS = ("chords", "melody")
_CHUNK = 100_000

LEARN = """
([order, steps]) => new Promise((resolve, reject) => {
  const worker = new Worker("workers/learn.js", { type: "module" });
  const begun = performance.now();
  let first = null, last = null;
  worker.onmessage = ({ data }) => {
    if (data.type === "error") reject(new Error(data.message));
    if (data.type === "progress" && steps !== null) {
      const now = { steps: data.steps, time: performance.now() };
      if (data.steps >= steps) first ??= now;
      if (first !== null && data.steps >= first.steps + steps && last === null) {
        last = now;
        worker.postMessage({ type: "stop" });
      }
    }
    if (data.type === "done") {
      const seconds = (performance.now() - begun) / 1000;
      worker.terminate();
      const [begin, end] = [first ?? { steps: 0, time: 0 }, last ?? { steps: 0, time: 1 }];
      const speed = (end.steps - begin.steps) / (end.time - begin.time) * 1000;
      resolve({ speed, seconds, steps: data.steps, hash: data.hash });
    }
  };
  worker.postMessage({ type: "start", ...order });
})
"""
"""Learns twice so many steps in the page's worker, or to the end where `steps` is null; steps per
second of the second half, messages and all, seconds from the click, how many steps it made, and the
hash of its weights."""


@contextmanager
def opened_page() -> Iterator[Any]:
    """The page, built in a folder of its own, in headless Chromium.

    Raises `BluesError` where Playwright, Chromium or ziglang is missing.
    """
    playwright = extra("playwright.sync_api", "dev", "--page")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise BluesError("--page needs Chromium: install a command 'chromium'.")
    with tempfile.TemporaryDirectory() as folder:
        build_page(Path(folder))
        server = make_server(Path(folder))
        Thread(target=server.serve_forever, daemon=True).start()
        with playwright.sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page()
            page.set_default_timeout(0)
            page.goto(address_of(server))
            yield page
            browser.close()
        server.shutdown()
        server.server_close()


Comparison = tuple[list[str], list[list[str]], dict[str, Any]]
"""The head of a table, its rows, and the figures that they show."""


def compare_page(page: Any, steps: int, rounds: int) -> Comparison:
    """The page in Chromium beside the native kernel, in turns: for each experiment the best speed
    of each in steps per second, the page's ratios to the others, and whether all ended with the
    same weights.  The best, because other work on the machine slows some rounds.

    WebAssembly has vectors of 128 bits: `narrow` is the native kernel with such vectors, in a
    process of its own.  Each is timed over `steps` steps, after as many before, from the first
    weights.
    """
    figures: dict[str, Any] = {}
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        for name in CONTENDERS:
            made: list[dict[str, float]] = []
            same = True
            for _ in range(rounds):
                found = page.evaluate(LEARN, [{"run": name, "seed": 1}, steps])
                native, weights = _natively(name, steps, found["steps"])
                narrow, others = pool.submit(_narrowly, name, steps, found["steps"]).result()
                made.append({"native": native, "narrow": narrow, "page": found["speed"]})
                same &= weights == others == found["hash"]
            best = {key: max(each[key] for each in made) for key in made[0]}
            figures[name] = {
                **best,
                "ratio": best["page"] / best["native"],
                "ratio_narrow": best["page"] / best["narrow"],
                "same": same,
            }
    rows = [
        [
            *(name, *(f"{found[key]:,.0f}" for key in ("native", "narrow", "page"))),
            *(f"{found['ratio']:.2f}", f"{found['ratio_narrow']:.2f}"),
            "yes" if found["same"] else "no",
        ]
        for name, found in figures.items()
    ]
    head = [
        *("experiment", "native, steps/s", "native, 128-bit vectors, steps/s", "page, steps/s"),
        *("page / native", "page / native, 128-bit vectors", "same weights"),
    ]
    return head, rows, figures


def compare_runs(page: Any, seed: int) -> Comparison:
    """Each experiment learned to its end once in the page, in Chromium, and once as `train` does:
    the steps, the seconds of both, their ratio and whether both ended with the same weights."""
    figures: dict[str, Any] = {}
    for name in CONTENDERS:
        found = page.evaluate(LEARN, [{"run": name, "seed": seed}, None])
        config = compose_config([f"+experiment={name}", f"seed={seed}", "run.listen_share=0"])
        config.pop("resume")
        with tempfile.TemporaryDirectory() as folder:
            summary = run_experiment(config, Path(folder))
        if summary.status == Status.INTERRUPTED:
            raise KeyboardInterrupt
        figures[name] = {
            "steps": found["steps"],
            "native": summary.seconds,
            "page": found["seconds"],
            "ratio": summary.seconds / found["seconds"],
            "same": (found["steps"], found["hash"]) == (summary.steps, summary.weights),
        }
    rows = [
        [
            *(name, f"{found['steps']:,}", f"{found['native']:.1f}", f"{found['page']:.1f}"),
            *(f"{found['ratio']:.2f}", "yes" if found["same"] else "no"),
        ]
        for name, found in figures.items()
    ]
    head = ["a run to its end", "steps", "native, s", "page, s", "page / native", "same weights"]
    return head, rows, figures


def _natively(name: str, steps: int, until: int, *, narrow: bool = False) -> tuple[float, str]:
    """Steps per second over `steps` steps after as many, as a run makes them, and the hash of the
    weights after `until` steps in all; with vectors of 128 bits where `narrow`."""
    learner = Parts(settings_from(compose_config([f"+experiment={name}"]))).learner
    assert isinstance(learner, CompiledLearner)
    if narrow:
        learner.engine.compiled = _narrow_kernel(learner.engine.source)

    def learn(to: int) -> None:
        while (left := to - learner.counters.steps) > 0:
            learner.learn(min(left, _CHUNK))

    learn(steps)
    begun = time.perf_counter()
    learn(2 * steps)
    seconds = time.perf_counter() - begun
    learn(until)
    return steps / seconds, weights_hash(learner.state().weights)


def _narrowly(name: str, steps: int, until: int) -> tuple[float, str]:
    """`_natively` with vectors of 128 bits.  Where wider ones were used before in a process, some
    processors slow down those without the newer encoding: it is called in one of its own."""
    return _natively(name, steps, until, narrow=True)


def _narrow_kernel(source: str) -> CompiledKernel:
    compiler = tuple(find_compiler())
    flags: tuple[str, ...] = ()  # AArch64 has no wider ones by default
    if platform.machine() in ("x86_64", "AMD64"):
        flags = ("-march=x86_64_v2" if "ziglang" in compiler else "-march=x86-64-v2",)
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "kernel.so"
        library.write_bytes(compile_with(compiler, (*FLAGS, *flags), source, Path(folder)))
        return load_kernel(library)
