"""Checkpoints: everything a run needs to go on bit for bit, in a file that runs no code."""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lstm_blues.errors import BluesError
from lstm_blues.files import write_safely
from lstm_blues.learning.schedule import MelodySchedule
from lstm_blues.learning.settings import Learning
from lstm_blues.learning.state import Counters, LearnerState, memory_shapes
from lstm_blues.network.network import Network

FORMAT = "lstm_blues checkpoint 1"


NAME = "checkpoint.pt"
NONFINITE = "nonfinite.pt"
_OLD_COUNTERS = {"adam_form": "adam_chords"}
"""Names of counters in old checkpoints."""


@dataclass(frozen=True)
class Checkpoint:
    """A run at one step.

    config: the run's config in plain containers.  learner: weights, velocity, states, traces and
    counters.  seconds: training time so far.  random: state of torch's random numbers.  schedule:
    where the melody stands in its rates.
    """

    config: dict[str, Any]
    learner: LearnerState
    seconds: float
    random: Tensor
    schedule: MelodySchedule


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes `checkpoint`; a kill at any moment leaves the old file or the new one."""
    content = {
        "format": FORMAT,
        "config": json.dumps(checkpoint.config),
        "learner": checkpoint.learner.as_dict(),
        "seconds": checkpoint.seconds,
        "random": checkpoint.random,
        "plateau": asdict(checkpoint.schedule),
    }
    write_safely(path, lambda file: torch.save(content, file))


def load_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint, from the file or from the run folder that holds it.

    Nothing in the file is executed.  Raises `BluesError` where there is none, or where it is cut
    short, damaged or not one of this package's.
    """
    path = Path(path)
    if path.is_dir():
        path = path / NAME
    if not path.is_file():
        raise BluesError(f"there is no checkpoint at {str(path)!r}.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, pickle.UnpicklingError):
        raise BluesError(
            f"{str(path)!r} is truncated, damaged or not a checkpoint, and was not loaded."
        ) from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BluesError(f"{str(path)!r} is not a checkpoint of this package, and was not loaded.")
    try:
        return Checkpoint(
            json.loads(content["config"]),
            learner_state(content["learner"]),
            float(content["seconds"]),
            content["random"],
            MelodySchedule(**content["plateau"]),
        )
    except (KeyError, TypeError, ValueError):
        raise BluesError(
            f"{str(path)!r} lacks a part of a checkpoint, and was not loaded."
        ) from None


def learner_state(plain: dict[str, Any]) -> LearnerState:
    """The inverse of `LearnerState.as_dict`, for states of old checkpoints too.

    Raises `KeyError` or `TypeError` where a part is missing or unknown.
    """
    learner = dict(plain)
    learner["counters"] = Counters(
        **{_OLD_COUNTERS.get(name, name): n for name, n in learner["counters"].items()}
    )
    return LearnerState(**learner)


def require_fitting(state: LearnerState, network: Network, learning: Learning, path: str) -> None:
    """Raises `BluesError` unless `state`, read from `path`, has the shapes of `network`."""
    shapes = {name: tuple(value.shape) for name, value in network.named_parameters()}
    cells, sources = network.topology.cells, network.topology.sources
    traces = (3, cells, sources) if learning.rule.gradient.traces else (0,)
    s, y = network.state_sizes
    expected = {"s": (s,), "y": (y,), "traces": traces}
    fits = True
    for kind in ("weights", "velocity"):
        values = getattr(state, kind)
        fits &= isinstance(values, dict) and shapes == {
            name: tuple(value.shape) for name, value in values.items()
        }
    for name, shape in expected.items():
        fits &= tuple(getattr(state, name).shape) == shape
    kept = {name: tuple(value.shape) for name, value in state.memory.items()}
    fits &= kept == memory_shapes(network, learning)
    fits &= all(isinstance(getattr(state.counters, f.name), int) for f in fields(Counters))
    if not fits:
        raise BluesError(f"the checkpoint of {path!r} does not fit its own network settings.")
