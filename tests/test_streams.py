"""Pieces as streams: the files of whole pieces, in memory that does not grow with them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import mido
import pytest
import soundfile
import torch
from support import environment, run_command

from lstm_blues.compose import ComposeSettings
from lstm_blues.errors import BluesError
from lstm_blues.music.encoding import Encoding
from lstm_blues.music.piece import LONGEST_STRETCH, Piece, stretches
from lstm_blues.music.timing import Timing
from lstm_blues.output.render import FORMATS, render
from lstm_blues.output.streams import open_stream
from lstm_blues.playing.sampler import Sampling
from lstm_blues.runs import composing as composing_module
from lstm_blues.runs.bundled import PRETRAINED
from lstm_blues.runs.composing import Composing, Order
from lstm_blues.runs.config import compose_config, read
from lstm_blues.runs.trained import Primer, Trained, compose_pieces, load_trained

STREAMED = ("mid", "txt", "wav", "flac")


@pytest.fixture(scope="module")
def bundled() -> Trained:
    return load_trained(PRETRAINED)


def order(choruses: int, formats: tuple[str, ...], pieces: int = 1) -> Order:
    return Order(pieces, choruses, 3, Primer(), Sampling(), formats, Timing(), "builtin")


@pytest.mark.parametrize(
    ("suffix", "held"),
    [(suffix, "unmarked") for suffix in STREAMED]
    + [
        (suffix, held)
        for suffix in ("mid", "txt")
        for held in ("endings", "begins", "unmarked+rests")
    ],
)
def test_a_stream_writes_the_bytes_of_the_whole(suffix: str, held: str, tmp_path: Path) -> None:
    form = load_trained(PRETRAINED).form
    encoding = Encoding(held=held.removesuffix("+rests"), rests=held.endswith("+rests"))
    generator = torch.Generator().manual_seed(1)
    notes = form.chord_tensor().repeat(3, 1)
    # Notes of two steps on average, so that some are held over the ends of choruses.
    kept = torch.rand(len(notes), generator=generator) < 0.5
    drawn = torch.randint(13, (len(notes),), generator=generator)
    melody = [int(drawn[0])]
    for step in range(1, len(notes)):
        melody.append(melody[-1] if kept[step] else int(drawn[step]))
    if encoding.rests:
        melody = [13 if pitch < 4 else pitch for pitch in melody]
    encoded = encoding.encode_melody(torch.tensor(melody), ~kept, 13)
    piece = Piece(torch.cat((notes, encoded), 1), form, encoding, title="a ♭ piece")
    timing = Timing(143, 0.6)
    whole = render(piece, tmp_path / f"whole.{suffix}", 143, 0.6)
    stream = open_stream(tmp_path / f"stream.{suffix}", timing)
    parts = list(stretches(piece.notes.unbind(0), piece))
    assert sum(part.steps for part in parts) == piece.steps
    for part in parts:
        stream.add(part)
    stream.finish()
    assert whole.read_bytes() == (tmp_path / f"stream.{suffix}").read_bytes()


def test_no_stretch_ends_in_a_note(bundled: Trained) -> None:
    form = bundled.form
    silence = torch.zeros(3 * form.steps, 25)
    piece = Piece(silence, form)
    held = silence.clone()
    held[90:100, 12] = 1  # over the end of the first chorus
    lengths = [part.steps // form.steps for part in stretches(held.unbind(0), piece)]
    assert lengths == [2, 1]
    endless = torch.zeros((LONGEST_STRETCH + 2) * form.steps, 25)
    endless[:, 12] = 1
    lengths = [part.steps // form.steps for part in stretches(endless.unbind(0), piece)]
    assert lengths == [LONGEST_STRETCH, 2]


def test_pieces_are_those_that_are_composed_side_by_side(bundled: Trained, tmp_path: Path) -> None:
    whole = compose_pieces(bundled, 40, 1, 3)
    for written, piece in zip(
        Composing(bundled, order(1, ("mid",), 40), tmp_path).run(), whole, strict=True
    ):
        (path,) = written.paths
        render(piece, tmp_path / "whole.mid")
        assert path.read_bytes() == (tmp_path / "whole.mid").read_bytes()
        assert written.known == sum(piece.bars_from_library)


def test_memory_does_not_grow_with_the_music(bundled: Trained, tmp_path: Path) -> None:
    def most(choruses: int) -> int:
        tracemalloc.start()
        list(Composing(bundled, order(choruses, ("mid", "txt")), tmp_path).run())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    most(2)  # what is made once
    assert most(20) < most(4) + 100_000


@pytest.mark.parametrize("suffix", STREAMED)
def test_an_interrupted_piece_is_whole_up_to_there(
    suffix: str, bundled: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    composing = Composing(bundled, order(1000, (suffix,)), tmp_path)

    def stopped(*args: object, **more: object) -> object:
        for step, notes in enumerate(real(*args, **more)):  # type: ignore[arg-type]
            if step == 250:
                signal.raise_signal(signal.SIGINT)
            yield notes

    real = composing_module.compose_steps
    monkeypatch.setattr(composing_module, "compose_steps", stopped)
    (written,) = composing.run()
    assert composing.stopped
    (whole,) = compose_pieces(bundled, 1, 3, 3)
    heard = Piece(whole.notes[:251], whole.form, whole.encoding, whole.library, whole.title)
    expected = render(heard, tmp_path / f"expected.{suffix}")
    assert written.paths[0].read_bytes() == expected.read_bytes()


def test_ctrl_c_ends_compose_without_a_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lstm_blues.compose", "choruses=900000", "formats=[mid,txt]"]
    with subprocess.Popen(
        [*command, "output_dir=music"],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert "composed by" in process.stderr.readline()
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
    assert process.returncode == 130
    assert told == "Interrupted: the files end where the music was.\n"
    tracks = mido.MidiFile(tmp_path / "music" / "piece_1.mid").tracks
    ends = {sum(message.time for message in track) for track in tracks[1:]}
    bars = len((tmp_path / "music" / "piece_1.txt").read_text().splitlines())
    assert len(ends) == 1
    assert (bars - 1) * 4 * 480 < ends.pop() <= bars * 4 * 480
    assert sorted(path.name for path in (tmp_path / "music").iterdir()) == [
        "piece_1.mid",
        "piece_1.txt",
    ]


@pytest.mark.parametrize("command", ["train", "compose", "evaluate", "study", "lead_sheet"])
def test_ctrl_c_while_a_command_begins(command: str, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", f"lstm_blues.{command}", "--version"],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        time.sleep(0.4)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        told = process.stderr.read()
    assert "Traceback" not in told


CTRL_C = "import signal\ntry: signal.raise_signal(signal.SIGINT)\nexcept BaseException as caught:"


@pytest.mark.parametrize("main", ["import loses_it", "def main(): import wraps_it\nmain()"])
def test_ctrl_c_that_an_import_loses_or_takes_for_another_error(main: str, tmp_path: Path) -> None:
    (tmp_path / "loses_it.py").write_text(f"{CTRL_C} pass\n")
    (tmp_path / "wraps_it.py").write_text(f"{CTRL_C} raise RuntimeError from caught\n")
    code = f"from lstm_blues.errors import interrupt_quietly\ninterrupt_quietly()\n{main}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")


def test_ctrl_c_stays_that_of_a_program_that_uses_the_package(tmp_path: Path) -> None:
    program = tmp_path / "lstm_blues" / "own.py"
    program.parent.mkdir()
    program.write_text(
        "import signal\n"
        # Which a test that runs in the background would lack.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import lstm_blues\n"
        "try: signal.raise_signal(signal.SIGINT)\n"
        "except KeyboardInterrupt: print('saved')\n"
    )
    done = subprocess.run(
        [sys.executable, str(program)],
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "saved\n", "")


@pytest.mark.parametrize("formats", [("svg", "ogg"), pytest.param(FORMATS, marks=pytest.mark.slow)])
def test_every_format_has_the_same_bytes_in_every_process(
    formats: tuple[str, ...], tmp_path: Path
) -> None:
    made = []
    for name in ("one", "other"):
        done = run_command(
            *("compose", f"formats=[{','.join(formats)}]", "choruses=1", "tempo=400"),
            f"output_dir={name}",
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        made.append({p.suffix: p.read_bytes() for p in sorted((tmp_path / name).iterdir())})
        time.sleep(1)  # for what has the time in it
    assert len(made[0]) == len(formats)
    assert made[0] == made[1]
    # A chorus of 48 quarter notes, and the second in which the last of them dies away.
    samples = round((48 * 60 / 400 + 1) * 44100)
    assert soundfile.info(tmp_path / "one" / "piece_1.ogg").frames == samples


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["pieces=1000000000"], r"pieces is 1000000000, but must be smaller: it would need"),
        (
            ["choruses=1000000000"],
            r"choruses is 1000000000, but must be at most 1000 with music",
        ),
        (["choruses=1000000000000", "formats=[mid]"], r"would need 800 TB of disk space"),
        (["choruses=100000", "formats=[wav]"], r"a WAV file has at most 4"),
        (["choruses=1000", "formats=[png]"], r"at most 150 with png"),
        (["sampling.voices=1000000000"], r"sampling.voices is 1000000000"),
        (["primer.steps=1000000000"], r"primer.steps is 1000000000"),
        (["formats=[]"], r"formats is \[\], but must be one format or more"),
        (["checkpoint=''"], r"checkpoint is ''"),
    ],
)
def test_what_is_too_large_or_nothing_is_said_at_once(
    bundled: Trained, overrides: list[str], words: str, tmp_path: Path
) -> None:
    def check() -> None:
        given = read(ComposeSettings, compose_config(overrides, "compose"), "")
        Composing(bundled, given.order(), tmp_path)

    with pytest.raises(BluesError, match=words):
        check()
