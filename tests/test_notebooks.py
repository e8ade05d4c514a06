"""The notebooks run from top to bottom, and what they keep is what they show."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support import REPOSITORY, environment

NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
_spec = importlib.util.spec_from_file_location("refresh", REPOSITORY / "notebooks" / "refresh.py")
assert _spec is not None
assert _spec.loader is not None
refresh = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(refresh)


def kinds(cell: Any) -> list[set[str]]:
    """What a cell shows, by media type."""
    return [set(output.get("data", {output.output_type: None})) for output in cell.outputs]


def words(cell: Any) -> list[str]:
    """What a cell shows that can be read, without what names objects."""
    texts = [output.get("text", "") for output in cell.outputs]
    texts += [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    texts += [output.get("data", {}).get("text/markdown", "") for output in cell.outputs]
    return [text for text in texts if text and not text.startswith("<")]


@pytest.mark.parametrize(
    "path",
    [NOTEBOOKS[0], *(pytest.param(path, marks=pytest.mark.slow) for path in NOTEBOOKS[1:])],
    ids=lambda path: path.stem,
)
def test_a_notebook_shows_what_it_keeps(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment().items():
        monkeypatch.setitem(os.environ, name, value)
    kept = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    fresh = [cell for cell in refresh.executed(path).cells if cell.cell_type == "code"]
    assert len(kept) > 5
    assert any("image/png" in kind for cell in kept for kind in kinds(cell))
    for before, after in zip(kept, fresh, strict=True):
        assert kinds(before) == kinds(after), before.source
        if "varies" not in before.metadata.get("tags", []):
            assert words(before) == words(after), before.source


def test_there_are_three() -> None:
    assert [path.name[:2] for path in NOTEBOOKS] == ["1_", "2_", "3_"]
