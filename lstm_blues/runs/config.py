"""From Hydra's config in plain containers to dataclasses, every field checked."""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from lstm_blues.errors import BluesError, require
from lstm_blues.music.random_form import random_form

T = TypeVar("T")

MY_MUSIC = "my_music"
"""The folder, below the one in which a command is run, where `lead_sheet` writes forms and bars and
the other commands find them."""


MISSING_VALUE = "???"
"""OmegaConf's mark, in a config, of a setting that must be given."""


def conf_folder() -> Path:
    """The folder of the configs: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parents[1] / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "conf"


def run_folder(resume: str) -> Path:
    """The folder of a run to go on with, of which `resume` is the folder or a checkpoint."""
    path = Path(resume)
    return path.parent if path.is_file() else path


def _run_folder(resume: str | None, fresh: str) -> str:
    return fresh if resume is None else str(run_folder(resume))


OmegaConf.register_new_resolver("run_folder", _run_folder, replace=True)


OmegaConf.register_new_resolver("random_form", random_form, replace=True)


OmegaConf.register_new_resolver("length", len, replace=True)


def without_groups(overrides: Sequence[str]) -> list[str]:
    """The overrides with `GROUP=null`, which means no file of the group `conf/GROUP`, as Hydra
    understands it."""
    return [_NO_GROUP.sub(_as_no_files, override) for override in overrides]


_NO_GROUP = re.compile(r"^(\+?)([\w/]+)=(?:null|None)$", re.IGNORECASE)


def _as_no_files(found: re.Match[str]) -> str:
    is_group = (conf_folder() / found[2]).is_dir()
    return f"{found[1]}{found[2]}=[]" if is_group else found[0]


def compose_config(overrides: list[str], name: str = "train") -> dict[str, Any]:
    """The config of the command `name` with `overrides`, in plain containers."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = compose(name, overrides=without_groups(overrides))
    return plain(config)


def plain(config: Any) -> dict[str, Any]:
    """A composed config as plain containers, with all interpolations resolved."""
    container = OmegaConf.to_container(config, resolve=True)
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def in_lists(value: Any) -> Any:
    """Values with tuples as the lists that a config has."""
    if isinstance(value, dict):
        return {key: in_lists(part) for key, part in value.items()}
    return [in_lists(part) for part in value] if isinstance(value, tuple) else value


def flat_config(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """A config's settings by dotted name."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat.update(flat_config(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def read(cls: type[T], values: Any, path: str, **given: Any) -> T:
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
            names = ", ".join(known)
            told = f"{prefix}{key}" if str(key).isprintable() and key != "" else repr(key)
            raise BluesError(f"{told} is not a setting; known settings are {names}.")
    # What has a default came later than the first checkpoints, which know nothing of it.
    later = {field.name for field in fields(cls) if field.default is not MISSING}
    for key in known:
        if key not in values and key not in later:
            raise BluesError(f"{prefix}{key} is missing.")
        if values.get(key) == MISSING_VALUE:
            raise BluesError(f"{prefix}{key} must be given: {prefix}{key}=VALUE.")
    found = {key: _convert(hints[key], values[key], prefix + key) for key in known if key in values}
    return cls(**found, **given)


def _convert(kind: Any, value: Any, path: str) -> Any:
    origin = get_origin(kind)
    if is_dataclass(kind):
        return read(kind, value, path)  # type: ignore[arg-type]
    if origin is dict:
        if not isinstance(value, Mapping):
            raise BluesError(f"{path} is {value!r}, but must be a group of settings.")
        item = get_args(kind)[1]
        return {
            str(name): read(item, part, f"{path}.{name}", name=str(name))
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
        require(isinstance(value, str), path, value, "a string")
        return value
    if kind is bool:
        require(isinstance(value, bool), path, value, "true or false")
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        whole = number and (isinstance(value, int) or value.is_integer())
        require(whole, path, value, "a whole number")
        return int(value)
    try:
        real = float(value) if number else math.nan
    except OverflowError:
        real = math.nan
    require(not math.isnan(real), path, value, "a number")
    return real
