"""The page for tests: built once, served, and opened in headless Chromium; its modules in Deno.

conftest.py has the fixtures: `served`, `chromium` and `open_page`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from support import environment

from lstm_blues.browser.build import build_page
from lstm_blues.browser.serve import address_of, make_server

CHROMIUM = shutil.which("chromium")
DENO = shutil.which("deno")
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
"""Sizes of a desktop's window and of a phone's."""


@dataclass(frozen=True)
class Served:
    """A page that is built and served.

    folder: of its files.  address: where it is.  sizes: bytes by kind.
    """

    folder: Path
    address: str
    sizes: dict[str, int]

    def data(self, name: str) -> Any:
        """What `data/NAME.json` holds."""
        return json.loads((self.folder / "data" / f"{name}.json").read_text())


@dataclass
class Opened:
    """A page in a browser, and what must not be there: errors and requests to other origins."""

    page: Page
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def require_clean(self) -> None:
        """Nothing went wrong, and nothing was asked of anyone else."""
        assert self.errors == []
        assert self.foreign == []


@contextmanager
def built_and_served(folder: Path) -> Iterator[Served]:
    """The page with the bundled networks."""
    if find_spec("ziglang") is None:
        pytest.skip("needs the extra 'compiler'")
    sizes = build_page(folder)
    server = make_server(folder)
    Thread(target=server.serve_forever, daemon=True).start()
    yield Served(folder, address_of(server), sizes)
    server.shutdown()
    server.server_close()


@contextmanager
def headless_chromium() -> Iterator[Browser]:
    """Chromium, in which sound may begin without a click."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        yield browser
        browser.close()


class Opener:
    """Opens the page, each time as a visitor who was never there."""

    def __init__(self, served: Served, browser: Browser) -> None:
        self.served, self.browser = served, browser
        self.contexts: list[BrowserContext] = []

    def __call__(
        self, path: str = "", *, init: str = "", ready: bool = True, **options: Any
    ) -> Opened:
        """Opens it, or another `path` of its address, such as `#tempo=180`.

        init: a script that runs before the page's own.  ready: wait until it is mounted.  options:
        of Playwright's context, such as `viewport=NARROW`.
        """
        context = self.browser.new_context(viewport=options.pop("viewport", WIDE), **options)
        self.contexts.append(context)
        if init:
            context.add_init_script(init)
        found = Opened(context.new_page())
        watch(found, self.served.address)
        found.page.goto(self.served.address + path)
        if ready:
            found.page.wait_for_selector("body[data-ready]", timeout=20_000)
        return found

    def close(self) -> None:
        """Closes all that were opened."""
        for context in self.contexts:
            context.close()


def watch(opened: Opened, address: str) -> None:
    """Notes errors and foreign requests of a page from now on."""

    def heard(message: Any) -> None:
        if message.type in ("error", "warning"):
            opened.errors.append(f"{message.type}: {message.text}")

    def asked(request: Any) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            opened.foreign.append(request.url)

    opened.page.on("console", heard)
    opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
    opened.page.on("request", asked)
    opened.page.context.on("request", asked)


def run_deno(served: Served, script: str, *arguments: Any, seconds: float = 120) -> Any:
    """What a script prints as JSON, run by Deno in the page's folder.

    It is a module: `import { X } from "./kernel/x.js"`.  Its arguments, as JSON, are `given`.
    """
    if DENO is None:
        pytest.skip("needs Deno, of the extra 'dev'")
    path, given = served.folder / "test_script.js", served.folder / "test_given.json"
    given.write_text(json.dumps(arguments))
    path.write_text(
        'const given = JSON.parse(Deno.readTextFileSync("test_given.json"));\n' + script
    )
    done = subprocess.run(
        [DENO, "run", "--quiet", "--no-remote", "--no-config", "--allow-read", str(path)],
        cwd=served.folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
