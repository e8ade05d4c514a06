"""`python -m lstm_blues.lab.prose`: every measurement in the documentation has its source.

In the prose and the tables of README.md, docs/*.md, docs/guide/*.md and docs/study/*/README.md
shares (19 of 20 seeds), percentages, times, millions of steps, ratios and all decimals count as
measurements; code, headings and numbers of sections do not.  A comment in a paragraph, or
below it, names where its numbers come from, below docs/study:

    <!-- from: resets{gross_errors=16}; "5 times" = median(a.steps) / median(b.steps);
    given: "20 million steps"; by: tests/test_fuzz_settings.py -->

`from` names sources, with the rows that are meant; `"TEXT" = ...` how a number is reckoned from
columns of the data (`lstm_blues.lab.facts`); `given` what is a setting, or `given: all` where
everything is; `by` what in the repository prints numbers that have no file of their own.  A table
that is that of recorded data needs none.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from lstm_blues.errors import BluesError
from lstm_blues.lab.facts import SOURCE, Fact, every, facts, reckoned
from lstm_blues.lab.measurements import Measurement, measurements

STUDY = Path("docs/study")
"""Where the recorded data are, below the repository."""

_COMMENT = re.compile(r"<!--(.*?)-->", re.S)
_CLAUSE = re.compile(r"(?:\"[^\"]*\"|\{[^}]*\}|[^;\"{])+")
_RECKONED = re.compile(r"\s*\"([^\"]+)\"\s*=(.*)", re.S)


class Tag(NamedTuple):
    """What a paragraph's comments say of its numbers, see the module."""

    sources: tuple[str, ...]
    reckoned: tuple[tuple[str, str], ...]
    given: tuple[str, ...]
    by: tuple[str, ...]


class Block(NamedTuple):
    """A paragraph or table: its first line in the file, its text without comments, its tag."""

    line: int
    text: str
    tag: Tag


def blocks(text: str) -> Iterator[Block]:
    """The paragraphs and tables of a page; fenced code and headings are none."""
    text = re.sub(r"^ *(```|~~~).*?^ *\1[^\n]*$", _blank, text, flags=re.S | re.M)
    text = re.sub(r"^#+ .*$", _blank, text, flags=re.M)
    # What a comment holds is no end of a paragraph.
    whole = _COMMENT.sub(lambda match: match[0].replace("\n", "\v"), text)
    found: list[tuple[int, str]] = []
    for match in re.finditer(r"(?:^.*\S.*$\n?)+", whole, re.M):
        line, part = whole.count("\n", 0, match.start()), match[0]
        line += whole.count("\v", 0, match.start()) + 1
        if found and not _COMMENT.sub("", part).strip():
            found[-1] = found[-1][0], found[-1][1] + part
        else:
            found.append((line, part))
    for line, part in found:
        tag = _tag(";".join(_COMMENT.findall(part)).replace("\v", " "))
        yield Block(line, _COMMENT.sub("", part).rstrip(), tag)


