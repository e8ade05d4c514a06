"""Bars with rests, ties, pickups and triplets, and any number of segments, from form to page."""

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import EXAMPLES, assert_same, example, untrained
from support import run_command as command

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.errors import BluesError
from lstm_blues.lab.evaluation import EvaluateSettings, evaluate
from lstm_blues.lab.melodies import draw_songs, melody_of, random_walks
from lstm_blues.lab.melody_metrics import MelodyMetrics
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.music.bars import BarLibrary, melody_floor
from lstm_blues.music.encoding import HELD, Encoding
from lstm_blues.music.form import Form
from lstm_blues.music.metre import METRES, Metre
from lstm_blues.music.piece import Note, Piece
from lstm_blues.music.songs import BluesSongs
from lstm_blues.music.timing import Timing
from lstm_blues.output.midi import to_midi
from lstm_blues.output.musicxml import to_musicxml
from lstm_blues.output.render import FORMATS, render
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.trained import Primer, Trained, compose_pieces, load_trained

# Bars.


def piece_of(
    segments: Sequence[tuple[str, ...]], held: str, steps_per_bar: int = 12, metre: str = "4/4"
) -> Piece:
    """The one song of a library with one segment per bar."""
    form = Form("f", ("C",) * len(segments), len(segments), steps_per_bar, metre=metre)
    library = BarLibrary("l", (), tuple((segment,) for segment in segments))
    return BluesSongs(form, library, Encoding(held=held, rests=library.rests)).piece(0)


@pytest.mark.parametrize("held", HELD)
def test_rests_are_silent(held: str) -> None:
    piece = piece_of([("C4:1/4", "r:1/4", "D4:1/2"), ("r:1/1",), ("r", "D4")], held)
    assert piece.melody == [Note(60, 0, 3), Note(62, 6, 12), Note(62, 30, 36)]
    assert piece.notes.shape[1] == 12 + 14 + (held == "begins")
    assert piece.bars_from_library == [True] * 3
    first, second, _ = piece.in_words().splitlines()
    assert first.split()[2:] == ["C4", *"--r--", "D4", *"-----", "library"]
    assert second.split()[2:] == [*"r-----------", "library"]
    melody, begins = piece.encoding.decode_melody(piece.notes)
    assert melody.tolist() == [0] * 3 + [13] * 3 + [2] * 6 + [13] * 18 + [2] * 6
    assert begins.nonzero().flatten().tolist() == [0, 6, 30]


def test_marks_of_endings_are_the_notes_alone() -> None:
    piece = piece_of([("C4:1/4", "r:1/12", "D4:2/3")], "endings")
    assert piece.melody == [Note(60, 0, 3), Note(62, 4, 12)]
    assert piece.bars_from_library == [True]
    # A rest that follows on a note without a mark, as a network may play it, is no part of it.
    piece.notes[2, 12], piece.notes[2, 12 + 13] = 0, 1
    assert replace(piece).melody == [Note(60, 0, 2), Note(62, 4, 12)]


def test_a_tied_note_goes_on_where_the_bar_before_ends_on_it() -> None:
    bars = [("C4", "E4"), ("~E4:1/4", "E4:3/4"), ("~D4:1/1",), ("D4:1/1",)]
    assert piece_of(bars, "begins").melody == [
        Note(60, 0, 6), Note(64, 6, 15), Note(64, 15, 24), Note(62, 24, 36), Note(62, 36, 48)
    ]  # fmt: skip
    unmarked = piece_of(bars, "unmarked").melody
    assert unmarked == [Note(60, 0, 6), Note(64, 6, 24), Note(62, 24, 48)]
    ties = ElementTree.fromstring(to_musicxml(piece_of(bars, "begins"))).findall(".//tie")
    # Over the bar line, and from the second beat on to the end of the bar.
    assert [tie.get("type") for tie in ties] == ["start", "stop"] * 2


def test_the_form_is_a_cycle_of_pickups_and_ties() -> None:
    form = Form("f", ("C", "G"), 2, 6, metre="3/4")
    library = BarLibrary("l", (), ((("~G4:1/3", "C4:2/3"),), (("B4:2/3", "G4:1/3"),)))
    songs = BluesSongs(form, library, Encoding(held="begins"))
    two = Piece(songs[0].inputs.repeat(2, 1), form, songs.encoding, library)
    # The first chorus begins with the note itself, the second with what its pickup holds.
    assert two.melody == [
        Note(67, 0, 2), Note(60, 2, 6), Note(71, 6, 10), Note(67, 10, 14), Note(60, 14, 18),
        Note(71, 18, 22), Note(67, 22, 24)
    ]  # fmt: skip


