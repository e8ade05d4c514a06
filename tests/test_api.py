"""What notebooks and programs call."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstm_blues.api import configure
from lstm_blues.errors import BluesError


def test_a_config_has_what_the_command_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_music" / "form").mkdir(parents=True)
    (tmp_path / "my_music" / "form" / "mine.yaml").write_text("name: mine\nbars: 1\nchords: [C]\n")
    monkeypatch.chdir(tmp_path)
    assert configure("+experiment=own", "form=mine", "seed=3")["form"]["chords"] == ["C"]
    assert configure("+experiment=chords")["form"]["name"] == "bebop_blues"


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["+experiment=own", "form=nowhere"], "Could not find 'form/nowhere'"),
        (["+experiment=chords", "learning.rat=3"], "similar ones are learning.rate"),
    ],
)
def test_mistakes_are_the_packages_own(overrides: list[str], words: str) -> None:
    with pytest.raises(BluesError, match=words):
        configure(*overrides)