def _blank(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def _tag(comment: str) -> Tag:
    sources: list[str] = []
    expressions: list[tuple[str, str]] = []
    given: list[str] = []
    by: list[str] = []
    for clause in _CLAUSE.findall(comment):
        name, _, told = clause.partition(":")
        if match := _RECKONED.fullmatch(clause):
            expressions.append((match[1], match[2].strip()))
        elif name.strip() == "from":
            sources += [match[0] for match in SOURCE.finditer(told)]
        elif name.strip() == "given":
            given += re.findall(r'"([^"]+)"', told) or [told.strip()]
        elif name.strip() == "by":
            by += told.split()
    return Tag(tuple(sources), tuple(expressions), tuple(given), tuple(by))


class Checked(NamedTuple):
    """What became of a measurement: a word for it, and a sentence where it has no source."""

    what: Measurement
    by: str
    wrong: str | None


def check(block: Block, repository: Path) -> list[Checked]:
    """Looks for the source of each measurement of a paragraph.

    Raises `BluesError` for a source that is not there, or a tag that speaks of a number that the
    paragraph does not have.
    """
    tag, study = block.tag, repository / STUDY
    text = re.sub(r"\s", " ", block.text)
    for told in (*(each for each, _ in tag.reckoned), *tag.given):
        if told != "all" and told not in text:
            raise BluesError(f"the tag tells of {told!r}, which is not there.")
    for path in tag.by:
        if not (repository / path).is_file():
            raise BluesError(f"{path!r} is not there.")
    found = every(study, tag.sources)
    values = {told: reckoned(study, expression) for told, expression in tag.reckoned}
    return [
        _checked(each, text, tag, _of_row(block, each, study) or found, values)
        for each in measurements(block.text)
    ]


def _of_row(block: Block, each: Measurement, study: Path) -> list[Fact]:
    """What the sources have in the lines that are named as the table's row with a measurement is;
    nothing outside of tables, or where no line is."""
    row = block.text[block.text.rfind("\n", 0, each.begin) + 1 : each.begin]
    named = re.match(r"\| *([^|{}]*?) *\|", row)
    if named is None or not named[1]:
        return []
    found: list[Fact] = []
    for source in block.tag.sources:
        with suppress(BluesError):
            found += facts(study, f"{source.split('{')[0]}{{{named[1]}}}")
    return found


def _checked(
    each: Measurement,
    text: str,
    tag: Tag,
    found: Sequence[Fact],
    values: dict[str, tuple[float, ...]],
) -> Checked:
    end = each.begin + len(each.text)

    def speaks_of(told: str) -> bool:
        return any(
            match.start() <= each.begin and end <= match.end()
            for match in re.finditer(re.escape(told), text)
        )

    for told, (value, *of) in values.items():
        if speaks_of(told):
            scale = {"millions": 1e6, "percent": 0.01, "seconds": each.unit}.get(each.kind, 1.0)
            right = each.equals(value) or each.equals(value / scale)
            right = right and (each.kind != "share" or of == [each.of])
            made = " of ".join(f"{number:.6g}" for number in (value, *of))
            return Checked(each, "reckoned", None if right else f"the data make it {made}")
    if "all" in tag.given or any(map(speaks_of, tag.given)):
        return Checked(each, "given", None)
    if each.is_in(found):
        return Checked(each, "data", None)
    if tag.by:
        return Checked(each, "by", None)
    if tag.sources:
        return Checked(each, "", f"it is not in {', '.join(tag.sources)}")
    return Checked(each, "", "it has no source")


def pages(repository: Path) -> list[Path]:
    """The pages that are checked."""
    shapes = ("docs/*.md", "docs/guide/*.md", "docs/study/*/README.md")
    return [
        repository / "README.md",
        *(path for each in shapes for path in sorted(repository.glob(each))),
    ]


def problems(page: Path, repository: Path, counts: Counter[str] | None = None) -> list[str]:
    """What is wrong with the measurements of a page, a sentence each; `counts` is added to."""
    # A recorded table may have sentences below it.
    tables = {
        part.strip()
        for path in (repository / STUDY).glob("*/*.md")
        if path.name != "README.md"
        for part in path.read_text().split("\n\n")
    }
    found = []
    for block in blocks(page.read_text()):
        if block.text.strip() in tables:
            continue
        try:
            for each in check(block, repository):
                if counts is not None:
                    counts[each.by] += 1
                if each.wrong is not None:
                    found.append(f"{page}:{block.line}: {each.what.text!r}: {each.wrong}.")
        except BluesError as error:
            found.append(f"{page}:{block.line}: {error}")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """The command; exits with 1 where a measurement has no source."""
    parser = argparse.ArgumentParser(
        prog="python -m lstm_blues.lab.prose",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pages", nargs="*", type=Path, help="Markdown files; all where none")
    given = parser.parse_args(arguments)
    repository, counts = Path.cwd(), Counter[str]()
    found = [
        problem
        for page in given.pages or pages(repository)
        for problem in problems(page, repository, counts)
    ]
    print("\n".join(found))
    told = {"data": "in the data", "reckoned": "reckoned from them", "given": "settings"}
    told |= {"by": "printed by what is named", "": "without a source"}
    print(", ".join(f"{counts[name]} {words}" for name, words in told.items()) + ".")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
