"""A trained network from its checkpoint, and the pieces that it composes (section 4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from lstm_blues.engine.compiler import has_compiler
from lstm_blues.engine.player import CompiledPlayer
from lstm_blues.errors import BluesError, require, require_room, require_seed
from lstm_blues.music.bars import REST
from lstm_blues.music.chords import pitch_of
from lstm_blues.music.form import Form
from lstm_blues.music.piece import Piece
from lstm_blues.music.songs import BluesSongs
from lstm_blues.network.network import BluesNetwork
from lstm_blues.playing.player import Player, compose
from lstm_blues.playing.sampler import SECTION_4_2, Sampling
from lstm_blues.runs.build import Parts
from lstm_blues.runs.bundled import PRETRAINED, find_network, name_of
from lstm_blues.runs.checkpoint import NAME, load_checkpoint
from lstm_blues.runs.fitting import require_fitting
from lstm_blues.runs.settings import Settings, settings_from
from lstm_blues.runs.summary import read_summary
from lstm_blues.runs.terminal import terminal


@dataclass(frozen=True)
class SamplingSettings:
    """`sampling` in `conf/compose.yaml` and `conf/evaluate.yaml`: a `Sampling`, or with None for
    the temperature that of the network.

    Raises `BluesError` for a value out of range.
    """

    temperature: float | None = None
    top_k: int = 0
    greedy: bool = False
    voices: int = 1

    def __post_init__(self) -> None:
        self.of(SECTION_4_2)

    def of(self, own: Sampling) -> Sampling:
        """With the temperature of `own`, the network's, where none is given."""
        given = own.temperature if self.temperature is None else self.temperature
        return Sampling(given, self.top_k, self.greedy, self.voices)


@dataclass(frozen=True)
class Trained:
    """A trained network, frozen, its settings, its songs and where it came from."""

    network: BluesNetwork
    settings: Settings
    songs: BluesSongs
    path: Path
    held_out: tuple[int, ...] = ()
    """The numbers of the songs that it has not learned."""

    @property
    def origin(self) -> str:
        """Where it comes from, in words."""
        return name_of(self.path)

    def player(self, songs: int, sampling: Sampling = SECTION_4_2) -> Player:
        """What plays so many songs: the engine of the run, where this machine has a C compiler for
        the compiled one, whose notes are the same on every machine."""
        if self.settings.run.compiled and has_compiler():
            return CompiledPlayer(self.network, songs, self.settings.learning, sampling)
        return Player(self.network, songs, sampling=sampling)

    @property
    def form(self) -> Form:
        """The form that it plays."""
        return self.settings.form


def newest_run(folder: Path = Path("outputs")) -> Path | None:
    """The newest finished run below `folder` that learned a melody; None where there is none."""
    found = []
    for summary in folder.rglob("summary.json"):
        told = read_summary(summary)
        if told is None or not (summary.parent / NAME).is_file():
            continue
        if told["learned"] and told["melody_floor"] is not None:
            found.append((summary.stat().st_mtime_ns, summary.parent))
    return max(found)[1] if found else None


def load_trained(path: str | Path | None = None) -> Trained:
    """The network of a run's folder or checkpoint, or a bundled one by its name, frozen.

    Where `path` is None, of the newest melody run below `outputs/`, and where there is none, the
    bundled network `report`.  Raises `BluesError` where there is no such network, or where it knows
    no melody.
    """
    path = (newest_run() or PRETRAINED) if path is None else find_network(path)
    checkpoint = load_checkpoint(path)
    settings = settings_from(checkpoint.config)
    parts = Parts(settings)
    if parts.songs is None:
        raise BluesError(f"the network of {str(path)!r} plays chords only and cannot compose.")
    require_fitting(checkpoint, parts, str(path))
    parts.blocks.cpu()
    return Trained(
        parts.frozen(checkpoint.learner.weights), settings, parts.songs, path, parts.held_out
    )


LONGEST_PRIMER = 24
"""Notes that a composition may begin with (section 4.2)."""