def test_triplets_last_what_they_should() -> None:
    piece = piece_of([("C4:1/12", "D4:1/12", "E4:1/12", "F4:3/4")], "unmarked")
    starts = [note.start for note in to_midi(piece, Timing(60)).instruments[1].notes]
    assert starts == pytest.approx([0, 1 / 3, 2 / 3, 1], abs=2e-3)


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        (("C4", "~D4"), "'~D4' is tied, but must be the segment's first note"),
        (("~r:1/2", "C4:1/2"), "'r' is not a note"),
        (("r:1/4", "C4:1/2"), "fills 9 steps of a bar of 12"),
        (("r:1/5", "C4:4/5"), "lasts 12/5 steps"),
        (("r:1/2", "C4"), "either all of a segment have a share or none has"),
    ],
)
def test_a_mistake_in_a_segment_is_named(segment: tuple[str, ...], words: str) -> None:
    with pytest.raises(BluesError, match=f"bar 1, segment 1 of bars.bars.*{words}"):
        piece_of([segment], "unmarked")


def test_the_units_follow_the_library() -> None:
    assert example("slow_blues").network.units["melody"].units == 14
    assert example("slow_blues", "encoding.held=begins").network.units["melody"].units == 15
    plain = settings_from(compose_config(["+experiment=melody"]))
    assert (plain.network.units["melody"].units, plain.encoding.rests) == (13, False)
    wide = example("slow_blues", "form.melody_notes=30", "form.lowest_melody_note=55")
    assert wide.network.units["melody"].units == 31
    assert len(wide.form.melody_pitches) == 30
    with pytest.raises(BluesError, match=r"melody\.units is 13, but must be null, or 14 with form"):
        example("slow_blues", "network.units.melody.units=13")
    with pytest.raises(BluesError, match=r"segment 1 .* rest, but encoding\.rests is false"):
        example("slow_blues", "encoding.rests=false")
    with pytest.raises(BluesError, match=r"form\.melody_notes is 0, but must be from 1 to 128"):
        example("slow_blues", "form.melody_notes=0")
    with pytest.raises(BluesError, match=r"lowest_melody_note is 100, but must be from 0 to 98"):
        example("slow_blues", "form.melody_notes=30", "form.lowest_melody_note=100")


def test_a_config_of_before_loads() -> None:
    config = compose_config(["+experiment=melody"])
    del config["form"]["metre"], config["form"]["melody_notes"], config["encoding"]["rests"]
    config["network"]["units"]["melody"]["units"] = 13
    assert settings_from(config) == settings_from(compose_config(["+experiment=melody"]))


# Libraries of any kind.


@st.composite
def libraries(draw: st.DrawFn) -> tuple[Form, BarLibrary, Encoding]:
    """A small form in any metre, with one to four segments per bar: few pitches, so that segments
    begin alike, rests and ties."""
    metre = Metre(draw(st.sampled_from(METRES)))
    size = metre.beats * draw(st.sampled_from((1, 2, 3)))
    held = draw(st.sampled_from(("unmarked", "begins")))
    note = st.sampled_from(("C4", "E4", "r"))

    def segment() -> tuple[str, ...]:
        cuts = sorted(draw(st.sets(st.integers(1, size), max_size=3)) | {0, size})
        shares = [Fraction(end - start, size) for start, end in itertools.pairwise(cuts)]
        names = [draw(note) for _ in shares]
        tie = "~" * (names[0] != "r" and draw(st.booleans()))
        written = [f"{name}:{share}" for name, share in zip(names, shares, strict=True)]
        return (tie + written[0], *written[1:])

    bars = tuple(
        tuple(segment() for _ in range(draw(st.integers(1, 4))))
        for _ in range(draw(st.integers(1, 3)))
    )
    form = Form("f", ("C",) * len(bars), len(bars), size, metre=metre.text)
    library = BarLibrary("l", (), bars)
    return form, library, Encoding(held=held, rests=library.rests)


@given(libraries())
def test_any_library_has_songs_a_floor_and_statistics(
    case: tuple[Form, BarLibrary, Encoding],
) -> None:
    form, library, encoding = case
    songs = BluesSongs(form, library, encoding)
    every = torch.stack([song.inputs for song in songs])
    assert len(every) == math.prod(library.choices)
    mean, deviation = songs.unit_statistics()
    torch.testing.assert_close(mean, every.flatten(0, 1).mean(0))
    torch.testing.assert_close(deviation, every.flatten(0, 1).std(0, correction=0))
    # The floor by what an optimal predictor says of every song, step by step.
    melody = every[..., 12:]
    total = 0.0
    for song in melody:
        possible = melody
        for step, units in enumerate(song):
            share = (possible[:, step] == units).double().mean(0)
            total -= float(share.log().sum())
            possible = possible[(possible[:, step] == units).all(1)]
    floor = total / len(melody) / form.steps
    assert melody_floor(library, form, encoding) == pytest.approx(floor, abs=1e-9)


