"""The bundled networks, and that their commands make them again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from support import Command

from lstm_blues.errors import BluesError
from lstm_blues.lab.evaluation import wrong_chord_bits
from lstm_blues.runs.build import Parts
from lstm_blues.runs.bundled import BUNDLED, PRETRAINED
from lstm_blues.runs.checkpoint import load_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.trained import compose_pieces, load_trained

MADE_BY = {
    "report": ["+experiment=melody", "seed=2"],
    "bebop": ["+experiment=bebop", "seed=1"],
}
FINGERPRINT_STEPS = 1_000_000

each = pytest.mark.parametrize("name", BUNDLED)


def fingerprint(weights: dict[str, torch.Tensor]) -> str:
    """Of weights, to the bit."""
    whole = hashlib.sha256()
    for name in sorted(weights):
        whole.update(name.encode() + weights[name].double().numpy().tobytes())
    return whole.hexdigest()


def summary(name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((BUNDLED[name] / "summary.json").read_text())
    return told


@each
def test_it_was_made_by_its_experiment(name: str) -> None:
    # Settings that came later have their defaults, or ask for no more than was asked then.
    expected = settings_from(compose_config([*MADE_BY[name], "learning.melody.within=0"]))
    assert settings_from(load_checkpoint(BUNDLED[name]).config) == expected
    told = summary(name)
    assert told["learned"]
    assert told["choruses"] == 1000
    within = {"report": 0.05, "bebop": 0.2}[name]
    assert told["melody_cross_entropy"] - told["melody_floor"] < within


@each
def test_it_holds_the_form(name: str) -> None:
    trained = load_trained(name)
    learner = Parts(trained.settings).learner
    learner.load(load_checkpoint(BUNDLED[name]).learner)
    generator = torch.Generator().manual_seed(1)
    uniform = torch.rand(96_000 * (1 + (name == "bebop")), generator=generator)
    assert learner.free_run(96_000, uniform=uniform).right == 96_000


@each
def test_its_pieces_have_no_wrong_chord(name: str) -> None:
    trained = load_trained(name)
    pieces = compose_pieces(trained, pieces=50, choruses=4)
    assert not wrong_chord_bits(torch.stack([piece.notes for piece in pieces]), trained.form).any()


@each
def test_it_is_small(name: str) -> None:
    assert sum(path.stat().st_size for path in BUNDLED[name].iterdir()) < 400_000


@each
def test_its_first_million_steps_are_the_same_everywhere(name: str) -> None:
    learner = Parts(settings_from(compose_config(MADE_BY[name]))).learner
    learner.learn(FINGERPRINT_STEPS)
    stored = (BUNDLED[name] / "fingerprint").read_text().strip()
    assert fingerprint(learner.state().weights) == stored


@pytest.mark.slow
@each
def test_its_command_makes_it_again(name: str, train: Command) -> None:
    done = train(*MADE_BY[name], "hydra.run.dir=run", "run.listen_share=0")
    assert done.returncode == 0, done.stderr
    again = load_checkpoint(train.keywords["cwd"] / "run")  # type: ignore[attr-defined]
    told = json.loads((train.keywords["cwd"] / "run" / "summary.json").read_text())  # type: ignore[attr-defined]
    timed = ("seconds", "steps_per_second", "logging_seconds", "compile_seconds")
    stored = summary(name)
    for key in stored.keys() - set(timed):
        assert told[key] == stored[key], key
    assert fingerprint(again.learner.weights) == fingerprint(
        load_checkpoint(BUNDLED[name]).learner.weights
    )


def test_names_come_before_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_trained(PRETRAINED).origin == load_trained("report").origin == "the bundled network"
    assert load_trained("bebop").origin == "the bundled network bebop"
    (tmp_path / "bebop").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_trained("bebop").path == BUNDLED["bebop"]
    with pytest.raises(BluesError, match=r"there is no checkpoint at 'bebop/checkpoint\.pt'"):
        load_trained("./bebop")


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(BluesError) as found:
        load_trained("ragtime")
    assert str(found.value) == (
        "there is no checkpoint at 'ragtime', and no bundled network of that name: they are report "
        "and bebop."
    )
