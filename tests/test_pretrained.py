"""The bundled network, and that its command makes it again."""

from __future__ import annotations

import hashlib
import json

import pytest
import torch
from support import Command

from lstm_blues.runs.build import Parts
from lstm_blues.runs.checkpoint import load_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.trained import PRETRAINED, load_trained

SUMMARY = json.loads((PRETRAINED / "summary.json").read_text())
FINGERPRINT_STEPS = 1_000_000


def fingerprint(weights: dict[str, torch.Tensor]) -> str:
    """Of weights, to the bit."""
    whole = hashlib.sha256()
    for name in sorted(weights):
        whole.update(name.encode() + weights[name].double().numpy().tobytes())
    return whole.hexdigest()


def test_it_was_made_by_the_default_config() -> None:
    # Settings that came later have their defaults, or ask for no more than was asked then.
    asked = ["+experiment=melody", "seed=2", "learning.melody.within=0"]
    expected = settings_from(compose_config(asked))
    assert settings_from(load_checkpoint(PRETRAINED).config) == expected
    assert SUMMARY["learned"]
    assert SUMMARY["choruses"] == 1000
    assert SUMMARY["melody_cross_entropy"] - SUMMARY["melody_floor"] < 0.05


def test_it_holds_the_form() -> None:
    trained = load_trained(PRETRAINED)
    learner = Parts(trained.settings).learner
    learner.load(load_checkpoint(PRETRAINED).learner)
    uniform = torch.rand(96_000, generator=torch.Generator().manual_seed(1))
    assert learner.free_run(96_000, uniform=uniform).right == 96_000


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in PRETRAINED.iterdir()) < 200_000


def test_its_first_million_steps_are_the_same_everywhere() -> None:
    settings = settings_from(compose_config(["+experiment=melody", "seed=2"]))
    learner = Parts(settings).learner
    learner.learn(FINGERPRINT_STEPS)
    stored = (PRETRAINED / "fingerprint").read_text().strip()
    assert fingerprint(learner.state().weights) == stored


@pytest.mark.slow
def test_its_command_makes_it_again(train: Command) -> None:
    done = train("+experiment=melody", "seed=2", "hydra.run.dir=run", "run.listen_share=0")
    assert done.returncode == 0, done.stderr
    again = load_checkpoint(train.keywords["cwd"] / "run")  # type: ignore[attr-defined]
    told = json.loads((train.keywords["cwd"] / "run" / "summary.json").read_text())  # type: ignore[attr-defined]
    timed = ("seconds", "steps_per_second", "logging_seconds", "compile_seconds")
    for name in SUMMARY.keys() - set(timed):
        assert told[name] == SUMMARY[name], name
    assert fingerprint(again.learner.weights) == fingerprint(
        load_checkpoint(PRETRAINED).learner.weights
    )
