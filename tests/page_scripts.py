"""Runs the page's JavaScript modules under Node.js, without a browser."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import lstm_blues

PAGE = Path(lstm_blues.__file__).parent / "browser" / "page"

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")


def run_script(folder: Path, code: str, given: object = None) -> Any:
    """What a script returns.

    Args:
        folder: a new one, for the script and a copy of the page's modules.
        code: the body of an async function of `given`, after its import lines.
        given: what it is told, as JSON holds it.
    """
    page = folder / "page"
    if not page.exists():
        shutil.copytree(PAGE, page, ignore=shutil.ignore_patterns("*.css", "*.html"))
        (page / "package.json").write_text('{"type": "module"}')
    lines = code.strip().splitlines()
    imports = [line for line in lines if line.strip().startswith("import ")]
    body = [line for line in lines if line not in imports]
    (page / "given.json").write_text(json.dumps(given))
    (page / "script.js").write_text(
        "\n".join(
            [
                *imports,
                'import { readFileSync as read_, writeFileSync as write_ } from "node:fs";',
                'const given = JSON.parse(read_("given.json", "utf8"));',
                "const told = await (async () => {",
                *body,
                "})();",
                'write_("told.json", JSON.stringify(told));',
            ]
        )
    )
    done = subprocess.run(
        ["node", "script.js"], cwd=page, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads((page / "told.json").read_text())
