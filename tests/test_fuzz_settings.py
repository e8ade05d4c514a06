"""Whatever stands in a setting, on the command line or in a file: success, or one sentence."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fuzz_support import (
    changed,
    damaged,
    junk,
    places,
    random_changes,
    told_by_blues_error,
    try_all,
)

from lstm_blues.compose import ComposeSettings
from lstm_blues.lab.collect import read_runs
from lstm_blues.lab.evaluation import EvaluateSettings
from lstm_blues.lead_sheet import write_form_and_library
from lstm_blues.music.reading.door import read_score
from lstm_blues.music.reading.sheet import sheets_of
from lstm_blues.music.songbook import form_and_library
from lstm_blues.music.tunes import read_tune
from lstm_blues.output.midi import write_midi
from lstm_blues.output.musicxml import write_musicxml
from lstm_blues.runs.bundled import PRETRAINED
from lstm_blues.runs.command import sentence_of, understood
from lstm_blues.runs.config import compose_config, conf_folder, read
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.sweep import statuses
from lstm_blues.runs.trained import Trained, compose_pieces, load_trained, newest_run
from lstm_blues.runs.yaml_files import check_own_configs, read_yaml

EXPERIMENTS = ("chords", "melody", "forms", "chords_fine")

CASES = {
    "settings of train": 2800,
    "settings of compose": 500,
    "settings of evaluate": 300,
    "settings of lead_sheet": 300,
    "the command line": 300,
    "YAML": 1200,
    "MIDI": 800,
    "MusicXML": 200,
    "summary.json": 400,
}

DOSE = 40
"""One case of so many is tried by default."""

REGRESSIONS = json.loads((Path(__file__).parent / "fuzz_regressions.json").read_text())


@cache
def config_of(command: str, *overrides: str) -> dict[str, Any]:
    return compose_config(list(overrides), command)


@cache
def bundled() -> Trained:
    return load_trained(PRETRAINED)


# What is done with a case of each kind.


def try_train(case: list[Any], _folder: Path) -> None:
    experiment, changes = case
    settings_from(changed(config_of("train", f"+experiment={experiment}"), changes))


def try_compose(changes: list[Any], folder: Path) -> None:
    given = read(ComposeSettings, changed(config_of("compose"), changes), "")
    given.order().require_possible(bundled(), folder)
    if given.pieces < 100:
        given.primer.encoded(bundled(), given.pieces, 1)


def try_evaluate(changes: list[Any], _folder: Path) -> None:
    given = read(EvaluateSettings, changed(config_of("evaluate"), changes), "")
    if given.pieces > 100 or given.choruses > 100:
        trained = bundled()
        # The sizes are looked at, and nothing is played.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("lstm_blues.runs.trained.compose_steps", lambda *_: iter(()))
            patch.setattr("lstm_blues.runs.trained.torch.stack", lambda *_, **__: ())
            patch.setattr("lstm_blues.runs.trained.Primer.encoded", lambda *_: None)
            compose_pieces(trained, given.pieces, given.choruses, given.seed, given.primer)


def try_lead_sheet(changes: list[Any], folder: Path) -> None:
    config = changed(config_of("lead_sheet", f"files=[{tune(folder)}]", "name=mine"), changes)
    if isinstance(config.get("output_dir"), str) and config["output_dir"]:
        config["output_dir"] = str(folder / "out")
    for made in (folder / "out").rglob("*.yaml"):
        made.unlink()
    write_form_and_library(config)


def try_command_line(case: list[Any], _folder: Path) -> None:
    command, arguments = case
    composed = compose_config(understood(arguments, command), command)
    if command == "train":
        settings_from(composed)
    elif command == "compose":
        read(ComposeSettings, composed, "")


def try_yaml(case: list[str], folder: Path) -> None:
    group, text = case
    path = folder / "own.yaml"
    path.write_bytes(text.encode("latin-1"))
    found = read_yaml(path)
    experiment = "melody" if group == "bars" else "chords"
    settings_from({**config_of("train", f"+experiment={experiment}"), group: found})


def try_midi(content: str, folder: Path) -> None:
    path = folder / "damaged.mid"
    path.write_bytes(bytes.fromhex(content))
    read_tune(str(path))
    form_and_library(sheets_of([read_score(str(path))]), "mine")


def try_musicxml(content: str, folder: Path) -> None:
    path = folder / "damaged.musicxml"
    path.write_bytes(content.encode("latin-1"))
    read_tune(str(path))
    form_and_library(sheets_of([read_score(str(path))]), "mine")


def try_summary(content: str, folder: Path) -> None:
    run = folder / "runs" / "one"
    run.mkdir(parents=True, exist_ok=True)
    (run / "summary.json").write_bytes(content.encode("latin-1"))
    newest_run(folder / "runs")
    statuses(folder / "runs")
    read_runs([folder / "runs", whole_run(folder)])


def whole_run(folder: Path) -> Path:
    place = folder / "whole"
    if not place.exists():
        place.mkdir()
        (place / "summary.json").write_bytes((PRETRAINED / "summary.json").read_bytes())
        (place / "config.yaml").write_bytes((PRETRAINED / "config.yaml").read_bytes())
    return place


def tune(folder: Path) -> Path:
    """A lead sheet as MIDI."""
    path = folder / "tune.mid"
    if not path.exists():
        write_midi(bundled().songs.piece(1234), path)
    return path


TRIES: dict[str, Callable[[Any, Path], None]] = {
    "settings of train": try_train,
    "settings of compose": try_compose,
    "settings of evaluate": try_evaluate,
    "settings of lead_sheet": try_lead_sheet,
    "the command line": try_command_line,
    "YAML": try_yaml,
    "MIDI": try_midi,
    "MusicXML": try_musicxml,
    "summary.json": try_summary,
}


# Cases of each kind.


def cases(kind: str, count: int, folder: Path, rng: random.Random) -> Iterator[Any]:
    for _ in range(count):
        match kind:
            case "settings of train":
                experiment = rng.choice(EXPERIMENTS)
                config = config_of("train", f"+experiment={experiment}")
                yield [experiment, random_changes(config, rng)]
            case "settings of compose" | "settings of evaluate":
                yield random_changes(config_of(kind.removeprefix("settings of ")), rng)
            case "settings of lead_sheet":
                yield random_changes(config_of("lead_sheet", "files=[x]", "name=x"), rng)
            case "the command line":
                yield command_line(rng)
            case "YAML":
                yield own_yaml(rng)
            case "MIDI":
                yield damaged(tune(folder).read_bytes(), rng, MIDI_PIECES).hex()
            case "MusicXML":
                write_musicxml(bundled().songs.piece(7), folder / "whole.musicxml")
                content = (folder / "whole.musicxml").read_bytes()
                yield damaged(content, rng, XML_PIECES).decode("latin-1")
            case "summary.json":
                content = (PRETRAINED / "summary.json").read_bytes()
                yield damaged(content, rng, JSON_PIECES).decode("latin-1")


MIDI_PIECES = (b"MThd", b"MTrk", b"\xff\xff\xff\x7f", b"\xff\x58\x04\x03\x02\x18\x08", b"\0\0\0\0")
XML_PIECES = (b"<", b"</note>", b"<note/>", b"&a;", b"<!ENTITY a 'b'>", b"-1", b"1e400", b"\xff")
JSON_PIECES = (
    b"null",
    b"[]",
    b"{}",
    b"NaN",
    b"1e400",
    b"-1",
    b"9" * 5000,
    b'"x"',
    b"true",
    b"[" * 9,
)
YAML_PIECES = (
    *(b"\t", b"[", b"]", b"{", b"*a", b"&a ", b"!!python/object:os.system ", b"!!int ", b"\n---\n"),
    *(b"- ", b"? ", b": ", b"<<: ", b"null", b"\xe9", b"\0", b"#", b"'", b'"', b"${a}", b"[" * 99),
    *(b"name: x\n", b"1e400", b".inf", b".nan", b"|\n", b"%YAML 9\n", b"\xef\xbb\xbf", b"\r"),
)


def own_yaml(rng: random.Random) -> list[str]:
    group = rng.choice(("form", "bars", "learning", "run", "encoding"))
    path = rng.choice(sorted((conf_folder() / group).glob("*.yaml")))
    return [group, damaged(path.read_bytes(), rng, YAML_PIECES).decode("latin-1")]


def command_line(rng: random.Random) -> list[Any]:
    command = rng.choice(("train", "train", "compose"))
    settings = [".".join(path) for path in places(config_of(command))]
    if command == "train":
        settings += ["bars", "form", "corpus", "network", "run", "+experiment", "+learner", "+cell"]
    arguments = ["+experiment=chords"] if command == "train" else []
    for _ in range(rng.choice((1, 1, 2))):
        name = rng.choice(settings)
        if rng.random() < 0.2:
            name = damaged(name.encode(), rng).decode("latin-1")
        sign = rng.choice(("", "", "", "", "+", "++", "~"))
        value = str(junk(rng))
        arguments.append(rng.choice((f"{sign}{name}={value}", f"{sign}{name}={value}", name)))
    return [command, arguments]


def told_by(command: str) -> Callable[[Exception], str | None]:
    return lambda error: sentence_of(error, command, composing=True)


def try_kind(kind: str, count: int, folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    check_own_configs(conf_folder())
    tries = TRIES[kind]
    some = cases(kind, count, folder, rng)
    if kind == "the command line":
        try_all(kind, some, lambda case: tries(case, folder), told_by("train"))
    else:
        try_all(kind, some, lambda case: tries(case, folder))


@pytest.mark.parametrize("kind", CASES)
def test_a_short_dose(kind: str, tmp_path: Path) -> None:
    try_kind(kind, -(-CASES[kind] // DOSE), tmp_path, 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_thousands(kind: str, tmp_path: Path) -> None:
    try_kind(kind, CASES[kind], tmp_path, 2)


@pytest.mark.parametrize("kind", CASES)
def test_what_failed_once(kind: str, tmp_path: Path) -> None:
    tries = TRIES[kind]
    told = told_by("train") if kind == "the command line" else told_by_blues_error
    known_cases = iter(REGRESSIONS.get(kind, []))
    try_all(kind, known_cases, lambda case: tries(case, tmp_path), told)
