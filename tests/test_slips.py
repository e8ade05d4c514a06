"""Slips of a user's own: files, folders and names, each told in a sentence that helps."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz_support import outcome, told_by_blues_error
from support import REPOSITORY, environment, run_command

from lstm_blues.errors import BluesError
from lstm_blues.lab.collect import read_runs
from lstm_blues.runs.bundled import PRETRAINED
from lstm_blues.runs.command import understood
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.progress import DOCUMENTED, steps_left
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.sweep import statuses
from lstm_blues.runs.terminal import terminal
from lstm_blues.runs.trained import newest_run
from lstm_blues.runs.yaml_files import read_yaml

ALIASES = "".join(f"a{n}: &a{n} [" + ",".join([f"*a{n - 1}"] * 10) + "]\n" for n in range(1, 12))
REFERENCES = "".join(f"a{n}: ${{a{n - 1}}}${{a{n - 1}}}\n" for n in range(1, 40))


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"name: x\nchords: [C, F7\nbars: 12\n", 3, "not YAML"),
        (b"name: x\n\tbars: 12\n", 2, "tab"),
        (b"name: x\nbars: 3\nname: y\n", 3, "duplicate key name"),
        (b"name: x\ntitle: caf\xe9\n", 2, "not UTF-8"),
        (b"name: !!python/object/apply:os.system [ls]\n", 1, "has the tag"),
        (b"name: " + b"[" * 3000 + b"]" * 3000, 1, "deep|depth"),
        (b"a0: &a0 [" + b"x," * 10 + b"]\n" + ALIASES.encode(), 5, "100,000 values"),
        (b"a0: x\n" + REFERENCES.encode(), 13, "100,000 values"),
        (b"- a\n", 1, "is not a group of settings"),
        (b"name: x\n--- \nname: y\n", 2, "another document"),
        (b"name: \0\n", 1, "character"),
        (b"# @package\n[a]: 1\n", 2, "unhashable key"),
    ],
)
def test_a_slip_in_yaml_is_told_with_file_and_line(
    content: bytes, line: int, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(BluesError, match=words) as caught:
        read_yaml(path)
    assert str(caught.value).startswith(f"line {line} of {str(path)!r} ")
    assert "\n" not in str(caught.value)


def test_yaml_that_is_fine_is_read_as_hydra_reads_it(tmp_path: Path) -> None:
    for path in (REPOSITORY / "conf").rglob("*.yaml"):
        assert isinstance(read_yaml(path), dict)
    path = tmp_path / "mine.yaml"
    path.write_text("\ufeffa: &a 1e-5\nb: [*a, on, 2001-01-01, !!str 5]\n")
    assert read_yaml(path) == {"a": 1e-5, "b": [1e-5, True, "2001-01-01", "5"]}


def test_a_command_tells_of_a_bomb_and_makes_no_folder(tmp_path: Path) -> None:
    (tmp_path / "own" / "form").mkdir(parents=True)
    (tmp_path / "own" / "form" / "mine.yaml").write_text("a0: &a0 [x]\n" + ALIASES)
    done = run_command(
        *("train", "--config-dir", "own", "+experiment=chords", "form=mine"), cwd=tmp_path
    )
    assert done.returncode == 2
    assert re.fullmatch(r"error: line \d+ of '.*own/form/mine.yaml' may make .*\.\n", done.stderr)
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("experiment", ["chords", "melody", "forms"])
@pytest.mark.parametrize("group", ["bars", "form", "corpus"])
def test_a_group_can_be_null_on_the_command_line(experiment: str, group: str) -> None:
    config = compose_config([f"+experiment={experiment}", f"{group}=null"])
    assert config.get(group) is None
    told = outcome(lambda: settings_from(config), told_by_blues_error)
    fine = (group, experiment) in (
        *(("bars", "chords"), ("bars", "forms")),
        *(("corpus", "chords"), ("corpus", "melody"), ("corpus", "forms")),
    )
    assert told == ("" if fine else "refused")


@pytest.mark.parametrize(("floor", "composes"), [(0.173, True), (0.0, True), (None, False)])
def test_the_newest_melody_composes_even_where_its_tune_leaves_nothing_to_choose(
    floor: float | None, composes: bool, tmp_path: Path
) -> None:
    run = tmp_path / "runs" / "own"
    shutil.copytree(PRETRAINED, run)
    told = json.loads((run / "summary.json").read_text())
    (run / "summary.json").write_text(json.dumps({**told, "melody_floor": floor}))
    assert newest_run(tmp_path / "runs") == (run if composes else None)


@pytest.mark.parametrize(
    "content",
    ["", "[1", "[]", "null", "{}", '{"learned": true}', "[" * 100_000, '{"steps": 1e400}', "\0"],
)
def test_a_foreign_summary_is_passed_over(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(PRETRAINED, tmp_path / "runs" / "good")
    (tmp_path / "runs" / "bad").mkdir()
    (tmp_path / "runs" / "bad" / "summary.json").write_text(content)
    (tmp_path / "runs" / "folder" / "summary.json").mkdir(parents=True)
    assert newest_run(tmp_path / "runs") == tmp_path / "runs" / "good"
    assert [run.folder.name for run in read_runs([tmp_path / "runs"])] == ["good"]
    assert statuses(tmp_path / "runs") == ["learned"]
    told = capsys.readouterr().err.splitlines()
    assert sorted(set(told)) == sorted(told[:2])
    assert all("summary.json' is passed over: " in line for line in told)


def test_a_summary_without_a_run_s_config_is_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, config in (("none", None), ("foreign", "a: 1\n"), ("broken", "a: [\n")):
        shutil.copytree(PRETRAINED, tmp_path / name)
        (tmp_path / name / "config.yaml").unlink()
        if config is not None:
            (tmp_path / name / "config.yaml").write_text(config)
    with pytest.raises(BluesError, match="contain no finished run"):
        read_runs([tmp_path])
    assert capsys.readouterr().err.count("is passed over: no config of a run.") == 3


def test_both_names_of_a_folder_are_understood() -> None:
    assert understood(["output_dir=a"], "train") == ["hydra.run.dir=a", "hydra.sweep.dir=a"]
    for command in ("compose", "page", "evaluate", "lead_sheet", "webassembly"):
        assert understood(["hydra.run.dir=a"], command) == ["hydra.run.dir=a", "output_dir=a"]
        both = ["hydra.run.dir=a", "output_dir=b"]
        assert understood(both, command) == both
    with pytest.raises(BluesError, match="--out FOLDER is for results"):
        read_runs([Path("output_dir=a")])


@pytest.mark.slow
def test_a_run_goes_where_output_dir_says_and_compose_where_hydra_says(tmp_path: Path) -> None:
    done = run_command(
        *("train", "+experiment=chords", "run.step_limit=100", "output_dir=here"), cwd=tmp_path
    )
    assert done.returncode == 1, done.stderr
    assert (tmp_path / "here" / "summary.json").is_file()
    done = run_command(
        *("compose", "hydra.run.dir=there", "choruses=1", "formats=[mid]"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["piece_1.mid"]
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        ("train", ["+experiment=chords", "xyzzy=3"], "--help lists them"),
        ("train", ["+experiment=chords", "learning.rat=3"], "similar ones are learning.rate"),
        ("train", ["-m", "+experiment=chords", "seed=range(1,1)"], "the sweep has no runs"),
        (
            "train",
            ["-m", "+experiment=chords", "seed=1,range(4,6)"],
            "seed is '1,range(4,6)', but must be one range or a list of values, not both.",
        ),
        ("compose", [f"seed={10**20}"], "must be a whole number from 0 to 2^63-1."),
        pytest.param(
            "compose",
            ["primer.notes=[C4,r]"],
            "this network's songs have no rests.",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "compose",
            [f"sampling.top_k={10**20}"],
            "must be from 1 to 2^31-1, or 0 for all.",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "evaluate",
            [f"pieces={10**9}"],
            "pieces is 1000000000, but must be smaller",
            marks=pytest.mark.slow,
        ),
        ("lead_sheet", [], "files must be given: files=VALUE."),
        ("lead_sheet", ["files=[text.mid]", "name=x"], "cannot be read as MIDI: it is "),
        ("lead_sheet", ["files=[empty.mid]", "name=x"], "cannot be read as MIDI: it is "),
    ],
)
def test_a_sentence_says_what_to_do(
    command: str, arguments: list[str], words: str, tmp_path: Path
) -> None:
    (tmp_path / "text.mid").write_text("MThd, not quite")
    (tmp_path / "empty.mid").touch()
    done = run_command(command, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert words in line
    assert len(line) < 200


def test_a_form_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    done = run_command("train", "+experiment=own", "form=nope", cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: In 'train': Could not find 'form/nope'")
    assert "jazz_blues" in line
    assert "search path" not in line


# On a terminal.


def test_a_terminal_without_a_size_has_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((0, 0)))
    assert terminal() == {"ncols": 80, "nrows": 24}


def on_terminal(tmp_path: Path, *command: str) -> str:
    """What a command shows on a terminal that reports no size."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=tmp_path,
        env={k: v for k, v in environment().items() if k not in ("COLUMNS", "LINES")},
        stdin=its,
        stdout=its,
        stderr=its,
    ):
        os.close(its)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
    os.close(ours)
    return shown.decode()


