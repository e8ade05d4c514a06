"""Fixtures that tests share; their helpers are in `support.py`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import hypothesis
import pytest
import torch
from fuzz_support import TALLY
from support import Command, run_command

from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import Settings, settings_from

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
