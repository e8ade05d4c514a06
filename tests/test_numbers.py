"""Every number of the documentation that states a measurement has its source."""

import re
from pathlib import Path

import pytest
from support import REPOSITORY

from lstm_blues.errors import BluesError
from lstm_blues.lab import prose
from lstm_blues.lab.facts import facts, reckoned
from lstm_blues.lab.measurements import measurements
from lstm_blues.lab.numerals import WORDS, granularity, value_of
from lstm_blues.lab.prose import Block, blocks, check, pages, problems
from lstm_blues.lab.recorded import read_records, recorded_table

STUDY = REPOSITORY / "docs/study"


def recorded() -> list[tuple[Path, Path]]:
    """The raw data of each recorded table, and the table."""
    folders = [path for path in STUDY.iterdir() if path.is_dir()]
    found = []
    for folder in folders:
        for data in (folder / "probe.csv", folder / "runs.csv"):
            if data.is_file() and (folder / "table.md").is_file():
                found.append((data, folder / "table.md"))
                break
        found += [(path.with_suffix(".csv"), path) for path in folder.glob("*.md")]
    return sorted((d, t) for d, t in found if d.is_file())


@pytest.mark.parametrize(("data", "table"), recorded(), ids=lambda path: path.parent.name)
def test_a_recorded_table_is_made_again_from_its_raw_data(data: Path, table: Path) -> None:
    assert recorded_table(data) + "\n" == table.read_text()


def test_every_measurement_in_the_docs_has_its_source() -> None:
    assert [each for page in pages(REPOSITORY) for each in problems(page, REPOSITORY)] == []


def test_a_number_changed_by_hand_in_the_readme_is_found(tmp_path: Path) -> None:
    text = (REPOSITORY / "README.md").read_text()
    changed = text.replace("median **18.8 M**", "median **18.7 M**")
    assert changed != text
    page = tmp_path / "README.md"
    page.write_text(changed)
    (problem,) = problems(page, REPOSITORY)
    assert re.search(r"README.md:\d+: '18.7 M': it is not in chords_seeds.$", problem)


def changed_by_hand(text: str) -> str:
    """A number, the text of a measurement, with its first number increased in the last place."""
    words = "|".join(sorted(WORDS, key=len)[::-1])
    number = re.search(rf"\d[\d,]*(\.\d+)?|\b(none|no|all|{words})\b", text, re.I)
    assert number is not None
    word = number[0].lower()
    if word in ("none", "no", "all"):
        more = "one of" if word == "no" else "one"
    elif word in WORDS:
        more = next(name for name, value in WORDS.items() if value == WORDS[word] + 1)
    else:
        # The last place that is written, before the zeros of a round number.
        place = max(n for n, digit in enumerate(word) if digit in "123456789" or n == 0)
        place = len(word) - 1 if "." in word else place
        digit = int(word[place])
        more = word[:place] + str(digit + 1 if digit < 9 else digit - 1) + word[place + 1 :]
    return text[: number.start()] + more + text[number.end() :]


@pytest.mark.slow
def test_nearly_every_number_changed_by_hand_is_found() -> None:
    found, missed = 0, []
    for page in pages(REPOSITORY):
        for block in prose_of(page):
            for each in check(block, REPOSITORY):
                if each.by not in ("data", "reckoned"):
                    continue
                begin, end = each.what.begin, each.what.begin + len(each.what.text)
                told = changed_by_hand(block.text[begin:end])
                text = block.text[:begin] + told + block.text[end:]
                try:
                    wrong = any(c.wrong for c in check(block._replace(text=text), REPOSITORY))
                except BluesError:  # of a tag that speaks of the number as it was
                    wrong = True
                found += wrong
                missed += [] if wrong else [(page.name, block.line, block.text[begin:end], told)]
    assert found > 100
    assert len(missed) < 0.1 * (found + len(missed)), missed


def prose_of(page: Path) -> list[Block]:
    """The paragraphs of a page; a table has so many numbers that another may be the changed one."""
    return [each for each in blocks(page.read_text()) if not each.text.startswith("|")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nineteen of twenty learn", [("share", 19, 20)]),
        ("all twenty seeds, none of 20", [("share", 20, 20), ("share", 0, 20)]),
        ("no seed of twenty", [("share", 0, 20)]),
        (
            "a median of **18.8 M** (15.0 to 24.6 M)",
            [("millions", 18.8), ("number", 15.0), ("millions", 24.6)],
        ),
        ("170,000 steps in 7.9 s, 25 %", [("steps", 170_000), ("seconds", 7.9), ("percent", 25)]),
        ("thirty-five times fewer, p = 0.008", [("number", 35), ("number", 0.008)]),
        ("four\nseeds", [("number", 4)]),
        ("at rates of 1e-4 (p = 2e-6)", [("number", 2e-6)]),
        # Settings in code, sections of the report, structure, and the level of intervals.
        ("`rate=0.5`, section 3.2, Python 3.11, (4.1; 2000), 12 bars, 95 % intervals", []),
        ("[0.5](x.md#a0.7)", [("number", 0.5)]),
    ],
)
def test_measurements_are_told_from_other_numbers(
    text: str, expected: list[tuple[object, ...]]
) -> None:
    found = measurements(text)
    assert [(m.kind, m.value, *([m.of] if m.kind == "share" else [])) for m in found] == expected


