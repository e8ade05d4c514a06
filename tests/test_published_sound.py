"""The sound files of the pages: as loud, as clean and as far from clipping as a table says."""

from __future__ import annotations

import re

import numpy as np
import pytest
import soundfile
from support import REPOSITORY

from lstm_blues.output.loudness import Loudness

DOCS = REPOSITORY / "docs"
SUFFIXES = (".mp3", ".ogg", ".flac", ".wav")
PUBLISHED = sorted(path for path in DOCS.rglob("*") if path.suffix in SUFFIXES)
TABLE = (DOCS / "guide" / "composing.md").read_text()


def measured(name: str) -> tuple[float, float, float]:
    """Loudness in LUFS, the largest mean of a channel, and the highest sample in dB."""
    sound, rate = soundfile.read(DOCS / name, dtype="float32", always_2d=True)
    loudness = Loudness(rate)
    loudness.add(sound.T)
    mean = float(np.abs(sound.mean(0, dtype=np.float64)).max())
    return loudness.lufs, mean, float(20 * np.log10(np.abs(sound).max()))


def test_the_table_has_them_all() -> None:
    told = re.findall(r"^\| `(\S+\.(?:mp3|ogg|flac|wav))` \|", TABLE, re.M)
    assert sorted(told) == [str(path.relative_to(DOCS)) for path in PUBLISHED]


@pytest.mark.slow
@pytest.mark.parametrize("name", [str(path.relative_to(DOCS)) for path in PUBLISHED])
def test_a_published_file(name: str) -> None:
    lufs, mean, peak = measured(name)
    row = f"| `{name}` | {lufs:.1f} | {mean:.4f} | {peak:.1f} |"
    print(row)  # with `pytest -s`, the rows of the table
    assert row in TABLE
    assert abs(lufs + 16) < 0.5
    assert mean < 0.001
    assert peak < -1
