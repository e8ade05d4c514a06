"""`python -m lstm_blues.compose`: new pieces from a trained network (section 4.2)."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from lstm_blues.errors import require, require_choice
from lstm_blues.music.timing import Timing
from lstm_blues.output.render import FORMATS, render
from lstm_blues.output.sound import PLAYERS
from lstm_blues.playing.sampler import Sampling
from lstm_blues.runs.command import run_command
from lstm_blues.runs.config import read
from lstm_blues.runs.trained import Primer, compose_pieces, load_trained


@dataclass(frozen=True)
class ComposeSettings:
    """`conf/compose.yaml`."""

    checkpoint: str | None
    pieces: int
    choruses: int
    seed: int
    tempo: float
    swing: float
    primer: Primer
    sampling: Sampling
    formats: tuple[str, ...]
    player: str
    output_dir: str

    def __post_init__(self) -> None:
        for name in ("pieces", "choruses"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in self.formats:
            require_choice("formats", name, FORMATS)
        require_choice("player", self.player, PLAYERS)
        self.timing  # noqa: B018  # raises for a tempo or a swing out of range

    @property
    def timing(self) -> Timing:
        """Tempo and swing."""
        return Timing(self.tempo, self.swing)


def write_compositions(config: dict[str, Any]) -> None:
    """Composes and writes as `conf/compose.yaml` says; prints a line for each piece."""
    given = read(ComposeSettings, config, "")
    trained = load_trained(Path(given.checkpoint) if given.checkpoint else None)
    given.timing.require_fitting(trained.form.time)
    pieces = compose_pieces(
        trained, given.pieces, given.choruses, given.seed, given.primer, given.sampling
    )
    folder = Path(given.output_dir)
    folder.mkdir(parents=True, exist_ok=True)  # where hydra.run.dir is another
    print(f"composed by {trained.origin}", file=sys.stderr)
    width = len(str(given.pieces))
    for number, piece in enumerate(tqdm(pieces, unit="piece", disable=None), start=1):
        stem = f"piece_{number:0{width}d}"
        paths = [
            render(piece, folder / f"{stem}.{name}", given.tempo, given.swing, given.player)
            for name in given.formats
        ]
        known = sum(piece.bars_from_library)
        new = len(piece.bars_from_library) - known
        files = " ".join(str(path) for path in paths)
        tqdm.write(f"{files}\t{known} bars from the library\t{new} new bars")


def main() -> None:
    """The command."""
    run_command(write_compositions, "compose")


if __name__ == "__main__":
    main()
