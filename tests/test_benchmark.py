"""The benchmark: its tables, its peers, and what it stores of every experiment."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from lstm_blues import benchmark
from lstm_blues.api import load
from lstm_blues.lab.benchmarks import answers, hashes, peers, speed, timing
from lstm_blues.runs.config import conf_folder


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        benchmark.main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_it_prints_ratios(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark.os, "sched_setaffinity", lambda *_: None, raising=False)
    figures_path = tmp_path / "figures.json"
    turns = ("--seconds", "0.01", "--rounds", "1", "--blocks", "4", "8", "--members", "2")
    assert run(*turns, "--no-compile", "--json", str(figures_path)) == 0
    printed = capsys.readouterr().out
    assert "| fast engine, float64 |" in printed
    assert "| nn.LSTMCell, eager |" in printed
    figures = json.loads(figures_path.read_text())
    assert figures["engines"]["fast engine, float64"] > 0
    assert figures["populations"]["batched"]["2"] > 0
    assert figures["learners"]["learner=kalman, fast engine"] > 0
    assert figures["learners"]["cell=lstm, torch engine"] > 0
    assert set(figures["blocks"]["fast"]) == {"4", "8"}


def test_it_divides_by_the_steps_that_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])

    def learn(steps: int) -> int:
        clock[0] += 1e-3 * steps
        return 4 * steps

    spent = timing.measure({"more than asked": learn}, timing.Turns(1.0, 3))
    assert spent["more than asked"] == pytest.approx(2.5e-4)


def test_it_counts_every_weight() -> None:
    settings = speed.experiment("chords")
    assert speed.weights(settings) == 32 * 21
    assert speed.weights(speed.with_blocks(settings, 8)) == (24 + 16 + 12) * 29


def test_jax_learns_in_whole_scans() -> None:
    pytest.importorskip("jax")
    learn = peers.jax_scan(speed.experiment("chords"))
    assert learn(1001) == 2000


def test_peers_that_are_not_there_are_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "find_spec", lambda _: None)
    monkeypatch.setattr(speed, "measure", lambda contenders, _: dict.fromkeys(contenders, 1e-6))
    text, figures = speed.compare(timing.Turns(), compiled=False, against=None)
    assert "JAX is not installed" in text
    assert not any("JAX" in name for name in figures)
    assert run("--no-compile", "--against", "no-such-program") == 2
    assert "error: --against is 'no-such-program'" in capsys.readouterr().err


def test_something_is_stored_of_every_experiment() -> None:
    stored = json.loads(hashes.HASHES.read_text())
    there = {path.stem for path in (conf_folder() / "experiment").glob("*.yaml")}
    # A portfolio's winner is an ordinary run, and a songbook is a corpus as forms is.
    assert stored.keys() == hashes.EXPERIMENTS.keys() == there - {"own", "songbook"}


def test_this_machine_learns_what_is_stored(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--check", "chords_fast") == 0
    assert capsys.readouterr().out.startswith("chords_fast  agrees: ")


@pytest.mark.slow
def test_this_machine_learns_all_that_is_stored() -> None:
    assert run("--check") == 0


def test_what_differs_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashes, "HASHES", tmp_path / "hashes.json")
    monkeypatch.setitem(hashes.EXPERIMENTS, "chords", 1000)
    assert run("--check", "chords") == 2
    assert "nothing is stored of chords" in capsys.readouterr().err
    assert run("--check", "chords", "--write") == 0
    assert run("--check", "chords") == 0
    assert "agrees: 1,000 steps" in capsys.readouterr().out
    stored = json.loads(hashes.HASHES.read_text())
    stored["chords"]["weights"] = "0" * 64
    stored["chords"]["counters"]["gross"] += 1
    hashes.HASHES.write_text(json.dumps(stored))
    assert run("--check", "chords") == 1
    assert "differs in counters, weights: 1,000 steps" in capsys.readouterr().out


def test_an_experiment_that_cannot_be_learned_here_is_skipped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "music21", None)
    assert run("--check", "tunes") == 0
    assert "tunes        skipped: 'music21:" in capsys.readouterr().out
    assert run("--check", "tones") == 2
    assert "error: --check is 'tones', but must be one of bebop, " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rounds", "0"], "--rounds is 0, but must be from 1"),
        (["--seconds", "nan"], "--seconds is nan, but must be above 0"),
        (["--seconds", "-1"], "--seconds is -1.0"),
        (["--webassembly", "-5"], "--webassembly is -5"),
        (["--page", "-5"], "--page is -5"),
        (["--members", "0"], "--members is [0]"),
        (["--device", "meta"], "--device is 'meta', but must be a device of this machine"),
    ],
)
def test_what_cannot_be_measured_is_said(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        benchmark.main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_a_network_answers_better_after_a_song_than_after_silence() -> None:
    network = load()
    found = {heard: answers.answers(network, heard, 6) for heard in answers.HEARD}
    first_from_library = {heard: each.shares[:, 0].mean() for heard, each in found.items()}
    assert first_from_library[answers.SONGS] > first_from_library[answers.SILENCE] + 0.3
    # Without a unit for rests the page lets it hear what it would play itself.
    assert (found[answers.PAGE].shares == found[answers.OWN].shares).all()
    rows = answers.answers_table(list(found.values())).splitlines()
    assert len(rows) == 2 + len(answers.HEARD)
    assert len(answers.answers_csv(list(found.values())).splitlines()) == 1 + 6 * len(found)


@pytest.mark.slow
def test_the_tracker_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--tracker", "1", "--out", str(tmp_path)) == 0
    assert "| bebop_lines | 30 |" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"runs.csv", "table.md", "figure.png"}
