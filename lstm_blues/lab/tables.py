"""All tables: what study, evaluate and probe print as Markdown and write as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence

from lstm_blues.lab.collect import Run, by_setting, told, varied
from lstm_blues.lab.evaluation import Evaluation
from lstm_blues.lab.exposure import Exposure
from lstm_blues.lab.novelty import Novelty
from lstm_blues.lab.statistics import Interval, Quartiles, Share
from lstm_blues.lab.summaries import Cycles, Drift, HeldSongs, Measures, Onset, Records, StudyRow

_NO_NUMBERS = ("seed", "name", "form", "wrong", "chosen", "attempts", "cycle")
"""Parts of a summary that are no column of `runs.csv`, or its first, or two of its columns."""

_CYCLE = ("after", "length")


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table, without a line break at its end."""
    texts = ["| " + " | ".join(map(str, cells)) + " |" for cells in (head, *rows)]
    return "\n".join([texts[0], "|---" * len(head) + "|", *texts[1:]])


def table_csv(text: str) -> str:
    """The Markdown table in a text, as CSV."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return csv_text(lines[0], lines[1:])


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV; None is an empty field."""
    text = io.StringIO()
    csv.writer(text).writerows([head, *rows])
    return text.getvalue()


def _share(counted: Share, of: int) -> str:
    return f"{counted[0]} of {of} ({counted[1]:.2f} to {counted[2]:.2f})"


def _quartiles(values: Quartiles, scale: float = 1.0, digits: int = 1) -> str:
    """Median and quartiles in units of `scale`, those below one with two digits or more."""
    low, middle, high = (
        f"{v / scale:.{digits if v >= scale else max(digits, 2)}f}" if math.isfinite(v) else "∞"
        for v in values
    )
    return f"{middle} ({low} to {high})"


def _cycle(cycle: Cycles, learned: int) -> str:
    count, after, length = cycle
    if not count:
        return f"0 of {learned}"
    return f"{count} of {learned} (after at most {after}, of at most {length})"


def _interval(values: Interval) -> str:
    return "{:.3f} ({:.3f} to {:.3f})".format(*values)


def study_table(rows: Sequence[StudyRow]) -> str:
    """The rows of a study; melodies and exact loops have a column where any row has them: nobody
    looks for the loops of several songs."""
    melody = any(row.melody for row in rows)
    cycle = any(row.cycle and row.cycle[0] for row in rows)
    head = ["setting", "learned (95 % interval)", "held (95 % interval)", "fewest choruses held"]
    head += ["in an exact loop"] * cycle
    head += ["steps, M (quartiles)", "seconds (quartiles)"]
    head += ["melody above its floor, nats per step"] * melody
    lines = []
    for row in rows:
        cells = [row.setting, _share(row.learned, row.runs), _share(row.held, row.runs)]
        cells.append("-" if row.choruses is None else str(row.choruses))
        if cycle:
            cells.append("-" if row.cycle is None else _cycle(row.cycle, row.learned[0]))
        cells += [_quartiles(row.steps, 1e6), _quartiles(row.seconds)]
        if melody:
            cells.append("-" if row.melody is None else _quartiles(row.melody, digits=3))
        lines.append(cells)
    return markdown(head, lines)


def runs_csv(runs: Sequence[Run]) -> str:
    """The runs of a study in the order of its table, one line each: the table's row, what was
    varied, the seed, and the numbers.  `lab.recorded` makes the table of it again."""
    names = [name for name in varied(runs) if _differs(name, runs)]
    numbers = ["seed", *(n for n in runs[0].summary if n not in _NO_NUMBERS)]
    cycle = _CYCLE if any("cycle" in run.summary for run in runs) else ()
    rows = (
        [
            setting,
            *(told(run.settings.get(n)) for n in names),
            *(run.summary.get(n) for n in numbers),
            *((run.summary.get("cycle") or {}).get(n) for n in cycle),
        ]
        for setting, of_seeds in by_setting(runs).items()
        for run in of_seeds
    )
    return csv_text(["setting", *names, *numbers, *(f"cycle_{n}" for n in cycle)], rows)


def _differs(name: str, runs: Sequence[Run]) -> bool:
    """Whether runs that have a setting differ in it; the recipes of those few that have a portfolio
    would be dozens of columns that say nothing."""
    return len({told(run.settings[name]) for run in runs if name in run.settings}) > 1


