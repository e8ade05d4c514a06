"""What runs that differ in nothing but their seed have in common: shares, quartiles, intervals."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lstm_blues.lab.collect import Run, by_setting, of_forms, varied
from lstm_blues.lab.statistics import Interval, Quartiles, Share, interval, quartiles, wilson

Record = dict[str, Any]
"""What a probe measured, with the `seed` of its run."""

Records = Mapping[str, Sequence[Record]]
"""Records by setting."""

ALL = "all"
"""The setting of runs that differ in nothing but their seed, and of the row for all forms."""

RESAMPLES = 1000
"""Of each bootstrap interval over networks."""


class Cycles(NamedTuple):
    """How many networks enter an exact loop, after how many choruses at the most, and the most
    choruses of a loop."""

    networks: int
    after: int
    length: int


@dataclass(frozen=True)
class StudyRow:
    """A setting's runs, over their seeds.

    setting: what tells it from the other rows.  runs: how many.  learned: those that passed the
    test, and whose melody came near enough to its floor.  held: those that passed the test and,
    frozen, also played all of run.final_choruses.  steps, seconds: of learning, infinite where a
    run did not learn.  choruses: the fewest that a network that learned the form played.  melody:
    distance of the melody's cross-entropy from its floor, in nats per step; None for chords alone.
    cycle: exact loops among the networks that learned; None where runs do not tell of them.
    """

    setting: str
    runs: int
    learned: Share
    held: Share
    steps: Quartiles
    seconds: Quartiles
    choruses: int | None
    melody: Quartiles | None
    cycle: Cycles | None = None


def tabulate(runs: Sequence[Run]) -> list[StudyRow]:
    """One row per setting, see `by_setting`; where these are forms, one more for all of them."""
    groups = {
        setting: [run.summary for run in of_seeds] for setting, of_seeds in by_setting(runs).items()
    }
    return summarise_runs(groups, forms=of_forms(varied(runs)))


def summarise_runs(summaries: Records, *, forms: bool = False) -> list[StudyRow]:
    """One row per setting, from the summaries of its runs; with `forms` one more for all."""
    rows = [_row(setting, of_seeds) for setting, of_seeds in summaries.items()]
    if forms:
        rows.append(_row(ALL, [each for of_seeds in summaries.values() for each in of_seeds]))
    return rows


def _row(setting: str, summaries: Sequence[Record]) -> StudyRow:
    runs = len(summaries)
    learned = [summary for summary in summaries if summary["learned"]]
    # What recorded runs lack, they were not asked.
    formed = [each for each in summaries if each["learned"] or each.get("chords_learned")]
    held = [summary for summary in formed if summary["choruses"] >= summary["final_choruses"]]
    above = [
        math.inf if s["melody_cross_entropy"] is None else s["melody_cross_entropy"] - floor
        for s in summaries
        if (floor := s["melody_floor"]) is not None
    ]
    melody = quartiles(above) if above else None
    return StudyRow(
        setting,
        runs,
        (len(learned), *wilson(len(learned), runs)),
        (len(held), *wilson(len(held), runs)),
        quartiles([s["steps"] if s["learned"] else math.inf for s in summaries]),
        quartiles([s["seconds"] if s["learned"] else math.inf for s in summaries]),
        min((s["choruses"] for s in formed), default=None),
        melody,
        _cycles(learned),
    )


def _cycles(learned: Sequence[Record]) -> Cycles | None:
    """Of summaries, or of the lines of a `runs.csv`."""
    if not any("cycle" in summary or "cycle_after" in summary for summary in learned):
        return None
    found = [
        (told.get("after"), told.get("length"))
        for told in (
            s.get("cycle") or {n: s.get(f"cycle_{n}") for n in ("after", "length")} for s in learned
        )
    ]
    loops = [
        (after, length)
        for after, length in found
        if isinstance(after, int) and isinstance(length, int)
    ]
    return Cycles(
        len(loops),
        max((after for after, _ in loops), default=0),
        max((length for _, length in loops), default=0),
    )


class Drift(NamedTuple):
    """What came of one kind of disturbance.

    times: how often it happened.  right, late, lost: shares of how the form went on.  interval: of
    `right`, over networks.  back: steps until the form was back, None where it never was.
    """

    setting: str
    what: str
    times: int
    right: float
    late: float
    lost: float
    interval: Interval
    back: Quartiles | None


def summarise_drift(records: Records) -> list[Drift]:
    """One row per setting and disturbance."""
    rng = np.random.default_rng(1)
    found = []
    for setting, every in records.items():
        for what in dict.fromkeys(record["what"] for record in every):
            these = [record for record in every if record["what"] == what]
            outcomes = Counter(record["outcome"] for record in these)
            of_seeds: dict[int, list[float]] = defaultdict(list)
            for record in these:
                of_seeds[record["seed"]].append(float(record["outcome"] == "right"))
            means = np.array([np.mean(each) for each in of_seeds.values()])
            back = [record["back"] for record in these if record["back"] is not None]
            right, late, lost = (outcomes[name] / len(these) for name in ("right", "late", "lost"))
            over_networks = interval(means, RESAMPLES, rng)
            until = quartiles(back) if back else None
            found.append(Drift(setting, what, len(these), right, late, lost, over_networks, until))
    return found


class Onset(NamedTuple):
    """When a block begins to matter.

    steps: millions of steps, infinite where it never does.  never: in how many networks.  first: in
    how many it is the first, alone or with others.  networks: how many there are.  ordered: in how
    many none of the blocks begins before one in front of it.
    """

    setting: str
    block: int
    steps: Quartiles
    never: int
    first: int
    networks: int
    ordered: int


def summarise_blocks(records: Records) -> list[Onset]:
    """One row per setting and block."""
    found = []
    for setting, every in records.items():
        by_seed: dict[int, list[Record]] = defaultdict(list)
        for record in every:
            by_seed[record["seed"]].append(record)
        firsts: Counter[int] = Counter()
        ordered = 0
        for of_seed in by_seed.values():
            each = [r["onset"] or math.inf for r in sorted(of_seed, key=lambda r: int(r["block"]))]
            ordered += each == sorted(each)
            begun = [(record["onset"], record["block"]) for record in of_seed if record["onset"]]
            earliest = min((onset for onset, _ in begun), default=None)
            firsts.update(block for onset, block in begun if onset == earliest)
        for block in sorted({record["block"] for record in every}):
            onsets = [record["onset"] for record in every if record["block"] == block]
            steps = quartiles([math.inf if onset is None else onset / 1e6 for onset in onsets])
            never = onsets.count(None)
            of = len(by_seed)
            found.append(Onset(setting, block, steps, never, firsts[block], of, ordered))
    return found


class Measures(NamedTuple):
    """Measures of a setting's melodies, each with its interval over networks."""

    setting: str
    networks: int
    measures: dict[str, Interval]


