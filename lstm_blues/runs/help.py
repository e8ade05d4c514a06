"""`--help`: every setting of a command, with its default and the comments that its config has."""

from __future__ import annotations

import ast
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from lstm_blues.runs.config import conf_folder

_INDENT = 38


_NOT_SETTINGS = ("defaults", "hydra")
"""Keys that are Hydra's own."""


class Setting(NamedTuple):
    """One setting of a config, or a group of them, whose default is None.

    name: dotted.  default: as it is written there.  words: the comments above and beside it.
    """

    name: str
    default: str | None
    words: str


def command_words(name: str) -> str:
    """The docstring of a command, from its source: importing the command would import torch."""
    source = (Path(__file__).parents[1] / f"{name}.py").read_text()
    return (ast.get_docstring(ast.parse(source)) or "").split(": ", 1)[-1]


def settings_in(path: Path, group: str = "") -> Iterator[Setting]:
    """The settings of a config, as those of `group`, in their order.

    Comments that an empty line sets apart belong to no setting.
    """
    text = path.read_text()
    root = yaml.compose(text)
    if isinstance(root, yaml.MappingNode):
        yield from _settings(root, text, group)


def _settings(node: yaml.MappingNode, text: str, group: str) -> Iterator[Setting]:
    for key, value in node.value:
        if key.value in _NOT_SETTINGS:
            continue
        name = f"{group}.{key.value}" if group else key.value
        words = [*_above(text.splitlines(), key.start_mark.line)]
        if isinstance(value, yaml.MappingNode) and value.value:
            if words:
                yield Setting(name, None, " ".join(words))
            yield from _settings(value, text, name)
            continue
        after = text[value.end_mark.index :].split("\n", 1)[0].strip()
        if after.startswith("#"):
            words.append(after.lstrip("# "))
        default = " ".join(text[value.start_mark.index : value.end_mark.index].split())
        yield Setting(name, default, " ".join(words))


def _above(lines: list[str], number: int) -> list[str]:
    """The comment right above a line."""
    found: list[str] = []
    while number > 0 and lines[number - 1].lstrip().startswith("#"):
        number -= 1
        found.insert(0, lines[number].strip().lstrip("# "))
    return found


def _chosen(path: Path) -> dict[str, str | None]:
    """The choice that a command's config makes in each group of configs."""
    defaults = yaml.safe_load(path.read_text()).get("defaults", [])
    choices: dict[str, str | None] = {}
    for entry in defaults:
        if isinstance(entry, dict) and not any("hydra/" in group for group in entry):
            choices.update(entry)
    return choices


def help_text(name: str) -> str:
    """What `--help` prints of the command with `conf/NAME.yaml`."""
    folder = conf_folder()
    path = folder / f"{name}.yaml"
    chosen = _chosen(path)
    lines = [f"usage: python -m lstm_blues.{name} [NAME=VALUE ...]", "", command_words(name), ""]
    settings = [*settings_in(path)]
    if chosen:
        lines.append("Files of settings to choose from:")
        others = sorted(each.name for each in folder.iterdir() if each.is_dir())
        for group in dict.fromkeys([*chosen, *others]):
            names = ", ".join(sorted(each.stem for each in (folder / group).glob("*.yaml")))
            # What the command's config has a place for is replaced; other files are added to it.
            sign, choice = "" if group in chosen else "+", chosen.get(group)
            lines += _entry(f"{sign}{group}={choice or 'NAME'}", names)
            if choice is not None:
                settings += settings_in(folder / group / f"{choice}.yaml", group)
        lines.append("")
    lines.append("Settings, with their defaults:")
    for setting, default, words in settings:
        lines += _entry(f"{setting}.*" if default is None else f"{setting}={default}", words)
    lines += [
        "",
        "-m runs every combination of values given as A,B; --config-dir FOLDER adds configs;",
        "--cfg job prints the config and ends; --hydra-help tells of Hydra's other options.",
    ]
    return "\n".join(lines)


def _entry(left: str, words: str) -> list[str]:
    width = max(60, min(100, shutil.get_terminal_size().columns))
    right = textwrap.wrap(words, width - _INDENT)
    first = f"  {left}"
    if right and len(first) < _INDENT - 1:
        first = first.ljust(_INDENT) + right.pop(0)
    return [first, *(" " * _INDENT + line for line in right)]
