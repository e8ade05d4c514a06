"""The whole study by one command: its plan and cost, its order, and what it writes."""

from pathlib import Path

import pytest
from support import REPOSITORY, run_command

from lstm_blues import study
from lstm_blues.lab import renew
from lstm_blues.lab.plan import Look, Study, read_plan
from lstm_blues.lab.recorded import is_sweep

TINY = ("seed=1", "run.step_limit=1000", "run.final_choruses=1", "learning.gross_errors=16")


def recorded(folder: Path, **seconds: float) -> Path:
    """A folder of results in which studies have two runs of so many seconds each, on average."""
    for name, spent in seconds.items():
        (folder / name).mkdir(parents=True)
        lines = [f"all,{seed},{spent * share}\n" for seed, share in ((1, 0.5), (2, 1.5))]
        (folder / name / "runs.csv").write_text("setting,seed,seconds\n" + "".join(lines))
    return folder


def test_the_plan_is_every_study_the_cheapest_first(tmp_path: Path) -> None:
    results = recorded(tmp_path, resets=36.0, melody_start=2.4)
    studies, looks = read_plan(results, ["resets", "melody_start", "cells", "rtrl"])
    assert [each.name for each in studies] == ["melody_start", "resets", "cells", "rtrl"]
    # 2 starts, one of them twice, 7 resets, of 20 seeds each; 21 cells and rates of 10.
    assert [each.runs for each in studies] == [60, 140, 210, 30]
    assert studies[0].hours() == pytest.approx(0.04)
    assert studies[1].hours() == pytest.approx(1.4)
    assert studies[2].hours() is None
    assert [look.name for look in looks] == ["drift"]


@pytest.mark.slow
def test_every_study_is_in_the_plan_and_every_plan_is_a_study() -> None:
    studies, looks = read_plan(REPOSITORY / "docs/study")
    names = {path.stem for path in (REPOSITORY / "conf/study").glob("*.yaml")} - {"defaults"}
    assert {each.name for each in studies} == names
    assert {each.of for each in looks} <= names
    assert all(each.hours() is not None for each in studies)
    written = (REPOSITORY / "docs/study").glob("*/runs.csv")
    folders = {path.parent.name for path in written if is_sweep(path)}
    # Those tunes are not in the repository (docs/guide/your_own_music.md).
    assert folders - {"real_tunes"} <= names


def test_the_list_tells_the_cost_and_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recorded(tmp_path / "mine", resets=36.0)
    with pytest.raises(SystemExit) as ended:
        study.main(["all", "--list", "only=[resets,cells]", "output_dir=mine", "seed=1,2"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[2:] == [
        "| resets | 14 | 0 | 0.14 | 0.14 |",
        "| cells | 42 | 0 | ? | ? |",
        "| all | 56 | 0 | at least 0.1 | at least 0.1 |",
    ]
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("only=[nothing]", "must have names of activations"),
        ("resets", "no setting"),
        ("seed=1,range(2,4)", "not both"),
    ],
)
def test_a_mistake_is_told_before_anything_runs(
    given: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        study.main(["all", given])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert words in told


def test_sweeps_and_probes_run_in_their_order_until_one_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("gross_errors=16,seed=1", "gross_errors=8,seed=1"):
        (tmp_path / "runs" / "resets" / name).mkdir(parents=True)
        (tmp_path / "runs" / "resets" / name / "summary.json").write_text("{}")
    made: list[tuple[str, ...]] = []
    ends = iter([1, 0, 0, 3, 130])

    def command(_: Path, *words: str) -> int:
        made.append(words)
        return next(ends)

    monkeypatch.setattr(renew, "_command", command)
    studies = [
        Study(name, ((), ("a=1",)) if name == "rtrl" else ((),), 2, tmp_path / "runs" / name, None)
        for name in ("resets", "rtrl", "cells")
    ]
    looks = [Look("drift", "drift", "resets", ("gross_errors=16,",))]
    code = renew.Renewal(studies, looks, tmp_path / "out", ["seed=1"]).run()
    assert code == 130
    folder = str(tmp_path / "runs" / "resets")
    out = str(tmp_path / "out")
    assert made == [
        ("train", "+study=resets", "seed=1"),
        ("study", folder, "--out", f"{out}/resets"),
        ("probe", "drift", f"{folder}/gross_errors=16,seed=1", "--out", f"{out}/drift"),
        ("train", "+study=rtrl", "seed=1"),
        ("train", "+study=rtrl", "a=1", "seed=1"),
    ]


@pytest.mark.slow
def test_a_study_is_made_again_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "docs" / "study" / "resets").mkdir(parents=True)
    (tmp_path / "docs" / "study" / "resets" / "table.md").write_text("| old |\n")
    (tmp_path / "README.md").write_text("")
    (tmp_path / "docs" / "page.md").write_text("before\n\n| old |\n\nafter: 19 of 20 seeds\n")
    done = run_command("study", "all", "only=[resets]", *TINY, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    table = (tmp_path / "docs" / "study" / "resets" / "table.md").read_text()
    assert "0 of 1 (0.00 to 0.79)" in table
    page = (tmp_path / "docs" / "page.md").read_text()
    assert page == f"before\n\n{table}\nafter: 19 of 20 seeds\n"
    assert "page.md:7: '19 of 20': it has no source." in done.stdout
    (summary,) = (tmp_path / "outputs" / "study" / "resets").glob("*/summary.json")
    ended = summary.stat().st_mtime_ns
    again = run_command("study", "all", "only=[resets]", *TINY, cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "| resets | 1 | 1 |" in again.stdout
    assert summary.stat().st_mtime_ns == ended
