"""Fixtures that tests share; their helpers are in `support.py`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
import torch
from fuzz_support import TALLY
from support import Command, run_command

from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import Settings, settings_from

if TYPE_CHECKING:
    from page_support import Opener, Served
    from playwright.sync_api import Browser

torch.set_num_threads(1)

# The same examples in every run, however slow the machine is.
hypothesis.settings.register_profile(
    "tests", derandomize=True, database=None, deadline=None, max_examples=100
)
hypothesis.settings.load_profile("tests")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the fuzz harness tried."""
    if TALLY.tried:
        terminalreporter.write_line("\n" + TALLY.table())


@pytest.fixture(scope="session")
def default_settings() -> Settings:
    """The settings of `+experiment=chords`."""
    return settings_from(compose_config(["+experiment=chords"]))


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page for a browser, built and served."""
    from page_support import built_and_served  # noqa: PLC0415

    with built_and_served(tmp_path_factory.mktemp("page")) as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Headless Chromium."""
    from page_support import headless_chromium  # noqa: PLC0415

    with headless_chromium() as browser:
        yield browser


@pytest.fixture
def open_page(served: Served, chromium: Browser) -> Iterator[Opener]:
    """Opens the page: `open_page("#tempo=180", viewport=NARROW)`."""
    from page_support import Opener  # noqa: PLC0415

    opener = Opener(served, chromium)
    yield opener
    opener.close()


@pytest.fixture
def train(tmp_path: Path) -> Command:
    """Runs `python -m lstm_blues.train` in an empty folder."""
    return partial(run_command, "train", cwd=tmp_path)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small melody run below `outputs/`: seconds of learning, chords and all."""
    folder = tmp_path_factory.mktemp("melody")
    done = run_command(
        "train",
        "+experiment=melody",
        "learning.rate=1e-4",
        "network.groups.chords.forget_bias=[0.5,1.0,1.5,2.0]",
        "learning.melody.rates=[1e-4]",
        "learning.melody.steps=[1000000]",
        "learning.melody.window=500000",
        "learning.melody.within=0",
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "nats per step on its training songs" in done.stdout
    return folder
