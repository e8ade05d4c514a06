"""The kernel as WebAssembly: what the command writes; the same bytes in Node.js and a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from support import run_command

from lstm_blues.engine.webassembly import EXPORTS, FILES, write_webassembly
from lstm_blues.lab.benchmarks.webassembly import (
    RUNNER,
    learn_in_node,
    learn_twice,
    learner_of,
)

pytest.importorskip("ziglang", reason="needs the extra 'compiler'")
BROWSER = shutil.which("chromium")


def names(kernel: bytes, wanted: int) -> list[str]:
    """The names in a module's imports (2) or exports (7)."""
    at = 8

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte, at = kernel[at], at + 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(kernel):
        section, length = kernel[at], 0
        at += 1
        length = number()
        if section == wanted:
            found = []
            for _ in range(number()):
                size = number()
                found.append(kernel[at : at + size].decode())
                at += size + 1
                number()
            return found
        at += length
    return []


@pytest.mark.parametrize("experiment", ["chords", "melody"])
def test_the_module_is_small_and_needs_no_imports(tmp_path: Path, experiment: str) -> None:
    done = run_command("webassembly", f"+experiment={experiment}", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "outputs" / "webassembly"
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    kernel, image, text = ((folder / name).read_bytes() for name in FILES)
    assert done.stdout.splitlines() == [
        f"{Path('outputs/webassembly') / name}: {len(content):,} bytes"
        for name, content in zip(FILES, (kernel, image, text), strict=True)
    ]
    assert len(kernel) < 40_000
    assert names(kernel, 2) == []
    description = json.loads(text)
    assert description["exports"] == list(EXPORTS)
    assert {"memory", "__heap_base", *EXPORTS} <= set(names(kernel, 7))
    for place in description["arrays"].values():
        assert place["offset"] % 64 == 0
        assert place["offset"] + place["length"] <= len(image)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no experiment is chosen"),
        (["+experiment=chords", "run.engine=torch"], "run.engine is 'torch', but must be fast"),
        (["+experiment=chords", "seed=-1"], "seed is -1"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path: Path, arguments: list[str], words: str) -> None:
    done = run_command("webassembly", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
@pytest.mark.parametrize(
    "overrides",
    [
        ["+experiment=chords"],
        ["+experiment=chords", "run.dtype=float32"],
        ["+experiment=melody"],
        ["+experiment=melody_fine"],
        ["+experiment=chords", "+learner=kalman"],
    ],
    ids=" ".join,
)
def test_node_learns_the_same_bytes(tmp_path: Path, overrides: list[str]) -> None:
    write_webassembly(learner_of(overrides), tmp_path)
    native, node = learn_twice(learner_of(overrides), 10_000), learn_in_node(tmp_path, 10_000)
    assert node["steps"] == native["steps"] >= 10_000
    assert node["hash"] == native["hash"]


WORKER = """
import { learnTwice } from "./learn.mjs";
const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
const description = await (await fetch("memory.json")).json();
const [kernel, image] = [await bytes("kernel.wasm"), await bytes("memory.bin")];
const found = await learnTwice(kernel, image, description, STEPS);
await fetch("found", { method: "POST", body: JSON.stringify(found) });
"""
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def learn_in_browser(folder: Path, steps: int) -> dict[str, Any]:
    """`learn_twice` of the files in `folder`, by a worker of a page in headless Chromium."""
    found: Queue[dict[str, Any]] = Queue()

    class Handler(SimpleHTTPRequestHandler):
        def do_POST(self) -> None:
            found.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    Handler.extensions_map = {**Handler.extensions_map, ".mjs": "text/javascript"}
    shutil.copy(RUNNER, folder / "learn.mjs")
    (folder / "worker.mjs").write_text(WORKER.replace("STEPS", str(steps)))
    page = '<script>new Worker("worker.mjs", { type: "module" })</script>'
    (folder / "index.html").write_text(page)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    assert BROWSER is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        address = f"http://127.0.0.1:{server.server_port}/index.html"
        browser = subprocess.Popen(
            [BROWSER, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return found.get(timeout=120)
        finally:
            browser.terminate()
            browser.wait(timeout=20)
            server.shutdown()


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs Chromium")
@pytest.mark.parametrize("experiment", ["chords", "melody"])
def test_a_browser_learns_the_same_bytes(
    tmp_path: Path, experiment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = [f"+experiment={experiment}"]
    steps = 2_000_000
    size = write_webassembly(learner_of(overrides), tmp_path)["kernel.wasm"]
    native = learn_twice(learner_of(overrides), steps)
    browser = learn_in_browser(tmp_path, steps)
    assert browser["steps"] == native["steps"] == steps
    assert browser["hash"] == native["hash"]
    with capsys.disabled():
        ratio = native["seconds"] / browser["seconds"]
        print(f"\n{experiment}: {size:,} bytes, {ratio:.2f} of the native speed in Chromium")
