"""The page as a folder of static files, and the server that shows it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from page_support import Opener, Served
from support import environment, run_command

from lstm_blues.browser import build, kernels
from lstm_blues.browser.build import MANIFEST, build_page
from lstm_blues.browser.data import TITLES, Contents, contents_of
from lstm_blues.browser.serve import HEADERS, POLICY, make_server
from lstm_blues.engine.webassembly import build_webassembly
from lstm_blues.errors import BluesError
from lstm_blues.runs.trained import load_trained

MOST_BYTES = 3_000_000


def test_the_page_is_small_and_asks_nobody_else(served: Served, open_page: Opener) -> None:
    assert set(served.sizes) == {"page", "kernels", "data", "sounds"}
    assert sum(served.sizes.values()) < MOST_BYTES
    files = [path for path in served.folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    opened = open_page()
    opened.page.wait_for_load_state("networkidle")
    opened.require_clean()
    # What the policy forbids is refused, and seen: these tests can fail.
    opened.page.evaluate("fetch('https://example.org/').catch(() => null)")
    opened.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), "
        "{ textContent: 'window.ran = true' }))"
    )
    assert opened.page.evaluate("window.ran") is None
    assert any("Content Security Policy" in error for error in opened.errors)


def test_the_policy_is_sent_and_written(served: Served) -> None:
    with urllib.request.urlopen(served.address) as answer:
        headers, text = answer.headers, answer.read().decode()
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert headers["Content-Security-Policy"].startswith(POLICY)
    written = re.search(r'http-equiv="Content-Security-Policy"\s+content="([^"]*)"', text)
    assert written is not None
    assert written[1] == POLICY
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)


def test_the_server_serves_files_and_nothing_else(served: Served) -> None:
    kinds = {"main.js": "text/javascript", "kernels/chords.wasm": "application/wasm"}
    for name, kind in kinds.items():
        with urllib.request.urlopen(served.address + name) as answer:
            assert answer.headers.get_content_type() == kind
    host = served.address.split("/")[2]
    for path in ("/data/", "/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/nothing"):
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.request("GET", path)
        assert connection.getresponse().status == 404


def test_a_page_is_built_anew_where_one_was_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "contents_of", lambda _: Contents())
    monkeypatch.setattr(build, "sample_files", dict)
    folder = tmp_path / "page"
    build_page(folder)
    (folder / "mine.txt").write_text("stays")
    listed = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(listed.replace("{", '{"gone.js":1,"../outside":1,', 1))
    for name in ("gone.js", "../outside"):
        (folder / name).write_text("")
    build_page(folder)
    assert (folder / "mine.txt").is_file()
    assert (tmp_path / "outside").is_file()
    assert not (folder / "gone.js").exists()
    assert (folder / MANIFEST).read_text() == listed
    with pytest.raises(BluesError, match="holds something else than a page"):
        build_page(tmp_path)


def test_a_given_network_comes_first(place: Path) -> None:
    (run,) = (place / "outputs" / "melody").iterdir()
    contents = contents_of(load_trained(run))
    networks = contents.data["networks"]
    assert [each["name"] for each in networks] == ["given", *TITLES]
    assert networks[0]["origin"] == f"the network of {run}"
    # One kernel serves both, as their units and rules are the same.
    assert networks[0]["kernel"] == networks[1]["kernel"]
    assert contents.weights["given.bin"] != contents.weights["report.bin"]


def test_a_kernel_that_is_broken_in_the_cache_is_built_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSTM_BLUES_CACHE", str(tmp_path / "cache"))
    made: list[str] = []

    def compiled(source: str, folder: Path) -> bytes:
        made.append(source)
        return b"\0asm" + source.encode()

    monkeypatch.setattr(kernels, "build_webassembly", compiled)
    for _ in range(2):
        found = kernels.build_kernels({"one": "x", "two": "y"}, lambda: None)
        assert found == {"one": b"\0asmx", "two": b"\0asmy"}
        assert sorted(made) == ["x", "y"]
    for kept in (tmp_path / "cache").iterdir():
        kept.write_bytes(b"broken")
    assert kernels.build_kernels({"one": "x"}, lambda: None) == {"one": b"\0asmx"}
    assert sorted(made) == ["x", "x", "y"]


def test_mistakes_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = make_server(tmp_path)
    port = server.server_address[1]
    done = run_command("page", f"port={port}", "browser=false", cwd=tmp_path)
    server.server_close()
    assert done.returncode == 2
    assert done.stderr == (
        f"error: port is {port}, which is in use: choose another, or 0 for any that is free.\n"
    )
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("lstm_blues.engine.webassembly.find_spec", {}.get)
    with pytest.raises(BluesError, match="WebAssembly needs the extra 'compiler'"):
        build_webassembly("", tmp_path)


@pytest.mark.slow
def test_the_command_builds_serves_and_ends_quietly(served: Served, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lstm_blues.page", "port=0", "browser=false"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        sizes, where = running.stdout.readline(), running.stdout.readline()
        each = r"[\d,]+ kB"
        assert re.fullmatch(
            rf"{Path('outputs/page')}: page {each}, data {each}, sounds {each}, "
            rf"kernels {each}; \d\.\d\d MB in all\.\n",
            sizes,
        )
        found = re.fullmatch(r"(http://127\.0\.0\.1:\d+/) \(Ctrl-C ends\)\n", where)
        assert found is not None
        with urllib.request.urlopen(found[1]) as answer:
            assert b"<title>" in answer.read()
        os.kill(running.pid, signal.SIGINT)
        out, errors = running.communicate(timeout=20)
    assert (running.returncode, out.strip(), errors) == (0, "", "")
