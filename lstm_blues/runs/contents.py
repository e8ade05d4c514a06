"""What stands in a checkpoint's file, every value checked for its type and range."""

from __future__ import annotations

import json
import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from lstm_blues.errors import BluesError
from lstm_blues.learning.schedule import MelodySchedule
from lstm_blues.learning.state import Counters, LearnerState

_LARGEST = 2**62 - 1
"""More than is ever counted, and what the compiled engine still can count."""

_FLAGS = ("learned", "melody", "nonfinite")
_OLD_COUNTERS = {"adam_form": "adam_chords"}
"""Names of counters in old checkpoints."""

_REALS = (torch.float64, torch.float32)


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


def read_contents(content: Mapping[str, Any]) -> Checkpoint:
    """The checkpoint whose parts are `content`.

    Raises `BluesError`, whose text is what a checkpoint is said to be, for a part that is not
    there, of another type, out of range or not finite.
    """
    try:
        learner = read_learner(content["learner"])
        # After numbers that are not finite, whatever there is may be one of them.
        finite = not learner.counters.nonfinite
        return Checkpoint(
            read_config(content["config"]),
            learner,
            _real("seconds", content["seconds"], least=0),
            _random(content["random"]),
            _schedule(MelodySchedule(**_group("plateau", content["plateau"])), finite),
        )
    except (KeyError, TypeError, AttributeError):
        raise BluesError("lacks a part of a checkpoint") from None


def read_learner(told: Any) -> LearnerState:
    """The inverse of `LearnerState.as_dict`, for states of old checkpoints too.

    Raises what `read_contents` does, and `KeyError` or `TypeError` for a part that is missing.
    """
    learner = _group("learner", told)
    counters = _counters(_group("learner.counters", learner["counters"]))
    return _learner(LearnerState(**{**learner, "counters": counters}), not counters.nonfinite)


def _refuse(name: str, value: Any, allowed: str) -> BluesError:
    told = f"a {type(value).__name__}"
    if isinstance(value, Tensor):
        told = f"a tensor of {value.dtype}"
    elif value is None or isinstance(value, bool | int | float | str):
        told = reprlib.repr(value)
    return BluesError(f"has {told} for {name}, which must be {allowed}")


def _group(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise _refuse(name, value, "values by name")
    return value


def _whole(name: str, value: Any, largest: int = _LARGEST) -> int:
    if type(value) is not int or not 0 <= value <= largest:
        most = "2^62-1" if largest == _LARGEST else largest
        raise _refuse(name, value, f"a whole number from 0 to {most}")
    return value


def _real(name: str, value: Any, *, finite: bool = True, least: float = -math.inf) -> float:
    fine = type(value) in (int, float) and abs(value) < 2**1023 and value >= least
    if not fine and (finite or type(value) is not float):
        allowed = "a finite number" + ("" if least else " of at least 0")
        raise _refuse(name, value, allowed)
    return float(value)


def read_config(text: Any) -> dict[str, Any]:
    """A config from its JSON.  Raises what `read_contents` does."""
    try:
        config = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise _refuse("config", text, "settings in JSON")
    if "${" in json.dumps(config):
        # What looks something up is not looked up for a file from elsewhere.
        raise BluesError("has a config with '${', which must be plain values")
    return config


def _counters(told: dict[str, Any]) -> Counters:
    counters = Counters(**{_OLD_COUNTERS.get(name, name): n for name, n in told.items()})
    for field in fields(Counters):
        largest = 1 if field.name in _FLAGS else _LARGEST
        _whole(f"the counter {field.name}", getattr(counters, field.name), largest)
    return counters


def _learner(state: LearnerState, finite: bool) -> LearnerState:
    for kind in ("weights", "velocity", "memory"):
        for name, value in _group(kind, getattr(state, kind)).items():
            _tensor(f"{kind}/{name}", value, finite)
    for name in ("s", "y", "traces"):
        _tensor(name, getattr(state, name), finite)
    for name in ("loss", "melody_loss", "melody_rate"):
        setattr(state, name, _real(name, getattr(state, name), finite=finite, least=0))
    return state


def _tensor(name: str, value: Any, finite: bool) -> None:
    plain = (
        type(value) is Tensor
        and value.dtype in _REALS
        and value.layout == torch.strided
        and value.device.type == "cpu"
        # Of a view that repeats a number, a few bytes could stand for more than there is memory.
        and value.untyped_storage().nbytes() >= value.numel() * value.element_size()
        and not (value.requires_grad or value.is_neg())
    )
    if not plain:
        raise _refuse(name, value, "a plain tensor of float64 or float32")
    if finite and not bool(torch.isfinite(value).all()):
        raise BluesError(f"has {name} with numbers that are not finite")


def _random(value: Any) -> Tensor:
    allowed = "the state of torch's random numbers"
    fresh = torch.Generator().get_state()
    if type(value) is not Tensor or (value.dtype, value.shape) != (fresh.dtype, fresh.shape):
        raise _refuse("random", value, allowed)
    try:
        torch.Generator().set_state(value)
    except (RuntimeError, TypeError):
        raise _refuse("random", value, allowed) from None
    return value


def _schedule(told: MelodySchedule, finite: bool) -> MelodySchedule:
    for name in ("rate", "since", "flat", "seen"):
        _whole(f"plateau.{name}", getattr(told, name))
    if type(told.ended) is not bool:
        raise _refuse("plateau.ended", told.ended, "true or false")
    if told.best is not None:
        _real("plateau.best", told.best, finite=finite)
    _real("plateau.loss", told.loss, finite=finite)
    return told
