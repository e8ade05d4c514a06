"""A checkpoint that was damaged or changed, and files that are none: refused in a sentence."""

from __future__ import annotations

import io
import json
import math
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from support import assert_equal, write_contents

from lstm_blues.errors import BluesError
from lstm_blues.runs.build import Parts
from lstm_blues.runs.bundled import PRETRAINED
from lstm_blues.runs.checkpoint import NAME, PREVIOUS, load_checkpoint, save_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.contents import Checkpoint
from lstm_blues.runs.fitting import require_fitting
from lstm_blues.runs.run import run_experiment
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.trained import load_trained


def config(*overrides: str) -> dict[str, Any]:
    options = ["run.step_limit=500", "run.final_choruses=1", "run.listen_share=0"]
    return compose_config(["+experiment=chords", *options, *overrides])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that made 500 steps."""
    folder = tmp_path_factory.mktemp("run")
    run_experiment(config(), folder)
    return folder


def load(path: Path) -> Checkpoint:
    """As a run does that goes on from it."""
    loaded = load_checkpoint(path)
    require_fitting(loaded, Parts(settings_from(loaded.config)), str(path))
    return loaded


def refusal(path: Path) -> str:
    """Why a checkpoint is not loaded."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BluesError) as found:
            load(path)
    told = str(found.value)
    assert told.endswith(".")
    assert "\n" not in told
    assert str(path) in told
    return told


# Damage.


def test_a_flipped_bit_anywhere_is_refused(run: Path, tmp_path: Path) -> None:
    whole, path = (run / NAME).read_bytes(), tmp_path / "flipped.pt"
    # All of the end, where names and checksums are, and every 997th byte of the rest.
    for place in [*range(0, len(whole), 997), *range(len(whole) - 120, len(whole))]:
        content = bytearray(whole)
        content[place] ^= 1 << place % 8
        path.write_bytes(content)
        with pytest.raises(BluesError, match=r"truncated, damaged|not a checkpoint"):
            load_checkpoint(path)


def test_other_programs_can_read_it(run: Path) -> None:
    assert torch.load(run / NAME, weights_only=True)["seconds"] > 0
    with zipfile.ZipFile(run / NAME) as archive:
        assert archive.testzip() is None


def test_one_from_before_checksums_is_read_and_its_damage_found(tmp_path: Path) -> None:
    assert load_trained(PRETRAINED).origin == "the bundled network"
    content = bytearray((PRETRAINED / NAME).read_bytes())
    with zipfile.ZipFile(PRETRAINED / NAME) as archive:
        places = [each.header_offset + 200 for each in archive.infolist() if each.file_size > 500]
    for place in places:
        damaged = content.copy()
        damaged[place] ^= 1
        (tmp_path / NAME).write_bytes(damaged)
        assert "damaged" in refusal(tmp_path / NAME)


def test_the_checkpoint_before_is_kept_and_named(run: Path, tmp_path: Path) -> None:
    first = load_checkpoint(run)
    save_checkpoint(tmp_path / NAME, first)
    assert not (tmp_path / PREVIOUS).exists()
    learner = Parts(settings_from(first.config)).learner
    learner.load(first.learner)
    learner.learn(100)
    later = Checkpoint(first.config, learner.state(), 2.0, first.random, first.schedule)
    save_checkpoint(tmp_path / NAME, later)
    assert_equal(load_checkpoint(tmp_path / PREVIOUS), first)
    assert_equal(load_checkpoint(tmp_path), later)
    damaged = bytearray((tmp_path / NAME).read_bytes())
    damaged[1000] ^= 4
    for content in (damaged, b""):
        (tmp_path / NAME).write_bytes(content)
        with pytest.raises(BluesError) as found:
            load_checkpoint(tmp_path)
        assert f"resume from the one before it, '{tmp_path / PREVIOUS}'." in str(found.value)
    # A damaged one does not take the place of the last that is whole.
    save_checkpoint(tmp_path / NAME, later)
    assert_equal(load_checkpoint(tmp_path / PREVIOUS), first)
    for name in (NAME, PREVIOUS):
        (tmp_path / name).write_bytes(damaged)
    assert "resume" not in refusal(tmp_path / NAME)


def test_a_run_goes_on_from_the_checkpoint_before_to_the_same_bits(tmp_path: Path) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "run"
    for each in (whole, folder):
        each.mkdir()
    run_experiment(config("run.step_limit=900"), whole)
    run_experiment(config(), folder)
    (folder / NAME).write_bytes(b"damaged")
    further = ["run.step_limit=900"]
    with pytest.raises(BluesError, match=PREVIOUS):
        run_experiment(config(*further), folder, str(folder), further)
    run_experiment(config(*further), folder, str(folder / PREVIOUS), further)
    assert_equal(load_checkpoint(folder), load_checkpoint(whole))


# Values that someone changed.


def put(contents: dict[str, Any], place: str, value: Any) -> None:
    *groups, last = place.split("/")
    for name in groups:
        contents = contents[name]
    contents[last] = value


