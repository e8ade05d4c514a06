"""Whatever was done to a checkpoint: it is refused in a sentence, or it is a checkpoint."""

from __future__ import annotations

import copy
import io
import json
import math
import pickle
import random
import re
import resource
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from fuzz_support import TALLY, known, no_longer_than
from support import assert_equal, write_contents

from lstm_blues.errors import BluesError
from lstm_blues.learning.schedule import MelodySchedule
from lstm_blues.learning.state import Learner
from lstm_blues.runs.build import Parts
from lstm_blues.runs.bundled import PRETRAINED
from lstm_blues.runs.checkpoint import NAME, load_checkpoint, save_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.contents import Checkpoint
from lstm_blues.runs.fitting import require_fitting
from lstm_blues.runs.resume import resumed_config
from lstm_blues.runs.settings import settings_from


class Base:
    """A checkpoint to do something to: its file, its contents, and what can go on from it."""

    def __init__(self, path: Path) -> None:
        self.path, self.bytes = path, path.read_bytes()
        self.checkpoint = load_checkpoint(path)
        self.contents = torch.load(path, weights_only=True)
        self.parts = Parts(settings_from(self.checkpoint.config))

    @property
    def learner(self) -> Learner:
        return self.parts.learner


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Base]:
    """Of chords alone and of a melody, and one from before there was a checksum."""
    folder = tmp_path_factory.mktemp("bases")
    torch.manual_seed(1)
    config = compose_config(["+experiment=chords"])
    learner = Parts(settings_from(config)).learner
    learner.learn(500)
    chords = Checkpoint(config, learner.state(), 1.5, torch.get_rng_state(), MelodySchedule())
    save_checkpoint(folder / "chords.pt", chords)
    old = load_checkpoint(PRETRAINED)
    save_checkpoint(folder / "melody.pt", old)
    return {
        "chords": Base(folder / "chords.pt"),
        "melody": Base(folder / "melody.pt"),
        "old": Base(PRETRAINED / NAME),
    }


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    """What would take all memory fails before that."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (8 * 2**30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


# Damage: some bytes are others.


def flip(content: bytearray, rng: random.Random) -> None:
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)


def flip_several(content: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randint(2, 20)):
        flip(content, rng)


def truncate(content: bytearray, rng: random.Random) -> None:
    del content[rng.choice((rng.randrange(len(content)), -rng.randint(1, 200))) :]


def zero(content: bytearray, rng: random.Random) -> None:
    start, size = rng.randrange(len(content)), rng.choice((1, 16, 512, 4096))
    part = content[start : start + size]
    content[start : start + size] = bytes(len(part))


def overwrite(content: bytearray, rng: random.Random) -> None:
    start, size = rng.randrange(len(content)), rng.choice((4, 64, 512))
    part = content[start : start + size]
    content[start : start + size] = rng.randbytes(len(part))


def append(content: bytearray, rng: random.Random) -> None:
    content += rng.randbytes(rng.randint(1, 100))


def drop_inside(content: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(content))
    del content[start : start + rng.randint(1, 64)]


DAMAGE: dict[str, Callable[[bytearray, random.Random], None]] = {
    "one flipped bit": flip,
    "several flipped bits": flip_several,
    "truncated": truncate,
    "zeroed block": zero,
    "overwritten block": overwrite,
    "bytes appended": append,
    "bytes missing": drop_inside,
}


def swap_members(content: bytes, rng: random.Random) -> bytes:
    """Two files of the archive in each other's place, with checksums of their own."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        names = old.namelist()
        one, other = rng.sample(names, 2)
        places = {one: other, other: one}
        for name in names:
            new.writestr(name, old.read(places.get(name, name)))
        new.comment = old.comment
    return made.getvalue()


# Other files.


def no_checkpoint(rng: random.Random) -> bytes:
    """A file that is no checkpoint."""
    written = io.BytesIO()
    match rng.randrange(8):
        case 0:
            return rng.randbytes(rng.choice((0, 1, 2, 30, 4000)))
        case 1:
            return "".join(rng.choices("checkpoint \n{}:[],", k=rng.randint(1, 300))).encode()
        case 2:
            return pickle.dumps(rng.choice((None, [1], {"format": 1}, "x", print)))
        case 3:
            torch.save(
                rng.choice(([], {"state_dict": {}}, torch.zeros(2), "x", 1.0, None)), written
            )
        case 4:
            torch.save({"format": rng.choice(("lstm_blues checkpoint 1", 2, [], None))}, written)
        case 5:
            with zipfile.ZipFile(written, "w", rng.choice((0, 8))) as archive:
                archive.writestr(rng.choice(("data.pkl", "a/data.pkl", "x")), rng.randbytes(90))
        case 6:
            torch.save({"a": 1}, written, _use_new_zipfile_serialization=False)
        case _:
            with zipfile.ZipFile(written, "w") as archive:  # as TorchScript has it
                for name in ("m/data.pkl", "m/constants.pkl", "m/version", "m/code/m.py"):
                    archive.writestr(name, pickle.dumps(()))
    return written.getvalue()


