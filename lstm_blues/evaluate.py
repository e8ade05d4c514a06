"""`python -m lstm_blues.evaluate`: how good is the music, beside others (section 4.3).

The report compares its network with "a random walk across the pentatonic scale" by ear. Here the
network's compositions, training songs, that walk, random notes and transition tables of first to
third order (Mozer's comparison) are measured alike, with bootstrap intervals over pieces.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from lstm_blues.files import write_text
from lstm_blues.lab.melodies import EvaluateSettings, Table, evaluate
from lstm_blues.runs.command import run_command
from lstm_blues.runs.config import build
from lstm_blues.runs.trained import load_trained


def show(table: Table) -> str:
    """The table in Markdown, sources across."""
    names = list(table)
    lines = ["| measure | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for measure in table[names[0]]:
        cells = [
            "{:.3f} ({:.3f} to {:.3f})".format(*table[name][measure])
            if measure in table[name]
            else "-"
            for name in names
        ]
        lines.append(f"| {measure} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def to_csv(table: Table) -> str:
    """The table as CSV: one row for each source and measure."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["source", "measure", "mean", "low", "high"])
    for name, measures in table.items():
        for measure, values in measures.items():
            writer.writerow([name, measure, *values])
    return text.getvalue()


def _evaluate(config: dict[str, Any]) -> None:
    given = build(EvaluateSettings, config, "")
    table = evaluate(load_trained(Path(given.checkpoint) if given.checkpoint else None), given)
    folder = Path(given.output_dir)
    folder.mkdir(parents=True, exist_ok=True)  # where hydra.run.dir is another
    print(show(table))
    write_text(folder / "table.csv", to_csv(table))
    write_text(folder / "table.json", json.dumps(table, indent=2) + "\n")
    write_text(folder / "table.md", show(table) + "\n")


def main() -> None:
    """The command."""
    run_command(_evaluate, "evaluate")


if __name__ == "__main__":
    main()
