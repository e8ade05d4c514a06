"""Composing and judging: the sampler of section 4.2, the MIDI files, the comparison."""

import csv
import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pretty_midi
import pytest
import torch
from support import run_command as command
from support import run_in

from lstm_blues.errors import BluesError
from lstm_blues.music.piece import Piece
from lstm_blues.music.timing import Timing
from lstm_blues.network.topology import CHORDS
from lstm_blues.output.midi import to_midi
from lstm_blues.playing.player import compose
from lstm_blues.playing.sampler import Sampling, draw_one, next_notes
from lstm_blues.runs.build import Parts
from lstm_blues.runs.bundled import PRETRAINED
from lstm_blues.runs.checkpoint import NAME, load_checkpoint
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.trained import Primer, load_trained, title_of


def test_melody_outputs_are_divided_by_their_sum_and_one_note_is_drawn() -> None:
    outputs = torch.tensor([[0.2, 0.0, 0.6]], dtype=torch.float64).repeat(5, 1)
    uniform = torch.tensor([0.0, 0.249, 0.251, 0.5, 0.9999999])
    assert draw_one(outputs, uniform).tolist() == [0, 0, 2, 2, 2]
    generator = torch.Generator().manual_seed(0)
    many = draw_one(outputs[:1].repeat(20_000, 1), torch.rand(20_000, generator=generator))
    assert (many == 2).double().mean().item() == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize("bad", [0.0, float("nan")])
def test_outputs_that_sum_to_zero_are_said(bad: float) -> None:
    outputs = torch.full((2, 3), 0.5)
    outputs[1] = bad
    with pytest.raises(BluesError, match="sum to zero"):
        draw_one(outputs, torch.tensor([0.5, 0.5]))


def test_options_beside_the_report_s() -> None:
    outputs = torch.tensor([[0.1, 0.4, 0.2, 0.3]])
    assert Sampling(greedy=True).weigh(outputs).tolist() == [[0, 1, 0, 0]]
    assert Sampling(top_k=2).weigh(outputs).nonzero()[:, 1].tolist() == [1, 3]
    cold = Sampling(temperature=0.5).weigh(outputs)
    assert cold[0, 1] / cold[0, 0] == pytest.approx(16)
    assert Sampling().weigh(outputs) is outputs
    tiny = Sampling(temperature=0.01).weigh(outputs * 1e-30)
    assert tiny.sum() == pytest.approx(1)
    for bad in ({"temperature": 0.0}, {"top_k": -1}, {"voices": 0}):
        with pytest.raises(BluesError, match="sampling"):
            Sampling(**bad)  # type: ignore[arg-type]


def test_chords_are_thresholded_and_voices_drawn_independently() -> None:
    network = Parts(settings_from(compose_config(["+experiment=melody"]))).network
    outputs = torch.zeros(1, 25)
    outputs[0, :3] = torch.tensor([0.5, 0.51, 0.9])
    outputs[0, [14, 20]] = 0.3
    notes = next_notes(network, outputs, torch.tensor([[0.1, 0.9]]), outputs, Sampling(voices=2))
    assert notes[0].nonzero().flatten().tolist() == [1, 2, 14, 20]
    one = next_notes(network, outputs, torch.tensor([0.1]), outputs)
    assert one[0].nonzero().flatten().tolist() == [1, 2, 14]


def test_ten_thousand_choruses_without_a_wrong_chord(place: Path) -> None:
    checkpoint = load_checkpoint(run_in(place))
    settings = settings_from(checkpoint.config)
    learner = Parts(settings).learner
    learner.load(checkpoint.learner)
    uniform = torch.rand(960_000, generator=torch.Generator().manual_seed(1))
    played = learner.free_run(960_000, uniform=uniform)
    assert played.right == 960_000
    assert (played.notes[:, 12:].sum(1) == 1).all()


