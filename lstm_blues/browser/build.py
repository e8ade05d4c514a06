"""The folder of the page: its own files, kernels, data and sounds, all static."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from lstm_blues.browser.data import Contents, contents_of
from lstm_blues.browser.kernels import build_kernels
from lstm_blues.browser.samples import sample_files
from lstm_blues.errors import BluesError
from lstm_blues.files import write_bytes
from lstm_blues.runs.trained import Trained

MANIFEST = "files.json"
"""Lists what was built, with sizes in bytes: a folder with it may be built anew."""

KINDS = {"kernels": "kernels", "data": "data", "samples": "sounds"}
"""What lies in the folders; all else is the page itself."""


def build_page(
    folder: Path,
    given: Trained | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> dict[str, int]:
    """Builds the page in `folder`; returns the bytes of its files by kind.

    Args:
        folder: a new or an empty one, or one with a page that was built before, whose files are
            taken away where they are not of the new one.
        given: a network that the page has beside the bundled ones, and begins with.
        progress: is told of kernels that are built, and of how many there are; None for nobody.

    Raises:
        BluesError: the folder holds something else, or the package `ziglang` is not installed.
    """
    before = _built_before(folder)
    contents = contents_of(given)
    files = _page_files() | _data_files(contents) | sample_files()
    files |= _kernel_files(contents, progress)
    sizes: dict[str, int] = {}
    for name, content in files.items():
        kind = KINDS.get(name.split("/", maxsplit=1)[0], "page")
        sizes[kind] = sizes.get(kind, 0) + len(content)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, content)
    listed = {name: len(content) for name, content in sorted(files.items())}
    write_bytes(folder / MANIFEST, _as_json(listed))
    for name in before - set(files):
        (folder / name).unlink(missing_ok=True)
    return sizes


def _built_before(folder: Path) -> set[str]:
    """The files of a page that was built there before."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return set()
    try:
        listed = json.loads((folder / MANIFEST).read_text())
        return {
            name for name in listed if (folder / name).resolve().is_relative_to(folder.resolve())
        }
    except (OSError, ValueError, TypeError):
        raise BluesError(
            f"output_dir is {str(folder)!r}, which holds something else than a page: choose a new "
            "or an empty folder."
        ) from None


def _page_files() -> dict[str, bytes]:
    root = Path(str(resources.files("lstm_blues.browser"))) / "page"
    paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def _data_files(contents: Contents) -> dict[str, bytes]:
    texts = {f"data/{name}.json": _as_json(value) for name, value in contents.data.items()}
    return texts | {f"data/{name}": weights for name, weights in contents.weights.items()}


def _kernel_files(
    contents: Contents, progress: Callable[[int, int], object] | None
) -> dict[str, bytes]:
    done, of = 0, len(contents.sources)

    def built() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, of)

    modules = build_kernels(contents.sources, built)
    return {f"kernels/{name}.wasm": module for name, module in modules.items()}


def _as_json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
