"""The wheel: built, installed apart from the checkout, and run from another folder."""

import os
import re
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
import yaml
from support import REPOSITORY

from lstm_blues import __version__


def test_changelog_and_citation_name_this_version() -> None:
    changes = (REPOSITORY / "CHANGELOG.md").read_text()
    assert f"\n## {__version__}" in changes
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert citation["version"] == __version__
    assert citation["references"][0]["number"] == "IDSIA-07-02"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", str(folder), str(REPOSITORY)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_carries_configs_and_the_c_source(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert __version__ in wheel.name
    for path in (REPOSITORY / "conf").rglob("*.yaml"):
        assert f"lstm_blues/conf/{path.relative_to(REPOSITORY / 'conf')}" in names
    assert "lstm_blues/engine/kernel/learn.c" in names
    assert "lstm_blues/py.typed" in names
    for name in ("hashes.json", "learn.mjs"):
        assert f"lstm_blues/lab/benchmarks/{name}" in names
    for name in ("index.html", "kernel/player.js", "workers/learn.js"):
        assert f"lstm_blues/browser/page/{name}" in names
    assert not [name for name in names if name.startswith(("tests", "outputs", "conf/"))]


def test_the_description_has_no_relative_links_or_images(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = message_from_bytes(archive.read(name))
    assert metadata["Description-Content-Type"] == "text/markdown"
    description = metadata.get_payload()
    assert "# lstm_blues" in description
    assert "python -m lstm_blues.train +experiment=chords" in description
    targets = re.findall(r"\]\(([^)]*)\)|(?:src|href)=\"([^\"]*)", description)
    assert not [target for pair in targets for target in pair if target and "://" not in target]


@pytest.mark.slow
def test_an_installed_package_runs_from_any_folder(wheel: Path, tmp_path: Path) -> None:
    place = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(place)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(place)}

    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=elsewhere,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    where = python(
        "-c", "import lstm_blues.runs.config as c; print(c.conf_folder())"
    ).stdout.strip()
    assert where == str(place / "lstm_blues" / "conf")
    done = python("-m", "lstm_blues.train", "+experiment=chords", "run.step_limit=1000")
    assert done.returncode == 1, done.stderr
    (run,) = (elsewhere / "outputs" / "chords").iterdir()
    assert (run / "summary.json").is_file()
    done = python("-m", "lstm_blues.compose", "choruses=1", "output_dir=music")
    assert "the bundled network" in done.stderr
    assert (elsewhere / "music" / "piece_1.mid").is_file()
    for command in ("study", "benchmark", "probe", "webassembly", "page"):
        assert python("-m", f"lstm_blues.{command}", "--help").returncode == 0
    done = python(str(place / "bin" / "lstm-blues"), "train", "+experiment=chords", "seed=-1")
    assert done.returncode == 2
    assert done.stderr == "error: seed is -1, but must be a whole number from 0 to 2^63-1.\n"
