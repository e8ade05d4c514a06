"""Every config composes; every mistake in one is named before any work."""

from pathlib import Path

import pytest

from lstm_blues.errors import BluesError
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config, conf_folder
from lstm_blues.runs.settings import settings_from

EXPERIMENTS = sorted(path.stem for path in (conf_folder() / "experiment").glob("*.yaml"))


def options(group: str) -> list[str]:
    name = group.lstrip("+")
    return [f"{group}={path.stem}" for path in sorted((conf_folder() / name).glob("*.yaml"))]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_composes(experiment: str) -> None:
    settings = settings_from(compose_config([f"+experiment={experiment}"]))
    assert settings.name == experiment
    assert Parts(settings).network.topology.units >= 12


@pytest.mark.parametrize("option", [o for g in ("form", "learning", "run") for o in options(g)])
def test_every_option_composes(option: str) -> None:
    settings_from(compose_config(["+experiment=chords", option]))


@pytest.mark.parametrize("option", [*options("+learner"), *options("+cell")])
def test_every_learner_and_cell_composes(option: str) -> None:
    settings = settings_from(compose_config(["+experiment=chords", option]))
    kind, name = option.lstrip("+").split("=")
    if kind == "cell":
        assert settings.network.cell == name
    else:
        assert settings.learning.gradient in name or settings.learning.update in name


def test_the_defaults_are_the_report_s_numbers() -> None:
    settings = settings_from(compose_config(["+experiment=chords"]))
    group, units = settings.network.groups["chords"], settings.network.units["chords"]
    staged = (-0.5, -1.0, -1.5, -2.0)
    assert (group.blocks, group.cells) == (4, 2)
    assert group.input_bias == group.forget_bias == group.output_bias == staged
    assert units.bias == 0.5
    assert (settings.learning.rate, settings.learning.momentum) == (1e-5, 0.9)
    assert (settings.form.steps, settings.form.steps_per_bar) == (96, 8)
    assert settings.run.dtype == "float64"


def test_every_number_of_the_report_names_its_section() -> None:
    for name, words in {
        "learning/report.yaml": ["rate:", "momentum:"],
        "network/chords.yaml": ["blocks:", "cells: 2", "bias: 0.5", "units: 12"],
    }.items():
        for line in (conf_folder() / name).read_text().splitlines():
            if any(line.strip().startswith(word) for word in words):
                assert "section" in line, (name, line)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["learning.rate=-1e-5"], "learning.rate is -1e-05, but must be a number above 0"),
        (["learning.rate=fast"], "learning.rate is 'fast', but must be a number"),
        (["learning.rate=nan"], "learning.rate"),
        (["learning.gross_errors=1.5"], "learning.gross_errors is 1.5, but must be a whole number"),
        (["learning.gross_errors=true"], "learning.gross_errors is True"),
        (["network.groups.chords.blocks=0"], "network.groups.chords.blocks is 0"),
        (["network.groups.chords.blocks=5"], "one number for each of the 5 blocks"),
        (["network.groups.chords.cells=-1"], "network.groups.chords.cells is -1"),
        (["network.groups.chords.inputs=[melody]"], "names 'melody'"),
        (["network.units.chords.units=11"], "12 units"),
        (["network.g=relu"], "network.g is 'relu', but must be one of identity, tanh"),
        (["network.h=relu"], "network.h is 'relu'"),
        (["network.weight_range=-1"], "network.weight_range is -1.0, but must be from 0 to 1000"),
        (["form.chords=[C,F7]"], "fills 2 bars, but form.bars is 12"),
        (["form.steps_per_bar=7"], "do not divide its 7 steps"),
        (["run.engine=slow"], "run.engine is 'slow', but must be one of fast, torch"),
        (["run.engine=torch", "run.device=cuda:99"], "run.device is 'cuda:99', but must be a"),
        (["run.engine=torch", "run.device=nonsense"], "run.device is 'nonsense'"),
        (["run.device=meta"], "run.device is 'meta', but must be cpu with run.engine=fast"),
        (["run.engine=torch", "run.device=meta"], "run.device is 'meta', but must be a device"),
        (["run.engine=torch", "run.device=hpu"], "run.device is 'hpu', but must be a device"),
        (["network.groups.chords.input_bias=[0,0,0,inf]"], "input_bias is [0.0, 0.0, 0.0, inf]"),
        (["network.units.chords.bias=-inf"], "network.units.chords.bias is -inf"),
        (["learning.rate=1e30"], "learning.rate is 1e+30, but must be above 0, and at most 1000"),
        (["network.weight_range=1e30"], "network.weight_range is 1e+30, but must be from 0 to"),
        (["learning.melody.plateau=inf"], "learning.melody.plateau is inf"),
        (["learning.melody.enough=inf"], "learning.melody.enough is inf"),
        (["form.steps_per_bar=1e30"], "from 1 to 1920"),
        (["run.final_choruses=1000000000"], "run.final_choruses is 1000000000, but must be small"),
        (["network.groups.chords.cells=1000000000"], "need"),
        (["network.hidden=1000000000", "+cell=gru"], "need"),
        (["network.window=1000000000", "+cell=feed_forward"], "network.window is 1000000000"),
        (["learning.unroll=1000000000", "learning.gradient=bptt"], "learning.unroll is 1000000000"),
        (["run.dtype=float8"], "run.dtype is 'float8', but must be one of float64, float32"),
        (["run.step_limit=0"], "run.step_limit is 0"),
        (["run.checkpoint_seconds=0"], "run.checkpoint_seconds is 0"),
        (["seed=-1"], "seed is -1"),
        (["seed=one"], "seed is 'one'"),
        (["+learning.temperature=1"], "learning.temperature is not a setting"),
        (["~learning.rate"], "learning.rate is missing"),
    ],
)
def test_mistakes_are_named_with_value_and_what_is_allowed(
    overrides: list[str], words: str
) -> None:
    with pytest.raises(BluesError) as caught:
        settings_from(compose_config(["+experiment=chords", *overrides]))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_an_experiment_the_choices_are_named() -> None:
    with pytest.raises(BluesError, match=r"\+experiment=NAME, NAME one of bebop, chords"):
        settings_from(compose_config([]))


def test_configs_stand_at_the_top_of_the_repository() -> None:
    assert (Path(__file__).parents[1] / "conf" / "train.yaml").is_file()