def test_progress_shows_on_a_terminal_without_a_size(tmp_path: Path) -> None:
    limits = ("learning.rate=1e-4", "run.step_limit=600000", "run.listen_share=0")
    shown = on_terminal(tmp_path, "lstm_blues.train", "+experiment=melody", *limits)
    assert re.search(r"melody: [\d.]+[kM] steps in [\d:]+, .*step/s, form, melody -?\d", shown)


def test_the_time_left_is_that_of_documented_runs() -> None:
    for experiment in ("chords", "melody"):
        path = REPOSITORY / "docs" / "study" / f"{experiment}_seeds" / "runs.csv"
        rows = csv.DictReader(path.open())
        steps = sorted(int(row["steps"]) for row in rows if row["learned"] == "True")
        assert DOCUMENTED[experiment, 1e-5] == tuple(round(n / 1e6, 1) for n in steps)
    chords = settings_from(compose_config(["+experiment=chords"]))
    # Of twenty runs, ten took more steps than the median, 19.25 million.
    assert steps_left(chords, 0) == pytest.approx(19.25e6)
    assert steps_left(chords, 30_000_000) == pytest.approx((34.6e6 + 77.6e6) / 2 - 30e6)
    assert steps_left(chords, 90_000_000) is None
    other = settings_from(compose_config(["+experiment=chords", "learning.rate=1e-4"]))
    assert steps_left(other, 0) is None
    short = settings_from(compose_config(["+experiment=chords", "run.step_limit=1000"]))
    assert steps_left(short, 100) == 900
