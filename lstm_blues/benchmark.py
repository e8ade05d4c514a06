"""`python -m lstm_blues.benchmark`: steps per second of both engines and of their peers.

All contenders take turns in one process on one core and are compared by the median of their
rounds, so that a machine whose speed drifts doesn't favour one.  The peers learn the same song
online with as many cells: `torch.nn.LSTMCell`, a linear layer and `torch.optim.SGD`, one weight
change a step, the gradient cut at the step; eagerly, and through `torch.compile`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.engine.population import FastPopulation
from lstm_blues.errors import BluesError
from lstm_blues.lab.tables import markdown
from lstm_blues.learning.population import BatchedPopulation, Population
from lstm_blues.music.stream import Stream
from lstm_blues.runs.build import Parts
from lstm_blues.runs.command import fail
from lstm_blues.runs.config import compose_config, conf_folder
from lstm_blues.runs.settings import Settings, settings_from

BOTH = "fast engine, chords and melody"
"""Experiment 2, both groups learning; all others learn the chords alone."""


Contender = Callable[[int], int]
"""Learns for so many steps, and returns how many it made: an unrolled learner ends its stretch, and
a population makes them with every member."""


def engine(settings: Settings, name: str, dtype: str = "float64") -> tuple[Contender, float]:
    """An engine of this package as a contender, and the seconds that its compilation took.

    Its tests are put off, so that what is timed is learning.
    """
    learning = replace(settings.learning, test_interval=2**31, test_choruses=2**20)
    run = replace(settings.run, engine=name, dtype=dtype)
    learner = Parts(replace(settings, learning=learning, run=run)).learner

    return learner.learn, learner.compile_seconds if isinstance(learner, CompiledLearner) else 0.0


class LSTMCellOnline(nn.Module):
    """The peer: PyTorch's own LSTM cell and a linear layer, learning online."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        topology = settings.network.topology
        self.cell = nn.LSTMCell(topology.units, topology.cells, dtype=torch.float64)
        self.linear = nn.Linear(topology.cells, topology.units, dtype=torch.float64)
        self.optimizer = torch.optim.SGD(
            self.parameters(), lr=settings.learning.rate, momentum=settings.learning.momentum
        )
        self.song = settings.form.chord_tensor()
        self.h = self.c = torch.zeros(1, topology.cells, dtype=torch.float64)
        self.t = 0

    def loss(self, x: Tensor, h: Tensor, c: Tensor, target: Tensor) -> tuple[Tensor, ...]:
        """Cross-entropy of one step, and the new state."""
        h, c = self.cell(x, (h, c))
        net = self.linear(h)
        return F.binary_cross_entropy_with_logits(net, target, reduction="sum"), h, c

    def contender(self, *, compiled: bool) -> Contender:
        """A function that learns for a number of steps."""
        step = torch.compile(self.loss, dynamic=False) if compiled else self.loss

        def learn(steps: int) -> int:
            for _ in range(steps):
                following = (self.t + 1) % len(self.song)
                x, target = self.song[self.t, None], self.song[following, None]
                loss, h, c = step(x, self.h, self.c, target)
                self.optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                self.optimizer.step()
                self.h, self.c, self.t = h.detach(), c.detach(), following
            return steps

        return learn


def program(path: str) -> Contender:
    """A program that takes a number of steps and prints its nanoseconds a step."""

    def learn(steps: int) -> int:
        done = subprocess.run([path, str(steps)], capture_output=True, text=True, check=True)
        match = re.search(r"([\d.]+) ns/step", done.stdout)
        if match is None:
            raise BluesError(f"--against {path!r} printed no nanoseconds a step.")
        learn.seconds = float(match[1]) * 1e-9 * steps  # type: ignore[attr-defined]
        return steps

    return learn


def measure(contenders: dict[str, Contender], seconds: float, rounds: int) -> dict[str, float]:
    """Median seconds a step of each contender over `rounds` turns of about `seconds` each."""
    steps = {}
    for name, learn in contenders.items():
        learn(20)  # first calls allocate and, in the peers, compile
        count = 20
        while (spent := _time(learn, count)[0]) < seconds / 10:
            count = max(2 * count, int(count * seconds / 10 / max(spent, 1e-9)))
        steps[name] = max(1, int(count * seconds / spent))
    spent_by: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in tqdm(range(rounds), desc="rounds", disable=None):
        for name, learn in contenders.items():
            spent, done = _time(learn, steps[name])
            spent_by[name].append(spent / done)
    return {name: median(values) for name, values in spent_by.items()}


