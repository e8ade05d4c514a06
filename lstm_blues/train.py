from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from lstm_blues.errors import BluesError
from lstm_blues.runs.checkpoint import NAME
from lstm_blues.runs.command import run_command
from lstm_blues.runs.config import build
from lstm_blues.runs.resume import check_same_run, is_finished
from lstm_blues.runs.run import run_experiment
from lstm_blues.runs.settings import RunSettings
from lstm_blues.runs.summary import EXIT_CODES, Summary
from lstm_blues.runs.sweep import Watch


def tell(summary: Summary, folder: Path) -> None:
    """Prints how a run ended, and what can be done where it did not end well."""
    print(summary.in_words(folder))
    if summary.status == "interrupted":
        print(f"Go on with: python -m lstm_blues.train resume={folder}")
    if summary.status == "non-finite":
        print(
            f"error: the loss is no longer a finite number after step {summary.steps:,}; that "
            f"state is in {folder / 'nonfinite.pt'}, the last finite one in {folder / NAME}; a "
            "smaller learning.rate may help.",
            file=sys.stderr,
        )


_statuses: list[str] = []


def _train(config: dict[str, Any]) -> None:
    context = HydraConfig.get()
    if config["resume"] is not None and context.mode == RunMode.MULTIRUN:
        raise BluesError("resume goes on with one run; it cannot be swept with -m.")
    folder, resume = Path(context.runtime.output_dir), config["resume"]
    overrides = list(context.overrides.task)
    if context.mode == RunMode.MULTIRUN and (folder / NAME).is_file():
        # A sweep that was stopped goes on: half-done runs from their checkpoint.
        check_same_run(config, folder)
        if is_finished(folder, build(RunSettings, config["run"], "run").step_limit):
            print(f"Already there: {folder}.")
            return
        resume = str(folder)
        # Its limit may stand in the config of a study as well as on the command line.
        overrides.append("run")
    # Several processes of a sweep would wait for each other's threads.
    torch.set_num_threads(1)
    summary = run_experiment(config, folder, resume, overrides)
    tell(summary, folder)
    _statuses.append(summary.status)
    if summary.status == "interrupted":
        # A sweep stops too.
        sys.exit(EXIT_CODES[summary.status])


def main() -> None:
    """The command; exits with 0 when every run has learned."""
    run_command(_train, "train")
    # Runs of a sweep may have been in other processes.
    ended = _statuses if Watch.ended is None else Watch.ended
    sys.exit(max((EXIT_CODES[status] for status in ended), default=0))


if __name__ == "__main__":
    # Launchers send what is in __main__ to other processes as a copy, in which dataclasses have
    # lost their fields; what is in a module they import there.
    from lstm_blues import train  # noqa: PLW0406

    train.main()