def test_the_compiled_sampler_draws_as_the_readable_one(place: Path) -> None:
    checkpoint = load_checkpoint(run_in(place))
    settings = settings_from(checkpoint.config)
    fast = Parts(settings).learner
    fast.load(checkpoint.learner)
    trained = load_trained(run_in(place))
    uniform = torch.rand(400, 1, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    primer = trained.songs[0].inputs[:1]
    first = fast.table[0, 0]  # type: ignore[attr-defined]
    assert torch.equal(torch.from_numpy(first), primer[0])
    compiled = fast.free_run(400, uniform=uniform[:, 0]).notes
    stream = compose(trained.network, primer[None], 5)
    readable = torch.stack([notes[0] for notes in islice(stream, 401)])[1:]
    assert torch.equal(compiled, readable)


def test_a_stream_goes_on_and_chords_hold(place: Path) -> None:
    trained = load_trained(run_in(place))
    form = trained.settings.form
    primer = torch.stack([trained.songs[n].inputs[:24] for n in (5, 9)])
    stream = compose(trained.network, primer, seed=2)
    notes = torch.stack(list(islice(stream, 3 * form.steps)), 1)
    assert torch.equal(notes[:, :24], primer > 0)
    assert torch.equal(notes[0, :, :12], form.chord_tensor().repeat(3, 1) > 0)
    assert not torch.equal(notes[0, 24:], notes[1, 24:])
    assert next(stream).shape == (2, 25)
    with pytest.raises(BluesError, match="one step or more"):
        compose(trained.network, primer[:, :0], seed=2)


def test_a_piece_is_called_by_its_form() -> None:
    trained = load_trained(PRETRAINED)
    assert title_of(trained.form, 3, 2) == "Blues 3.2"
    assert title_of(replace(trained.form, name="pickup_waltz"), 3, 2) == "Pickup waltz 3.2"


def test_a_primer_has_up_to_24_notes() -> None:
    trained = load_trained(PRETRAINED)
    songs, form = trained.songs, trained.form
    begun = Primer(steps=48, song=7).encoded(trained, 2, 1)
    assert torch.equal(begun[0], songs[7].inputs[:48])
    with pytest.raises(BluesError, match="fewer, of 24 notes at most: these are 31"):
        Primer(steps=64, song=7).encoded(trained, 1, 1)
    with pytest.raises(BluesError, match=r"primer\.steps is 97, but must be from 1 to 96"):
        Primer(steps=97).encoded(trained, 1, 1)
    named = Primer(notes=("C4", "Eb4") * 12).encoded(trained, 1, 1)
    assert named.shape == (1, 48, 25)
    assert torch.equal(named[0, :, : form.CHORD_NOTES], songs[0].inputs[:48, : form.CHORD_NOTES])
    with pytest.raises(BluesError, match="at most 24 notes"):
        Primer(notes=("C4",) * 25).encoded(trained, 1, 1)


def test_midi_holds_notes_and_names_its_tracks() -> None:
    form = settings_from(compose_config(["+experiment=melody"])).form
    notes = torch.zeros(8, 25)
    notes[:, [0, 4, 7]] = 1
    for step, unit in enumerate([0, 0, 3, 3, 3, 7, 5, 5]):
        notes[step, 12 + unit] = 1
    midi = to_midi(Piece(notes, form), Timing(tempo=60, swing=2 / 3))
    chords, melody = midi.instruments
    assert (chords.name, melody.name) == ("chords", "melody")
    assert chords.program != melody.program
    assert [note.pitch for note in melody.notes] == [60, 63, 67, 65]
    starts = [note.start for note in melody.notes]
    assert starts == pytest.approx([0, 1, 2 + 2 / 3, 3])  # the off-beat swings
    assert [note.end for note in melody.notes][:-1] == pytest.approx(starts[1:])
    assert len(chords.notes) == 3
    for bad in ({"tempo": 0.0}, {"swing": 0.4}, {"swing": 1.0}):
        with pytest.raises(BluesError):
            Timing(**bad)


def test_compose_writes_what_it_says(place: Path) -> None:
    done = command("compose", "pieces=3", "choruses=2", "output_dir=music", cwd=place)
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == [
        f"music/piece_{n}.mid music/piece_{n}.musicxml" for n in (1, 2, 3)
    ]
    for paths, known, new in lines:
        path = paths.split()[0]
        assert int(known.split()[0]) + int(new.split()[0]) == 24
        midi = pretty_midi.PrettyMIDI(str(place / path))
        assert [track.name for track in midi.instruments] == ["chords", "melody"]
        assert midi.get_end_time() == pytest.approx(48)
    assert "composed by the network of outputs/melody/" in done.stderr
    again = command("compose", "pieces=3", "choruses=2", "output_dir=again", cwd=place)
    assert again.returncode == 0
    for n in (1, 2, 3):
        name = f"piece_{n}.mid"
        assert (place / "music" / name).read_bytes() == (place / "again" / name).read_bytes()


def test_a_piece_begins_with_the_notes_it_was_given(place: Path) -> None:
    done = command("compose", "primer.notes=[C4,Bb4,G4]", "output_dir=named", cwd=place)
    assert done.returncode == 0, done.stderr
    midi = pretty_midi.PrettyMIDI(str(place / "named" / "piece_1.mid"))
    assert [note.pitch for note in midi.instruments[1].notes][:3] == [60, 70, 67]


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["pieces=0"], "pieces is 0"),
        (["tempo=-1"], "tempo is -1"),
        pytest.param(["swing=2"], "swing is 2", marks=pytest.mark.slow),
        pytest.param(
            ["primer.steps=97"],
            "primer.steps is 97, but must be from 1 to 96",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["primer.song=4096"],
            "primer.song is 4096, but must be from 0 to 4095",
            marks=pytest.mark.slow,
        ),
        (["primer.notes=[C9]"], "primer.notes is 'C9'"),
        pytest.param(
            ["sampling.temperature=0"], "sampling.temperature is 0", marks=pytest.mark.slow
        ),
        pytest.param(
            ["sampling.greedy=1"],
            "sampling.greedy is 1, but must be true or false",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["checkpoint=nowhere"], "there is no checkpoint at 'nowhere", marks=pytest.mark.slow
        ),
        pytest.param(["temp=3"], "temp is not a setting", marks=pytest.mark.slow),
        pytest.param(
            ["checkpoint=a/b=c"],
            "a value with = or a comma in it needs quotes within quotes",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["form.chords=[C7,F#m7]"],
            "a name with # needs quotes within quotes, \"chords=['F#m7']\"",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_mistake_is_one_sentence(place: Path, overrides: list[str], words: str) -> None:
    done = command("compose", *overrides, cwd=place)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.strip()]
    assert line.startswith("error: ")
    assert words in line
    assert not (place / "outputs" / "compositions").exists()  # no empty folder is left


