"""`python -m lstm_blues.train +experiment=chords`: learn chords, or chords and a melody.

Experiment 1 of the report (section 3); `+experiment=melody` is Experiment 2 (section 4).  Every
setting is in `conf/`; `resume=FOLDER` goes on from the checkpoint of a run that was stopped.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from lstm_blues.errors import ExitCode
from lstm_blues.runs.command import run_command
from lstm_blues.runs.orphans import end_with_sweep
from lstm_blues.runs.signals import came
from lstm_blues.runs.summary import Status, Summary
from lstm_blues.runs.sweep import Watch

_statuses: list[Status] = []

_said: set[str] = set()
"""What was told of tunes, which the runs of a sweep may share."""


def say_once(words: str) -> None:
    """Prints what was told of a tune, where no other run of this process has."""
    if words not in _said:
        print(words, flush=True)
    _said.add(words)


def tell(summary: Summary, folder: Path) -> None:
    """Prints how a run ended, and what can be done where it did not end well."""
    print(summary.in_words(folder))
    if summary.status == Status.INTERRUPTED:
        print(f"Resume with: python -m lstm_blues.train resume={folder}")
    if summary.status == Status.NON_FINITE:
        print(
            f"error: the loss is no longer a finite number after step {summary.steps:,}; that "
            f"state is in {folder / 'nonfinite.pt'}, the last finite one in "
            f"{folder / 'checkpoint.pt'}; a smaller learning.rate may help.",
            file=sys.stderr,
        )


def _train(config: dict[str, Any]) -> None:
    # Torch takes a second to import: --help and mistakes on the command line come before it.
    import torch  # noqa: PLC0415

    from lstm_blues.runs.recipes import require_left_to_recipes  # noqa: PLC0415
    from lstm_blues.runs.run import run_experiment, run_of_sweep  # noqa: PLC0415

    context = HydraConfig.get()
    folder, overrides = Path(context.runtime.output_dir), list(context.overrides.task)
    if config.get("portfolio") is not None:
        require_left_to_recipes(overrides)
    # Several processes of a sweep would wait for each other's threads.
    torch.set_num_threads(1)
    if context.mode == RunMode.MULTIRUN:
        summary = run_of_sweep(config, folder, overrides, say_once)
    else:
        summary = run_experiment(config, folder, config["resume"], overrides, say_once)
    if summary is None:
        print(f"Already finished: {folder}.")
        return
    tell(summary, folder)
    _statuses.append(summary.status)
    # A sweep stops too, even where the run had nothing left but to be tested.
    if summary.status == Status.INTERRUPTED or (context.mode == RunMode.MULTIRUN and came()):
        end_with_sweep()
        sys.exit(ExitCode.INTERRUPTED)


def main() -> None:
    """The command; exits with 0 when every run has learned."""
    run_command(_train, "train")
    # Runs of a sweep may have been in other processes.
    ended = _statuses if Watch.ended is None else Watch.ended
    sys.exit(max((status.exit_code for status in ended), default=0))


if __name__ == "__main__":
    # Launchers send what is in __main__ to other processes as a copy, in which dataclasses have
    # lost their fields; what is in a module they import there.
    from lstm_blues import train  # noqa: PLW0406

    train.main()
