"""`lstm-blues`, and `--help`: what the configs say is what a user reads."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import environment, run_command

from lstm_blues.__main__ import COMMANDS, overview
from lstm_blues.runs.config import compose_config, conf_folder, flat_config
from lstm_blues.runs.help import help_text, settings_in

CONFIGURED = ("train", "compose", "page", "evaluate", "lead_sheet", "webassembly")


def lstm_blues(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "lstm_blues", *arguments],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_command_has_a_line() -> None:
    lines = overview().splitlines()[2:]
    assert [line.split()[0] for line in lines] == list(COMMANDS)
    assert all(len(line.split()) > 3 and len(line) < 100 for line in lines)


@pytest.mark.parametrize("arguments", [[], ["--help"], *([name, "--help"] for name in CONFIGURED)])
def test_help_comes_without_torch(tmp_path: Path, arguments: list[str]) -> None:
    done = lstm_blues(*arguments, cwd=tmp_path)
    assert done.returncode == 0
    assert "usage: " in done.stdout
    assert not re.search(r"\btorch\b", done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_each_module_tells_the_same_help(tmp_path: Path) -> None:
    done = run_command("train", "--help", cwd=tmp_path)
    assert done.stdout == help_text("train") + "\n"


@pytest.mark.parametrize("name", CONFIGURED)
def test_help_lists_every_setting_and_none_of_hydra_s(name: str) -> None:
    text = help_text(name)
    chosen = ["+experiment=chords"] if name in ("train", "webassembly") else []
    if name != "lead_sheet":  # has settings that must be given
        settings = flat_config(compose_config(chosen, name))
        listed = set(re.findall(r"^  ([\w.]+)=", text, re.MULTILINE))
        assert set(settings) - {"bars", "corpus"} <= listed
    assert "hydra." not in text


def test_a_setting_has_its_default_and_the_comments_above_and_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(
        "# Of the file.\n\n# Above,\n# in two lines.\nrate: 1.0e-5 # beside\n"
        "group: # of a group\n  # Of a part.\n  part: [1,\n    2]\nplain: a#b\n"
        "defaults: [other]\nhydra: {run: 1}\n"
    )
    assert [tuple(setting) for setting in settings_in(path, "here")] == [
        ("here.rate", "1.0e-5", "Above, in two lines. beside"),
        ("here.group.part", "[1, 2]", "Of a part."),
        ("here.plain", "a#b", ""),
    ]


def test_defaults_are_written_as_in_the_config() -> None:
    learning = {s.name: s for s in settings_in(conf_folder() / "learning/report.yaml", "learning")}
    assert learning["learning.rate"].default == "1.0e-5"
    assert learning["learning.rate"].words == "section 3.1"


def test_an_unknown_command_is_one_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lstm_blues", "learn"],
        cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("error: command is 'learn', but must be one of train, compose")


def test_a_command_runs_as_its_module_does(tmp_path: Path) -> None:
    for command in (["lstm_blues", "train"], ["lstm_blues.train"]):
        done = subprocess.run(
            [sys.executable, "-m", *command, "+experiment=chords", "run.step_limit=100",
             "run.listen_share=0", f"hydra.run.dir={command[0]}"],
            cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
    one, other = (tmp_path / name / "config.yaml" for name in ("lstm_blues", "lstm_blues.train"))
    assert one.read_text() == other.read_text()
