"""The plan of the whole study: which sweeps and probes it is made of, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from lstm_blues.errors import BluesError
from lstm_blues.lab.recorded import RUNS, read_records
from lstm_blues.runs.config import conf_folder, plain
from lstm_blues.runs.sweep import count_runs
from lstm_blues.runs.yaml_files import read_yaml

NO_STUDY = ("defaults",)
"""Files of `conf/study` that others are made from."""


@dataclass(frozen=True)
class Look:
    """A probe of a study's networks.

    name: of the folder of its results.  probe: which.  of: the study.  runs: what the names of the
    runs' folders begin with; none for all.
    """

    name: str
    probe: str
    of: str
    runs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """A study of the plan.

    name: of its file in `conf/study`.  sweeps: what each of its sweeps overrides there.  runs: how
    many runs there are in all.  folder: where these are.  seconds: of learning, of one run, on
    average over those that are recorded; None where none is.
    """

    name: str
    sweeps: tuple[tuple[str, ...], ...]
    runs: int
    folder: Path
    seconds: float | None

    @property
    def finished(self) -> int:
        """How many of its runs are finished."""
        return len(list(self.folder.glob("*/summary.json")))

    def hours(self, runs: int | None = None) -> float | None:
        """Core-hours of so many runs, of all where None; None where none is recorded."""
        count = self.runs if runs is None else runs
        return None if self.seconds is None else self.seconds * count / 3600

    @property
    def hours_left(self) -> float | None:
        """Core-hours of the runs that are not finished."""
        return self.hours(max(0, self.runs - self.finished))


def read_plan(
    recorded: Path, only: Sequence[str] = (), overrides: Sequence[str] = ()
) -> tuple[list[Study], list[Look]]:
    """The studies of the plan, the cheapest first, those of unknown cost last, and the probes.

    Args:
        recorded: where the results of before are, whose seconds estimate the cost.
        only: names of the studies that are asked for; all where none is.
        overrides: what every sweep is given, which may change how many runs it has.

    Raises:
        BluesError: a name in `only` that is none, or overrides that make no config.
    """
    plan = read_yaml(conf_folder() / "plan.yaml")
    names = sorted(path.stem for path in (conf_folder() / "study").glob("*.yaml"))
    names = [name for name in names if name not in NO_STUDY]
    for name in only:
        if name not in names:
            raise BluesError(f"only has {name!r}, but must have names of {', '.join(names)}.")
    chosen = [name for name in names if not only or name in only]
    studies = [
        _study(name, plan["sweeps"].get(name, [[]]), overrides, _seconds(recorded, name))
        for name in chosen
    ]
    looks = [
        Look(name, told["probe"], told["of"], tuple(told.get("runs", ())))
        for name, told in plan["probes"].items()
        if told["of"] in chosen
    ]
    return sorted(studies, key=lambda each: _or_infinite(each.hours())), looks


def _or_infinite(hours: float | None) -> float:
    return math.inf if hours is None else hours


def _seconds(recorded: Path, name: str) -> float | None:
    """Seconds of learning of a study's runs, on average; None where none is recorded."""
    path = recorded / name / RUNS
    if not path.is_file():
        return None
    spent = [run["seconds"] for runs in read_records(path).values() for run in runs]
    return float(sum(spent) / len(spent))


def _study(
    name: str, sweeps: Sequence[Sequence[str]], overrides: Sequence[str], seconds: float | None
) -> Study:
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = compose("train", [f"+study={name}"], return_hydra_config=True)
        params = config.hydra.sweeper.params
        folder = Path(config.hydra.sweep.dir)
        swept = {} if params is None else plain(params)
    count = sum(count_runs([*sweep, *overrides], swept) for sweep in sweeps)
    return Study(name, tuple(map(tuple, sweeps)), count, folder, seconds)


def plan_table(studies: Sequence[Study]) -> list[list[str]]:
    """Of each study its name, its runs, those that are finished, and its core-hours, all and left;
    the last row is their sum."""
    rows = [
        [each.name, str(each.runs), str(each.finished), _told(each.hours()), _told(each.hours_left)]
        for each in studies
    ]
    known = [each for each in studies if each.hours() is not None]
    least = "" if len(known) == len(studies) else "at least "
    sums = [
        f"{least}{sum(_or_infinite(hours) for hours in told):.1f}"
        for told in ([e.hours() for e in known], [e.hours_left for e in known])
    ]
    runs = str(sum(each.runs for each in studies))
    finished = str(sum(each.finished for each in studies))
    return [*rows, ["all", runs, finished, *sums]]


def _told(hours: float | None) -> str:
    return "?" if hours is None else f"{hours:.2f}"
