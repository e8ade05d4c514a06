"""Probing trained networks: what disturbs them, when blocks begin to matter, how melodies fit."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from support import network, random_song, run_command, topology

from lstm_blues import probe
from lstm_blues.lab import exposure, novelty, probes
from lstm_blues.lab.collect import read_runs
from lstm_blues.lab.recorded import recorded_table
from lstm_blues.playing.metrics import chord_cross_entropy

NAMES = ("from the library", "new and whole", "new and broken")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two networks that learn the form within seconds."""
    folder = tmp_path_factory.mktemp("probed")
    options = ["-m", "+experiment=chords_fast", "encoding.inputs=standardised", "seed=1,2"]
    done = run_command("train", *options, "run.listen_share=0", "hydra.sweep.dir=runs", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "runs"


def run_probe(what: str, folder: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        probe.main([what, str(folder), "--out", str(out)])
    printed = capsys.readouterr()
    assert ended.value.code == 0, printed.err
    assert (out / "table.md").read_text() == printed.out
    assert (out / "figure.png").read_bytes().startswith(b"\x89PNG")
    return printed.out


@pytest.mark.slow
def test_disturbances_and_what_comes_of_them(
    sweep: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probes, "LONG_RUN", 20)
    monkeypatch.setattr(probes, "AFTER", 2)
    printed = run_probe("drift", sweep, tmp_path, capsys)
    assert "| all | alone | 2 | 1.00 (1.00 to 1.00) | 0.00 | 0.00 | 0 (0 to 0) |" in printed
    rows = list(csv.DictReader((tmp_path / "probe.csv").open()))
    assert len(rows) == 2 * (1 + 3 * 12)
    # a memory that is lost must be missed by some
    assert any(row["outcome"] != "right" for row in rows)
    assert {row["outcome"] for row in rows} <= {"right", "late", "lost"}
    assert all((row["outcome"] == "lost") == (row["back"] == "") for row in rows)
    # Where nothing was wrong at the form's own place, it was never away.
    right = [row for row in rows if row["outcome"] == "right"]
    assert all((row["wrong"] == "0") == (row["back"] == "0") for row in right)
    assert any(0 < int(row["back"]) < 2 * 96 for row in rows if row["back"])


def test_blocks_begin_to_matter(
    sweep: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probes, "LOOK", 50_000)
    run_probe("blocks", sweep, tmp_path, capsys)
    rows = list(csv.DictReader((tmp_path / "probe.csv").open()))
    assert len(rows) == 2 * 4
    ends = {run.summary["seed"]: run.summary["steps"] for run in read_runs([sweep])}
    begun = [row for row in rows if row["onset"]]
    assert len(begun) >= 4
    assert all(0 < int(row["onset"]) <= ends[int(row["seed"])] for row in begun)


def test_melodies_are_measured(
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probes, "PIECES", 5)
    printed = run_probe("melody", place / "outputs", tmp_path, capsys)
    assert "steps with a wrong chord" in printed
    (row,) = csv.DictReader((tmp_path / "probe.csv").open())
    assert float(row["steps with a wrong chord"]) == 0
    assert 0.3 < float(row["chord notes, strong beats"]) < 1


def test_what_a_network_plays_is_set_beside_what_it_predicts(
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exposure, "PIECES", 5)
    printed = run_probe("exposure", place / "outputs", tmp_path, capsys)
    assert "| 1 of 1 (0.21 to 1.00) |" in printed
    (row,) = csv.DictReader((tmp_path / "probe.csv").open())
    # A melody learned for a moment loses more on its own music, which has notes of any length.
    assert float(row["on own music"]) > 0.3
    assert 0.1 < float(row["above"]) < 1
    assert 0 < float(row["beats held"]) < 0.9


def test_what_is_new_is_told_by_temperature(
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(novelty, "PIECES", 5)
    monkeypatch.setattr(novelty, "TEMPERATURES", (0.1, 1.0, 10.0))
    printed = run_probe("novelty", place / "outputs", tmp_path, capsys)
    rows = list(csv.DictReader((tmp_path / "probe.csv").open()))
    assert [row["temperature"] for row in rows] == ["0.1", "1.0", "10.0"]
    assert recorded_table(tmp_path / "probe.csv") == printed.strip()
    kinds = [[float(row[f"bars {name}"]) for name in NAMES] for row in rows]
    assert all(sum(each) == pytest.approx(1) for each in kinds)
    assert all(
        float(row["bars mixed"]) <= 1 - each[0] for row, each in zip(rows, kinds, strict=True)
    )
    # Whoever draws nearly evenly breaks more.
    assert kinds[0][2] < kinds[2][2]


def test_the_songs_that_a_network_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = ["corpus.keys=[0]", "~corpus.forms.minor", "run.listen_share=0"]
    for name, steps in (("good", 6_000_000), ("bad", 20_000)):
        options = [
            "+experiment=forms",
            *two,
            f"hydra.run.dir=runs/{name}",
            f"run.step_limit={steps}",
        ]
        options.append("seed=1" if name == "good" else "seed=2")
        done = run_command("train", *options, cwd=tmp_path)
        assert done.returncode == (name == "bad"), done.stderr
    printed = run_probe("songs", tmp_path / "runs", tmp_path / "out", capsys)
    assert printed.count("| 1 of 1 (0.21 to 1.00) |") == 2
    assert printed.count("| 0 of 1 (0.00 to 0.79) |") == 2
    assert "Of 1 networks with step_limit=6000000, 1 hold 2 of 2." in printed
    rows = list(csv.DictReader((tmp_path / "out" / "probe.csv").open()))
    assert [row["song"] for row in rows] == ["bebop in C", "basic in C"] * 2
    assert [row["choruses"] for row in rows if row["seed"] == "1"] == ["100", "100"]
    assert all(int(row["choruses"]) < 100 for row in rows if row["seed"] == "2")


def test_a_block_that_nothing_sees_is_gone() -> None:
    net, song = network(topology(units=12)), random_song(12)
    cut = probes.without_block(net, [2, 3])
    assert chord_cross_entropy(cut, song) != chord_cross_entropy(net, song)
    with torch.no_grad():
        cut.group("chords").cell[2:4] += 5.0  # what these cells do reaches nobody
    again = probes.without_block(net, [2, 3])
    assert chord_cross_entropy(cut, song) == chord_cross_entropy(again, song)


def test_a_folder_without_runs_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        probe.main(["drift", str(tmp_path)])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("error: ")