def test_without_a_run_the_network_that_comes_along_composes(tmp_path: Path) -> None:
    done = command("compose", "output_dir=music", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "composed by the bundled network" in done.stderr
    midi = pretty_midi.PrettyMIDI(str(tmp_path / "music" / "piece_1.mid"))
    assert midi.get_end_time() == pytest.approx(4 * 24)


@pytest.mark.parametrize(
    ("name", "options", "file"),
    [
        ("compose", ["formats=[mid]", "choruses=1"], "piece_1.mid"),
        ("evaluate", ["pieces=2", "choruses=1", "table_songs=10", "resamples=10"], "table.md"),
    ],
)
def test_results_come_out_where_hydra_s_own_folder_is_another(
    place: Path, name: str, options: list[str], file: str
) -> None:
    given = [*options, f"output_dir=apart/{name}", "hydra.run.dir=elsewhere"]
    done = command(name, *given, cwd=place)
    assert done.returncode == 0, done.stderr
    assert (place / "apart" / name / file).is_file()


def test_evaluate_compares_and_saves(place: Path) -> None:
    done = command("evaluate", "pieces=10", "choruses=2", "output_dir=judged", cwd=place)
    assert done.returncode == 0, done.stderr
    table = json.loads((place / "judged" / "table.json").read_text())
    assert table["the network"]["wrong chord bits"] == [0, 0, 0]
    assert table["training songs"]["bars from the library"][0] == 1
    assert table["training songs"]["beats held"][0] == 1
    assert table["random notes"]["beats held"][0] < 0.2
    assert table["random walk"]["outside the scale"][0] == 0
    assert table["training songs"]["the network's loss, nats per step"][0] > 0.1
    assert table["table, told the place, order 3"]["bars from the library"][0] > 0.9
    assert len(table) == 4 + 9
    assert "| measure | the network | training songs |" in done.stdout
    rows = list(csv.DictReader((place / "judged" / "table.csv").open()))
    assert len(rows) == 13 * 17 + 2 * 2 + 1


def test_a_chord_run_cannot_compose(tmp_path: Path) -> None:
    done = command(
        "train", "+experiment=chords", "run.step_limit=100", "hydra.run.dir=run", cwd=tmp_path
    )
    assert done.returncode == 1
    assert (tmp_path / "run" / NAME).is_file()
    with pytest.raises(BluesError, match="plays chords only"):
        load_trained(tmp_path / "run")
    assert CHORDS in load_checkpoint(tmp_path / "run").config["network"]["groups"]
