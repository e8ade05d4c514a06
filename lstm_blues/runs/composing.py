"""Compositions of any number and length, in files that grow with them (section 4.2)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from torch import Tensor

from lstm_blues.errors import BluesError, require_room
from lstm_blues.files import naming
from lstm_blues.music.ending import with_ending
from lstm_blues.music.piece import BROKEN, LIBRARY, NEW, Piece, Stretches
from lstm_blues.music.timing import Timing
from lstm_blues.music.transpose import CONCERT, interval_to, moved_piece
from lstm_blues.output.parts import REPORT_ARRANGEMENT, Arrangement
from lstm_blues.output.sound import RATE
from lstm_blues.output.streams import Stream, open_stream
from lstm_blues.playing.sampler import Sampling
from lstm_blues.runs.signals import signals_into
from lstm_blues.runs.terminal import bar
from lstm_blues.runs.trained import Primer, Trained, compose_steps, title_of

SIDE_BY_SIDE = 32
"""Pieces that are composed at once, each with its open files."""

_BYTES_PER_CHORUS = {
    "mid": 800,
    "txt": 500,
    "musicxml": 14_000,
    "svg": 15_000,
    "pdf": 7_000,
    "html": 300_000,
}
_BYTES_PER_SECOND = {"wav": 4 * RATE, "flac": 60_000, "mp3": 12_000, "ogg": 12_000}
"""Of a file, roughly; the rest is small."""

_MOST_CHORUSES = {"musicxml": 1000, "svg": 1000, "pdf": 1000, "png": 150, "html": 150}
"""A score of so many takes minutes; a picture can be no higher."""

_LARGEST_WAV = 2**32


@dataclass(frozen=True)
class Order:
    """What is to be composed, and into which files.

    Args:
        pieces: how many.
        choruses: of each.
        seed: of what is drawn.
        primer: what the pieces begin with.
        sampling: how notes are drawn.
        formats: of the files, each of `output.render.FORMATS`.
        timing: tempo and swing.
        player: of sound.
        arrangement: who plays.
        key: of the music, see `music.transpose.KEYS`; None: the form's own.
        ending: close on the form's first chord in the last bar.
        written_for: the instrument that scores are written for, see
            `music.transpose.WRITTEN_FOR`.
    """

    pieces: int
    choruses: int
    seed: int
    primer: Primer
    sampling: Sampling
    formats: tuple[str, ...]
    timing: Timing
    player: str
    arrangement: Arrangement = REPORT_ARRANGEMENT
    key: str | None = None
    ending: bool = False
    written_for: str = CONCERT

    def require_possible(self, trained: Trained, folder: Path) -> None:
        """Raises `BluesError` for more than the formats, `folder`'s disk or memory can hold."""
        form, largest = trained.form, "pieces" if self.pieces > self.choruses else "choruses"
        # Numbers beyond any disk are as large as this one.
        choruses, pieces = min(self.choruses, 10**15), min(self.pieces, 10**15)
        for name in self.formats:
            most = _MOST_CHORUSES.get(name)
            if most is not None and self.choruses > most:
                raise BluesError(
                    f"choruses is {self.choruses}, but must be at most {most} with {name} among "
                    f"formats: {self.choruses * form.bars:,} bars are too many for one of these."
                )
        seconds = self.timing.seconds(choruses * form.steps, form.steps_per_bar, form.time)
        sound = seconds * _BYTES_PER_SECOND["wav"]
        if "wav" in self.formats and sound > _LARGEST_WAV:
            raise BluesError(
                f"choruses is {self.choruses}, but must be smaller with wav among formats: it "
                f"would need {sound / 1e9:,.0f} GB, and a WAV file has at most 4 (flac has no such "
                "limit)."
            )
        needed = sum(
            choruses * _BYTES_PER_CHORUS.get(name, 0)
            + seconds * _BYTES_PER_SECOND.get(name, 0)
            # Samples wait in a file until their loudest is known.
            + (2 * sound if name in _BYTES_PER_SECOND else 0)
            for name in self.formats
        )
        there = next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
        room = shutil.disk_usage(there).free
        require_room(largest, getattr(self, largest), pieces * needed, room)


@dataclass
class Written:
    """The files of one piece.

    paths: of the files.  known, new: bars whose melody is in the library, and is not.
    """

    paths: list[Path]
    known: int = 0
    new: int = 0


class _Files:
    """A piece on its way into its files."""

    def __init__(self, order: Order, like: Piece, stem: Path) -> None:
        self.written = Written([stem.with_name(f"{stem.name}.{name}") for name in order.formats])
        self._cut = Stretches(like)
        self._streams: list[Stream] = [
            open_stream(path, order.timing, order.player, order.arrangement, order.written_for)
            for path in self.written.paths
        ]
        self._ending, self._left = order.ending, order.choruses * like.form.steps

    def add(self, stretch: Piece | None) -> None:
        if stretch is None:
            return
        for path, stream in zip(self.written.paths, self._streams, strict=True):
            with naming(path):
                stream.add(stretch)
        kinds = stretch.bar_kinds
        self.written.known += kinds.count(LIBRARY)
        self.written.new += kinds.count(NEW) + kinds.count(BROKEN)

    def step(self, notes: Tensor) -> None:
        self._left -= 1
        self.add(self._cut.add(notes))

    def finish(self) -> Written:
        last = self._cut.rest()
        if last is not None and self._ending and not self._left:
            last = with_ending(last)
        self.add(last)
        for stream in self._streams:
            stream.finish()
        return self.written


class Composing:
    """Composes, and writes while it does; Ctrl-C and SIGTERM end the files where they are, whole.

    Args:
        trained: the network.
        order: what to compose.
        folder: of the files; it must be there when they are written.

    Raises:
        BluesError: more than can be written, see `Order.require_possible`, a swing that the metre
            does not have, or a primer that the form or the songs don't have.
    """

    def __init__(self, trained: Trained, order: Order, folder: Path) -> None:
        order.require_possible(trained, folder)
        order.timing.require_fitting(trained.form.time)
        self.trained, self.order, self.folder = trained, order, folder
        self._begun = order.primer.encoded(trained, order.pieces, order.seed)
        self.stopped = False

    def _stop(self) -> None:
        self.stopped = True

    def run(self) -> Iterator[Written]:
        """The pieces' files, when they are whole."""
        order = self.order
        total = order.pieces * order.choruses * self.trained.form.steps
        with (
            signals_into(self._stop),
            bar(total, "step") as shown,
        ):
            for first in range(0, order.pieces, SIDE_BY_SIDE):
                group = self._begun[first : first + SIDE_BY_SIDE]
                files = [self._open(number) for number in range(first, first + len(group))]
                steps = compose_steps(
                    self.trained, group, order.seed, order.sampling, first=first, of=order.pieces
                )
                for notes in islice(steps, order.choruses * self.trained.form.steps):
                    for own, played in zip(files, notes, strict=True):
                        own.step(played)
                    shown.update(len(group))
                    if self.stopped:
                        break
                yield from (own.finish() for own in files)
                if self.stopped:
                    return

    def _open(self, number: int) -> _Files:
        trained, order = self.trained, self.order
        songs = trained.songs
        silence = songs.table[0, :0]
        title = title_of(songs.form, order.seed, number + 1)
        like = Piece(silence, songs.form, songs.encoding, songs.library, title)
        width = len(str(order.pieces))
        if order.key is not None:
            like = moved_piece(like, interval_to(songs.form, order.key))
        return _Files(order, like, self.folder / f"piece_{number + 1:0{width}d}")