def evaluation_table(found: Evaluation) -> str:
    """Measures down, sources of melodies across, each with its mean and interval."""
    sources = list(found)
    rows = (
        [measure, *(_interval(found[s][measure]) if measure in found[s] else "-" for s in sources)]
        for measure in found[sources[0]]
    )
    return markdown(["measure", *sources], rows)


def evaluation_csv(found: Evaluation) -> str:
    """One row per source and measure."""
    rows = ([source, name, *each] for source in found for name, each in found[source].items())
    return csv_text(["source", "measure", "mean", "low", "high"], rows)


def records_csv(records: Records) -> str:
    """What a probe measured, one row per record."""
    every = [record for of_setting in records.values() for record in of_setting]
    return csv_text(list(every[0]), (list(record.values()) for record in every))


def drift_table(rows: Sequence[Drift]) -> str:
    """How often the form goes on, by disturbance."""
    head = ["setting", "what happens", "times", "goes on (95 % interval over networks)"]
    head += ["goes on late", "lost", "steps until it is back (quartiles)"]
    lines = []
    for row in rows:
        _, low, high = row.interval
        back = "{1:.0f} ({0:.0f} to {2:.0f})".format(*row.back) if row.back else "-"
        right = f"{row.right:.2f} ({low:.2f} to {high:.2f})"
        cells = [
            row.setting,
            row.what,
            row.times,
            right,
            f"{row.late:.2f}",
            f"{row.lost:.2f}",
            back,
        ]
        lines.append(cells)
    return markdown(head, lines)


def blocks_table(rows: Sequence[Onset]) -> str:
    """When blocks begin to matter, in millions of steps."""
    head = ["setting", "block", "begins to matter, M steps (quartiles)", "never", "is the first"]
    head += ["all blocks in order"]
    lines = []
    for row in rows:
        low, middle, high = ("∞" if math.isinf(value) else f"{value:.1f}" for value in row.steps)
        counts = (f"{count} of {row.networks}" for count in (row.never, row.first, row.ordered))
        lines.append([row.setting, row.block, f"{middle} ({low} to {high})", *counts])
    return markdown(head, lines)


def melody_table(rows: Sequence[Measures]) -> str:
    """Measures of the melodies, by setting, with intervals over networks."""
    lines = ([row.setting, row.networks, *map(_interval, row.measures.values())] for row in rows)
    return markdown(["setting", "networks", *rows[0].measures], lines)


def exposure_table(rows: Sequence[Exposure]) -> str:
    """What networks play, beside what they predict."""
    head = ["setting", "networks", "holds the form (95 % interval)"]
    head += ["loss above the floor (quartiles)"]
    head += [
        "beats held",
        "bars new and broken",
        "loss on own music minus loss on songs (quartiles)",
    ]
    head += ["log-likelihood of own music", "seconds (quartiles)"]
    lines = (
        [
            *(row.setting, row.networks, _share(row.holds, row.networks)),
            _quartiles(row.above, digits=3),
            *map(_interval, (row.held, row.broken)),
            _quartiles(row.own, digits=3),
            _interval(row.likely),
            _quartiles(row.seconds, digits=0),
        ]
        for row in rows
    )
    return markdown(head, lines)


def novelty_table(rows: Sequence[Novelty]) -> str:
    """How near to its songs a network is, and what the bars of its music are."""
    head = ["setting", "steps, M (quartiles)", "networks", "loss above the floor (quartiles)"]
    head += ["temperature", "bars from the library", "bars new and whole", "bars new and broken"]
    head += ["bars mixed"]
    lines = (
        [
            *(row.setting, _quartiles(row.steps, 1e6), row.networks),
            *(_quartiles(row.above, digits=3), f"{row.temperature:g}"),
            *map(_interval, (row.library, row.whole, row.broken, row.mixed)),
        ]
        for row in rows
    )
    return markdown(head, lines)


def songs_table(rows: Sequence[HeldSongs]) -> str:
    """How many networks hold each song; below it, how many songs a network holds."""
    lines = [
        [row.setting, row.networks, song, _share(share, row.networks)]
        for row in rows
        for song, share in row.by_song.items()
    ]
    table = markdown(["setting", "networks", "song", "held by (95 % interval)"], lines)
    sentences = []
    for row in rows:
        counts = sorted(row.by_count.items(), reverse=True)
        hold = ", ".join(f"{networks} hold {songs}" for songs, networks in counts)
        of = f"Of {row.networks} networks with {row.setting}"
        sentences.append(f"{of}, {hold} of {len(row.by_song)}.")
    return "\n".join([table, "", *sentences])
