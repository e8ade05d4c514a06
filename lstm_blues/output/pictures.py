"""What pictures have in common: colours, values as an image, and how they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lstm_blues.files import write_safely

# Okabe and Ito's colours, told apart by the colour-blind too.
RIGHT, WRONG, MISSED, RULE = "#0072B2", "#D55E00", "#F0E442", "#666666"

# Told apart in black and white, too: the melody is the darker one.
HARMONY, TUNE = "#E69F00", "#0072B2"


def image(
    axes: Axes, values: NDArray[Any], colours: str | Colormap, low: float, high: float
) -> None:
    """Values as colours, shape (steps, rows), the first row at the bottom."""
    axes.imshow(
        values.T,
        origin="lower",
        aspect="auto",
        interpolation="none",
        cmap=colours,
        vmin=low,
        vmax=high,
    )


def write_picture(figure: Figure, path: Path) -> None:
    """Writes a PNG at 150 dots per inch."""
    with matplotlib.rc_context({"savefig.dpi": 150}):
        write_safely(path, lambda file: figure.savefig(file, format="png"))
