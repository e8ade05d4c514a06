"""The page's JavaScript: typed, linted and formatted."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lstm_blues

BROWSER = Path(lstm_blues.__file__).parent / "browser"
MOST_LINES = 250


def deno() -> str:
    """Deno's program: beside Python, where its wheel puts it, or on the path."""
    beside = Path(sys.executable).parent / "deno"
    found = str(beside) if beside.is_file() else shutil.which("deno")
    if found is None:
        pytest.skip("deno is not installed: pip install deno")
    return found


@pytest.mark.parametrize("check", [["fmt", "--check"], ["lint"], ["check", "page"]], ids=" ".join)
def test_the_page_is_typed_and_tidy(check: list[str]) -> None:
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        [deno(), *check], cwd=BROWSER, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_says_what_it_is_and_is_short() -> None:
    modules = list((BROWSER / "page").rglob("*.js"))
    assert modules
    for module in modules:
        lines = module.read_text().splitlines()
        assert lines[0] == "// @ts-check", module.name
        assert lines[1].startswith("/**"), f"{module.name} doesn't say what it is"
        assert len(lines) <= MOST_LINES, f"{module.name} has {len(lines)} lines"