DOUBLES = torch.zeros(8, dtype=torch.float64)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("learner/counters/position", -1, "position"),
        ("learner/counters/position", 96, "from 0 to 95"),
        ("learner/counters/steps", 2**70, "from 0 to 2^62-1"),
        ("learner/counters/steps", True, "a whole number"),
        ("learner/counters/melody", -1, "from 0 to 1"),
        ("learner/counters/melody", 1, "allow from 0 to 0"),  # chords alone
        ("learner/counters/choruses_in_episode", 10**9, "choruses_in_episode"),
        ("learner/counters/gross_in_count", 10**9, "gross_in_count"),
        ("learner/counters", [1], "values by name"),
        ("learner/s", [0.0] * 8, "a plain tensor"),
        ("learner/s", DOUBLES.to(torch.int64), "a plain tensor"),
        ("learner/s", DOUBLES.to(torch.float32), "does not fit"),
        ("learner/y", DOUBLES[:3], "does not fit"),
        ("learner/y", DOUBLES[:1].expand(2**40), "a plain tensor"),
        ("learner/y", DOUBLES.to_sparse(), "a plain tensor"),
        ("learner/y", DOUBLES + math.nan, "not finite"),
        ("learner/weights/output.chords", torch.zeros(12, 21), "does not fit"),
        ("learner/weights/output.chords", None, "a plain tensor"),
        ("learner/weights/more", DOUBLES, "does not fit"),
        ("learner/weights", DOUBLES, "values by name"),
        ("learner/loss", math.nan, "a finite number"),
        ("learner/loss", "0", "a finite number"),
        ("learner/melody_rate", math.inf, "a finite number"),
        ("learner", DOUBLES, "values by name"),
        ("seconds", -1.0, "at least 0"),
        ("seconds", 2**1100, "a finite number"),
        ("random", torch.zeros(5056), "random numbers"),
        ("random", torch.zeros(5056, dtype=torch.uint8), "random numbers"),
        ("random", None, "random numbers"),
        ("plateau", [], "values by name"),
        ("plateau/rate", -1, "plateau.rate"),
        ("plateau/rate", 9, "allow from 0 to"),
        ("plateau/since", 5, "allow from 0 to 0"),
        ("plateau/ended", 1, "true or false"),
        ("plateau/best", "x", "a finite number"),
        ("plateau/more", 1, "lacks a part"),
        ("config", "null", "settings in JSON"),
        ("config", "[]", "settings in JSON"),
        ("config", "{", "settings in JSON"),
        ("config", "[" * 100_000, "settings in JSON"),
        ("config", None, "settings in JSON"),
    ],
)
def test_a_value_that_cannot_be_is_refused(
    run: Path, tmp_path: Path, place: str, value: object, words: str
) -> None:
    contents = torch.load(run / NAME, weights_only=True)
    put(contents, place, value)
    path = tmp_path / "tampered.pt"
    write_contents(path, contents)
    assert words in refusal(path)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("_target_", "os.system", "is not a setting"),
        ("network/_target_", "os.system", "is not a setting"),
        ("network/groups/_target_", "os.system", "must be a group of settings"),
        ("name", "${oc.env:HOME}", "plain values"),
        ("name", "${", "plain values"),
        ("run", None, "must be a group of settings"),
        ("run/engine", 1, "must be a string"),
        ("network/groups/chords/cells", 3, "does not fit"),
        ("form/steps_per_bar", 0, "form.steps_per_bar"),
        ("learning/update", "adam", "does not fit"),
    ],
)
def test_an_edited_config_is_refused(
    run: Path, tmp_path: Path, place: str, value: object, words: str
) -> None:
    contents = torch.load(run / NAME, weights_only=True)
    edited = json.loads(contents["config"])
    put(edited, place, value)
    contents["config"] = json.dumps(edited)
    path = tmp_path / "edited.pt"
    write_contents(path, contents)
    with pytest.raises(BluesError) as found:
        load(path)
    assert words in str(found.value)
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(BluesError) as found:
        run_experiment(config(), folder, str(path))
    assert words in str(found.value)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("engine", ["fast", "torch"])
def test_both_engines_refuse_an_impossible_position(run: Path, tmp_path: Path, engine: str) -> None:
    contents = torch.load(run / NAME, weights_only=True)
    contents["learner"]["counters"]["position"] = 5000
    write_contents(tmp_path / NAME, contents)
    options = [f"run.engine={engine}"]
    with pytest.raises(BluesError, match="has 5000 for the counter position"):
        run_experiment(config(*options), tmp_path, str(tmp_path), options)


# Files that are no checkpoint.


def script() -> bytes:
    """As `torch.jit.save` writes one."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in ("m/data.pkl", "m/constants.pkl", "m/version", "m/code/m.py"):
            archive.writestr(name, pickle.dumps(()))
    return written.getvalue()


def saved(value: object, *, new: bool = True) -> Callable[[], bytes]:
    def write() -> bytes:
        written = io.BytesIO()
        torch.save(value, written, _use_new_zipfile_serialization=new)
        return written.getvalue()

    return write


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"x", b"a text\n", b"PK", b"PK\3\4" + bytes(100), bytes(5000)),
        *(pickle.dumps([1]), pickle.dumps({"format": "lstm_blues checkpoint 1"})),
        *(script, saved([1]), saved({"state_dict": {}}), saved(None), saved({}, new=False)),
        saved({"format": "lstm_blues checkpoint 1"}),
    ],
    ids=range(14),
)
def test_a_file_that_is_no_checkpoint_is_told_in_one_sentence(
    tmp_path: Path, content: bytes | Callable[[], bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.pt"
    path.write_bytes(content() if callable(content) else content)
    refusal(path)
    assert capfd.readouterr() == ("", "")
