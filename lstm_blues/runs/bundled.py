"""The bundled networks, by name; docs/pretrained.md tells how each was made."""

from __future__ import annotations

from pathlib import Path

from lstm_blues.errors import BluesError

_FOLDER = Path(__file__).parents[1] / "pretrained"

BUNDLED = {name: _FOLDER / name for name in ("report", "bebop")}
"""Their folders: of the report's Experiment 2, and of `+experiment=bebop`."""

PRETRAINED = BUNDLED["report"]
"""The one that plays where nothing was trained and none is named."""


def find_network(given: str | Path) -> Path:
    """The path of a network: a bundled one by its name, else `given` itself.

    A folder that is called as a bundled network is found as `./NAME`.  Raises `BluesError` for a
    single word that names neither.
    """
    if isinstance(given, str) and given in BUNDLED:
        return BUNDLED[given]
    path = Path(given)
    if not path.exists() and len(path.parts) == 1 and not path.suffix:
        raise BluesError(
            f"there is no checkpoint at {str(given)!r}, and no bundled network of that name: they "
            f"are {' and '.join(BUNDLED)}."
        )
    return path


def name_of(path: Path) -> str:
    """What the network of `path` is called, in words."""
    if path == PRETRAINED:
        return "the bundled network"
    for name, folder in BUNDLED.items():
        if path == folder:
            return f"the bundled network {name}"
    return f"the network of {path}"
