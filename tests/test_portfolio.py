"""Any form by a portfolio of recipes: one winner, whatever the cores and however often stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from support import environment, run_command, train_command

from lstm_blues.errors import BluesError
from lstm_blues.music.form import Form
from lstm_blues.music.random_form import random_form
from lstm_blues.runs.build import Parts
from lstm_blues.runs.checkpoint import load_checkpoint
from lstm_blues.runs.choice import TRIED, Choice
from lstm_blues.runs.config import compose_config, conf_folder, flat_config
from lstm_blues.runs.portfolio import NAME, Rounds
from lstm_blues.runs.recipes import SET_BY_RECIPES, attempt_seed, require_left_to_recipes
from lstm_blues.runs.run import run_experiment, run_of_sweep
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.summary import Status

# Two recipes that need a few thousand steps, and one that never learns.
SMALL = (
    "form=pop_loop",
    "learning.test_choruses=3",
    "portfolio.round_steps=20000",
    "~portfolio.recipes.patient",
    "~portfolio.recipes.counting",
    "~portfolio.recipes.large",
    "portfolio.recipes.small.rate=1e-9",
    "run.final_choruses=3",
    "run.listen_share=0",
)


OTHERS = ("quick", "standardised", "large", "patient", "counting")


def config(*overrides: str) -> dict[str, Any]:
    made = compose_config(["+experiment=own", *SMALL, *overrides])
    made.pop("resume")
    return made


def choose(made: dict[str, Any], folder: Path) -> Choice:
    folder.mkdir(exist_ok=True)
    return Rounds(settings_from(made), made, folder).run()


def assert_same(one: Choice, other: Choice) -> None:
    assert (one.config, one.tried, one.words) == (other.config, other.tried, other.words)
    for name, weights in one.state.weights.items():
        assert torch.equal(weights, other.state.weights[name])


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Choice:
    return choose(config("run.workers=1"), tmp_path_factory.mktemp("one"))


def test_the_winner_is_the_same_on_any_number_of_cores(chosen: Choice, tmp_path: Path) -> None:
    assert chosen.won
    assert len(chosen.tried) > 3  # else there was but one round
    other = choose(config("run.workers=3"), tmp_path)
    assert {**other.config["run"], "workers": 1} == chosen.config["run"]
    other.config["run"]["workers"] = 1
    assert_same(chosen, other)


def test_the_winner_is_an_ordinary_run(chosen: Choice) -> None:
    settings = settings_from(chosen.config)
    assert settings.portfolio is None
    learner = Parts(settings).learner
    learner.learn(10**7)
    assert learner.counters == chosen.state.counters
    for name, weights in learner.state().weights.items():
        assert torch.equal(weights, chosen.state.weights[name])


def test_a_portfolio_that_was_stopped_goes_on_to_the_same_winner(
    chosen: Choice, tmp_path: Path
) -> None:
    stopped = choose(config("run.workers=1", "run.step_limit=1"), tmp_path)
    assert not stopped.won
    assert (tmp_path / NAME).is_file()
    assert_same(chosen, choose(config("run.workers=1"), tmp_path))


def test_attempts_get_the_same_work_in_a_round(tmp_path: Path) -> None:
    made = config("run.workers=1")
    rounds = Rounds(settings_from(made), made, tmp_path)
    stopped = choose(config("run.workers=1", "run.step_limit=1"), tmp_path / "stopped")
    rounds.run()
    weights = [attempt.weights for attempt in rounds.attempts[:3]]
    assert weights == [672, 1508, 1508]  # of four blocks, and of eight
    share = 20_000 * sum(weights) / 3
    for each, height in zip(stopped.tried, weights, strict=True):
        assert share - height < each.steps * height <= share


def test_attempts_differ_in_their_seeds_and_the_first_has_the_runs_own() -> None:
    seeds = [attempt_seed(5, number) for number in range(1, 20)]
    assert seeds[0] == 5
    assert len(set(seeds)) == 19
    assert attempt_seed(6, 2) != seeds[1]


def test_a_run_tells_what_was_chosen_and_where_none_was_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    failed = run_experiment(config("run.step_limit=1"), folder)
    assert failed.status == Status.STEP_LIMIT
    assert failed.attempts is not None
    told = json.loads((folder / TRIED).read_text())["attempts"]
    assert failed.steps == sum(each["steps"] for each in told)
    assert "none of which passed the frozen test" in (folder / "summary.txt").read_text()
    assert "Try another seed" in (folder / "summary.txt").read_text()
    with pytest.raises(BluesError, match="already contains a run"):
        run_experiment(config(), folder)
    learned = run_experiment(
        {**config(), "resume": str(folder)}, folder, str(folder), ["run.step_limit=10000000"]
    )
    assert learned.status == Status.LEARNED
    assert learned.choruses == 3
    assert learned.chosen is not None
    assert "the first to pass the frozen test was number" in learned.chosen
    assert learned.seed == 1
    assert not (folder / NAME).exists()
    assert load_checkpoint(folder).config["portfolio"] is None
    told = json.loads((folder / TRIED).read_text())
    assert sum(each["learned"] for each in told["attempts"]) == 1


def test_a_sweep_goes_on_with_a_winner_that_was_killed_before_its_end(tmp_path: Path) -> None:
    made, whole = config("seed=6"), tmp_path / "whole"
    whole.mkdir()
    run_experiment(made, whole)
    winner = load_checkpoint(whole).config["seed"]
    assert winner != made["seed"]  # of a later round
    asked = ["form=pop_loop", "seed=6"]
    (whole / "summary.json").unlink()
    again = run_of_sweep({**made, "resume": None}, whole, asked)
    assert again is not None
    assert again.status == Status.LEARNED
    assert load_checkpoint(whole).config["seed"] == winner


@pytest.mark.slow
def test_a_melody_is_learned_once_the_form_is_and_composed(tmp_path: Path) -> None:
    done = run_command(
        "train",
        "+experiment=own",
        "bars=bebop_blues",
        *(f"~portfolio.recipes.{name}" for name in OTHERS),
        "run.final_choruses=10",
        "learning.melody.rates=[1e-3]",
        "learning.melody.steps=[20000]",
        "learning.melody.within=0",
        "run.listen_share=0",
        "hydra.run.dir=run",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "by 1 recipe" in done.stdout
    assert "Melody: " in done.stdout
    composed = run_command("compose", "checkpoint=run", "output_dir=music", cwd=tmp_path)
    assert composed.returncode == 0, composed.stderr
    assert list((tmp_path / "music").glob("*.mid"))


@pytest.mark.slow
def test_a_signal_stops_a_portfolio_which_can_be_resumed(tmp_path: Path) -> None:
    never = [f"portfolio.recipes.{name}.rate=1e-9" for name in ("small", "quick", "standardised")]
    command = train_command("+experiment=own", *SMALL, *never, "hydra.run.dir=run")
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True
    )
    while not (tmp_path / "run" / NAME).is_file() and process.poll() is None:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGTERM)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"resume={tmp_path}/run" in told
    assert not (tmp_path / "run/summary.json").exists()
    done = run_command("train", "resume=run", "run.step_limit=1", cwd=tmp_path)
    assert done.returncode == 1
    assert "none of which passed" in done.stdout


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("portfolio.round_steps=0", "portfolio.round_steps is 0"),
        ("portfolio.recipes.quick.blocks=1", "portfolio.recipes.quick.blocks is 1"),
        ("portfolio.recipes.quick.inputs=loud", "portfolio.recipes.quick.inputs is 'loud'"),
        ("portfolio.recipes.quick.rate=0", "portfolio.recipes.quick.rate is 0"),
        ("+connections=full", "no melody may reach them"),
    ],
)
def test_mistakes_are_told_before_work_starts(override: str, words: str) -> None:
    with pytest.raises(BluesError, match=words):
        settings_from(compose_config(["+experiment=own", "bars=bebop_blues", override]))


def test_what_recipes_set_is_refused_on_the_command_line(tmp_path: Path) -> None:
    config = compose_config(["+experiment=own", "form=pop_loop"])
    recipe = next(iter(settings_from(config).portfolio.recipes.values()))
    before, after = flat_config(config), flat_config(recipe.config(config, 1, 32))
    changed = {name for name, value in after.items() if value != before.get(name)}
    assert changed - {"portfolio"} <= set(SET_BY_RECIPES) <= set(after)
    for override, words in (
        ("learning.rate=0.1", "learning.rate is set by each recipe of the portfolio: change port"),
        ("+learner=truncated", "learner is set by each recipe"),
    ):
        with pytest.raises(BluesError, match=words):
            require_left_to_recipes(["+experiment=own", override])
    require_left_to_recipes(["+experiment=own", "portfolio.recipes.small.rate=1e-2", "seed=1"])
    done = run_command(
        *("train", "+experiment=own", "form=pop_loop", "learning.rate=0.1"), cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: learning.rate is set by each recipe")
    assert not (tmp_path / "outputs").exists()


def test_every_form_of_the_songbook_is_one() -> None:
    paths = sorted((conf_folder() / "form").glob("*.yaml"))
    found = [yaml.safe_load(path.read_text()) for path in paths if path.stem != "random"]
    assert [each["name"] for each in found] == [p.stem for p in paths if p.stem != "random"]
    forms = [Form(**{**each, "chords": tuple(each["chords"])}) for each in found]
    assert len(forms) >= 30
    assert {2, 64} <= {form.bars for form in forms}
    assert {"3/4", "6/8", "12/8"} <= {form.metre for form in forms}
    study = yaml.safe_load((conf_folder() / "study/songbook.yaml").read_text())
    swept = study["hydra"]["sweeper"]["params"]["form"].split(",")
    assert set(swept) == {form.name for form in forms} - {"bebop_blues"}


def test_random_forms_repeat_their_sections() -> None:
    forms = [random_form(seed) for seed in range(50)]
    assert random_form(7) == forms[7]
    assert len({tuple(form) for form in forms}) > 45
    assert all(4 <= len(form) <= 32 for form in forms)
    assert any(form[: len(form) // 4] == form[len(form) // 4 : len(form) // 2] for form in forms)


@pytest.mark.slow
def test_random_forms_are_learned(tmp_path: Path) -> None:
    learned = 0
    for seed in range(1001, 1021):
        made = compose_config(["+experiment=own", "form=random", f"seed={seed}"])
        made.pop("resume")
        folder = tmp_path / str(seed)
        folder.mkdir()
        learned += run_experiment(made, folder).choruses == 2000
    assert learned >= 19
