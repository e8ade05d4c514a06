"""From Hydra's config to checked settings: every mistake is found here, before any work."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from lstm_blues.bars import BarLibrary
from lstm_blues.cell import SQUASHINGS
from lstm_blues.cells import BLOCKS, CELLS
from lstm_blues.corpus import Corpus
from lstm_blues.encoding import HELD, Encoding
from lstm_blues.errors import BluesError, require, require_choice
from lstm_blues.form import Form
from lstm_blues.network import BluesNetwork, Network
from lstm_blues.online import Learning
from lstm_blues.songs import BluesSongs
from lstm_blues.topology import FORM, MELODY, Group, Topology, Units

ENGINES = ("fast", "torch")
DTYPES = {"float64": torch.float64, "float32": torch.float32}
MAX_SEED = 2**63 - 1

T = TypeVar("T")


def conf_folder() -> Path:
    """The folder of the configs: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[1] / "conf"


def _run_folder(resume: str | None, fresh: str) -> str:
    if resume is None:
        return fresh
    path = Path(resume)
    return str(path.parent if path.is_file() else path)


def _melody_units(held: str) -> int:
    require_choice("encoding.held", held, HELD)
    return Encoding(held=held).melody_units


OmegaConf.register_new_resolver("run_folder", _run_folder, replace=True)
OmegaConf.register_new_resolver("melody_units", _melody_units, replace=True)


@dataclass(frozen=True)
class NetworkSettings:
    """`conf/network`: squashings, first weights and the topology.

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
        require_choice("network.g", self.g, SQUASHINGS)
        require_choice("network.h", self.h, SQUASHINGS)
        require(
            self.weight_range >= 0 and math.isfinite(self.weight_range),
            "network.weight_range",
            self.weight_range,
            "a number not below 0",
        )

    @property
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

    def __post_init__(self) -> None:
        require_choice("run.engine", self.engine, ENGINES)
        require_choice("run.dtype", self.dtype, DTYPES)
        for name in ("step_limit", "final_choruses", "log_interval"):
            require(getattr(self, name) >= 1, f"run.{name}", getattr(self, name), "at least 1")
        require(0 <= self.listen_share < 1, "run.listen_share", self.listen_share, "0 to below 1")
        require(
            self.checkpoint_seconds > 0,
            "run.checkpoint_seconds",
            self.checkpoint_seconds,
            "a number above 0",
        )
        self._require_device()
        if self.engine == "fast":
            require(self.device == "cpu", "run.device", self.device, "cpu with run.engine=fast")

    def _require_device(self) -> None:
        try:
            torch.empty(1, dtype=DTYPES[self.dtype], device=torch.device(self.device))
        except (RuntimeError, AssertionError, TypeError, NotImplementedError):
            there = ["cpu"] + [f"cuda:{n}" for n in range(torch.cuda.device_count())]
            if torch.backends.mps.is_available():
                there.append("mps (in float32)")
            allowed = "a device of this machine: " + ", ".join(there)
            require(False, "run.device", self.device, allowed)


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

    def __post_init__(self) -> None:
        require(0 <= self.seed <= MAX_SEED, "seed", self.seed, "a whole number from 0 to 2^63-1")
        chords = self.network.units.get(FORM)
        notes = Form.CHORD_NOTES if self.corpus is None else self.corpus.notes
        if chords is None or chords.units != notes:
            raise BluesError(
                f"network.units must have a set 'chords' of {notes} units, one for each chord note."
            )
        if self.corpus is not None:
            if self.bars is not None:
                raise BluesError("corpus and bars exclude each other: set bars=null.")
            self.corpus.songs  # noqa: B018  # raises where a tune cannot be read
        if self.bars is not None:
            self.bars.require_fitting(self.form, self.encoding)
        melody = self.network.units.get(MELODY)
        if (melody is None) != (self.bars is None):
            raise BluesError(
                "bars and network.units.melody go together: a bar library needs melody units, and "
                "melody units need one."
            )
        if melody is not None:
            units = self.encoding.melody_units
            require(
                melody.units == units,
                "network.units.melody.units",
                melody.units,
                f"{units} with encoding.held={self.encoding.held}",
            )
        self.network.topology  # noqa: B018  # raises where a connection leads nowhere
        self._require_fitting_cell()

    def _require_fitting_cell(self) -> None:
        cell = self.network.cell
        if cell == BLOCKS:
            return
        if self.bars is not None:
            raise BluesError(
                f"network.cell is {cell!r}, but must be blocks where a melody is learned."
            )
        require(self.run.engine == "torch", "run.engine", self.run.engine, f"torch with {cell}")
        gradient = self.learning.gradient
        require(gradient == "unrolled", "learning.gradient", gradient, f"unrolled with {cell}")

    @property
    def song_steps(self) -> int:
        """Steps in a song."""
        return self.form.steps if self.corpus is None else self.corpus.steps

    def songs(self) -> BluesSongs | None:
        """All songs of the form and its bar library; None for chords alone."""
        return None if self.bars is None else BluesSongs(self.form, self.bars, self.encoding)

    def require_songs(self) -> BluesSongs:
        """All songs.  Raises `BluesError` where there is no bar library."""
        found = self.songs()
        if found is None:
            raise BluesError("bars is null, but must be a bar library for a melody to be learned.")
        return found

    def build_blocks(self) -> BluesNetwork:
        """`build_network` for those who look into memory blocks.

        Raises `BluesError` where the network has none.
        """
        network = self.build_network()
        if not isinstance(network, BluesNetwork):
            raise BluesError(f"network.cell is {self.network.cell!r}, but must be blocks for this.")
        return network

    def build_network(self) -> Network:
        """The network of these settings with its first weights, on the run's device."""
        settings, dtype = self.network, DTYPES[self.run.dtype]
        network: Network
        if settings.cell == BLOCKS:
            network = BluesNetwork(settings.topology, settings.g, settings.h, dtype, self.encoding)
        else:
            network = CELLS[settings.cell](
                settings.topology, settings.hidden, settings.window, dtype, self.encoding
            )
        network.initialise(self.seed, self.network.weight_range)
        if self.encoding.inputs == "standardised":
            songs = self.songs()
            if songs is None:
                notes = self.form.chord_tensor() if self.corpus is None else self.corpus.table
                mean = notes.flatten(0, -2).mean(0)
                network.standardise(mean, (mean * (1 - mean)).sqrt())
            else:
                network.standardise(*songs.unit_statistics())
        return network.to(self.run.device)


