"""`python -m lstm_blues.compose`: new pieces from a trained network (section 4.2)."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from lstm_blues.errors import require, require_choice, require_seed
from lstm_blues.music.timing import Timing
from lstm_blues.music.transpose import KEYS, WRITTEN_FOR
from lstm_blues.output.parts import Arrangement
from lstm_blues.output.render import FORMATS
from lstm_blues.output.sound import PLAYERS
from lstm_blues.playing.sampler import SECTION_4_2, Sampling
from lstm_blues.runs.command import run_command
from lstm_blues.runs.composing import Composing, Order
from lstm_blues.runs.config import read
from lstm_blues.runs.summary import Status
from lstm_blues.runs.trained import Primer, SamplingSettings, load_trained


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
    sampling: SamplingSettings
    formats: tuple[str, ...]
    player: str
    band: str
    instrument: str
    key: str | None
    ending: bool
    written_for: str
    output_dir: str

    def __post_init__(self) -> None:
        require_seed(self.seed)
        for name in ("pieces", "choruses"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        require(bool(self.formats), "formats", [], "one format or more of " + ", ".join(FORMATS))
        allowed = "a checkpoint, a run's folder, a bundled network's name, or null"
        require(self.checkpoint != "", "checkpoint", "", allowed)
        require(self.output_dir != "", "output_dir", "", "a folder")
        for name in self.formats:
            require_choice("formats", name, FORMATS)
        require_choice("player", self.player, PLAYERS)
        if self.key is not None:
            require_choice("key", self.key, KEYS)
        require_choice("written_for", self.written_for, WRITTEN_FOR)
        self.arrangement  # noqa: B018  # raises for an unknown band or instrument
        self.timing  # noqa: B018  # raises for a tempo or a swing out of range

    @property
    def arrangement(self) -> Arrangement:
        """Who plays."""
        return Arrangement(self.band, self.instrument, self.seed)

    @property
    def timing(self) -> Timing:
        """Tempo and swing."""
        return Timing(self.tempo, self.swing)

    def order(self, own: Sampling = SECTION_4_2) -> Order:
        """What is to be composed, by a network with `own` way to draw notes."""
        sampling = self.sampling.of(own)
        return Order(
            *(self.pieces, self.choruses, self.seed, self.primer, sampling, self.formats),
            self.timing,
            self.player,
            self.arrangement,
            self.key,
            self.ending,
            self.written_for,
        )


def write_compositions(config: dict[str, Any]) -> None:
    """Composes and writes as `conf/compose.yaml` says; prints a line for each piece.

    Ctrl-C and SIGTERM end the pieces where they are, and the program with 130.
    """
    given = read(ComposeSettings, config, "")
    trained = load_trained(given.checkpoint)
    folder = Path(given.output_dir)
    order = given.order(trained.settings.sampling)
    composing = Composing(trained, order, folder)
    folder.mkdir(parents=True, exist_ok=True)  # where hydra.run.dir is another
    print(f"composed by {trained.origin}{order.sampling.told}", file=sys.stderr)
    for written in composing.run():
        files = " ".join(str(path) for path in written.paths)
        tqdm.write(f"{files}\t{written.known} bars from the library\t{written.new} new bars")
    if composing.stopped:
        print("Interrupted: the files end where the music was.", file=sys.stderr)
        sys.exit(Status.INTERRUPTED.exit_code)


def main() -> None:
    """The command."""
    run_command(write_compositions, "compose")


if __name__ == "__main__":
    main()