@given(libraries(), st.integers(0, 2**20))
def test_any_song_reads_back(case: tuple[Form, BarLibrary, Encoding], number: int) -> None:
    form, library, encoding = case
    songs = BluesSongs(form, library, encoding)
    number %= len(songs)
    piece = songs.piece(number)
    assert all(piece.bars_from_library)
    assert len(piece.in_words().splitlines()) == form.bars
    silent = [True] * form.steps
    for note in piece.melody:
        silent[note.start : note.end] = [False] * (note.end - note.start)
    written = torch.cat(
        [
            units[pick]
            for units, pick in zip(library.units(form), songs.choices(number), strict=True)
        ]
    )
    assert silent == (written == form.melody_notes).tolist()
    assert melody_of(piece.notes, Trained(None, None, songs, Path())).tolist() == written.tolist()  # type: ignore[arg-type]
    judge = MelodyMetrics(form, library, smoothing=0.01)
    measured = judge.measures(np.array([written.tolist()]))
    assert measured["bars from the library"] == [1]
    assert measured["longest copy, steps"] == [form.steps]
    assert ("chord notes, weak beats" in measured) == (form.metre != "3/8")
    assert all(0 <= value[0] <= 1 for name, value in measured.items() if "notes" in name)
    # Of C and E both fit the chord: every note that sounds does.
    strong = measured["chord notes, strong beats"][0]
    assert strong in (0, 1)


def test_measures_count_the_beats_of_the_metre() -> None:
    form = Form("f", ("C",), 1, 6, metre="6/8")
    library = BarLibrary("l", (), ((("C4:1/2", "r:1/2"), ("D4:1/1",)),))
    judge = MelodyMetrics(form, library, smoothing=0.01)
    # C and a rest; one beat of each segment; an eighth that the chord has not.
    played = np.array([[0, 0, 0, 13, 13, 13], [2, 2, 2, 13, 13, 13], [0, 1, 0, 4, 4, 4]])
    found = judge.measures(played)
    assert found["beats held"].tolist() == [1, 1, 0.5]
    assert found["bars from the library"].tolist() == [1, 0, 0]
    # At every step the note of one of the segments.
    assert found["bars mixed"].tolist() == [0, 1, 0]
    assert found["bars new and whole"].tolist() == [0, 1, 0]
    assert found["bars new and broken"].tolist() == [0, 0, 1]
    assert found["chord notes, strong beats"].tolist() == pytest.approx([1, 0, 2 / 3])
    assert found["chord notes, weak beats"].tolist() == [0, 0, 1]
    waltz = Form("f", ("C", "F"), 2, 3, metre="3/4")
    three = MelodyMetrics(waltz, BarLibrary("l", (), ((("C4",),), (("F4",),))), smoothing=0.01)
    found_in_three = three.measures(np.array([[0, 1, 4, 5, 1, 1]]))  # C C# E | F C# C#
    assert found_in_three["chord notes, strong beats"] == [1]
    assert found_in_three["chord notes, weak beats"] == [1 / 4]
    # Where the library says nothing, all thirteen notes and the rest are as likely.
    first = np.log(0.99 / 2 + 0.01 / 14)
    goes_on = 0.99 + 0.01 * (0.99 + 0.01 / 14)
    third = 0.99 + 0.01 * (0.99 * 0.5 / 14 + 0.01 / 14)  # half of the segments begin a note there
    assert found["log-likelihood per step"][0] == pytest.approx(
        (first + 4 * np.log(goes_on) + np.log(third)) / 6
    )


def test_two_rests_in_a_row_are_one() -> None:
    form = Form("f", ("C",), 1, 4)
    library = BarLibrary("l", (), ((("r", "r", "C4", "E4"), ("E4:1/4", "C4:3/4")),))
    judge = MelodyMetrics(form, library, smoothing=0.01)
    begins = np.array([[False, False, True, True], [False, True, True, False]])
    found = judge.measures(np.array([[13, 13, 2, 2], [13, 2, 2, 2]]), begins)
    assert found["bars new and whole"].tolist() == [1, 0]
    assert found["bars new and broken"].tolist() == [0, 1]
    assert judge.rhythm.begins.tolist() == [1, 0.5, 0.5, 0.5]