def test_numbers_are_as_fine_as_they_are_written() -> None:
    for text, value, step in (
        *(("0.25", 0.25, 0.01), ("170,000", 170_000, 10_000), ("100,000", 100_000, 10_000)),
        ("2e-6", 2e-6, 1e-6),
        *(("442,142", 442_142, 1), ("120", 120, 1), ("thirty-five", 35, 1)),
    ):
        assert value_of(text) == value
        assert granularity(text) == pytest.approx(step)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one study of two settings."""
    folder = tmp_path / "docs" / "study" / "mine"
    folder.mkdir(parents=True)
    head = "setting,a,seed,learned,steps,seconds,choruses,final_choruses,"
    head += "melody_cross_entropy,melody_floor\n"
    lines = [f"a=1,1,{seed},True,{seed}000000,{seed}.5,1000,1000,0.3,0.25\n" for seed in (1, 2, 3)]
    lines += [f"a=2,2,{seed},{seed == 1},2500000,9.0,7,1000,,0.25\n" for seed in (1, 2)]
    (folder / "runs.csv").write_text(head + "".join(lines))
    return tmp_path


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("3 of 3 learn in 2.0 million steps.\n<!-- from: mine{a=1} -->", []),
        ("3 of 3 learn in 2.1 million steps.\n<!-- from: mine{a=1} -->", ["2.1 million"]),
        ("1 of 2 learn.\n<!-- from: mine{a=1} -->", ["1 of 2"]),
        ("1 of 2 learn.\n<!-- from: mine{a=1 | a=2} -->", []),
        ("0.050 nats above.\n\n<!-- from: mine -->", []),
        ("Two runs gave 7 of 9.", ["Two", "7 of 9"]),
        ('At most 5 million steps: 3 of 3.\n<!-- given: "5 million steps"; from: mine -->', []),
        (
            '1.8 times the.\n<!-- "1.8 times" = most(mine{a=2}.steps) / most(mine{a=1}.steps) -->',
            ["1.8"],
        ),
        ('3 of 5.\n<!-- "3 of 5" = above(mine.seconds, 1.4) - 2, number(mine.seconds) -->', []),
        (
            '3 of 6.\n<!-- "3 of 6" = above(mine.seconds, 1.4) - 2, number(mine.seconds) -->',
            ["3 of 6"],
        ),
        (
            "| what | a |\n|---|---|\n| a=1 | 3 of 3 |\n| a=2 | 3 of 3 |\n\n<!-- from: mine -->",
            ["3 of 3"],
        ),
        ("```\n7 of 9\n```\n\n# 7 of 9\n\n`7 of 9`", []),
        ("7 of 9, as the tests print.\n<!-- by: README.md -->", []),
    ],
)
def test_a_tag_says_where_numbers_come_from(repository: Path, text: str, wrong: list[str]) -> None:
    page = repository / "README.md"
    page.write_text(f"Words.\n\n{text}\n")
    found = problems(page, repository)
    assert [re.search("'(.*?)'", problem)[1] for problem in found] == wrong  # type: ignore[index]
    assert all(f"{page}:" in problem for problem in found)


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("from: yours", "'yours' is no source"),
        ("from: mine{a=3}", "no such row"),
        ('"4 s" = median(mine.seconds)', "tells of '4 s', which is not there"),
        ('given: "4 s"', "tells of '4 s', which is not there"),
        ("by: nowhere.py", "'nowhere.py' is not there"),
        ('"3 of 3" = median(mine.colour)', "'colour' is no column"),
        ('"3 of 3" = __import__("os")', "cannot be reckoned"),
    ],
)
def test_a_tag_that_is_wrong_is_told(repository: Path, tag: str, words: str) -> None:
    page = repository / "README.md"
    page.write_text(f"3 of 3 learn.\n<!-- {tag} -->\n")
    (problem,) = problems(page, repository)
    assert words in problem


def test_columns_are_reckoned_with(repository: Path) -> None:
    study = repository / "docs" / "study"
    assert reckoned(study, "median(mine{a=1}.steps)") == (2e6,)
    assert reckoned(study, "total(mine.learned), number(mine.learned)") == (4.0, 5.0)
    assert reckoned(study, "least(mine{a=1}.melody) * 100")[0] == pytest.approx(5.0)
    # Runs that did not learn are infinitely long.
    assert reckoned(study, "median(mine{a=2}.steps) - 1 + fisher(1, 2, 1, 2)") == (2.5e6,)
    assert reckoned(study, "below(mine{a=2}.steps, 9000000)") == (1.0,)
    assert {fact.value for fact in facts(study, "mine{a=2}") if fact.kind == "share"} == {0, 1}


def test_the_command_ends_with_1_where_a_source_is_missing(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository)
    page = repository / "README.md"
    for text, code in (("Nothing.", 0), ("7 of 9.", 1)):
        page.write_text(text)
        with pytest.raises(SystemExit) as ended:
            prose.main([])
        assert ended.value.code == code
    assert "'7 of 9': it has no source." in capsys.readouterr().out


def test_the_songs_held_are_those_of_the_probe() -> None:
    text = (REPOSITORY / "docs/study.md").read_text().split("| songs taught |")[1]
    names = ("eight", "sixteen", "thirty_two")
    shown = {}
    for line in text.splitlines()[2:]:
        if not line.startswith("|"):
            break
        most, *cells = line.strip("| ").split(" | ")
        for name, cell in zip(names, cells, strict=True):
            shown[f"blocks={name} most={most}"] = sorted(map(int, cell.split(", ")))
    found = {}
    for setting, records in read_records(STUDY / "songs_held_each/probe.csv").items():
        counts: dict[int, int] = {}
        for each in records:
            held = each["choruses"] >= each["of"]
            counts[each["seed"]] = counts.get(each["seed"], 0) + held
        found[setting] = sorted(counts.values())
    assert shown == found
