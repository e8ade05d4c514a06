"""The table of a sweep, and the benchmark's own table."""

import csv
import json
import math
from pathlib import Path

import pytest
import yaml

from lstm_blues import benchmark, study
from lstm_blues.config import compose_config


def run(folder: Path, seed: int, steps: int, *overrides: str, learned: bool = True) -> None:
    folder.mkdir(parents=True)
    config = compose_config(["+experiment=chords", f"seed={seed}", *overrides])
    config.pop("resume")
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    summary = {
        "seed": seed,
        "steps": steps,
        "seconds": steps / 1e6,
        "learned": learned,
        "choruses": 1000 if learned else 0,
    }
    (folder / "summary.json").write_text(json.dumps(summary))


def test_runs_become_a_row_for_each_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, steps in ((1, 10), (2, 20), (3, 30), (4, 40)):
        run(tmp_path / f"a{seed}", seed, steps * 10**6, learned=seed < 4)
    run(tmp_path / "b", 1, 7 * 10**6, "learning.gross_errors=8")
    with pytest.raises(SystemExit) as ended:
        study.main([str(tmp_path), "--csv", str(tmp_path / "table.csv")])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == (
        "| default | 3 of 4 | 0.30 to 0.95 | 20.0 (10.0 to 30.0) | 20.0 (10.0 to 30.0) | 1000 |"
    )
    assert lines[3].startswith("| learning.gross_errors=8 | 1 of 1 |")
    rows = list(csv.DictReader((tmp_path / "table.csv").open()))
    assert rows[0]["steps_50"] == "20000000.0"
    assert rows[0]["learned"] == "3"


def test_a_run_that_did_not_learn_counts_as_infinitely_long(tmp_path: Path) -> None:
    run(tmp_path / "a", 1, 10, learned=False)
    run(tmp_path / "b", 2, 10, learned=False)
    (row,) = study.tabulate(study.read_runs(tmp_path))
    assert row.steps == (math.inf,) * 3
    assert "∞" in study.show([row])


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(15, 20, 0.531, 0.888), (20, 20, 0.839, 1.0), (0, 10, 0.0, 0.278), (0, 0, 0.0, 1.0)],
)
def test_wilson_intervals(successes: int, trials: int, low: float, high: float) -> None:
    assert study.wilson(successes, trials) == pytest.approx((low, high), abs=5e-4)


def test_a_folder_without_runs_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SystemExit) as ended:
            study.main([str(folder)])
        assert ended.value.code == 2
        assert capsys.readouterr().err.startswith("error: ")


def test_the_benchmark_prints_ratios(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark.os, "sched_setaffinity", lambda *_: None, raising=False)
    arguments = ["--seconds", "0.01", "--rounds", "1", "--blocks", "4", "8", "--no-compile"]
    with pytest.raises(SystemExit) as ended:
        benchmark.main([*arguments, "--json", str(tmp_path / "figures.json")])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "| fast engine, float64 |" in printed
    assert "| nn.LSTMCell, eager |" in printed
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["engines"]["fast engine, float64"] > 0
    assert set(figures["blocks"]["fast"]) == {"4", "8"}


def test_the_benchmark_counts_every_weight() -> None:
    settings = benchmark.settings_from(compose_config(["+experiment=chords"]))
    assert benchmark.weights(settings) == 32 * 21
    assert benchmark.weights(benchmark.with_blocks(settings, 8)) == (24 + 16 + 12) * 29
