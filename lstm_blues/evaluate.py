"""`python -m lstm_blues.evaluate`: how good the music is, beside others (section 4.3).

The report compares its network with "a random walk across the pentatonic scale" by ear. Here the
network's compositions, training songs, that walk, random notes and transition tables of first to
third order (Mozer's comparison) are measured alike, with bootstrap intervals over pieces.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lstm_blues.files import write_text
from lstm_blues.lab.evaluation import EvaluateSettings, evaluate
from lstm_blues.lab.tables import evaluation_csv, evaluation_table
from lstm_blues.runs.command import run_command
from lstm_blues.runs.config import read
from lstm_blues.runs.trained import load_trained


def write_evaluation(config: dict[str, Any]) -> None:
    """Evaluates as `conf/evaluate.yaml` says; prints the table and writes it in three formats."""
    given = read(EvaluateSettings, config, "")
    trained = load_trained(given.checkpoint)
    print(
        f"composed by {trained.origin}{given.sampling.of(trained.settings.sampling).told}",
        file=sys.stderr,
    )
    found = evaluate(trained, given)
    folder = Path(given.output_dir)
    folder.mkdir(parents=True, exist_ok=True)  # where hydra.run.dir is another
    table = evaluation_table(found)
    print(table)
    write_text(folder / "table.csv", evaluation_csv(found))
    write_text(folder / "table.json", json.dumps(found, indent=2) + "\n")
    write_text(folder / "table.md", table + "\n")


def main() -> None:
    """The command."""
    run_command(write_evaluation, "evaluate")


if __name__ == "__main__":
    main()
