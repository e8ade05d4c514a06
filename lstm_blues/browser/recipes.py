"""What the page can learn: the report's two experiments, and own forms by the portfolio's recipes.

Of each: its kernel, its settings as the kernel reads them, and how its first weights are drawn.
What depends on the songs, the page fills in.
"""

from __future__ import annotations

import copy
import ctypes
from collections.abc import Callable
from typing import Any

from lstm_blues.browser.kernels import PageKernel, kernel_of
from lstm_blues.browser.music import encoding_data, form_data, library_data
from lstm_blues.engine.layout import Layout
from lstm_blues.engine.learner import make_rules
from lstm_blues.music.stream import Stream
from lstm_blues.network.topology import GATES
from lstm_blues.runs.build import SONGS_IN_ORDER, Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

AddKernel = Callable[[str, PageKernel], str]
"""Takes a kernel under a name; returns its file below the page."""

EXPERIMENTS = {
    "chords": "The report's chords",
    "chords_fast": "Its chords at ten times the rate",
    "melody": "The report's chords and melody",
}
"""The experiments that the page learns as `train` does, and what the menu shows of each."""


def learning_data(add: AddKernel) -> dict[str, Any]:
    """All that can be learned."""
    kernels: dict[str, Any] = {}

    def kernel(name: str, parts: Parts) -> str:
        made = kernel_of(parts)
        file = add(name, made)
        kernels[file] = made.layout
        return file

    runs = [_experiment(name, title, kernel) for name, title in EXPERIMENTS.items()]
    return {
        "kernels": kernels,
        "songsInOrder": SONGS_IN_ORDER,
        "runs": runs,
        "own": _own(kernel),
    }


def _experiment(name: str, title: str, kernel: Callable[[str, Parts], str]) -> dict[str, Any]:
    """A run as `python -m lstm_blues.train +experiment=NAME` makes it."""
    settings = settings_from(compose_config([f"+experiment={name}"]))
    parts = Parts(settings)
    return {
        "name": name,
        "title": title,
        "command": f"python -m lstm_blues.train +experiment={name}",
        "kernel": kernel(name, parts),
        "form": form_data(settings.form),
        "library": settings.bars and library_data(settings.bars, settings.form),
        **_settings(parts),
    }


def _own(kernel: Callable[[str, Parts], str]) -> dict[str, Any]:
    """`+experiment=own`: recipes of a portfolio, each with its kernels by the melody's units."""
    recipes: dict[str, Any] = {}
    configs = _own_configs()
    settings = settings_from(configs[0])
    assert settings.portfolio is not None
    for name, recipe in settings.portfolio.recipes.items():
        known = recipes[name] = {"name": name, "words": recipe.in_words(), "kernels": {}}
        for config in configs:
            parts = Parts(settings_from(recipe.config(config, settings.seed, settings.song_steps)))
            units = parts.network.topology.units - settings.form.CHORD_NOTES
            known["kernels"][units] = kernel(f"own_{recipe.blocks}_{units}", parts)
            known |= _settings(parts)
        known["episodeSteps"] = recipe.episode_steps
    return {
        "command": "python -m lstm_blues.train +experiment=own",
        "recipes": list(recipes.values()),
        "roundSteps": settings.portfolio.round_steps,
        "stepLimit": settings.run.step_limit,
    }


def _own_configs() -> tuple[dict[str, Any], ...]:
    """Own forms alone, with a melody, and with one that rests: of 13 notes, as in `conf/form`."""
    config = compose_config(["+experiment=own", "bars=bebop_blues"])
    alone, rests = copy.deepcopy(config), copy.deepcopy(config)
    alone["bars"] = None
    rests["encoding"]["rests"] = True
    return alone, config, rests


def _settings(parts: Parts) -> dict[str, Any]:
    """How a network begins and how it learns.

    first: how weights are drawn.  rules: what the kernel reads.  unroll, melodyUnroll: of BPTT,
    None with another gradient.
    """
    settings = parts.settings
    learning, network = settings.learning, settings.network
    layout = Layout(network.topology, learning, settings.song_steps)
    # What depends on the songs, the page fills in.
    stream = Stream.of_one(settings.form.chord_tensor())
    rules = make_rules(learning, layout, stream, settings.encoding)
    unrolled = learning.rule.gradient.unrolled
    melody = learning.melody
    return {
        "encoding": encoding_data(settings.encoding),
        "first": {
            "range": network.weight_range,
            "groups": {
                name: {gate: list(getattr(group, f"{gate}_bias")) for gate in GATES}
                for name, group in network.groups.items()
            },
            "units": {name: units.bias for name, units in network.units.items()},
        },
        "rules": _values(rules),
        "sampling": _values(rules.sampling),
        "unroll": learning.unroll if unrolled else None,
        "melodyUnroll": melody.unroll if unrolled else None,
        "testChoruses": learning.test_choruses,
        "stepLimit": settings.run.step_limit,
        "melody": {
            "rates": list(melody.rates),
            "steps": list(melody.steps),
            "window": melody.window,
            "plateau": melody.plateau,
            "patience": melody.patience,
            "enough": melody.enough,
        },
    }


def _values(struct: ctypes.Structure) -> dict[str, float]:
    """The numbers of a struct by name."""
    values = {field[0]: getattr(struct, field[0]) for field in struct._fields_}
    return {
        name: value for name, value in values.items() if not isinstance(value, ctypes.Structure)
    }