def settings_from(config: Mapping[str, Any]) -> Settings:
    """Checked settings from a config's plain containers; raises `BluesError` for a mistake."""
    values = dict(config)
    values.pop("resume", None)
    values.setdefault("bars", None)
    values.setdefault("corpus", None)
    if values.get("name") is None:
        names = ", ".join(sorted(path.stem for path in (conf_folder() / "experiment").iterdir()))
        raise BluesError(f"no experiment is chosen: add +experiment=NAME, NAME one of {names}.")
    return build(Settings, values, "")


def compose_config(overrides: list[str], name: str = "train") -> dict[str, Any]:
    """The config of the command `name` with `overrides`, in plain containers."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = compose(name, overrides=overrides)
    return plain(config)


def plain(config: Any) -> dict[str, Any]:
    """A composed config as plain containers, with all interpolations resolved."""
    container = OmegaConf.to_container(config, resolve=True)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def flat_config(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """A config's settings by dotted name."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat.update(flat_config(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def build(cls: type[T], values: Any, path: str, **given: Any) -> T:
    """An instance of the dataclass `cls` from plain `values`, every field checked for its type."""
    section = path or "the config"
    if not isinstance(values, Mapping):
        raise BluesError(f"{section} is {values!r}, but must be a group of settings.")
    assert is_dataclass(cls)
    hints = get_type_hints(cls)
    known = [field.name for field in fields(cls) if field.name not in given]
    prefix = f"{path}." if path else ""
    for key in values:
        if key not in known:
            raise BluesError(f"{prefix}{key} is no setting; known are {', '.join(known)}.")
    # What has a default came later than the first checkpoints, which know nothing of it.
    later = {field.name for field in fields(cls) if field.default is not MISSING}
    for key in known:
        if key not in values and key not in later:
            raise BluesError(f"{prefix}{key} is missing.")
    read = {key: _convert(hints[key], values[key], prefix + key) for key in known if key in values}
    return cls(**read, **given)


def _convert(kind: Any, value: Any, path: str) -> Any:
    origin = get_origin(kind)
    if is_dataclass(kind):
        return build(kind, value, path)  # type: ignore[arg-type]
    if origin is dict:
        if not isinstance(value, Mapping):
            raise BluesError(f"{path} is {value!r}, but must be a group of settings.")
        item = get_args(kind)[1]
        return {
            str(name): build(item, part, f"{path}.{name}", name=str(name))
            for name, part in value.items()
        }
    if origin is tuple:
        item = get_args(kind)[0]
        if not isinstance(value, list | tuple):
            raise BluesError(f"{path} is {value!r}, but must be a list.")
        return tuple(_convert(item, part, path) for part in value)
    if origin in (typing.Union, types.UnionType):
        item = next(arg for arg in get_args(kind) if arg is not type(None))
        return None if value is None else _convert(item, value, path)
    if kind is str:
        require(isinstance(value, str), path, value, "a text")
        return value
    if kind is bool:
        require(isinstance(value, bool), path, value, "true or false")
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        whole = number and math.isfinite(value) and value == int(value)
        require(whole, path, value, "a whole number")
        return int(value)
    require(number and not math.isnan(value), path, value, "a number")
    return float(value)
