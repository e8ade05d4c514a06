"""Steps per second: engines beside their peers, learners, growing networks, populations."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.engine.population import FastPopulation
from lstm_blues.errors import BluesError
from lstm_blues.lab.benchmarks.peers import LSTMCellOnline, jax_scan, program
from lstm_blues.lab.benchmarks.timing import Contender, Turns, measure
from lstm_blues.lab.tables import markdown
from lstm_blues.learning.population import BatchedPopulation, Population
from lstm_blues.music.stream import Stream
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config, conf_folder
from lstm_blues.runs.settings import Settings, settings_from

BOTH = "fast engine, chords and melody"
"""Experiment 2, both groups learning; all others learn the chords alone."""


def experiment(name: str, *overrides: str) -> Settings:
    """The settings of an experiment."""
    return settings_from(compose_config([f"+experiment={name}", *overrides]))


def engine(settings: Settings, name: str, dtype: str = "float64") -> tuple[Contender, float]:
    """An engine of this package as a contender, and the seconds that its compilation took.

    Its tests are put off, so that what is timed is learning.
    """
    learning = replace(settings.learning, test_interval=2**31, test_choruses=2**20)
    run = replace(settings.run, engine=name, dtype=dtype)
    learner = Parts(replace(settings, learning=learning, run=run)).learner
    return learner.learn, learner.compile_seconds if isinstance(learner, CompiledLearner) else 0.0


def with_blocks(settings: Settings, blocks: int) -> Settings:
    """The same network with another number of blocks, gate biases staged by 0.5 as before."""
    staged = tuple(-0.5 * (n + 1) for n in range(blocks))
    group = replace(
        settings.network.groups["chords"],
        blocks=blocks,
        input_bias=staged,
        forget_bias=staged,
        output_bias=staged,
    )
    return replace(settings, network=replace(settings.network, groups={"chords": group}))


def weights(settings: Settings) -> int:
    """How many weights the network has."""
    return sum(part.height * len(part.seen) for part in settings.network.topology.parts)


def compare(turns: Turns, *, compiled: bool, against: str | None) -> tuple[str, dict[str, float]]:
    """Both engines and their peers: a table with words about it, and steps per second.

    Args:
        turns: of the contenders.
        compiled: whether `torch.compile` takes part.
        against: a program that takes part, see `program`.
    """
    settings, both = experiment("chords"), experiment("melody")
    fast, compilation = engine(settings, "fast")
    contenders = {
        "fast engine, float64": fast,
        "fast engine, float32": engine(settings, "fast", "float32")[0],
        "torch engine, float64": engine(settings, "torch")[0],
        BOTH: engine(both, "fast")[0],
        "nn.LSTMCell, eager": LSTMCellOnline(settings).contender(compiled=False),
    }
    sizes = {
        name: weights(both if name == BOTH else settings) for name in contenders if "engine" in name
    }
    words = (
        f"The fast engine was compiled in {compilation:.1f} s; later runs take it from disk."
        if compilation
        else "The fast engine was taken from the cache on disk."
    )
    if compiled:
        peer = LSTMCellOnline(settings).contender(compiled=True)
        try:
            begun = time.perf_counter()
            peer(3)
            words += f"\ntorch.compile of the peer took {time.perf_counter() - begun:.1f} s."
            contenders["nn.LSTMCell, torch.compile"] = peer
        except Exception as error:
            words += f"\ntorch.compile does not work here: {str(error).splitlines()[0]}"
    try:
        contenders["LSTM cell, JAX's jitted scan"] = jax_scan(settings)
    except BluesError as error:
        words += f"\n{error}"
    if against:
        # It is taken to learn the chords with the same network.
        contenders[Path(against).name] = program(against)
        sizes[Path(against).name] = weights(settings)
    spent = measure(contenders, turns)
    best = spent["fast engine, float64"]
    head = ["contender", "steps/s", "ns per step", "times the fast engine's", "ns per weight"]
    return f"{words}\n\n{_table(head, spent, best, sizes)}", _rates(spent)


def compare_learners(turns: Turns) -> tuple[str, dict[str, float]]:
    """What a step costs with other learners and cells: a table, and steps per second."""
    chosen = [(path.stem, "learner") for path in sorted((conf_folder() / "learner").iterdir())]
    chosen += [(path.stem, "cell") for path in sorted((conf_folder() / "cell").iterdir())]
    contenders, sizes = {}, {}
    for option, group in chosen:
        settings = experiment("chords", f"+{group}={option}")
        kind = settings.run.engine
        # Some would have learned the form meanwhile: with every error gross, none is ever tested.
        never = replace(settings.learning, gross_error=0.0, gross_errors=0)
        name = f"{group}={option}, {kind} engine"
        contenders[name] = engine(replace(settings, learning=never), kind)[0]
        if settings.network.has_blocks:
            sizes[name] = weights(settings)
    spent = measure(contenders, turns)
    report = spent["learner=truncated, fast engine"]
    head = ["learner or cell", "steps/s", "ns per step", "times the report's", "ns per weight"]
    return _table(head, spent, report, sizes), _rates(spent)


def grow(turns: Turns, blocks: Sequence[int]) -> tuple[str, dict[str, dict[str, float]]]:
    """What a step costs as blocks grow: a table, and steps per second by engine and blocks."""
    sizes = {count: with_blocks(experiment("chords"), count) for count in blocks}
    engines = ("fast", "torch")
    contenders = {
        f"{name} {count}": engine(size, name)[0]
        for name in engines
        for count, size in sizes.items()
    }
    spent = measure(contenders, turns)
    rows = []
    for count, size in sizes.items():
        fast, readable = (spent[f"{name} {count}"] for name in engines)
        cells = [f"{weights(size):,}", f"{fast * 1e9:,.0f}", _per_weight(fast, weights(size))]
        rows.append([count, *cells, f"{readable * 1e9:,.0f}", f"{readable / fast:,.0f}"])
    head = [
        *("blocks", "weights", "fast, ns per step", "fast, ns per weight"),
        *("torch, ns per step", "ratio"),
    ]
    return markdown(head, rows), {
        name: {str(count): 1 / spent[f"{name} {count}"] for count in blocks} for name in engines
    }


def populate(
    turns: Turns, members: Sequence[int], device: str
) -> tuple[str, dict[str, dict[str, float]]]:
    """How many networks x steps per second populations make, on all cores: a table, and the same
    by kind and members; `device` is that of the batched ones."""
    settings = experiment("chords")
    learning = replace(settings.learning, test_interval=2**31, test_choruses=2**20)
    song = settings.form.chord_tensor()
    contenders = {}
    for count in members:
        networks = [Parts(replace(settings, seed=seed)).blocks for seed in range(count)]
        fast = FastPopulation(networks, Stream.of_one(song), [learning] * count)
        batched = BatchedPopulation(networks, song, [learning] * count, device)
        for name, population in (("fast", fast), ("batched", batched)):
            contenders[f"{name} {count}"] = _learning(population)
    rates = _rates(measure(contenders, replace(turns, rounds=max(1, turns.rounds // 2))))
    rows = []
    for count in members:
        both = [rates[f"{name} {count}"] for name in ("fast", "batched")]
        ratio = f"{both[0] / both[1]:,.1f}"
        rows.append([f"{count:,}", *(f"{rate:,.0f}" for rate in both), ratio])
    head = ["networks", "fast, networks x steps/s", f"batched on {device}", "fast / batched"]
    return markdown(head, rows), {
        name: {str(count): rates[f"{name} {count}"] for count in members}
        for name in ("fast", "batched")
    }


def _learning(population: Population) -> Contender:
    def learn(steps: int) -> int:
        done = population.learn(steps)
        if isinstance(population, BatchedPopulation) and population.device.type == "cuda":
            torch.cuda.synchronize(population.device)
        return done

    return learn


def _rates(spent: dict[str, float]) -> dict[str, float]:
    return {name: 1 / seconds for name, seconds in spent.items()}


def _table(head: list[str], spent: dict[str, float], of: float, sizes: dict[str, int]) -> str:
    """A row for each contender; `of`: the seconds that theirs are told in.  sizes: weights, of
    those that have a number of them."""
    return markdown(
        head,
        (
            [*_speed(name, seconds, of), _per_weight(seconds, sizes.get(name))]
            for name, seconds in spent.items()
        ),
    )


def _speed(name: str, seconds: float, of: float) -> list[str]:
    """A contender's cells: steps per second, nanoseconds per step, and times another's seconds."""
    return [name, f"{1 / seconds:,.0f}", f"{seconds * 1e9:,.0f}", f"{seconds / of:,.2f}"]


def _per_weight(seconds: float, count: int | None) -> str:
    return "-" if count is None else f"{seconds * 1e9 / count:.2f}"
