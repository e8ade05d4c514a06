"""`python -m lstm_blues.compose`: new pieces from a trained network, as MIDI (section 4.2)."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import hydra
import torch
from omegaconf import DictConfig
from torch import Tensor
from tqdm import tqdm

from lstm_blues.bars import BarLibrary
from lstm_blues.checkpoint import NAME, load_checkpoint, require_fitting
from lstm_blues.command import fail, run_command
from lstm_blues.config import Settings, build, conf_folder, plain, settings_from
from lstm_blues.errors import BluesError, require
from lstm_blues.form import Form, pitch_of
from lstm_blues.midi import BEATS_PER_BAR, Timing, to_midi, write_midi
from lstm_blues.network import BluesNetwork
from lstm_blues.sampler import LONGEST_PRIMER, Sampling, compose
from lstm_blues.songs import BluesSongs


@dataclass(frozen=True)
class ComposeSettings:
    """`conf/compose.yaml`."""

    checkpoint: str | None
    pieces: int
    choruses: int
    seed: int
    tempo: float
    swing: float
    primer_steps: int
    primer_song: int | None
    primer_notes: tuple[str, ...] | None
    sampling: Sampling
    output_dir: str

    def __post_init__(self) -> None:
        for name in ("pieces", "choruses"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        require(0 <= self.seed < 2**63, "seed", self.seed, "a whole number from 0 to 2^63-1")
        allowed = f"from 1 to {LONGEST_PRIMER}"
        require(
            1 <= self.primer_steps <= LONGEST_PRIMER, "primer_steps", self.primer_steps, allowed
        )
        Timing(self.tempo, self.swing)


@dataclass(frozen=True)
class Trained:
    """A trained network, its settings and where it came from."""

    network: BluesNetwork
    settings: Settings
    songs: BluesSongs
    path: Path


def newest_run(folder: Path = Path("outputs")) -> Path:
    """The newest finished run below `folder` that learned a melody.

    Raises `BluesError` where there is none.
    """
    found = []
    for summary in folder.rglob("summary.json"):
        told = json.loads(summary.read_text())
        if told["learned"] and told["melody_floor"] and (summary.parent / NAME).is_file():
            found.append((summary.stat().st_mtime_ns, summary.parent))
    if found:
        return max(found)[1]
    raise BluesError(
        f"there is no finished melody run below {str(folder)!r}: train one with python -m "
        "lstm_blues.train +experiment=melody, or name one with checkpoint=."
    )


def load_trained(path: Path) -> Trained:
    """The network of a run's folder or checkpoint, frozen.

    Raises `BluesError` where there is none, or where it knows no melody.
    """
    checkpoint = load_checkpoint(path)
    settings = settings_from(checkpoint.config)
    songs = settings.songs()
    if songs is None:
        raise BluesError(f"the network of {str(path)!r} plays chords only and cannot compose.")
    network = settings.build_network().cpu()
    require_fitting(checkpoint.learner, network, str(path))
    network.load_state_dict(checkpoint.learner.weights)
    return Trained(network.requires_grad_(False), settings, songs, path)


def primers(trained: Trained, given: ComposeSettings) -> Tensor:
    """The first steps of each piece, shape (pieces, p, units)."""
    songs, form = trained.songs, trained.settings.form
    if given.primer_notes is not None:
        steps = form.steps_per_bar // BEATS_PER_BAR
        notes = _named(given.primer_notes, form)[: LONGEST_PRIMER // steps]
        song = songs[0].inputs[: len(notes) * steps].clone()
        song[:, form.CHORD_NOTES :] = 0
        for beat, unit in enumerate(notes):
            song[beat * steps : (beat + 1) * steps, form.CHORD_NOTES + unit] = 1
        return song[None].repeat(given.pieces, 1, 1)
    if given.primer_song is not None:
        last = len(songs) - 1
        require(
            0 <= given.primer_song <= last, "primer_song", given.primer_song, f"from 0 to {last}"
        )
        numbers = [given.primer_song] * given.pieces
    else:
        generator = torch.Generator().manual_seed(given.seed)
        numbers = torch.randint(len(songs), (given.pieces,), generator=generator).tolist()
    return torch.stack([songs[number].inputs[: given.primer_steps] for number in numbers])


def _named(notes: Sequence[str], form: Form) -> list[int]:
    units = []
    for note in notes:
        unit = pitch_of(note) - form.lowest_melody_note
        allowed = f"notes from MIDI {form.melody_pitches[0]} to {form.melody_pitches[-1]}"
        require(0 <= unit < form.MELODY_NOTES, "primer_notes", note, allowed)
        units.append(unit)
    require(bool(units), "primer_notes", list(notes), "one note or more")
    return units


def compose_pieces(
    trained: Trained, begun: Tensor, choruses: int, seed: int, sampling: Sampling | None = None
) -> Tensor:
    """Whole pieces at once: shape (pieces, choruses * steps, units), bool, primers included."""
    # Small matrices, hundreds of steps: several threads would only wait for each other.
    torch.set_num_threads(1)
    steps = choruses * trained.settings.form.steps
    stream = compose(trained.network, begun, seed, sampling)
    progress = tqdm(islice(stream, steps), total=steps, unit="step", disable=None)
    return torch.stack(list(progress), dim=1)


def melody_of(piece: Tensor, form: Form) -> Tensor:
    """The melody unit of each step, shape (..., steps), int64; the lowest where several sound."""
    return piece[..., form.CHORD_NOTES :].int().argmax(-1)


def count_library_bars(melody: Tensor, library: BarLibrary, form: Form) -> tuple[int, int]:
    """How many whole bars of a melody, shape (steps,), are from the library, and how many new."""
    segments = library.units(form)
    bars = melody[: len(melody) // form.steps_per_bar * form.steps_per_bar]
    bars = bars.reshape(-1, form.steps_per_bar)
    known = sum(
        bool((segments[number % form.bars] == bar).all(1).any()) for number, bar in enumerate(bars)
    )
    return known, len(bars) - known


@hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="compose")
def _hydra_main(config: DictConfig) -> None:
    try:
        _compose(plain(config))
    except BluesError as error:
        fail(error)


def _compose(config: dict[str, Any]) -> None:
    given = build(ComposeSettings, config, "")
    trained = load_trained(Path(given.checkpoint) if given.checkpoint else newest_run())
    form, library = trained.settings.form, trained.songs.library
    begun = primers(trained, given)
    pieces = compose_pieces(trained, begun, given.choruses, given.seed, given.sampling)
    folder = Path(given.output_dir)
    timing = Timing(given.tempo, given.swing)
    print(f"composed by the network of {trained.path}", file=sys.stderr)
    width = len(str(given.pieces))
    for number, piece in enumerate(pieces, start=1):
        path = folder / f"piece_{number:0{width}d}.mid"
        write_midi(to_midi(piece, form, timing), path)
        known, new = count_library_bars(melody_of(piece, form), library, form)
        print(f"{path}\t{known} bars from the library\t{new} new bars")


def main() -> None:
    """The command."""
    run_command(_hydra_main, "compose")


if __name__ == "__main__":
    main()