# From the network to the page.


def test_engines_agree_on_rests_and_any_number_of_segments() -> None:
    settings = example(
        *("slow_blues", "encoding.held=begins", "learning.rate=1e-4", "learning.gross_errors=200")
    )
    network, stream = Parts(settings).network, Parts(settings).stream
    fast = CompiledLearner(network, stream, settings.learning)
    readable = OnlineLearner(network, stream, settings.learning)
    fast.learn(600)
    readable.learn(600)
    assert_same(fast, readable)
    numbers = torch.rand(100, 2, generator=torch.Generator().manual_seed(4))
    ours, truth = (r.free_run(100, uniform=numbers.double()) for r in (fast, readable))
    assert torch.equal(ours.notes, truth.notes)
    assert (ours.notes[:, 12:26].sum(1) == 1).all()  # one note at every step, or a rest
    assert ours.notes[:, 25].any()


@pytest.mark.parametrize("name", EXAMPLES)
def test_pieces_are_composed_and_written_in_every_format(name: str, tmp_path: Path) -> None:
    trained = untrained(example(name, "encoding.held=begins"))
    form = trained.form
    primer = Primer(notes=("C4", "r"))
    (piece,) = compose_pieces(trained, choruses=1, primer=primer)
    beat = form.steps_per_beat
    assert piece.melody[0] == Note(60, 0, beat)
    assert all(note.start >= 2 * beat for note in piece.melody[1:])
    seconds = form.bars * float(form.time.quarters) / 4
    for suffix in FORMATS:
        if suffix in ("svg", "pdf"):
            pytest.importorskip("verovio")
        path = render(piece, tmp_path / f"piece.{suffix}", tempo=240)
        assert path.stat().st_size > 100
        if suffix in ("wav", "ogg"):
            heard, rate = soundfile.read(path)
            assert len(heard) / rate == pytest.approx(seconds + 1, abs=0.01)
    with pytest.raises(BluesError, match=r"primer\.notes is 'C3', but must be notes from MIDI 60"):
        compose_pieces(trained, primer=Primer(notes=("C3",)))


def test_a_walk_and_songs_go_by_the_beats() -> None:
    trained = untrained(example("slow_blues"))
    (walk,) = random_walks(trained, choruses=1)
    assert {note.start % 3 for note in walk.melody} == {0}
    melodies = melody_of(draw_songs(trained, 3, 2, np.random.default_rng(1)), trained)
    assert melodies.shape == (3, 2 * 144)
    assert (melodies == 13).any()
    table = evaluate(trained, EvaluateSettings(pieces=3, choruses=1, table_songs=5, resamples=5))
    assert table["training songs"]["bars from the library"][0] == 1
    assert table["random walk"]["beats held"][0] == 1
    assert table["table, told the place, order 2"]["bars from the library"][0] > 0


def test_a_run_in_another_metre_is_told_and_composes(tmp_path: Path) -> None:
    done = command(
        "train",
        *("+experiment=melody", "form=pickup_waltz", "bars=pickup_waltz", "run.engine=torch"),
        *("encoding.held=begins", "run.step_limit=300", "run.listen_share=0.9"),
        *("run.final_choruses=1", "hydra.run.dir=run"),
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stderr
    assert "nats per step" in done.stdout
    trained = load_trained(tmp_path / "run")
    assert trained.form.metre == "3/4"
    (piece,) = compose_pieces(trained, choruses=1, primer=Primer(steps=6, song=1))
    assert torch.equal(piece.notes[:6], trained.songs[1].inputs[:6] > 0)


def test_a_song_drawn_by_a_wide_melody_is_within_its_range() -> None:
    generator = random.Random(1)
    pitches = [f"{name}{octave}" for octave in (3, 4, 5) for name in "CDEFGAB"]
    bars = tuple((tuple(generator.choice(pitches) for _ in range(4)),) for _ in range(4))
    form = Form("f", ("C",) * 4, 4, 8, lowest_melody_note=48, melody_notes=36)
    songs = BluesSongs(form, BarLibrary("l", (), bars))
    assert songs[0].inputs.shape == (32, 48)
    played = [note.pitch for note in songs.piece(0).melody]
    assert min(played) < 60
    assert max(played) > 72
    with pytest.raises(BluesError, match="outside the melody's notes, MIDI 48 to 60"):
        BluesSongs(replace(form, melody_notes=13), songs.library)
