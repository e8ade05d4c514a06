"""The fuzz harness: seeded cases of every kind, and the only outcomes that they may have.

A case either succeeds or is refused in one sentence whose form is known here.  What was tried and
what failed stands in a table at the end of the tests' output.
"""

from __future__ import annotations

import copy
import random
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lstm_blues.errors import BluesError

FORMS = tuple(
    re.compile(form, re.DOTALL)
    for form in (
        r".+ is .+, but must be .+\.",
        r".+ is not a setting; .+\.",
        r"[\w.]+ is missing\.",
        r"line \d+ of '.+' (is not|has|may make) .+\.",
        r"'.+' is no config: .+\.",
        r"network\.units must have a set 'chords' of \d+ units, one for each chord note\.",
        r"bars and network\.units\.melody go together: .+\.",
        r"corpus and bars are mutually exclusive: set bars=null\.",
        r"no experiment is chosen: add \+experiment=NAME, .+\.",
        r"form\.chords fills \d+ bars, but form\.bars is \d+\.",
        r"bar \d+ of form\.chords( is .+)?: .+\.",
        r"corpus\.forms\..+: .+\.",
        r"bars\.bars has .+\.",
        r"bar \d+ of bars\.bars has no segment\.",
        r"bar \d+, segment \d+ of bars\.bars.+\.",
        r"[\w.]+ names '.*', .+\.",
        r"chord symbol .+\.",
        r"note .+\.",
        r"'.+' is not a note.*\.",
        r"tune '.*' .+\.",
        r"the corpus contains the same song twice: .+\.",
        r"'.+' cannot be (read as MIDI|written or read): .+\.",
        r"the time signature of '.+' is .+\.",
        r"'.+' has .+, (which|but) .+\.",
        r"bar \d+ of (the melody of )?'.+'.+\.",
        r"the settings make no config \(.+\)\.",
        r"learning\.unroll is 0, .+\.",
        r"there is no checkpoint at '.*'(, and no bundled network .+)?\.",
        r"'.+' already exists: choose another name, or set overwrite=true\.",
        r"'.+' cannot be read by music21 \(.+\)\.",
        r"'.+' (is in|changes its time signature|asks for tune) .+\.",
        r"'.+' has (no|a melody but no) .+\.",
        r"chords(: | has ).+\.",
        r"['\"].+['\"] is no setting and its value(: a name with # needs .+)?\.",
        r"(chord|melody)_track is .+, but the tracks of '.+' are .+\.",
        r"'.*' is not a note name; note names run from Ab to G#\.",
        # Hydra's own.
        r"force-add of config groups is not supported: .+\.",
        r"(In '.+': )?Could not find '.+'.*\.",
        r"Could not (override|append|delete) .+\.",
        r"(missing|mismatched input|no viable alternative|extraneous input|token recognition) .+\.",
        r"Error (parsing|merging) override .+\.",
        r".+ raised while (composing|resolving) .+\.",
        r"(Interpolation|Recursive interpolation|Unsupported interpolation|Missing) .+\.",
        r"Key '.+' (is not in struct|not in '.+').*\.",
        r"Multiple values for .+\.",
        r"In '.+': .+\.",
        r"You must specify .+\.",
    )
)
"""What a sentence may look like."""

_LEAKS = re.compile(r"Traceback|object at 0x|<class '|\(\)\.$|\bnp\.|tensor\(")
"""What no sentence may contain: it is what a programmer writes."""


def known(sentence: str) -> bool:
    """Whether a sentence has one of the allowed forms."""
    one = "\n" not in sentence and not _LEAKS.search(sentence)
    return one and any(form.fullmatch(sentence) for form in FORMS)


