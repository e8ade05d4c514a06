"""What TensorBoard's own server tells of a run, asked over HTTP."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import environment, run_command, run_in

MEDIA = {
    "images": {
        "composition/piano_roll",
        "network/outputs_and_targets",
        "network/states_and_gates",
    },
    "audio": {"composition/sound"},
    "text": {"composition/notes/text_summary"},
}
WEIGHTS = {"output.melody", "output.chords", "blocks.chords.forget_gate", "blocks.melody.cell"}


@pytest.fixture(scope="module")
def server(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a TensorBoard that shows the small melody run."""
    log = tmp_path_factory.mktemp("server") / "log"
    command = [sys.executable, "-m", "tensorboard.main", "--port=0", "--load_fast=false"]
    with log.open("w") as file:
        process = subprocess.Popen(
            [*command, f"--logdir={place / 'outputs'}"], stderr=file, env=environment()
        )
    try:
        deadline = time.monotonic() + 120
        found = None
        while found is None and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.2)
            found = re.search(r"http://localhost:(\d+)/", log.read_text())
        assert found is not None, log.read_text()
        address = f"http://localhost:{found[1]}/data"
        while time.monotonic() < deadline and not ask(f"{address}/plugin/audio/tags"):
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def ask(address: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def tags(server: str, plugin: str) -> set[str]:
    (by_run,) = ask(f"{server}/plugin/{plugin}/tags").values()
    return set(by_run)


@pytest.mark.parametrize("plugin", MEDIA)
def test_a_person_can_see_hear_and_read_the_composition(server: str, plugin: str) -> None:
    assert tags(server, plugin) == MEDIA[plugin]


def test_scalars_and_histograms_are_there(server: str) -> None:
    scalars = tags(server, "scalars")
    assert {"learning/cross_entropy", "melody/cross_entropy", "melody/floor"} <= scalars
    assert {"final/choruses", "final/melody_cross_entropy", "final/learned"} <= scalars
    assert {f"weights/{name}" for name in WEIGHTS} <= tags(server, "histograms")


def test_the_text_names_chords_and_notes(server: str, place: Path) -> None:
    run = str(run_in(place).relative_to(place / "outputs"))
    (text,) = ask(f"{server}/plugin/text/text?run={run}&tag=composition/notes/text_summary")
    assert "Gm7 C" in text["text"]
    assert re.search(r"\b(Eb4|G4|Bb4)\b", text["text"])


def test_the_sound_is_a_chorus(server: str, place: Path) -> None:
    run = str(run_in(place).relative_to(place / "outputs"))
    (clip,) = ask(f"{server}/plugin/audio/audio?run={run}&tag=composition/sound&sample=0")
    address = f"{server}/plugin/audio/individualAudio?{clip['query']}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        sound = answer.read()
    assert sound[:4] == b"RIFF"
    assert len(sound) / (2 * 22050) == pytest.approx(25, abs=0.1)  # 24 s and a second to die away


def test_settings_stand_beside_the_final_numbers(server: str) -> None:
    told = ask(f"{server}/plugin/hparams/experiment", {})
    names = {info["name"] for info in told["hparamInfos"]}
    # What the run does not have from the report, and no constants.
    assert {"seed", "experiment", "form", "learning.rate", "encoding.inputs"} <= names
    assert not {"learning.gross_errors", "network.h", "network.groups.chords.blocks"} & names
    assert len(names) < 15
    metrics = {info["name"]["tag"] for info in told["metricInfos"]}
    assert {"final/choruses", "final/melody_cross_entropy", "final/steps"} <= metrics


@pytest.mark.slow
def test_listening_while_training_takes_no_more_than_its_share(tmp_path: Path) -> None:
    options = ["+experiment=chords", "run.step_limit=4000000", "hydra.run.dir=run"]
    done = run_command("train", *options, "run.listen_share=0.6", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    told = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert 0 < told["logging_seconds"] < told["seconds"]