@dataclass(frozen=True)
class Primer:
    """What a composition begins with: "a single note or series of notes (up to 24) from the
    training set" (section 4.2).

    Args:
        steps: how many steps of a training song; they hold 24 notes at most.
        song: the song's number; None: another for each piece, by seed.
        notes: or note names, such as `Eb4`, and `r` for a rest, one per beat.

    Raises:
        BluesError: no step.
    """

    steps: int = 8
    song: int | None = None
    notes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        require(self.steps >= 1, "primer.steps", self.steps, "at least 1")

    def encoded(self, trained: Trained, pieces: int, seed: int) -> Tensor:
        """The first steps of each piece, shape (pieces, p, units).

        Raises `BluesError` for more steps than a song has, for more than 24 notes, for notes and
        songs that there are not, and for a seed out of range.
        """
        require_seed(seed)
        songs = trained.songs
        if self.notes is not None:
            return self._of_names(self.notes, songs)[None].repeat(pieces, 1, 1)
        if self.song is not None:
            last = len(songs) - 1
            require(0 <= self.song <= last, "primer.song", self.song, f"from 0 to {last}")
            numbers = [self.song] * pieces
        else:
            generator = torch.Generator().manual_seed(seed)
            numbers = torch.randint(len(songs), (pieces,), generator=generator).tolist()
        steps = songs.form.steps
        require(self.steps <= steps, "primer.steps", self.steps, f"from 1 to {steps}, a song")
        begun = torch.stack([songs[number].inputs[: self.steps] for number in numbers])
        notes = int(songs.encoding.decode_melody(begun)[1].sum(-1).max())
        allowed = f"fewer, of {LONGEST_PRIMER} notes at most: these are {notes}"
        require(notes <= LONGEST_PRIMER, "primer.steps", self.steps, allowed)
        return begun

    @staticmethod
    def _of_names(names: Sequence[str], songs: BluesSongs) -> Tensor:
        form = songs.form
        require(bool(names), "primer.notes", list(names), "one note or more")
        beat = form.steps_per_beat
        melody = []
        for name in names:
            if name == REST and not songs.encoding.rests:
                raise BluesError(
                    f"primer.notes has {REST!r}, a rest, but this network's songs have no rests."
                )
            unit = form.melody_notes
            if name != REST:
                unit = pitch_of(name) - form.lowest_melody_note
                allowed = f"notes from MIDI {form.melody_pitches[0]} to {form.melody_pitches[-1]}"
                require(0 <= unit < form.melody_notes, "primer.notes", name, allowed)
            melody += [unit] * beat
        allowed = f"at most {LONGEST_PRIMER} notes"
        require(len(names) <= LONGEST_PRIMER, "primer.notes", list(names), allowed)
        steps = torch.arange(len(melody))
        begins = steps % beat == 0
        encoded = songs[0].inputs[steps % form.steps].clone()
        encoded[:, form.CHORD_NOTES :] = songs.encoding.encode_melody(
            torch.tensor(melody), begins, form.melody_notes
        )
        return encoded


def compose_steps(
    trained: Trained,
    begun: Tensor,
    seed: int = 1,
    sampling: Sampling | None = None,
    *,
    first: int = 0,
    of: int | None = None,
) -> Iterator[Tensor]:
    """The notes of pieces side by side, one step at a time and without end, shape (N, units), bool.

    Args:
        trained: the network.
        begun: their primers, shape (N, p, units).
        seed: of what is drawn; the same seed gives the same pieces.
        sampling: how; None: as the network's own settings say.
        first: the number, from 0, of the first of them among `of` pieces from the seed.
        of: how many those are; None for these alone.

    Raises:
        BluesError: a seed out of range, or outputs that no note can be drawn from.
    """
    require_seed(seed)
    # Small matrices, hundreds of steps: several threads would only wait for each other.
    torch.set_num_threads(1)
    sampling = sampling or trained.settings.sampling
    player = trained.player(len(begun), sampling)
    return compose(trained.network, begun, seed, sampling, player, first=first, of=of)


def title_of(form: Form, seed: int, number: int) -> str:
    """The title of the piece with this number, from 1, of a seed: a blues, or what its form is
    called."""
    kind = "Blues" if "blues" in form.name else form.name.replace("_", " ").capitalize()
    return f"{kind} {seed}.{number}"


def compose_pieces(
    trained: Trained,
    pieces: int = 1,
    choruses: int = 4,
    seed: int = 1,
    primer: Primer | None = None,
    sampling: Sampling | None = None,
) -> list[Piece]:
    """Whole pieces, all at once, primers included; the same seed gives the same pieces.

    `sampling` is the network's own where None.
    Raises `BluesError` for a number of pieces or choruses below 1, a primer that the form or the
    songs don't have, or outputs that no note can be drawn from.
    """
    for name, value in (("pieces", pieces), ("choruses", choruses)):
        require(value >= 1, name, value, "at least 1")
    steps = choruses * trained.form.steps
    largest = ("pieces", pieces) if pieces > choruses else ("choruses", choruses)
    require_room(*largest, pieces * steps * trained.network.topology.units * 2)
    begun = (primer or Primer()).encoded(trained, pieces, seed)
    stream = compose_steps(trained, begun, seed, sampling)
    progress = tqdm(islice(stream, steps), total=steps, unit="step", disable=None, **terminal())
    notes = torch.stack(list(progress), dim=1)
    songs = trained.songs
    return [
        Piece(each, songs.form, songs.encoding, songs.library, title_of(songs.form, seed, number))
        for number, each in enumerate(notes, start=1)
    ]