class Tally:
    """Cases tried and failed by kind."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.failed: dict[str, list[str]] = {}

    def add(self, kind: str, ok: bool, told: str = "", *, refused: bool = False) -> None:
        """Counts a case; `told` is what came of one that failed."""
        self.tried[kind] += 1
        self.refused[kind] += refused
        if not ok:
            self.failed.setdefault(kind, []).append(told)

    def table(self) -> str:
        """The counts as a table in Markdown."""
        lines = ["| kind | cases | refused in a sentence | failures |", "|---|---|---|---|"]
        for kind in sorted(self.tried):
            row = (self.tried[kind], self.refused[kind], len(self.failed.get(kind, ())))
            lines.append(f"| {kind} | " + " | ".join(f"{count:,}" for count in row) + " |")
        return "\n".join(lines)


TALLY = Tally()
"""Of this session."""


class _TookTooLongError(Exception):
    pass


@contextmanager
def no_longer_than(seconds: int) -> Iterator[None]:
    """Ends what hangs."""

    def ring(_number: int, _frame: object) -> None:
        raise _TookTooLongError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(run: Callable[[], object], sentence: Callable[[Exception], str | None]) -> str:
    """Runs a case: empty where it succeeds or is refused as it should be, else what came of it."""
    try:
        with no_longer_than(60):
            run()
    except Exception as error:
        told = sentence(error)
        if told is None:
            return f"{type(error).__name__}: {error}"[:400]
        return "refused" if known(told) else f"unknown sentence: {told[:400]}"
    return ""


def told_by_blues_error(error: Exception) -> str | None:
    """The sentence of a `BluesError`."""
    return str(error) if isinstance(error, BluesError) else None


def try_all(
    kind: str,
    cases: Iterator[Any],
    run: Callable[[Any], object],
    sentence: Callable[[Exception], str | None] = told_by_blues_error,
) -> None:
    """Tries the cases and asserts that none of them fails."""
    failed = []
    for case in cases:
        found = outcome(lambda case=case: run(case), sentence)  # type: ignore[misc]
        ok = found in ("", "refused")
        TALLY.add(kind, ok, found, refused=found == "refused")
        if not ok:
            failed.append(f"{case!r}: {found}")
    assert not failed, f"{len(failed)} cases of {kind} failed:\n" + "\n".join(failed[:20])


# Cases.

_NUMBERS = (
    *(0, 1, -1, 2, 3, 7, 12, 13, 127, 128, 1000, 2**31, 2**63 - 1, 2**63, -(2**63), 2**70, 10**9),
    *(10**400, 0.5, 1e-300, 1e300, 1e30, -0.0, float("inf"), float("-inf"), float("nan")),
)
_WORDS = (
    *("", " ", "C", "Gm7 C", "H", "C4", "Eb4:1/8", "C4:1/0", "chords", "melody", "cpu", "cuda:9"),
    *("meta", "hpu", "none", "null", "tanh", "a\nb", "\0", "ü♯", "${x}", "../..", "1e5", "x" * 500),
)
_OTHERS = (None, True, False, [], {}, [[]], [None], {"name": 1}, [0] * 5, ["C"] * 12)


def junk(rng: random.Random) -> Any:
    """Any value of a config."""
    return copy.deepcopy(rng.choice(rng.choice((_NUMBERS, _NUMBERS, _WORDS, _OTHERS))))


def at(config: Any, path: list[str]) -> Any:
    """What stands at a place of a config."""
    for key in path:
        config = config[key]
    return config


def alike(value: Any, rng: random.Random) -> Any:
    """Another value of a setting's kind, which it may well have."""
    if isinstance(value, dict):
        return {name: alike(part, rng) for name, part in value.items()}
    if isinstance(value, list):
        return [alike(part, rng) if rng.random() < 0.2 else part for part in value]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        scaled = value * rng.choice((1, 2, 3, 10, 0.5, 1000))
        return int(scaled) if isinstance(value, int) else scaled
    return rng.choice((value, *_WORDS)) if isinstance(value, str) else junk(rng)


def places(values: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every setting and every group of settings of a config."""
    for key, value in values.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from places(value, (*path, key))


def changed(config: dict[str, Any], changes: list[tuple[list[str], Any]]) -> dict[str, Any]:
    """A copy with other values at some places; None within a tuple takes one away."""
    config = copy.deepcopy(config)
    for path, value in changes:
        group: Any = config
        for key in path[:-1]:
            group = group.get(key) if isinstance(group, dict) else None
        if isinstance(group, dict):
            if value == "(gone)":
                group.pop(path[-1], None)
            else:
                group[path[-1]] = value
    return config


def random_changes(config: dict[str, Any], rng: random.Random) -> list[tuple[list[str], Any]]:
    """One to three changes of a config: other values, lists of them, settings gone or new."""
    found: list[tuple[list[str], Any]] = []
    everywhere = list(places(config))
    for _ in range(rng.choice((1, 1, 2, 3))):
        path = list(rng.choice(everywhere))
        match rng.randrange(8):
            case 0:
                found.append((path, "(gone)"))
            case 1:
                found.append(([*path[:-1], rng.choice(("nmae", "seeds", ""))], junk(rng)))
            case 2:
                found.append((path, [junk(rng) for _ in range(rng.randrange(5))]))
            case 3 | 4 | 5:
                found.append((path, alike(at(config, path), rng)))
            case _:
                found.append((path, junk(rng)))
    return found


def damaged(content: bytes, rng: random.Random, pieces: tuple[bytes, ...] = ()) -> bytes:
    """Bytes with some flipped, cut out, doubled, cut off or replaced by one of `pieces`."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        at = rng.randrange(len(found) + 1)
        size = rng.choice((1, 1, 2, 4, 20))
        match rng.randrange(6 if pieces else 5):
            case 0 if at < len(found):
                found[at] ^= 1 << rng.randrange(8)
            case 1:
                del found[at : at + size]
            case 2:
                found[at:at] = found[at : at + size] * rng.choice((1, 3, 40))
            case 3:
                found[at : at + size] = rng.randbytes(size)
            case 4 if rng.random() < 0.3:
                del found[at:]
            case 5:
                found[at : at + rng.choice((0, size))] = rng.choice(pieces)
    return bytes(found)
