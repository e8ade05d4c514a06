"""The judge of melodies (section 4.3): its measures, models, tables and songs held out, by hand."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from support import network, two_groups

from lstm_blues.errors import BluesError
from lstm_blues.lab.evaluation import LOSS, EvaluateSettings, evaluate
from lstm_blues.lab.melodies import draw_songs, random_walk
from lstm_blues.lab.melody_metrics import MelodyMetrics
from lstm_blues.lab.statistics import interval
from lstm_blues.lab.transitions import BLIND, CHORD, PLACE, TransitionTable, told_labels
from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.form import Form
from lstm_blues.music.rhythm import Rhythm
from lstm_blues.music.songs import BluesSongs
from lstm_blues.playing.metrics import melody_cross_entropy, melody_losses
from lstm_blues.playing.player import Player
from lstm_blues.runs.build import Parts
from lstm_blues.runs.bundled import PRETRAINED
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.trained import load_trained

FORM = Form("two", ("C", "F7"), 2)
LIBRARY = BarLibrary(
    "two", (), ((("C4", "D4", "E4", "F4"), ("G4", "A4", "B4", "C5")), (("C4", "E4"), ("D4", "F4")))
)


@pytest.fixture(scope="module")
def songs() -> BluesSongs:
    found = Parts(settings_from(compose_config(["+experiment=melody"]))).songs
    assert found is not None
    return found


@pytest.fixture
def judge(songs: BluesSongs) -> MelodyMetrics:
    return MelodyMetrics(songs.form, songs.library, smoothing=0.01)


def test_its_measures_by_hand(judge: MelodyMetrics, songs: BluesSongs) -> None:
    song = songs[7].inputs[:, 12:].argmax(1).numpy()
    assert judge.longest_copy(song) == 96
    broken = song.copy()
    broken[20] = 1  # C#: in no song; steps 0 to 19 and 21 to 95 are left
    assert judge.longest_copy(broken) == 75
    values = judge.measures(np.stack([song, broken]))
    assert values["bars from the library"].tolist() == [1, 11 / 12]
    assert values["bars new and broken"].tolist() == pytest.approx([0, 1 / 12])
    assert values["bars new and whole"].tolist() == values["bars mixed"].tolist() == [0, 0]
    assert values["steps from the nearest bar"].tolist() == pytest.approx([0, 1 / 12])
    assert values["outside the scale"].tolist() == pytest.approx([0, 1 / 96])
    assert values["beats held"].tolist() == [1, 47 / 48]
    mean, low, high = interval(np.arange(100.0), 500, np.random.default_rng(0))
    assert low < mean == 49.5 < high
    assert (high - low) / 4 == pytest.approx(np.arange(100).std() / 10, rel=0.15)


def test_new_bars_are_told_apart() -> None:
    judge = MelodyMetrics(FORM, LIBRARY, smoothing=0.01)
    second = [0] * 4 + [4] * 4  # C E, of the library
    first = {
        "library": [0, 0, 2, 2, 4, 4, 5, 5],
        "whole and mixed": [0, 0, 9, 9, 4, 4, 12, 12],
        "whole, of other notes": [1, 1, 1, 1, 4, 4, 5, 5],
        "broken and mixed": [0, 7, 2, 2, 4, 4, 5, 5],
        "broken": [0, 1, 2, 2, 4, 4, 5, 5],
    }
    values = judge.measures(np.array([bar + second for bar in first.values()]))
    assert values["bars from the library"].tolist() == [1, 0.5, 0.5, 0.5, 0.5]
    assert values["bars new and whole"].tolist() == [0, 0.5, 0.5, 0, 0]
    assert values["bars new and broken"].tolist() == [0, 0, 0, 0.5, 0.5]
    assert values["bars mixed"].tolist() == [0, 0.5, 0, 0.5, 0]
    assert values["steps from the nearest bar"].tolist() == [0, 2, 2, 0.5, 0.5]


def test_a_rhythm_is_that_of_the_library_s_notes() -> None:
    library = BarLibrary("r", (), ((("C4:3/8", "D4:5/8"),), (("C4:1/4", "D4:3/4"),)))
    rhythm = Rhythm(library, FORM)
    assert rhythm.grid == 1
    assert rhythm.begins.tolist() == [1, 0, 0.5, 0.5, 0, 0, 0, 0]
    bars = np.array([[0] * 3 + [1] * 5, [0] * 2 + [1] * 6, [0] * 4 + [1] * 4, [0] * 8])
    assert rhythm.keeps(bars).tolist() == [True, True, False, True]
    # Where beginnings are marked, a whole note is not two that look like one.
    begins = np.zeros(bars.shape, bool)
    begins[:, 0] = begins[0, 3] = begins[1, 2] = begins[2, 4] = True
    assert rhythm.keeps(bars, begins).tolist() == [True, True, False, False]
    begins[3, 3] = True
    assert rhythm.keeps(bars, begins).tolist() == [True, True, False, True]


def test_the_model_knows_held_notes_where_no_segment_is_possible() -> None:
    judge = MelodyMetrics(FORM, LIBRARY, smoothing=0.01)
    even = 1 / 13

    def mix(exact: float, rougher: float) -> float:
        return 0.99 * exact + 0.01 * rougher

    def log(bar: list[int]) -> float:
        return judge.log_likelihood(np.array(bar)) * 8

    # Quarters in bar 1, halves in bar 2: half of the segments have a note at steps 2 and 6.
    onset = {0: 1.0, 2: 0.5, 4: 1.0, 6: 0.5}

    def guess(step: int, held: bool) -> float:
        begins = onset.get(step, 0.0)
        return mix(begins * even + (1 - begins) * held, even)

    chosen = np.log(mix(0.5, guess(0, False)))
    certain = [np.log(mix(1.0, guess(s, s in (1, 3, 5, 7)))) for s in range(1, 8)]
    assert log([0, 0, 2, 2, 4, 4, 5, 5]) == pytest.approx(chosen + sum(certain))
    # C# is in no segment: impossible for the exact model, from then on all is the guess.
    foreign = [np.log(mix(0.0, guess(0, False)))]
    foreign += [np.log(mix(guess(s, True), guess(s, True))) for s in range(1, 8)]
    assert log([1] * 8) == pytest.approx(sum(foreign))
    assert log([1, 2] * 4) < log([1] * 8) - 10


def test_a_table_s_keys_are_all_that_it_is_told() -> None:
    # After 1, 2 comes 3 and after 4, 2 comes 5: order 1 cannot know, order 2 does.
    songs = np.array([[1, 2, 3, 4, 2, 5]]).repeat(2, 1)
    blind = np.zeros(6, np.int64)
    rng = np.random.default_rng(1)
    drawn = {
        order: TransitionTable(songs, order, 2, blind).draw(200, 6, rng)[:, ::2]
        for order in (1, 2, 3)
    }
    for order, melodies_ in drawn.items():
        contexts: dict[tuple[int, ...], set[int]] = {}
        for melody in melodies_.tolist():
            for place in range(order, 6):
                key = tuple(melody[place - 2 : place])
                contexts.setdefault(key, set()).add(melody[place])
        assert (contexts.get((1, 2)) == {3}) == (order > 1), order
        assert (contexts.get((4, 2)) == {5}) == (order > 1), order
    # 2 3 4 2 and 6 3 4 7: only three notes tell.
    three = np.array([[2, 3, 4, 2, 6, 3, 4, 7]]).repeat(2, 1)
    for order, follows in ((2, {2, 7}), (3, {2})):
        table = TransitionTable(three, order, 2, np.zeros(8, np.int64)).draw(300, 8, rng)[:, ::2]
        seen = {m[k + 3] for m in table.tolist() for k in range(5) if m[k : k + 3] == [2, 3, 4]}
        assert seen == follows, order


def test_a_table_that_is_told_more_plays_what_belongs_there() -> None:
    assert told_labels(FORM, 2, BLIND).tolist() == [0] * 8
    assert told_labels(FORM, 2, CHORD).tolist() == [0] * 4 + [4] * 4
    assert told_labels(FORM, 2, PLACE).tolist() == list(range(8))
    songs = np.array([[0, 0, 0, 0, 5, 5, 5, 5]]).repeat(2, 1)
    rng = np.random.default_rng(1)
    for told in (CHORD, PLACE):
        drawn = TransitionTable(songs, 1, 2, told_labels(FORM, 2, told)).draw(20, 16, rng)
        assert (drawn == np.tile(songs, 2)).all(), told
    blind = TransitionTable(songs, 1, 2, told_labels(FORM, 2, BLIND)).draw(20, 16, rng)
    assert not (blind == np.tile(songs, 2)).all()


def test_the_walk_stays_at_the_scale_s_ends_and_never_leaps() -> None:
    walked = random_walk(load_trained(PRETRAINED), 50, 400, np.random.default_rng(1))[:, ::2]
    scale = {unit: place for place, unit in enumerate(sorted(set(walked.flatten().tolist())))}
    places = np.vectorize(scale.get)(walked)
    assert {0, 12} <= scale.keys()
    assert np.abs(np.diff(places, axis=1)).max() == 1
    at_top = places[:, :-1] == max(scale.values())
    assert (places[:, 1:][at_top] == max(scale.values())).mean() == pytest.approx(2 / 3, abs=0.05)


def test_each_bar_s_segment_is_drawn_by_itself(songs: BluesSongs) -> None:
    stream = Parts(settings_from(compose_config(["+experiment=melody"]))).stream
    picks = stream.picks.double()
    assert len(torch.unique(stream.picks @ torch.tensor(songs.places))) == 4096
    assert ((picks.mean(0) - 0.5).abs() < 0.01).all()
    together = torch.corrcoef(picks.T) - torch.eye(12)
    assert together.abs().max() < 0.02


def test_songs_are_followed_by_the_next_one() -> None:
    made = network(two_groups(), weights=1.0)
    generator = torch.Generator().manual_seed(2)
    pieces = (torch.rand(3, 5, 7, generator=generator) < 0.4).double()
    player, total = Player(made, 3), 0.0
    heard = [*pieces.unbind(1), *pieces[[1, 2, 0]].unbind(1), pieces[[2, 0, 1], 0]]
    for now, following in pairwise(heard):
        outputs = player.step(now).outputs[:, 4:]
        right = torch.where(following[:, 4:] > 0, outputs, 1 - outputs)
        total -= right.log().sum().item()
    assert melody_cross_entropy(made, pieces) == pytest.approx(total / 30)
    alone = [melody_losses(made, piece[None]).item() for piece in pieces]
    assert melody_losses(made, pieces).tolist() == pytest.approx(alone)
    assert len({round(loss, 6) for loss in alone}) == 3


def test_songs_held_out_are_never_heard(songs: BluesSongs) -> None:
    settings = settings_from(compose_config(["+experiment=melody", "songs.held_out=400"]))
    parts = Parts(settings)
    numbers = parts.stream.picks @ torch.tensor(songs.places)
    assert len(set(parts.held_out)) == 400
    assert set(numbers.tolist()) == set(range(4096)) - set(parts.held_out)
    assert songs.held_out(400, 2) != parts.held_out
    all_of_them = Parts(settings_from(compose_config(["+experiment=melody"])))
    kept = ~torch.isin(all_of_them.stream.picks @ torch.tensor(songs.places), numbers)
    assert torch.equal(all_of_them.stream.picks[~kept], parts.stream.picks[~kept])


@pytest.mark.parametrize("count", ["-1", "4096", "1e30"])
def test_there_are_songs_left_to_learn(count: str) -> None:
    with pytest.raises(BluesError, match=r"songs\.held_out is"):
        settings_from(compose_config(["+experiment=melody", f"songs.held_out={count}"]))
    with pytest.raises(BluesError, match="0 where bars is null"):
        settings_from(compose_config(["+experiment=chords", "songs.held_out=1"]))


def test_songs_are_drawn_from_the_learned_or_from_those_held_out() -> None:
    trained = load_trained(PRETRAINED)
    apart = tuple(range(0, 4096, 2))
    half = replace(trained, held_out=apart)
    rng = np.random.default_rng(1)
    # An even number has the first segment in bar 1.
    first = {bool(n): trained.songs[int(n)].inputs[:8] for n in (0, 1)}
    for held_out in (False, True):
        drawn = draw_songs(half, 20, 2, rng, held_out=held_out)
        assert drawn.shape == (20, 192, 25)
        for bar in (drawn[:, :8], drawn[:, 96:104]):
            assert all(torch.equal(each, first[not held_out]) for each in bar)


def test_held_out_songs_have_a_column_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    trained = replace(load_trained(PRETRAINED), held_out=(5, 7))
    monkeypatch.setattr("lstm_blues.lab.evaluation.ORDERS", (1,))
    table = evaluate(trained, EvaluateSettings(pieces=4, choruses=1, table_songs=5, resamples=5))
    assert list(table)[:3] == ["the network", "training songs", "held-out songs"]
    assert table["held-out songs"]["bars from the library"][0] == 1
    assert 0 < table["held-out songs"][LOSS][0] < 1
    assert table["training songs"][LOSS][0] < table["the network"][LOSS][0]
