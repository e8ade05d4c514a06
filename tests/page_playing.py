"""Plays the page for minutes and measures: how late notes were scheduled, and memory.

    python tests/page_playing.py MINUTES [learning] [hidden]

builds the page, plays it in headless Chromium in real time, alone or while a network learns in a
worker, and writes a line of JSON every half minute.  `hidden` takes from it what browsers take from
a page in the background: frames, and timers faster than one per second.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from page_support import Opener, built_and_served, headless_chromium
from playwright.sync_api import Page

LEARN = """() => {
  const begin = (seed) => {
    const worker = new Worker("workers/learn.js", { type: "module" });
    worker.onmessage = ({ data }) => {
      if (data.steps !== undefined) globalThis.learned = { seed, steps: data.steps };
      if (data.type === "error") throw new Error(data.message);
      if (data.type !== "done") return;
      worker.terminate();
      begin(seed + 1);
    };
    worker.postMessage({ type: "start", run: "chords", seed });
  };
  begin(1);
}"""

HIDDEN = """() => {
  const { setTimeout: later, setInterval: every } = globalThis;
  globalThis.setTimeout = (act, wait = 0, ...more) => later(act, Math.max(wait, 1000), ...more);
  globalThis.setInterval = (act, wait = 0, ...more) => every(act, Math.max(wait, 1000), ...more);
  globalThis.requestAnimationFrame = () => 0;
  Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

MEASURE = """() => {
  const { transport, mixer, output: { context }, history } = app.session;
  const { notes, late, worst, least, stalls } = transport.lateness;
  return { seconds: context.currentTime, bars: transport.count, notes, late, worst, least, stalls,
    voices: mixer.voices, history: history.bars.length, learned: globalThis.learned ?? null };
}"""


def measured(
    page: Page, minutes: float, *, learning: bool = False, hidden: bool = False, every: float = 30
) -> Iterator[dict[str, Any]]:
    """Plays, and measures again and again.

    seconds: of the audio clock.  notes: that were scheduled; late: more than 5 ms after their
    beginning; worst: seconds that the latest was late; least: that were left at the least.  heap:
    bytes of JavaScript after a collection of garbage; resident: of the browser's processes.
    """
    if hidden:
        page.evaluate(HIDDEN)
    if learning:
        page.evaluate(LEARN)
    page.evaluate("() => app.session.start()")
    client = page.context.new_cdp_session(page)
    browser = page.context.browser
    assert browser is not None
    whole = browser.new_browser_cdp_session()
    client.send("Performance.enable")
    for _ in range(max(1, round(minutes * 60 / every))):
        page.wait_for_timeout(every * 1000)
        client.send("HeapProfiler.collectGarbage")
        metrics = {m["name"]: m["value"] for m in client.send("Performance.getMetrics")["metrics"]}
        processes = whole.send("SystemInfo.getProcessInfo")["processInfo"]
        resident = sum(
            int(Path(f"/proc/{process['id']}/statm").read_text().split()[1]) * 4096
            for process in processes
            if process["type"] == "renderer"
        )
        heap = {"heap": metrics["JSHeapUsedSize"], "nodes": metrics["Nodes"]}
        yield page.evaluate(MEASURE) | heap | {"resident": resident}


def main() -> None:
    """The command."""
    minutes, words = float(sys.argv[1]), sys.argv[2:]
    with (
        tempfile.TemporaryDirectory() as folder,
        built_and_served(Path(folder) / "page") as served,
        headless_chromium() as browser,
    ):
        opener = Opener(served, browser)
        opened = opener()
        options = {name: name in words for name in ("learning", "hidden")}
        for found in measured(opened.page, minutes, **options):
            print(json.dumps(found), flush=True)
        opened.require_clean()
        opener.close()


if __name__ == "__main__":
    main()
