"""The table of a sweep."""

import csv
import json
import math
from pathlib import Path

import pytest
import yaml

from lstm_blues import study
from lstm_blues.lab.collect import read_runs
from lstm_blues.lab.recorded import recorded_table
from lstm_blues.lab.statistics import fisher, wilson
from lstm_blues.lab.summaries import tabulate
from lstm_blues.lab.tables import runs_csv, study_table
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.sweep import name_parts


def run(
    folder: Path, seed: int, steps: int, *overrides: str, learned: bool = True, **told: object
) -> None:
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
        "melody_floor": None,
        "melody_cross_entropy": None,
    } | told
    (folder / "summary.json").write_text(json.dumps(summary))


def test_runs_become_a_row_for_each_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, steps in ((1, 10), (2, 20), (3, 30), (4, 40)):
        run(tmp_path / f"a{seed}", seed, steps * 10**6, learned=seed < 4)
    run(tmp_path / "b", 1, 7 * 10**6, "learning.gross_errors=8", choruses=5)
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as ended:
        study.main([str(tmp_path), "--out", str(out)])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert lines[2] == "| gross_errors=8 | 1 of 1 (0.21 to 1.00) | 0 of 1 (0.00 to 0.79) | 5 | " + (
        "7.0 (7.0 to 7.0) | 7.0 (7.0 to 7.0) |"
    )
    assert lines[3] == (
        "| gross_errors=16 (default) | 3 of 4 (0.30 to 0.95) | 3 of 4 (0.30 to 0.95) | 1000 | "
        "20.0 (10.0 to 30.0) | 20.0 (10.0 to 30.0) |"
    )
    rows = list(csv.DictReader((out / "runs.csv").open()))
    assert [row["learning.gross_errors"] for row in rows] == ["8"] + ["16"] * 4
    assert [row["steps"] for row in rows][:3] == ["7000000", "10000000", "20000000"]
    assert rows[0]["setting"] == "gross_errors=8"
    # The table is made again from the raw data.
    assert recorded_table(out / "runs.csv") + "\n" == printed
    assert (out / "table.md").read_text() == printed
    assert (out / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_runs_are_added_to_those_that_are_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def collect(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            study.main([*arguments, "--out", str(tmp_path / "out"), "--add"])
        return int(ended.value.code or 0)

    for number, of_seeds in enumerate(((1, 3), (2, 3))):
        for gross in (8, 16):
            for seed in of_seeds:
                folder = tmp_path / str(number) / f"{gross}-{seed}"
                run(folder, seed, 10 + seed + number, f"learning.gross_errors={gross}")
    every = tmp_path / "every"
    for gross in (8, 16):
        for seed, steps in ((1, 11), (2, 13), (3, 14)):
            run(every / f"{gross}-{seed}", seed, steps, f"learning.gross_errors={gross}")
    assert collect(str(tmp_path / "0")) == 0  # nothing is recorded yet
    assert collect(str(tmp_path / "1")) == 0
    # As if all had been collected at once, the later of two runs with one seed.
    runs = read_runs([every])
    assert (tmp_path / "out" / "runs.csv").read_text() == runs_csv(runs).replace("\r\n", "\n")
    assert (tmp_path / "out" / "table.md").read_text() == study_table(tabulate(runs)) + "\n"
    capsys.readouterr()
    run(tmp_path / "2", 4, 10)
    assert collect(str(tmp_path / "2")) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: the runs cannot be added to ")
    assert "differ in learning.gross_errors" in told
    with pytest.raises(SystemExit) as ended:
        study.main([str(tmp_path / "2"), "--add"])
    assert ended.value.code == 2


def test_rows_are_named_after_the_groups_of_settings_that_were_swept(tmp_path: Path) -> None:
    for name in ("rtrl", "truncated_adam"):
        for seed in (1, 2):
            folder = tmp_path / f"experiment=chords,learner={name},seed={seed}"
            run(folder, seed, 80_000, f"+learner={name}")
    rows = tabulate(read_runs([tmp_path]))
    assert {row.setting for row in rows} == {"learner=rtrl", "learner=truncated_adam"}
    assert [row.runs for row in rows] == [2, 2]
    # Small numbers keep a digit more.
    assert "| 0.08 (0.08 to 0.08) |" in study_table(rows)


def test_runs_of_no_sweep_are_rows_of_their_own(tmp_path: Path) -> None:
    other = ["learning.rate=1e-3", "learning.momentum=0", "learning.gross_errors=8"]
    melody = {"melody_cross_entropy": 0.2}
    run(tmp_path / "2026-11-26_12-00-00_seed1", 1, 10, "form.name=one", melody_floor=0.1, **melody)
    for seed in (1, 2):
        folder = tmp_path / f"2026-11-26_12-00-0{seed}_seed{seed}"
        run(folder / "a", seed, 20, "form.name=two", *other, melody_floor=0.15, **melody)
    run(tmp_path / "chords", 1, 30, "form.name=three", *other, "form.lowest_chord_note=50")
    rows = tabulate(read_runs([tmp_path]))
    assert {row.setting: row.runs for row in rows} == {
        "form=one": 1,
        "form=two": 2,
        "form=three": 1,
    }
    # Each with its own floor, and without one the column stays empty.
    above = {row.setting: row.melody and row.melody[1] for row in rows}
    assert above == {
        "form=one": pytest.approx(0.1),
        "form=two": pytest.approx(0.05),
        "form=three": None,
    }
    assert "melody above its floor" in study_table(rows)
    run(tmp_path / "again", 3, 20, "form.name=two", "learning.rate=1e-2", *other[1:])
    assert {row.setting for row in tabulate(read_runs([tmp_path]))} == {
        *("form=one", "form=three", "a", "again")
    }
    # Folders of the same name are told by their paths: no run takes another's row.
    run(tmp_path / "else" / "again", 4, 20, "form.name=two", "learning.rate=1e-1", *other[1:])
    rows = tabulate(read_runs([tmp_path]))
    paths = {str(tmp_path / "again"), str(tmp_path / "else" / "again")}
    assert len({row.setting for row in rows} & {"again", *paths}) == 2
    assert sum(row.runs for row in rows) == 6


def test_lists_in_a_folder_s_name_stay_whole() -> None:
    name = "learner=rtrl,forget_bias=[0.5,1.0],seed=3"
    assert name_parts(name) == {"learner": "rtrl", "forget_bias": "[0.5,1.0]", "seed": "3"}


def test_a_melody_s_distance_from_its_floor_is_told(tmp_path: Path) -> None:
    for seed, above in ((1, 0.01), (2, 0.02), (3, 0.04)):
        run(tmp_path / str(seed), seed, 10, melody_floor=0.2, melody_cross_entropy=0.2 + above)
    (row,) = tabulate(read_runs([tmp_path]))
    assert row.melody == pytest.approx((0.01, 0.02, 0.04))
    assert "| 0.020 (0.010 to 0.040) |" in study_table([row])


def test_a_form_is_held_whatever_came_of_its_melody(tmp_path: Path) -> None:
    new = {"melody_floor": 0.2, "melody_cross_entropy": 0.5, "status": "melody not learned"}
    run(tmp_path / "a", 1, 10, learned=False, chords_learned=True, choruses=1000, **new)
    # Of before learning.melody.within: what was told there stays.
    run(tmp_path / "b", 2, 30, melody_floor=0.2, melody_cross_entropy=0.5)
    run(tmp_path / "c", 3, 30, melody_floor=0.2, melody_cross_entropy=0.5, learned=False)
    (row,) = tabulate(read_runs([tmp_path]))
    assert (row.learned[0], row.held[0], row.choruses) == (1, 2, 1000)
    assert row.steps == (30, math.inf, math.inf)


def test_a_run_that_did_not_learn_counts_as_infinitely_long(tmp_path: Path) -> None:
    run(tmp_path / "a", 1, 10, learned=False)
    run(tmp_path / "b", 2, 10, learned=False)
    (row,) = tabulate(read_runs([tmp_path]))
    assert row.steps == (math.inf,) * 3
    assert "∞" in study_table([row])


def test_a_lower_limit_sets_no_run_apart_that_learned_before_it(tmp_path: Path) -> None:
    run(tmp_path / "a", 1, 10, "run.step_limit=100")
    run(tmp_path / "b", 2, 200, "run.step_limit=200", learned=False)
    (row,) = tabulate(read_runs([tmp_path]))
    assert row.runs == 2
    run(tmp_path / "c", 3, 250, "run.step_limit=300")
    assert len(tabulate(read_runs([tmp_path]))) == 3
    run(tmp_path / "d", 4, 300, "run.step_limit=300", learned=False)
    assert len(tabulate(read_runs([tmp_path]))) == 3


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(15, 20, 0.531, 0.888), (20, 20, 0.839, 1.0), (0, 10, 0.0, 0.278), (0, 0, 0.0, 1.0)],
)
def test_wilson_intervals(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize(
    ("counts", "p"),
    # As scipy.stats.fisher_exact has them.
    [((19, 20, 11, 20), 0.00836), ((5, 10, 5, 10), 1.0), ((0, 5, 5, 5), 0.00794)],
)
def test_fisher_s_exact_test(counts: tuple[int, int, int, int], p: float) -> None:
    assert fisher(*counts) == pytest.approx(p, abs=5e-6)


def test_exact_loops_have_a_column_where_runs_tell_of_them(tmp_path: Path) -> None:
    run(tmp_path / "a", 1, 10, cycle={"after": 9, "length": 2})
    run(tmp_path / "b", 2, 10, cycle=None)
    run(tmp_path / "c", 3, 10, learned=False, cycle=None)
    runs = read_runs([tmp_path])
    table = study_table(tabulate(runs))
    assert "| 1 of 2 (after at most 9, of at most 2) |" in table
    (tmp_path / "runs.csv").write_text(runs_csv(runs))
    assert recorded_table(tmp_path / "runs.csv") == table
    # Nobody looks for the loops of several songs.
    assert "loop" not in study_table(tabulate(read_runs([tmp_path / "b"])))


def test_settings_of_a_form_other_than_its_chords_are_no_forms(tmp_path: Path) -> None:
    for steps in (8, 16):
        run(tmp_path / f"{steps}", 1, 10, f"form.steps_per_bar={steps}")
    names = [row.setting for row in tabulate(read_runs([tmp_path]))]
    assert names == ["steps_per_bar=8 (default)", "steps_per_bar=16"]


def test_a_folder_without_runs_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SystemExit) as ended:
            study.main([str(folder)])
        assert ended.value.code == 2
        assert capsys.readouterr().err.startswith("error: ")
