"""The bar library, the 4096 songs, and the melody's floor."""

import math
import time
from dataclasses import replace

import pytest
import torch

from lstm_blues.errors import BluesError
from lstm_blues.music.bars import BarLibrary, melody_floor
from lstm_blues.music.chords import pitch_of
from lstm_blues.music.form import Form
from lstm_blues.music.songs import BluesSongs
from lstm_blues.music.stream import Stream
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import Settings, settings_from


@pytest.fixture(scope="module")
def settings() -> Settings:
    return settings_from(compose_config(["+experiment=melody"]))


@pytest.fixture(scope="module")
def songs(settings: Settings) -> BluesSongs:
    made = Parts(settings).songs
    assert made is not None
    return made


def test_there_are_4096_songs_each_another(songs: BluesSongs) -> None:
    assert len(songs) == 4096
    begun = time.perf_counter()
    all_songs = torch.stack([song.inputs for song in songs])
    print(f"encoded in {time.perf_counter() - begun:.2f} s")
    assert all_songs.shape == (4096, 96, 25)
    assert len(all_songs.flatten(1).unique(dim=0)) == 4096
    assert (all_songs[:, :, 12:].sum(2) == 1).all()  # one melody note at every step, no rests
    assert (all_songs[:, 0::2, 12:] == all_songs[:, 1::2, 12:]).all()  # quarter notes only


def test_a_song_is_its_bits(songs: BluesSongs, settings: Settings) -> None:
    assert songs.choices(0b000000000101) == (1, 0, 1) + (0,) * 9
    for song in (0, 1, 2050, 4095):
        assert songs.number(songs.choices(song)) == song
    song = songs[0b10]
    form, library = settings.form, songs.library
    for bar, which in enumerate((0, 1) + (0,) * 10):
        for beat, note in enumerate(library.bars[bar][which]):
            step = bar * 8 + beat * 2
            (unit,) = song.inputs[step, 12:].nonzero().flatten().tolist()
            assert form.melody_pitches[unit] == pitch_of(note)
    assert torch.equal(song.inputs[:, :12], form.chord_tensor())
    assert torch.equal(song.targets[:-1], song.inputs[1:])
    assert torch.equal(song.targets[-1], song.inputs[0])
    with pytest.raises(IndexError):
        songs[4096]


def test_a_subset_is_drawn_by_seed_without_repetition(songs: BluesSongs) -> None:
    first, same, other = songs.subset(100, 1), songs.subset(100, 1), songs.subset(100, 2)
    assert first.indices == same.indices != other.indices
    assert len(set(first.indices)) == 100
    with pytest.raises(BluesError, match="from 1 to 4096"):
        songs.subset(5000, 1)


def test_a_stream_plays_songs_bar_by_bar(songs: BluesSongs) -> None:
    stream = Stream.at_random(songs, 50, seed=3)
    for number in (0, 7, 49):
        song = songs[songs.number(tuple(stream.picks[number].tolist()))]
        for step in (0, 7, 8, 95):
            assert torch.equal(stream.notes(number, step), song.inputs[step])
            assert torch.equal(stream.notes(number + 50, step), song.inputs[step])


def test_the_floor_is_that_of_a_predictor_that_knows_the_library(settings: Settings) -> None:
    assert settings.bars is not None
    # Two segments with other first notes: one choice a bar, told by two units.
    assert melody_floor(settings.bars, settings.form) == pytest.approx(12 * 2 * math.log(2) / 96)
    form = Form("f", ("C", "F"), bars=2)
    same = BarLibrary("l", (), ((("C4", "D4"),), (("E4", "F4"),)))
    assert melody_floor(same, form) == 0.0
    three = BarLibrary("l", (), ((("C4", "D4"), ("C4", "E4"), ("F4", "D4")), (("E4",),)))
    # first note: C with 2/3; then, after C, D or E with 1/2 each
    first = 2 * (math.log(3) - 2 / 3 * math.log(2))
    second = 2 / 3 * 2 * math.log(2)
    assert melody_floor(three, form) == pytest.approx((first + second) / 16)


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        (("C4", "Eb4", "F4"), "bar 2, segment 1 .* 3 notes, which do not divide a bar of 8"),
        (("C4", "Xb4"), "bar 2, segment 1 .*'Xb4' is not a note"),
        (("C4", "C3"), "bar 2, segment 1 .*C3 is outside"),
        (("C4", "E4"), "bar 2, segment 1 .*E4 is not in the scale"),
        ((), "bar 2, segment 1"),
    ],
)
def test_a_segment_that_does_not_fit_is_named(segment: tuple[str, ...], words: str) -> None:
    form = Form("f", ("C", "F"), bars=2)
    library = BarLibrary("l", ("C", "Eb", "F"), ((("C4",),), (segment,)))
    with pytest.raises(BluesError, match=words):
        BluesSongs(form, library)


def test_a_library_of_the_wrong_length_is_refused(settings: Settings) -> None:
    assert settings.bars is not None
    with pytest.raises(BluesError, match="segments for 11 bars, but the form has 12"):
        replace(settings, bars=replace(settings.bars, bars=settings.bars.bars[:11]))
    with pytest.raises(BluesError, match=r"bar 1 of bars\.bars has no segment"):
        replace(settings, bars=replace(settings.bars, bars=((), *settings.bars.bars[1:])))
    with pytest.raises(BluesError, match="go together"):
        replace(settings, bars=None)
