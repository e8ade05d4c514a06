"""Whether a checkpoint fits the network and the songs that its own settings make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor

from lstm_blues.errors import BluesError
from lstm_blues.learning.state import memory_shapes
from lstm_blues.runs.build import Parts
from lstm_blues.runs.contents import Checkpoint
from lstm_blues.runs.settings import DTYPES


def require_fitting(checkpoint: Checkpoint, parts: Parts, path: str) -> None:
    """Raises `BluesError` unless `checkpoint`, read from `path`, has the shapes and the dtype of
    the network in `parts`, and counters that its settings can lead to."""
    if not _has_shapes(checkpoint, parts):
        raise BluesError(f"the checkpoint of {path!r} does not fit its own network settings.")
    for name, value, last in (*_counted(checkpoint, parts), *_scheduled(checkpoint, parts)):
        if not 0 <= value <= last:
            raise BluesError(
                f"the checkpoint of {path!r} has {value} for {name}, but its settings allow from "
                f"0 to {last}."
            )


def _has_shapes(checkpoint: Checkpoint, parts: Parts) -> bool:
    state, network, learning = checkpoint.learner, parts.network, parts.settings.learning
    shapes = {name: tuple(value.shape) for name, value in network.named_parameters()}
    cells, sources = network.topology.cells, network.topology.sources
    traces = (3, cells, sources) if learning.rule.gradient.traces else (0,)
    s, y = network.state_sizes
    own = checkpoint.config.get("run")
    # A resumed run may go on in another dtype than that of its checkpoint.
    dtype = DTYPES.get(str(own.get("dtype"))) if isinstance(own, Mapping) else None
    return (
        _shapes(state.weights) == _shapes(state.velocity) == shapes
        and _shapes({"s": state.s, "y": state.y, "traces": state.traces})
        == {"s": (s,), "y": (y,), "traces": traces}
        and _shapes(state.memory) == memory_shapes(network, learning)
        and all(value.dtype == dtype for value in (*state.weights.values(), state.s, state.y))
    )


def _shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in tensors.items()}


def _counted(checkpoint: Checkpoint, parts: Parts) -> list[tuple[str, int, int]]:
    """Counters with their largest values."""
    count, settings = checkpoint.learner.counters, parts.settings
    found = [
        ("the counter position", count.position, settings.song_steps - 1),
        ("the counter melody_steps", count.melody_steps, count.steps),
    ]
    if settings.bars is None:
        found.append(("the counter melody", count.melody, 0))
    # Drawn where its own notes are heard, of the melody's units and one more for silence.
    owns, units = settings.learning.melody.own_notes > 0, parts.network.topology.units
    found += [
        ("the counter own_note", count.own_note, owns * 2 * (units + 1)),
        ("the counter own_segment", count.own_segment, len(parts.stream.table) if owns else 0),
    ]
    # Both begin anew where they reach these.
    for name, rule in (
        ("choruses_in_episode", settings.learning.episode_choruses),
        ("gross_in_count", settings.learning.gross_errors),
    ):
        if rule:
            found.append((f"the counter {name}", getattr(count, name), rule - 1))
    return found


def _scheduled(checkpoint: Checkpoint, parts: Parts) -> Iterator[tuple[str, int, int]]:
    """The same of where the melody stands in its rates."""
    schedule, melody = checkpoint.schedule, parts.settings.learning.melody
    count = checkpoint.learner.counters
    done = count.melody_steps - schedule.since
    yield "plateau.rate", schedule.rate, len(melody.rates) - 1
    yield "plateau.since", schedule.since, count.melody_steps
    yield "plateau.seen", schedule.seen, done
    if count.melody and not schedule.ended:
        yield "steps at a rate of the melody", done, melody.steps[schedule.rate] - 1
        yield "steps of a window of the melody", done - schedule.seen, melody.window - 1