def summarise_melody(records: Records) -> list[Measures]:
    """One row per setting."""
    rng = np.random.default_rng(1)
    names = [name for name in next(iter(records.values()))[0] if name not in ("setting", "seed")]
    return [
        Measures(
            setting,
            len(every),
            {
                name: interval(np.array([record[name] for record in every]), RESAMPLES, rng)
                for name in names
            },
        )
        for setting, every in records.items()
    ]


class HeldSongs(NamedTuple):
    """Which songs of a corpus the networks hold.

    by_song: of each song, how many networks hold it.  by_count: how many networks hold so many.
    """

    setting: str
    networks: int
    by_song: dict[str, Share]
    by_count: Counter[int]


def summarise_songs(records: Records) -> list[HeldSongs]:
    """One row per setting."""
    found = []
    for setting, every in records.items():
        seeds = {record["seed"] for record in every}
        holds: Counter[int] = Counter()
        by_song = {}
        for song in dict.fromkeys(record["song"] for record in every):
            these = [record for record in every if record["song"] == song]
            held = [record["seed"] for record in these if record["choruses"] >= record["of"]]
            holds.update(held)
            by_song[song] = (len(held), *wilson(len(held), len(these)))
        by_count = Counter(holds[seed] for seed in seeds)
        found.append(HeldSongs(setting, len(seeds), by_song, by_count))
    return found
