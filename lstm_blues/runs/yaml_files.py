"""YAML that a person wrote, checked before anything is made of it: file and line for a slip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import yaml
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult
from omegaconf._utils import get_yaml_loader
from omegaconf.errors import OmegaConfBaseException

from lstm_blues.errors import BluesError

LARGEST = 2**20
"""Bytes of a file."""

DEEPEST = 50
"""Lists and groups inside one another."""

MOST_VALUES = 100_000
"""Values of a file, those behind aliases and interpolations counted wherever they stand."""

# libyaml's reads ten times as fast.
_EVENTS = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TEXT = "tag:yaml.org,2002:str"


def read_yaml(path: Path) -> dict[str, Any]:
    """The group of settings in a file.

    Raises `BluesError`, with file and line, unless it is one document in UTF-8, a group of settings
    without tags, neither large nor deep, nor large once aliases and interpolations are followed.
    """
    text = _checked(path)
    with _told_as_sentence(path, text):
        found = yaml.load(text, get_yaml_loader()) or {}  # a safe one
    return {str(key): value for key, value in found.items()}


def check_own_configs(package: Path) -> None:
    """From now on Hydra checks every config as `read_yaml` does, but those in the folder `package`,
    which are this package's."""
    Plugins.instance()  # registers Hydra's own sources
    sources = SourcesRegistry.instance().types
    own: Any = sources["file"]
    if hasattr(own, "package"):
        return

    class FileConfigSource(own):  # type: ignore[misc]  # Hydra knows sources by their names
        def load_config(self, config_path: str) -> ConfigResult:
            path = Path(self.path) / self._normalize_file_name(config_path)
            if not path.is_file() or path.resolve().is_relative_to(self.package):
                return self.load(config_path)
            with _told_as_sentence(path, _checked(path)):
                return self.load(config_path)

        def load(self, config_path: str) -> ConfigResult:
            found: ConfigResult = super().load_config(config_path)
            return found

    FileConfigSource.package = package.resolve()
    sources["file"] = FileConfigSource


def _checked(path: Path) -> str:
    """The text of a file that is what `read_yaml` says."""
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BluesError(f"{str(path)!r} is no config: it is larger than {LARGEST:,} bytes.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(path, content.count(b"\n", 0, error.start) + 1, "is not UTF-8")
    with _told_as_sentence(path, text):
        _check_events(path, text)
    return text


def _check_events(path: Path, text: str) -> None:
    values = references = 0
    behind: dict[str, int] = {}  # values by anchor
    inside: list[tuple[str | None, int]] = []  # anchor of each open list or group, values before it
    for event in yaml.parse(text, Loader=_EVENTS):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = inside.pop()
            if anchor is not None:
                behind[anchor] = values - before
        if not isinstance(event, yaml.NodeEvent):
            continue
        empty = isinstance(event, yaml.ScalarEvent) and not event.value
        if not (inside or empty or isinstance(event, yaml.MappingStartEvent)):
            _refuse(path, line, "is not a group of settings, each NAME: VALUE")
        if isinstance(event, yaml.AliasEvent):
            values += behind.get(event.anchor, 0)
        elif event.tag not in (None, "!", _TEXT):
            _refuse(path, line, f"has the tag {event.tag}, but settings have none")
        values += 1
        if isinstance(event, yaml.CollectionStartEvent):
            inside.append((event.anchor, values))
        elif isinstance(event, yaml.ScalarEvent):
            references += event.value.count("${")
            if event.anchor is not None:
                behind[event.anchor] = 1
        if len(inside) > DEEPEST:
            _refuse(path, line, f"has lists or groups more than {DEEPEST} deep in one another")
        # So many references multiply what they name by 3 for every three of them, at the most.
        if values * 3 ** min(references / 3, 100) > MOST_VALUES:
            _refuse(path, line, f"may make more than {MOST_VALUES:,} values with what it refers to")


@contextmanager
def _told_as_sentence(path: Path, text: str) -> Iterator[None]:
    try:
        yield
    except (BluesError, OmegaConfBaseException):
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join((error.problem or error.context or "is not YAML").split())
        _refuse(path, mark.line + 1 if mark else 1, f"is not YAML ({what})")
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        _refuse(path, line, "has a character that YAML does not allow")
    except ValueError as error:  # Hydra's, of the comment that names a package
        _refuse(path, 1, f"is not a config ({' '.join(str(error).split())})")


def _refuse(path: Path, line: int, what: str) -> NoReturn:
    raise BluesError(f"line {line} of {str(path)!r} {what}.")
