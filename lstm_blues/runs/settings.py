"""From Hydra's config to checked settings: every mistake is found here, before any work."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from lstm_blues.errors import BluesError, require, require_choice, require_seed
from lstm_blues.learning.settings import Learning
from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.corpus import Corpus
from lstm_blues.music.encoding import Encoding
from lstm_blues.music.form import Form
from lstm_blues.network.blocks import ACTIVATIONS
from lstm_blues.network.cells import BLOCKS, CELLS
from lstm_blues.network.topology import CHORDS, MELODY, Group, Topology, Units
from lstm_blues.playing.sampler import SECTION_4_2, Sampling
from lstm_blues.runs.config import conf_folder, read
from lstm_blues.runs.recipes import Portfolio, with_or_without_melody
from lstm_blues.runs.sizes import require_room_for
from lstm_blues.runs.tune import with_tune

FAST = "fast"
ENGINES = (FAST, "torch")


DTYPES = {"float64": torch.float64, "float32": torch.float32}


LARGEST = 1000
"""Of a weight at the start and of a learning rate: with more, nothing is learned."""


@dataclass(frozen=True)
class NetworkSettings:
    """`conf/network`: activations, first weights and the topology.

    With another `cell` than memory blocks, `hidden` is the number of its units, and `window` that
    of the steps that a feed-forward network sees.
    """

    g: str
    h: str
    weight_range: float
    groups: dict[str, Group]
    units: dict[str, Units]
    cell: str = BLOCKS
    hidden: int = 8
    window: int = 1

    def __post_init__(self) -> None:
        require_choice("network.cell", self.cell, (BLOCKS, *CELLS))
        require(self.hidden >= 1, "network.hidden", self.hidden, "at least 1")
        require(self.window >= 1, "network.window", self.window, "at least 1")
        require_choice("network.g", self.g, ACTIVATIONS)
        require_choice("network.h", self.h, ACTIVATIONS)
        require(
            0 <= self.weight_range <= LARGEST,
            "network.weight_range",
            self.weight_range,
            f"from 0 to {LARGEST}",
        )

    @property
    def has_blocks(self) -> bool:
        """Whether its cells are the report's memory blocks."""
        return self.cell == BLOCKS

    @cached_property
    def topology(self) -> Topology:
        """The groups and sets of units with their connections."""
        return Topology(tuple(self.groups.values()), tuple(self.units.values()))


@dataclass(frozen=True)
class RunSettings:
    """`conf/run`: what a run uses and how it reports; nothing here changes what is learned but
    the engine's, device's and dtype's rounding."""

    engine: str
    device: str
    dtype: str
    step_limit: int
    final_choruses: int
    log_interval: int
    listen_share: float
    checkpoint_seconds: float
    workers: int = 0

    def __post_init__(self) -> None:
        require_choice("run.engine", self.engine, ENGINES)
        require_choice("run.dtype", self.dtype, DTYPES)
        for name in ("step_limit", "final_choruses", "log_interval"):
            require(getattr(self, name) >= 1, f"run.{name}", getattr(self, name), "at least 1")
        require(self.workers >= 0, "run.workers", self.workers, "at least 0, 0 for one per core")
        require(0 <= self.listen_share < 1, "run.listen_share", self.listen_share, "0 to below 1")
        require(
            0 < self.checkpoint_seconds < math.inf,
            "run.checkpoint_seconds",
            self.checkpoint_seconds,
            "a number above 0",
        )
        if self.compiled:
            require(self.device == "cpu", "run.device", self.device, "cpu with run.engine=fast")
        require_device("run.device", self.device, DTYPES[self.dtype])

    @property
    def compiled(self) -> bool:
        """Whether the compiled engine learns, and not the readable one."""
        return self.engine == FAST


def require_device(setting: str, device: str, dtype: torch.dtype = torch.float32) -> None:
    """Raises `BluesError` unless torch computes on `device` in `dtype`, on this machine."""
    try:
        # What is computed must come back: `meta` computes nothing.
        torch.zeros(1, dtype=dtype, device=torch.device(device)).cpu()
    except Exception:  # torch raises whatever a device's own code stumbles over
        there = ["cpu"] + [f"cuda:{n}" for n in range(torch.cuda.device_count())]
        if torch.backends.mps.is_available():
            there.append("mps (in float32)")
        require(False, setting, device, "a device of this machine: " + ", ".join(there))


@dataclass(frozen=True)
class SongSettings:
    """`songs` in `conf/train.yaml`: which of all songs are learned.

    held_out: how many songs, drawn by the run's seed, are not.
    """

    held_out: int = 0

    def __post_init__(self) -> None:
        require(self.held_out >= 0, "songs.held_out", self.held_out, "at least 0")