# Values that someone changed, with a checksum that is right.

DEEP: list[Any] = []
for _ in range(200):
    DEEP = [DEEP]
JUNK = (
    *(-1, 1, 2, 97, 2**31, 2**62, 2**63, 2**70, -(2**70), 0.5, -0.5, 1e308, math.nan, math.inf),
    *(-math.inf, None, True, False, "", "x", b"x", [], {}, (), [1], {"a": 1}, DEEP),
    *(torch.zeros(0), torch.zeros(1, dtype=torch.int64), torch.zeros(3, 3)),
)
CONFIG_JUNK = (
    *(-1, 0, 1, 3, 7, 0.5, 1e300, math.nan, math.inf, None, True, "", "x", "C", [], {}, [[1]]),
    *("${oc.env:HOME}", "${", {"_target_": "os.system"}, ["${now:%Y}"], "a\nb"),
)
DTYPES = (
    *(torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int8, torch.bool),
    torch.complex128,
)


def other_tensor(value: torch.Tensor, rng: random.Random) -> torch.Tensor:
    """A tensor that is not quite this one."""
    number = value.numel() and rng.randrange(value.numel())
    match rng.randrange(9):
        case 0:
            return value.to(rng.choice(DTYPES))
        case 1:
            return torch.cat((value, value[:1]))
        case 2:
            return value[None]
        case 3:
            return value.flatten()[:1].expand(2**40)
        case 4:
            return value.to_sparse() if value.is_floating_point() else value[:-1]
        case 5:
            return value.clone().requires_grad_() if value.is_floating_point() else -value
        case 6:
            return torch.empty_like(value, device="meta")
        case 7:
            changed = value.clone()
            if value.is_floating_point() and value.numel():
                changed.view(-1)[number] = rng.choice((math.nan, math.inf, -math.inf))
            return changed
        case _:
            return value.to_dense()[:, None] if value.dim() else value[None]