def _time(learn: Contender, steps: int) -> tuple[float, int]:
    """What that took, and the steps that were made."""
    begun = time.perf_counter()
    done = learn(steps)
    # A program tells its own time, without its start.
    return float(getattr(learn, "seconds", time.perf_counter() - begun)), done


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
    topology = settings.network.topology
    rows = [part.height * len(part.seen) for part in topology.parts]
    return sum(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m lstm_blues.benchmark", description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one turn (default 0.5)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (default 7)")
    parser.add_argument("--blocks", type=int, nargs="*", default=[4, 8, 16, 32, 64])
    parser.add_argument("--members", type=int, nargs="*", default=[1, 16, 128, 1024])
    parser.add_argument("--no-learners", dest="learners", action="store_false")
    parser.add_argument("--device", default="cpu", help="of the batched populations")
    parser.add_argument("--no-compile", action="store_true", help="leave out torch.compile")
    parser.add_argument("--against", help="a program: steps as argument, prints 'N ns/step'")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    cores = set(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else set()
    if cores:
        os.sched_setaffinity(0, {max(cores)})
    try:
        figures = {"engines": compare(given), "learners": pay(given), "blocks": grow(given)}
        if cores:
            os.sched_setaffinity(0, cores)
        figures["populations"] = populate(given)
    except BluesError as error:
        fail(error)
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n")
    sys.exit(0)


def compare(given: argparse.Namespace) -> dict[str, float]:
    """Prints both engines and their peers side by side; returns steps a second."""
    settings = settings_from(compose_config(["+experiment=chords"]))
    both = settings_from(compose_config(["+experiment=melody"]))
    fast, compilation = engine(settings, "fast")
    contenders = {
        "fast engine, float64": fast,
        "fast engine, float32": engine(settings, "fast", "float32")[0],
        "torch engine, float64": engine(settings, "torch")[0],
        BOTH: engine(both, "fast")[0],
        "nn.LSTMCell, eager": LSTMCellOnline(settings).contender(compiled=False),
    }
    # A program is taken to learn the chords with the same network.
    sizes = {
        name: weights(both if name == BOTH else settings) for name in contenders if "engine" in name
    }
    if not given.no_compile:
        peer = LSTMCellOnline(settings).contender(compiled=True)
        try:
            begun = time.perf_counter()
            peer(3)
            print(f"torch.compile of the peer took {time.perf_counter() - begun:.1f} s.")
            contenders["nn.LSTMCell, torch.compile"] = peer
        except Exception as error:
            print(f"torch.compile does not work here: {str(error).splitlines()[0]}")
    if given.against:
        if shutil.which(given.against) is None:
            raise BluesError(f"--against is {given.against!r}, which is no program here.")
        contenders[Path(given.against).name] = program(given.against)
        sizes[Path(given.against).name] = weights(settings)
    if compilation:
        print(f"The fast engine was compiled in {compilation:.1f} s; later runs take it from disk.")
    else:
        print("The fast engine was taken from the cache on disk.")
    spent = measure(contenders, given.seconds, given.rounds)
    best = spent["fast engine, float64"]
    rows = [
        [
            *_speed(name, seconds, best),
            f"{seconds * 1e9 / sizes[name]:.2f}" if name in sizes else "-",
        ]
        for name, seconds in spent.items()
    ]
    head = ["contender", "steps/s", "ns a step", "times the fast engine's", "ns a weight"]
    print("\n" + markdown(head, rows))
    return {name: 1 / seconds for name, seconds in spent.items()}


def _speed(name: str, seconds: float, of: float) -> list[str]:
    """A contender's cells: steps per second, nanoseconds per step, and times another's seconds."""
    return [name, f"{1 / seconds:,.0f}", f"{seconds * 1e9:,.0f}", f"{seconds / of:,.2f}"]


def pay(given: argparse.Namespace) -> dict[str, float]:
    """Prints what a step costs with other learners and cells; returns steps a second."""
    chosen = [(path.stem, "learner") for path in sorted((conf_folder() / "learner").iterdir())]
    chosen += [(path.stem, "cell") for path in sorted((conf_folder() / "cell").iterdir())]
    contenders = {}
    for name, group in chosen if given.learners else []:
        settings = settings_from(compose_config(["+experiment=chords", f"+{group}={name}"]))
        kind = settings.run.engine
        # Some would have learned the form meanwhile: with every error gross, none is ever tested.
        never = replace(settings.learning, gross_error=0.0, gross_errors=0)
        settings = replace(settings, learning=never)
        contenders[f"{group}={name}, {kind} engine"] = engine(settings, kind)[0]
    if not contenders:
        return {}
    spent = measure(contenders, given.seconds, given.rounds)
    report = spent["learner=truncated, fast engine"]
    head = ["learner or cell", "steps/s", "ns a step", "times the report's"]
    print("\n" + markdown(head, [_speed(*each, report) for each in spent.items()]))
    return {name: 1 / seconds for name, seconds in spent.items()}


def grow(given: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Prints the cost of a step as blocks grow; returns steps a second by engine and blocks."""
    settings = settings_from(compose_config(["+experiment=chords"]))
    sizes = [with_blocks(settings, blocks) for blocks in given.blocks]
    engines = ("fast", "torch")
    if not sizes:
        return {}
    contenders = {
        f"{name} {blocks}": engine(size, name)[0]
        for name in engines
        for blocks, size in zip(given.blocks, sizes, strict=True)
    }
    spent = measure(contenders, given.seconds, given.rounds)
    rows = []
    for blocks, size in zip(given.blocks, sizes, strict=True):
        fast, readable = (spent[f"{name} {blocks}"] * 1e9 for name in engines)
        count = weights(size)
        cells = [f"{count:,}", f"{fast:,.0f}", f"{fast / count:.2f}", f"{readable:,.0f}"]
        rows.append([blocks, *cells, f"{readable / fast:,.0f}"])
    head = [
        "blocks",
        "weights",
        "fast, ns a step",
        "fast, ns a weight",
        "torch, ns a step",
        "ratio",
    ]
    print("\n" + markdown(head, rows))
    return {
        name: {str(blocks): 1 / spent[f"{name} {blocks}"] for blocks in given.blocks}
        for name in engines
    }


def populate(given: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Prints how many networks x steps a second populations make, on all cores; and returns it."""
    settings = settings_from(compose_config(["+experiment=chords"]))
    learning = replace(settings.learning, test_interval=2**31, test_choruses=2**20)
    song = settings.form.chord_tensor()
    contenders = {}
    for members in given.members:
        networks = [Parts(replace(settings, seed=seed)).blocks for seed in range(members)]
        fast = FastPopulation(networks, Stream.of_one(song), [learning] * members)
        batched = BatchedPopulation(networks, song, [learning] * members, given.device)
        for name, population in (("fast", fast), ("batched", batched)):
            contenders[f"{name} {members}"] = _learning(population)
    if not contenders:
        return {}
    spent = measure(contenders, given.seconds, max(1, given.rounds // 2))
    rates = {name: 1 / seconds for name, seconds in spent.items()}
    rows = []
    for members in given.members:
        both = [rates[f"{name} {members}"] for name in ("fast", "batched")]
        ratio = f"{both[0] / both[1]:,.1f}"
        rows.append([f"{members:,}", *(f"{rate:,.0f}" for rate in both), ratio])
    head = ["networks", "fast, networks x steps/s", f"batched on {given.device}", "fast / batched"]
    print("\n" + markdown(head, rows))
    return {
        name: {str(members): rates[f"{name} {members}"] for members in given.members}
        for name in ("fast", "batched")
    }


def _learning(population: Population) -> Contender:
    def learn(steps: int) -> int:
        done = population.learn(steps)
        if isinstance(population, BatchedPopulation) and population.device.type == "cuda":
            torch.cuda.synchronize(population.device)
        return done

    return learn


if __name__ == "__main__":
    main()
