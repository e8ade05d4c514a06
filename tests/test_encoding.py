"""Inputs heard standardised, and the two ways to tell held notes from repeated ones."""

import math
from dataclasses import replace
from itertools import islice

import pytest
import torch
from support import assert_same

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.errors import BluesError
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.music.bars import BarLibrary, melody_floor
from lstm_blues.music.encoding import Encoding
from lstm_blues.music.form import Form
from lstm_blues.music.piece import Note, Piece
from lstm_blues.music.songs import BluesSongs
from lstm_blues.network.network import BluesNetwork
from lstm_blues.playing.player import compose
from lstm_blues.playing.sampler import Sampling, next_notes
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import Settings, settings_from


def settings_of(*overrides: str) -> Settings:
    return settings_from(compose_config(["+experiment=melody", *overrides]))


ENDINGS = ("encoding.held=endings", "form.steps_per_bar=16")
BEGINS = ("encoding.held=begins",)
TUNE = torch.tensor([0, 0, 0, 0, 3, 3, 3, 3, 3, 3, 7, 7])
BEGUN = torch.tensor([0, 2, 4, 7, 10])  # a C again, an Eb again
WRITTEN = [Note(60, 0, 2), Note(60, 2, 4), Note(63, 4, 7), Note(63, 7, 10), Note(67, 10, 12)]


def encoded(held: str) -> Piece:
    begins = torch.zeros(12, dtype=torch.bool)
    begins[BEGUN] = True
    encoding = Encoding(held=held)
    chords = torch.zeros(12, 12).double()
    notes = torch.cat((chords, encoding.encode_melody(TUNE, begins, 13)), 1)
    return Piece(notes, Form("f", ("C",), bars=1, steps_per_bar=12), encoding)


@pytest.mark.parametrize("held", ["endings", "begins"])
def test_repeated_notes_are_told_from_held_ones(held: str) -> None:
    piece = encoded(held)
    melody, begins = piece.encoding.decode_melody(piece.notes)
    assert torch.equal(melody, TUNE)
    assert begins.nonzero().flatten().tolist() == BEGUN.tolist()
    assert piece.melody == WRITTEN


def test_unmarked_repeated_notes_are_one_held_note() -> None:
    piece = encoded("unmarked")
    assert piece.melody == [Note(60, 0, 4), Note(63, 4, 10), Note(67, 10, 12)]
    _, begins = piece.encoding.decode_melody(piece.notes)
    assert begins.nonzero().flatten().tolist() == [0, 4, 10]


def test_silence_before_the_first_note_is_no_note() -> None:
    notes = torch.zeros(3, 25)
    notes[1, 12] = 1
    melody, begins = Encoding(held="endings").decode_melody(notes)
    assert melody.tolist() == [-1, 0, 0]
    assert begins.tolist() == [False, True, False]


