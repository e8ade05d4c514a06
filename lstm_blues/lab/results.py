"""What was measured, as files: raw data, the table made of it, and a figure."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from lstm_blues.files import write_text
from lstm_blues.output.pictures import write_picture


def write_results(
    folder: Path, name: str, data: str, table: str, figure: Figure | None = None
) -> None:
    """Writes `data`, CSV, as the file `name`, and `table.md` and `figure.png` beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / name, data)
    write_text(folder / "table.md", table + "\n")
    if figure is not None:
        write_picture(figure, folder / "figure.png")