def places(values: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where a value stands, groups of values among them."""
    for key, value in values.items():
        yield (*path, key)
        if isinstance(value, dict) and value:
            yield from places(value, (*path, key))


def tamper(values: dict[str, Any], rng: random.Random, junk: tuple[Any, ...]) -> None:
    """Changes a value, takes one away, or adds one."""
    *groups, last = rng.choice([*places(values)])
    for name in groups:
        values = values[name]
    match rng.randrange(10):
        case 0:
            del values[last]
        case 1:
            values[rng.choice(("x", "_target_", "name", 1))] = rng.choice(junk)
        case _ if isinstance(values[last], torch.Tensor) and rng.random() < 0.7:
            values[last] = other_tensor(values[last], rng)
        case _ if type(values[last]) is int and rng.random() < 0.5:
            values[last] += rng.choice((-1, 1, 1000, 2**40) if junk is JUNK else (-1, 1))
        case _:
            values[last] = rng.choice(junk)


def tampered(base: Base, rng: random.Random, *, config: bool) -> dict[str, Any]:
    """The contents of a checkpoint with one to three changes."""
    contents = copy.deepcopy(base.contents)
    told = json.loads(contents["config"])
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        tamper(told if config else contents, rng, CONFIG_JUNK if config else JUNK)
    if config:
        text = json.dumps(rng.choice((None, [], 1, "x")) if rng.random() < 0.05 else told)
        contents["config"] = text[:-1] if rng.random() < 0.05 else text
    return contents


# What comes of it.

SENTENCES = re.compile(
    r"'[^']+' (is truncated, damaged or not a checkpoint, and was not loaded"
    r"|is not a checkpoint of this package, and was not loaded"
    r"|lacks a part of a checkpoint, and was not loaded"
    r"|has .+ for .+, which must be .+, and was not loaded"
    r"|has .+ with numbers that are not finite, and was not loaded"
    r"|has a config with '\$\{', which must be plain values, and was not loaded)\."
    r"|the checkpoint of '[^']+' (does not fit its own network settings"
    r"|has \d+ for .+, but its settings allow from 0 to \d+)\."
)
"""What may be said of a checkpoint; what may be said of its config is among the harness's forms."""


def assert_sentence(error: BluesError) -> None:
    told = str(error)
    assert SENTENCES.fullmatch(told) or known(told), told
    assert len(told) < 600, told


def refused(path: Path) -> bool:
    """Whether a checkpoint is refused in a sentence that names it."""
    try:
        load_checkpoint(path)
    except BluesError as error:
        told = str(error)
    else:
        return False
    assert SENTENCES.fullmatch(told), told
    assert str(path) in told
    return True


def refused_or_goes_on(path: Path, base: Base) -> bool:
    """What is loaded and fits is a state that the learner goes on from, and ends."""
    try:
        loaded = load_checkpoint(path)
        same = loaded.config == base.checkpoint.config
        wanted = base.checkpoint.config
        config = resumed_config(loaded.config, wanted, str(path), ["run.step_limit=5", "run"])
        parts = base.parts if same else Parts(settings_from(config))
        require_fitting(loaded, parts, str(path))
    except BluesError as error:
        assert_sentence(error)
        return True
    if same:
        base.learner.load(loaded.learner)
        base.learner.learn(300)
        torch.Generator().set_state(loaded.random)
        json.dumps(loaded.config)
    return False


def damaged_case(kind: str, bases: dict[str, Base], path: Path, rng: random.Random) -> bool:
    base = bases[rng.choice(("chords", "melody"))]
    content = bytearray(base.bytes)
    DAMAGE[kind](content, rng)
    path.write_bytes(content)
    was_refused = refused(path)
    assert was_refused or content == base.bytes
    return was_refused


def old_case(bases: dict[str, Base], path: Path, rng: random.Random) -> bool:
    content = bytearray(bases["old"].bytes)
    DAMAGE[rng.choice([*DAMAGE])](content, rng)
    path.write_bytes(content)
    if refused(path):
        return True
    # Between an archive's members there are bytes that mean nothing.
    loaded = load_checkpoint(path)
    assert_equal(loaded, bases["old"].checkpoint)
    assert loaded.config == bases["old"].checkpoint.config
    return False


def swapped_case(bases: dict[str, Base], path: Path, rng: random.Random) -> bool:
    path.write_bytes(swap_members(bases[rng.choice(("chords", "melody"))].bytes, rng))
    assert refused(path)
    return True


def foreign_case(bases: dict[str, Base], path: Path, rng: random.Random) -> bool:
    path.write_bytes(no_checkpoint(rng))
    assert refused(path)
    return True


def values_case(
    bases: dict[str, Base], path: Path, rng: random.Random, *, config: bool = False
) -> bool:
    base = bases[rng.choice(("chords", "melody"))]
    write_contents(path, tampered(base, rng, config=config))
    return refused_or_goes_on(path, base)


def config_case(bases: dict[str, Base], path: Path, rng: random.Random) -> bool:
    return values_case(bases, path, rng, config=True)


Case = Callable[[dict[str, Base], Path, random.Random], bool]


def _of_damage(kind: str) -> Case:
    return lambda bases, path, rng: damaged_case(kind, bases, path, rng)


CASES: dict[str, Case] = {
    **{f"checkpoint: {kind}": _of_damage(kind) for kind in DAMAGE},
    "checkpoint: swapped members": swapped_case,
    "checkpoint: damaged, from before checksums": old_case,
    "checkpoint: another file": foreign_case,
    "checkpoint: other values": values_case,
    "checkpoint: other config": config_case,
}
WEIGHTS = {"checkpoint: other values": 4, "checkpoint: other config": 3}
"""Kinds with more to try than the others."""

REGRESSIONS = (
    ("checkpoint: other values", 32),
    ("checkpoint: other values", 83),
    ("checkpoint: other values", 198),
    ("checkpoint: other values", 502),
    ("checkpoint: other values", 546),
    ("checkpoint: other config", 510),
)
"""Cases that failed once, by kind and number."""


def run_case(kind: str, number: int, bases: dict[str, Base], path: Path) -> bool:
    """Whether it was refused."""
    with no_longer_than(60):
        return CASES[kind](bases, path, random.Random(f"{kind} {number}"))


@pytest.mark.parametrize("each", [3, pytest.param(236, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", CASES)
@pytest.mark.filterwarnings("error")
def test_whatever_is_done_to_a_checkpoint(
    bases: dict[str, Base], tmp_path: Path, kind: str, each: int
) -> None:
    failures = []
    for number in range(each * WEIGHTS.get(kind, 1)):
        try:
            was_refused = run_case(kind, number, bases, tmp_path / "case.pt")
        except Exception as error:  # whatever it is
            failures.append(f"{(kind, number)}: {type(error).__name__}: {error}"[:600])
            TALLY.add(kind, False, failures[-1])
        else:
            TALLY.add(kind, True, refused=was_refused)
    assert not failures, "\n".join(failures[:40])


@pytest.mark.parametrize(("kind", "number"), REGRESSIONS)
def test_what_failed_once(bases: dict[str, Base], tmp_path: Path, kind: str, number: int) -> None:
    run_case(kind, number, bases, tmp_path / "case.pt")
