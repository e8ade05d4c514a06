"""How fast the page learns, beside the native kernel, in Chromium."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

from lstm_blues.browser.build import build_page
from lstm_blues.browser.serve import address_of, make_server
from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.errors import BluesError, extra
from lstm_blues.network.network import weights_hash
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

CONTENDERS = ("chords", "melody")
_CHUNK = 100_000

LEARN = """
([order, steps]) => new Promise((resolve, reject) => {
  const worker = new Worker("workers/learn.js", { type: "module" });
  let first = null, last = null;
  worker.onmessage = ({ data }) => {
    if (data.type === "error") reject(new Error(data.message));
    if (data.type === "progress") {
      const now = { steps: data.steps, time: performance.now() };
      if (data.steps >= steps) first ??= now;
      if (first !== null && data.steps >= first.steps + steps && last === null) {
        last = now;
        worker.postMessage({ type: "stop" });
      }
    }
    if (data.type === "done") {
      worker.terminate();
      const [begin, end] = [first ?? { steps: 0, time: 0 }, last ?? { steps: 0, time: 1 }];
      const speed = (end.steps - begin.steps) / (end.time - begin.time) * 1000;
      resolve({ speed, steps: data.steps, hash: data.hash });
    }
  };
  worker.postMessage({ type: "start", ...order });
})
"""
"""Learns twice so many steps in the page's worker; steps per second of the second half, messages
and all, how many steps it made, and the hash of its weights."""


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
            page.goto(address_of(server))
            yield page
            browser.close()
        server.shutdown()
        server.server_close()


def compare_page(steps: int, rounds: int) -> tuple[list[str], list[list[str]], dict[str, Any]]:
    """The page in Chromium beside the native kernel, in turns: the head and rows of a table, and
    for each experiment the medians of both speeds in steps per second and of their ratio, and
    whether both ended with the same weights.

    Each is timed over `steps` steps, after as many before, from the first weights.  Raises
    `BluesError` as `opened_page` does.
    """
    figures: dict[str, Any] = {}
    with opened_page() as page:
        for name in CONTENDERS:
            page.set_default_timeout(0)
            natives, pages, same = [], [], True
            for _ in range(rounds):
                found = page.evaluate(LEARN, [{"run": name, "seed": 1}, steps])
                speed, weights = _natively(name, steps, found["steps"])
                natives.append(speed)
                pages.append(found["speed"])
                same &= weights == found["hash"]
            figures[name] = {
                "native": median(natives),
                "page": median(pages),
                "ratio": median(b / a for a, b in zip(natives, pages, strict=True)),
                "same": same,
            }
    rows = [
        [
            *(name, f"{found['native']:,.0f}", f"{found['page']:,.0f}", f"{found['ratio']:.2f}"),
            "yes" if found["same"] else "no",
        ]
        for name, found in figures.items()
    ]
    head = ["experiment", "native, steps/s", "page, steps/s", "ratio", "same weights"]
    return head, rows, figures


def _natively(name: str, steps: int, until: int) -> tuple[float, str]:
    """Steps per second over `steps` steps after as many, as a run makes them, and the hash of the
    weights after `until` steps in all."""
    learner = Parts(settings_from(compose_config([f"+experiment={name}"]))).learner
    assert isinstance(learner, CompiledLearner)

    def learn(to: int) -> None:
        while (left := to - learner.counters.steps) > 0:
            learner.learn(min(left, _CHUNK))

    learn(steps)
    begun = time.perf_counter()
    learn(2 * steps)
    seconds = time.perf_counter() - begun
    learn(until)
    return steps / seconds, weights_hash(learner.state().weights)
