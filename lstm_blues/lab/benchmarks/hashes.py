"""Whether this machine learns, to the bit, what is stored for each experiment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from lstm_blues.errors import BluesError
from lstm_blues.files import write_text
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import Settings, settings_from

HASHES = Path(__file__).with_name("hashes.json")
"""What `learned` gave for each of `EXPERIMENTS` with its default seed, 1."""
EXPERIMENTS = {
    "bebop": 5_000_000,
    "chords": 30_000_000,
    "chords_fast": 10_000_000,
    "chords_fine": 10_000_000,
    "forms": 10_000_000,
    "melody": 10_000_000,
    "melody_fine": 10_000_000,
    "tunes": 10_000_000,
}
"""The experiments and the most steps of each before a melody is what is learned."""
MELODY_STEPS = 2_000_000
"""How many more follow for a melody where the chords are learned."""


class Verdict(NamedTuple):
    """What was found of an experiment.

    agrees: None where it could not be learned here.  words: how it was learned, in what it differs,
    or what is missing.
    """

    name: str
    agrees: bool | None
    words: str


def learned(settings: Settings, steps: int) -> dict[str, Any]:
    """What a run draws, begins with and learns in at most `steps` steps, and for a melody
    `MELODY_STEPS` more, in plain values, all of them exact.

    songs: SHA-256 of the songs and their order.  first weights, weights: of those before the first
    step and after the last.  counters.  losses: of chords and melody, summed over all steps.
    """
    parts = Parts(settings)
    learner = parts.learner
    first = learner.state().weights
    learner.learn(steps)
    if learner.counters.learned and settings.bars is not None:
        learner.begin_melody()
        learner.learn(MELODY_STEPS)
    state = learner.state()
    return {
        "songs": digest({"table": parts.stream.table, "picks": parts.stream.picks}),
        "first weights": digest(first),
        "weights": digest(state.weights),
        "counters": asdict(state.counters),
        "losses": [state.loss, state.melody_loss],
    }


def digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of tensors by name: the name, then its numbers as little-endian bytes."""
    found = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        numbers = tensor.detach().cpu().numpy()
        found.update(name.encode() + b"\0")
        found.update(numbers.astype(numbers.dtype.newbyteorder("<")).tobytes())
    return found.hexdigest()


def verdicts(names: Iterable[str], *, write: bool = False) -> Iterator[Verdict]:
    """Learns experiments one after the other and compares each with what is stored of it, or with
    `write` stores it.

    Raises `BluesError` where the compiled engine cannot run, or nothing is stored of an experiment.
    """
    stored = json.loads(HASHES.read_text()) if HASHES.is_file() else {}
    for name in names:
        try:
            settings = settings_from(compose_config([f"+experiment={name}"]))
        except BluesError as error:  # such as tunes without music21
            yield Verdict(name, None, f"skipped: {error}")
            continue
        found = learned(settings, EXPERIMENTS[name])
        count = found["counters"]
        words = f"{count['steps']:,} steps{', learned' * count['learned']}"
        if write:
            stored[name] = found
            write_text(HASHES, json.dumps(stored, indent=1, sort_keys=True) + "\n")
            yield Verdict(name, True, f"stored: {words}")
        elif name not in stored:
            raise BluesError(f"nothing is stored of {name}: --check --write {name} does it.")
        else:
            differing = [part for part, value in stored[name].items() if found[part] != value]
            where = f"differs in {', '.join(differing)}" if differing else "agrees"
            yield Verdict(name, not differing, f"{where}: {words}")
