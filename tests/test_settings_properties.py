"""Whatever stands in a config, settings are read or a sentence says why not."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_blues.errors import BluesError
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

EXPERIMENTS = ("chords", "melody", "forms")

numbers = st.integers() | st.sampled_from((2**31, 2**63, -(2**63), 10**400)) | st.floats()
names = st.text(max_size=5) | st.sampled_from(
    ("C", "Gm7 C", "C4", "Eb4:1/8", "chords", "melody", "cpu", "cuda:9", "none", "tanh", "a\nb")
)
keys = st.sampled_from(("name", "chords", "melody", "forms", "bars", "sed")) | st.integers(0, 3)
leaves = st.none() | st.booleans() | numbers | names
junk = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)


def alike(value: object) -> st.SearchStrategy[object]:
    """Junk of the same kind as a setting's value."""
    if isinstance(value, bool | int | float):
        return numbers
    if isinstance(value, list):
        return st.lists(alike(value[0]) if value else leaves, max_size=13)
    return names


@cache
def config_of(experiment: str) -> dict[str, Any]:
    return compose_config([f"+experiment={experiment}"])


def places(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where anything can be put: every setting, and every group of settings."""
    for key, value in values.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from places(value, (*path, key))


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """The config of an experiment in which one to three settings are anything, gone, or new."""
    config = copy.deepcopy(config_of(draw(st.sampled_from(EXPERIMENTS))))
    # From the end, since the first of a list is drawn more often, and groups come first.
    for path in draw(st.lists(st.sampled_from([*places(config)][::-1]), min_size=1, max_size=3)):
        group: Any = config
        for key in path[:-1]:
            group = group.get(key) if isinstance(group, dict) else None
        if not isinstance(group, dict) or path[-1] not in group:
            continue  # within what another change has replaced
        match draw(st.sampled_from(("alike", "alike", "junk", "junk", "drop", "add"))):
            case "alike":
                group[path[-1]] = draw(alike(group[path[-1]]))
            case "junk":
                group[path[-1]] = draw(junk)
            case "drop":
                del group[path[-1]]
            case "add":
                group[draw(keys)] = draw(junk)
    return config


@settings(max_examples=600)
@given(configs())
def test_any_config_is_read_or_refused_in_a_sentence(config: dict[str, Any]) -> None:
    try:
        settings_from(config)
    except BluesError as error:
        told = str(error)
    else:
        return
    assert told.endswith(".")
    assert "\n" not in told
