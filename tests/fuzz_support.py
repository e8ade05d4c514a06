"""What the fuzz tests share: how many cases of each kind were tried, and how many failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

Count = tuple[str, int, int]
"""A kind of cases, how many were tried, how many failed."""


class Tally:
    """Counts cases by kind."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()

    def add(self, kind: str, ok: bool) -> None:
        """One more case."""
        self.tried[kind] += 1
        self.failed[kind] += not ok

    @property
    def counts(self) -> list[Count]:
        """In the order in which kinds came."""
        return [(kind, tried, self.failed[kind]) for kind, tried in self.tried.items()]

    def record(self, record_property: Callable[[str, object], None]) -> None:
        """Hands the counts to the table that pytest prints at its end."""
        for count in self.counts:
            record_property("fuzz", list(count))

    def table(self) -> str:
        """Of all kinds."""
        return table(self.counts)


def table(counts: Iterable[Count]) -> str:
    """Counts by kind as a table, those of one kind summed up."""
    tried: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for kind, cases, failures in counts:
        tried[kind] += cases
        failed[kind] += failures
    if not tried:
        return ""
    rows = [("kind", "cases", "failures")]
    rows += [(kind, f"{n:,}", f"{failed[kind]:,}") for kind, n in tried.items()]
    rows.append(("all", f"{tried.total():,}", f"{failed.total():,}"))
    width = max(len(kind) for kind, _, _ in rows)
    return "\n".join(f"{kind:<{width}}  {n:>8}  {bad:>8}" for kind, n, bad in rows)
