"""The whole study, made again: sweeps and probes one after the other, each in its own process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lstm_blues.errors import BluesError, ExitCode
from lstm_blues.files import write_text
from lstm_blues.lab.plan import Look, Study
from lstm_blues.lab.prose import pages, problems
from lstm_blues.runs.terminal import bar

_GOES_ON = (ExitCode.DONE, ExitCode.NOT_LEARNED, ExitCode.NON_FINITE)
"""Ends of a sweep that are results."""


class Renewal:
    """Makes studies again, from the folder in which the command runs.

    Finished runs stay as they are, unfinished ones resume, since sweeps do.  What the commands
    print goes to `outputs/study/NAME.log`; their progress to the terminal.

    Args:
        studies: in their order.
        looks: probes, each made after its study.
        output: a folder for each study's results.
        overrides: handed to every sweep.
    """

    def __init__(
        self,
        studies: Sequence[Study],
        looks: Sequence[Look],
        output: Path,
        overrides: Sequence[str],
    ) -> None:
        self.studies, self.looks = studies, looks
        self.output, self.overrides = output, overrides

    def run(self) -> int:
        """Makes all; returns the exit code, that of what could not be done."""
        with bar(sum(study.runs for study in self.studies), "run", "the whole study") as shown:
            for number, study in enumerate(self.studies, 1):
                left = [each.hours_left or 0.0 for each in self.studies[number - 1 :]]
                shown.set_postfix_str(f"{study.name}, {sum(left):.1f} core-hours left")
                if (code := self._make(study)) != ExitCode.DONE:
                    return code
                shown.update(study.runs)
        self._tell_of_pages()
        return ExitCode.DONE

    def _make(self, study: Study) -> int:
        log = study.folder.with_suffix(".log")
        log.parent.mkdir(parents=True, exist_ok=True)
        for sweep in study.sweeps:
            options = [f"+study={study.name}", *sweep, *self.overrides]
            code = _command(log, "train", *options)
            if code not in _GOES_ON:
                print(f"error: train {' '.join(options)} ended with {code}; see {log}.")
                return code
        code = self._collect(log, study.name, "study", str(study.folder))
        for look in self.looks:
            if look.of == study.name:
                folders = sorted(
                    str(path.parent)
                    for path in study.folder.glob("*/summary.json")
                    if not look.runs or path.parent.name.startswith(look.runs)
                )
                # Where no network learned, there may be nothing to look at.
                self._collect(log, look.name, "probe", look.probe, *folders)
        return code

    def _collect(self, log: Path, name: str, *command: str) -> int:
        """Writes the results of a study or a probe, and its table into the pages that show it."""
        table = self.output / name / "table.md"
        before = table.read_text().strip() if table.is_file() else None
        code = _command(log, *command, "--out", str(self.output / name))
        if code != ExitCode.DONE:
            print(f"error: {' '.join(command[:2])} ended with {code}; see {log}.")
        elif before:
            after = table.read_text().strip()
            for page in self._pages():
                text = page.read_text()
                if before in text:
                    write_text(page, text.replace(before, after))
        return code

    def _pages(self) -> list[Path]:
        """The pages of the documentation that the results belong to."""
        repository = self.output.parent.parent
        return [page for page in pages(repository) if page.is_file()]

    def _tell_of_pages(self) -> None:
        """Prints which sentences of the pages the new data no longer carry."""
        repository = self.output.parent.parent
        try:
            for page in self._pages():
                for problem in problems(page, repository):
                    print(problem)
        except BluesError as error:
            print(f"error: {error}")


def _command(log: Path, name: str, *arguments: str) -> int:
    """Runs a command of this package; returns its exit code."""
    with log.open("a") as file:
        command = [sys.executable, "-m", f"lstm_blues.{name}", *arguments]
        return subprocess.run(command, stdout=file, check=False).returncode