@dataclass(frozen=True)
class Settings:
    """All settings of a run."""

    name: str
    seed: int
    form: Form
    encoding: Encoding
    network: NetworkSettings
    learning: Learning
    run: RunSettings
    bars: BarLibrary | None
    corpus: Corpus | None = None
    portfolio: Portfolio | None = None
    songs: SongSettings = SongSettings()
    sampling: Sampling = SECTION_4_2

    def __post_init__(self) -> None:
        require_seed(self.seed)
        for name, rates in (
            ("learning.rate", (self.learning.rate,)),
            ("learning.melody.rates", self.learning.melody.rates),
        ):
            told = rates[0] if len(rates) == 1 else list(rates)
            require(max(rates) <= LARGEST, name, told, f"above 0, and at most {LARGEST}")
        chords = self.network.units.get(CHORDS)
        notes = Form.CHORD_NOTES if self.corpus is None else self.corpus.notes
        if chords is None or chords.units != notes:
            raise BluesError(
                f"network.units must have a set 'chords' of {notes} units, one for each chord note."
            )
        if self.corpus is not None:
            if self.bars is not None:
                raise BluesError("corpus and bars are mutually exclusive: set bars=null.")
            self.corpus.songs  # noqa: B018  # raises where a tune cannot be read
        if self.bars is not None:
            self.bars.require_fitting(self.form, self.encoding)
            all_songs = math.prod(self.bars.choices)
            allowed = f"fewer than the {all_songs} songs of bars={self.bars.name}"
            require(self.songs.held_out < all_songs, "songs.held_out", self.songs.held_out, allowed)
            # A song that follows what is played may be any.
            fine = not (self.songs.held_out and self.learning.melody.own_notes)
            allowed = "0 with learning.melody.own_notes above 0"
            require(fine, "songs.held_out", self.songs.held_out, allowed)
        elif self.songs.held_out:
            require(False, "songs.held_out", self.songs.held_out, "0 where bars is null")
        melody = self.network.units.get(MELODY)
        if (melody is None) != (self.bars is None):
            raise BluesError(
                "bars and network.units.melody go together: a bar library needs melody units, and "
                "melody units need one."
            )
        if melody is not None:
            units = self.encoding.melody_units(self.form.melody_notes)
            asked = (
                f"form.melody_notes={self.form.melody_notes}, encoding.held={self.encoding.held}"
            )
            if self.encoding.rests:
                asked += ", encoding.rests=true"
            allowed = f"null, or {units} with {asked}"
            require(melody.units == units, "network.units.melody.units", melody.units, allowed)
        self.network.topology  # noqa: B018  # raises where a connection leads nowhere
        require_room_for(self)
        self._require_fitting_cell()
        self._require_fitting_portfolio()

    def _require_fitting_cell(self) -> None:
        cell = self.network.cell
        if self.network.has_blocks:
            return
        if self.bars is not None:
            raise BluesError(
                f"network.cell is {cell!r}, but must be blocks where a melody is learned."
            )
        require(not self.run.compiled, "run.engine", self.run.engine, f"torch with {cell}")
        unrolled, gradient = self.learning.rule.gradient.unrolled, self.learning.gradient
        require(unrolled, "learning.gradient", gradient, f"bptt with {cell}")

    def _require_fitting_portfolio(self) -> None:
        if self.portfolio is None:
            return
        cell = self.network.cell
        require(self.network.has_blocks, "network.cell", cell, "blocks with a portfolio")
        if not self.network.topology.chords_are_separate:
            raise BluesError("a portfolio learns the chords first: no melody may reach them.")

    @property
    def song_steps(self) -> int:
        """Steps in a song."""
        return self.form.steps if self.corpus is None else self.corpus.steps


def settings_from(config: Mapping[str, Any]) -> Settings:
    """Checked settings from a config's plain containers; raises `BluesError` for a mistake."""
    values = with_tune(config)
    for name in ("resume", "tune"):
        values.pop(name, None)
    values.setdefault("bars", None)
    values.setdefault("corpus", None)
    values.setdefault("portfolio", None)
    if values.get("name") is None:
        names = ", ".join(sorted(path.stem for path in (conf_folder() / "experiment").iterdir()))
        raise BluesError(f"no experiment is chosen: add +experiment=NAME, NAME one of {names}.")
    if values["portfolio"] is not None:
        values = with_or_without_melody(values)
    return read(Settings, _filled_in(values), "")


def _filled_in(values: dict[str, Any]) -> dict[str, Any]:
    """A config with what is null because the bar library, the form and the encoding determine it:
    `encoding.rests` and `network.units.melody.units`."""
    values = copy.deepcopy(values)
    encoding, melody = _group(values, "encoding"), _group(values, "network", "units", MELODY)
    if encoding is not None and encoding.get("rests") is None:
        library = values["bars"]
        encoding["rests"] = library is not None and read(BarLibrary, library, "bars").rests
    if melody is not None and melody.get("units") is None:
        form = read(Form, values.get("form"), "form")
        melody["units"] = read(Encoding, encoding, "encoding").melody_units(form.melody_notes)
    return values


def _group(values: Any, *names: str) -> dict[str, Any] | None:
    """The group of settings at these names; None where there is none, which `read` reports."""
    for name in names:
        values = values.get(name) if isinstance(values, dict) else None
    return values if isinstance(values, dict) else None
