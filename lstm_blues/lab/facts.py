"""What the recorded data say: the numbers in them, and what is reckoned from those."""

from __future__ import annotations

import ast
import csv
import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from lstm_blues.errors import BluesError
from lstm_blues.lab.recorded import (
    PROBE,
    RUNS,
    is_sweep,
    read_records,
    recorded_rows,
    recorded_table,
)
from lstm_blues.lab.statistics import fisher, quartiles
from lstm_blues.lab.summaries import Record, StudyRow

SOURCE = re.compile(r"([A-Za-z_][\w/]*(?:\.csv)?)(?:\{([^}]*)\})?")
"""A source: a study or a CSV file below the folder of studies, and which of its rows are meant,
such as `resets{gross_errors=16 | gross_errors=0}`."""

_SPACES = {marks: str.maketrans(marks, " " * len(marks)) for marks in ("", ",", "=,")}

_COLUMN = re.compile(SOURCE.pattern + r"\.(?:([a-z_]+)|\[([^]]+)\])")


class Fact(NamedTuple):
    """A number of the data.

    kind: `share` for a count of so many (`of`), `steps`, `seconds`, or `number` for any other.
    """

    kind: str
    value: float
    of: float = math.nan


@cache
def facts(folder: Path, source: str) -> list[Fact]:
    """The numbers of a source, of a study those of its table; see `SOURCE`.

    Raises `BluesError` for one that is not there, or has no such row.
    """
    match = SOURCE.fullmatch(source.strip())
    if match is None:
        raise BluesError(f"{source!r} is no source: expected NAME, or NAME{{ROW | ROW}}.")
    path, chosen = _path(folder, match[1]), match[2] or ""
    if is_sweep(path):
        rows = [row for row in _rows(path) if _meant(row.setting, chosen)]
        found = [fact for row in rows for fact in _of_row(row)]
    else:
        lines = [line for line in _lines(path) if _meant(" ".join(line), chosen)]
        found = [fact for line in lines for cell in line for fact in _of_cell(cell)]
    if not found:
        raise BluesError(f"{source!r} has no such row.")
    return found


@cache
def reckoned(folder: Path, expression: str) -> tuple[float, ...]:
    """What an expression makes of columns of the data; of a share, its count and of how many.

    Columns are `SOURCE.column`, or `SOURCE.[a column]` of several words; `melody` is the distance
    from the floor, `steps` and `seconds` of runs that did not learn are infinite.  Functions are
    `total`, `number`, `median`, `least`, `most` of a column, `below` and `above` of a column and a
    number, which count, and `fisher`.
    """
    columns: dict[str, list[float]] = {}

    def name(match: re.Match[str]) -> str:
        key = f"column{len(columns)}"
        columns[key] = _column(folder, match[1], match[2] or "", match[3] or match[4])
        return key

    try:
        tree = ast.parse(_COLUMN.sub(name, expression), mode="eval").body
        parts = tree.elts if isinstance(tree, ast.Tuple) else [tree]
        return tuple(float(_evaluate(part, columns)) for part in parts)
    except (SyntaxError, TypeError, ValueError, ZeroDivisionError) as error:
        raise BluesError(f"{expression!r} cannot be reckoned ({error}).") from error


def _path(folder: Path, name: str) -> Path:
    if name.endswith(".csv"):
        paths = [folder / name]
    else:
        paths = [folder / name / RUNS, folder / name / PROBE, *(folder / name).glob("*.csv")]
    for path in paths:
        if path.is_file():
            return path
    raise BluesError(f"{name!r} is no source: there is no such file below {str(folder)!r}.")


def _meant(row: str, chosen: str) -> bool:
    """Whether a row has all the words of one of the alternatives."""
    words = {word for marks in ("", ",", "=,") for word in row.translate(_SPACES[marks]).split()}
    told = [alternative.split() for alternative in chosen.split("|")]
    return any(all(word in words for word in each) for each in told)


@cache
def _rows(path: Path) -> list[StudyRow]:
    return recorded_rows(path)


@cache
def _records(path: Path) -> dict[str, list[Record]]:
    return read_records(path)


@cache
def _lines(path: Path) -> list[list[str]]:
    """The cells of the table that a file is shown as, line by line; of another file its own."""
    table = path.with_name("table.md")
    shown = recorded_table(path) if path.name == PROBE or not table.is_file() else table.read_text()
    lines = [line.strip("| ").split(" | ") for line in shown.splitlines()[2:]]
    if path.name == PROBE:
        return lines
    with path.open(newline="") as file:
        return [*lines, *csv.reader(file)]


def _of_row(row: StudyRow) -> Iterator[Fact]:
    for count, low, high in (row.learned, row.held):
        yield Fact("share", count, row.runs)
        yield from (Fact("number", value) for value in (count, low, high))
    yield Fact("number", row.runs)
    yield from (Fact("steps", value) for value in row.steps)
    yield from (Fact("seconds", value) for value in row.seconds)
    yield from (Fact("number", value) for value in row.melody or ())
    if row.choruses is not None:
        yield Fact("number", row.choruses)


def _of_cell(cell: str) -> Iterator[Fact]:
    for count, of in re.findall(r"(\d+) of (\d+)", cell):
        yield Fact("share", float(count), float(of))
    for text in re.findall(r"(?<![\w.=])-?\d[\d,]*(?:\.\d+)?(?:e-?\d+)?(?!\w)", cell):
        yield Fact("number", abs(float(text.replace(",", ""))))


def _column(folder: Path, name: str, chosen: str, column: str) -> list[float]:
    found = []
    for setting, records in _records(_path(folder, name)).items():
        for record in records:
            where = " ".join([setting, *(f"{key}={value}" for key, value in record.items())])
            if _meant(where, chosen):
                found.append(_field(record, column))
    if not found:
        raise BluesError(f"{name}{{{chosen}}} has no such row.")
    return found


def _field(record: Record, column: str) -> float:
    if column == "melody":
        floor, reached = record["melody_floor"], record["melody_cross_entropy"]
        return math.inf if reached is None else reached - floor
    if column not in record:
        raise BluesError(f"{column!r} is no column: {', '.join(record)} are.")
    if column in ("steps", "seconds") and not record.get("learned", True):
        return math.inf
    value = record[column]
    return math.inf if value is None else float(value)


_FUNCTIONS: dict[str, Callable[..., float]] = {
    "total": sum,
    "number": len,
    "median": lambda values: quartiles(values)[1],
    "least": min,
    "most": lambda values: max(value for value in values if math.isfinite(value)),
    "below": lambda values, limit: sum(value < limit for value in values),
    "above": lambda values, limit: sum(value > limit for value in values),
    "fisher": lambda *counts: fisher(*(round(count) for count in counts)),
}

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def _evaluate(tree: ast.expr, columns: dict[str, list[float]]) -> Any:
    match tree:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.Name(id=name) if name in columns:
            return columns[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_evaluate(left, columns), _evaluate(right, columns))
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_evaluate(each, columns) for each in arguments))
    raise ValueError(f"{ast.unparse(tree)} is not understood")


def every(folder: Path, sources: Iterable[str]) -> list[Fact]:
    """The numbers of several sources."""
    return [fact for source in sources for fact in facts(folder, source)]