@pytest.mark.parametrize(("overrides", "units"), [((), 25), (BEGINS, 26), (ENDINGS, 25)])
def test_songs_say_the_same_in_every_encoding(overrides: tuple[str, ...], units: int) -> None:
    plain, settings = settings_of(), settings_of(*overrides)
    songs, told = Parts(settings).songs, Parts(plain).songs
    assert songs is not None
    assert told is not None
    assert songs[77].inputs.shape == (settings.form.steps, units)
    size = settings.form.steps_per_bar // 8
    for song in (7, 77):
        melody = songs.piece(song).melody
        assert sum(note.end - note.start for note in melody) == settings.form.steps
        starts = {(note.pitch, note.start // size) for note in melody}
        unmarked = {(note.pitch, note.start) for note in told.piece(song).melody}
        assert unmarked <= starts
        if overrides:
            assert len(starts) == 48  # four quarter notes a bar, repeated ones too
    # Marks say nothing about which segment comes: the floor a chorus is the same.
    floor = melody_floor(songs.library, settings.form, songs.encoding) * settings.form.steps
    assert floor == pytest.approx(12 * 2 * math.log(2))


def test_a_rhythm_that_is_chosen_has_its_price_in_the_floor() -> None:
    form, encoding = Form("f", ("C",), bars=1), Encoding(held="begins")
    held = BarLibrary("l", (), ((("C4:1/1",), ("C4:1/2", "C4:1/2")),))
    assert melody_floor(held, form) == 0.0
    assert melody_floor(held, form, encoding) == pytest.approx(math.log(2) / 8)


def test_endings_need_notes_of_two_steps_or_more() -> None:
    library = BarLibrary("l", (), ((("C4",) * 8,),))
    with pytest.raises(BluesError, match=r"C4 lasts one step of form.steps_per_bar=8"):
        BluesSongs(Form("f", ("C",), bars=1), library, Encoding(held="endings"))


def test_units_of_the_melody_follow_the_encoding() -> None:
    assert settings_of(*BEGINS).network.units["melody"].units == 14
    with pytest.raises(BluesError, match=r"must be null, or 14 with .* encoding.held=begins"):
        settings_of(*BEGINS, "network.units.melody.units=13")
    with pytest.raises(BluesError, match=r"encoding.inputs is 'both', but must be one of on_off"):
        settings_of("encoding.inputs=both")


def test_standardised_inputs_have_mean_0_and_deviation_1_over_all_songs() -> None:
    settings = settings_of("encoding.inputs=standardised")
    songs, network = Parts(settings).songs, Parts(settings).network
    assert songs is not None
    every = torch.stack([song.inputs for song in songs]).flatten(0, 1)
    heard = (every - network.mean) * network.scale
    changing = every.std(0) > 0
    assert 0 < changing.sum() < 25
    assert heard.mean(0).abs().max() < 1e-12
    torch.testing.assert_close(
        heard[:, changing].std(0, correction=0), torch.ones(int(changing.sum())).double()
    )
    assert (heard[:, ~changing] == 0).all()


def test_standardised_and_plain_inputs_make_the_same_network_of_other_weights() -> None:
    # W (x - m) c + b is W c x + (b - W m c): folding the levels into the weights changes nothing.
    settings = settings_of("encoding.inputs=standardised", "network.weight_range=0.5")
    heard = Parts(settings).network
    plain = Parts(settings_of("encoding.inputs=on_off")).network
    units = slice(0, 25)
    with torch.no_grad():
        for (_, ours), (_, theirs) in zip(
            heard.named_parameters(), plain.named_parameters(), strict=True
        ):
            theirs.copy_(ours)
            theirs[:, units] *= heard.scale
            theirs[:, -1] -= (ours[:, units] * heard.mean * heard.scale).sum(1)
    songs = Parts(settings).songs
    assert songs is not None
    one, two = heard.start(), plain.start()
    for x in songs[5].inputs:
        ours, one = heard(x[None], one)
        theirs, two = plain(x[None], two)
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(
    "overrides",
    [
        ("encoding.inputs=standardised",),
        ("encoding.inputs=on_off",),
        BEGINS,
        ENDINGS,
        (*ENDINGS, "encoding.inputs=standardised", "form.steps_per_bar=32"),
    ],
)
def test_engines_agree_in_every_encoding(overrides: tuple[str, ...]) -> None:
    settings = settings_of(
        *overrides, "learning.rate=1e-4", "learning.test_interval=500", "learning.gross_errors=200"
    )
    network, stream = Parts(settings).network, Parts(settings).stream
    fast = CompiledLearner(network, stream, settings.learning)
    readable = OnlineLearner(network, stream, settings.learning)
    fast.learn(1200)
    readable.learn(1200)
    assert readable.counters.tests >= 2
    assert_same(fast, readable)
    ours, truth = (learner.free_run(200) for learner in (fast, readable))
    assert torch.equal(ours.notes, truth.notes)
    torch.testing.assert_close(ours.outputs[:, :12], truth.outputs[:, :12], rtol=1e-9, atol=1e-9)
    voices = 2 if settings.encoding.held == "begins" else 1
    uniform = torch.rand(100, voices, generator=torch.Generator().manual_seed(4)).double()
    ours, truth = (learner.free_run(100, uniform=uniform) for learner in (fast, readable))
    assert torch.equal(ours.notes, truth.notes)


def test_the_chord_experiment_can_hear_standardised_inputs_too() -> None:
    chords = settings_from(compose_config(["+experiment=chords", "encoding.inputs=standardised"]))
    both = settings_of("encoding.inputs=standardised")
    alone, together = Parts(chords).learner, Parts(both).learner
    alone.learn(20_000)
    together.learn(20_000)
    seen = [*range(12), *range(25, 33), 41]
    for name, weights in alone.state().weights.items():
        assert torch.equal(together.state().weights[name][:, seen], weights), name


def rigged(held: str, bias: dict[int, float]) -> BluesNetwork:
    """A network whose melody outputs are constants: the logistic of these biases, else about 0."""
    network = Parts(settings_of(f"encoding.held={held}")).network
    with torch.no_grad():
        for weights in network.parameters():
            weights.zero_()
        network.output["melody"][:, -1] = -50.0
        for unit, value in bias.items():
            network.output["melody"][unit, -1] = value
    return network


def test_with_endings_what_the_outputs_lack_to_one_is_silence() -> None:
    network = rigged("endings", {4: math.log(0.3 / 0.7)})  # a note with 0.3, silence with 0.7
    primer = torch.zeros(1000, 1, 25).double()
    primer[:, :, 12] = 1
    (_, notes) = islice(compose(network, primer, seed=1), 2)
    sounding = notes[:, 12:].any(1)
    assert sounding.double().mean() == pytest.approx(0.3, abs=0.05)
    assert notes[sounding, 16].all()
    (_, greedy) = islice(compose(network, primer, 1, Sampling(greedy=True)), 2)
    assert not greedy[:, 12:].any()


def test_with_begins_a_note_goes_on_until_one_begins() -> None:
    network = rigged("begins", {4: 50.0, 13: math.log(0.25 / 0.75)})
    primer = torch.zeros(1000, 1, 26).double()
    primer[:, :, 12] = primer[:, :, 25] = 1
    (_, notes) = islice(compose(network, primer, seed=1), 2)
    begun = notes[:, 25]
    assert begun.double().mean() == pytest.approx(0.25, abs=0.05)
    assert notes[begun, 16].all()
    assert notes[~begun, 12].all()
    assert (notes[:, 12:25].sum(1) == 1).all()
    # Where nothing sounded before, a note begins.
    silent = torch.zeros(1, 26).double()
    outputs = torch.full((1, 26), 0.5).double()
    first = next_notes(network, outputs, torch.tensor([[0.5, 0.99]]), silent)
    assert first[0, 25]
    assert first[0, 12:25].sum() == 1


def test_a_float32_network_hears_float32_levels() -> None:
    settings = settings_of("encoding.inputs=standardised")
    settings = replace(settings, run=replace(settings.run, dtype="float32"))
    learner = Parts(settings).learner
    learner.learn(100)
    assert learner.state().weights["output.melody"].dtype == torch.float32
