"""The README and the site are true: commands compose, names exist, tables are the recorded ones."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from collections.abc import Iterator

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from support import REPOSITORY

from lstm_blues.errors import ExitCode
from lstm_blues.runs.config import compose_config

PACKAGE = REPOSITORY / "lstm_blues"
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def fenced(language: str) -> Iterator[str]:
    """All fenced blocks in a language."""
    for page in PAGES:
        yield from re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)


def commands() -> list[tuple[str, ...]]:
    """All `python -m lstm_blues.NAME ...` of the pages, as words from NAME on, each once."""
    found = set()
    for block in fenced("bash"):
        for line in block.replace("\\\n", " ").splitlines():
            for part in line.split("&&"):
                words = shlex.split(part, comments=True)
                if "-m" in words and words[words.index("-m") + 1].startswith("lstm_blues."):
                    name, *rest = words[words.index("-m") + 1 :]
                    found.add((name.removeprefix("lstm_blues."), *rest))
    return sorted(found)


def first_of_each(override: str) -> str:
    """An override with the first value of its sweep."""
    parsed = OverridesParser.create().parse_override(override)
    if not parsed.is_sweep_override():
        return override
    return f"{parsed.input_line.split('=')[0]}={next(parsed.sweep_string_iterator())}"


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_a_command_exists_and_composes(command: tuple[str, ...]) -> None:
    name, *overrides = command
    assert (PACKAGE / f"{name.replace('.', '/')}.py").is_file()
    # What `lead_sheet` writes under the name `mine` isn't there.
    own = {"--config-dir", "form=mine"} & set(overrides)
    if (REPOSITORY / "conf" / f"{name}.yaml").is_file() and not own:
        # What Hydra's own settings, such as launchers, hold is not composed here.
        chosen = [first_of_each(o) for o in overrides if "=" in o and not o.startswith("hydra")]
        assert compose_config(chosen, name)


def test_the_guide_lists_every_exit_code() -> None:
    text = (REPOSITORY / "docs" / "guide" / "training.md").read_text()
    listed = re.findall(r"^\| (\d+) \| \S", text, re.M)
    assert [int(code) for code in listed] == sorted(ExitCode)


def test_programs_import_what_is_there() -> None:
    blocks = list(fenced("python"))
    assert blocks
    for node in (node for block in blocks for node in ast.walk(ast.parse(block))):
        if isinstance(node, ast.ImportFrom):
            module = importlib.import_module(node.module or "")
            assert all(hasattr(module, each.name) for each in node.names)


def test_the_tree_of_the_package_is_the_package() -> None:
    page = (REPOSITORY / "docs" / "package.md").read_text()
    tree = re.search(r"```text\nlstm_blues/\n(.*?)```", page, re.S)
    assert tree is not None
    named = {PACKAGE.name: set(re.findall(r"(\w+)\.py", tree[1]))}
    room = ""
    for line in tree[1].splitlines():
        if begins := re.match(r"[│ ]*[├└]── (\w+)/", line):
            room = begins[1]
            named[room] = set()
        elif room:
            named[room] |= set(re.findall(r"\w+", line))
    without_code = {PACKAGE / "browser" / "page", PACKAGE / "pretrained"}
    there = {
        folder.name: {path.stem for path in folder.iterdir() if path.suffix in (".py", ".c")}
        - {"__init__"}
        for folder in (PACKAGE, *PACKAGE.rglob("*"))
        if folder.is_dir()
        and folder.name != "__pycache__"
        and not without_code & set(folder.parents)
    }
    assert named == there


def test_the_pages_show_the_recorded_tables() -> None:
    pages = [page for page in PAGES if page.parent.name in ("docs", "guide")]
    shown = "".join(page.read_text() for page in pages)
    tables = sorted((REPOSITORY / "docs/study").glob("*/*.md"))
    tables = [table for table in tables if table.name != "README.md"]
    assert len(tables) > 20
    for table in tables:
        own = table.with_name("README.md")
        assert table.read_text().strip() in (own.read_text() if own.is_file() else shown), table


def test_the_readme_is_short() -> None:
    assert len((REPOSITORY / "README.md").read_text().splitlines()) <= 150


def test_every_promise_is_held_by_a_test_that_is_there() -> None:
    page = (REPOSITORY / "docs" / "promises.md").read_text()
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", page)
    assert len(named) > 20
    for file, name in named:
        assert f"def {name}(" in (REPOSITORY / "tests" / file).read_text(), (file, name)
