"""A corpus: several forms, keys and tunes that one network learns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pretty_midi
import pytest
import torch
import yaml
from support import LEARNING, Command, assert_same, network, random_song, topology

from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.errors import BluesError
from lstm_blues.learning.online import OnlineLearner
from lstm_blues.learning.settings import Learning
from lstm_blues.music.chords import pitch_classes
from lstm_blues.music.corpus import Corpus, FormChords
from lstm_blues.music.form import Form
from lstm_blues.music.stream import Stream
from lstm_blues.music.timing import Timing
from lstm_blues.music.tunes import Sounding, read_tune
from lstm_blues.output.midi import write_songs
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config, conf_folder
from lstm_blues.runs.settings import settings_from

FORMS = {
    "one": FormChords("one", ("C", "F7", "Dm G7")),
    "two": FormChords("two", ("Cm", "Fm", "G7")),
}


def corpus(**changes: object) -> Corpus:
    made = Corpus("small", FORMS, (0, 5), (), 3, 8, 48, 12, 8)
    return replace(made, **changes)  # type: ignore[arg-type]


def tune(path: Path, notes: list[tuple[int, float, float]], meter: tuple[int, int] = (4, 4)) -> str:
    """A MIDI file of (pitch, beginning, end) in bars, at a tempo of its own."""
    midi = pretty_midi.PrettyMIDI(initial_tempo=97)
    midi.time_signature_changes.append(pretty_midi.TimeSignature(*meter, 0.0))
    bar = 4 * 60 / 97
    track = pretty_midi.Instrument(0)
    track.notes = [pretty_midi.Note(80, pitch, a * bar, b * bar) for pitch, a, b in notes]
    drums = pretty_midi.Instrument(0, is_drum=True)
    drums.notes = [pretty_midi.Note(80, 36, 0, 9 * bar)]
    midi.instruments += [track, drums]
    midi.write(str(path))
    return str(path)


# What the songs are.


def test_forms_are_in_every_key() -> None:
    songs = corpus().songs
    assert list(songs) == ["one in C", "one in F", "two in C", "two in F"]
    plain = Form("one", FORMS["one"].chords, 3, 8, 48).chord_tensor()
    assert torch.equal(songs["one in C"], plain)
    for step in range(24):
        here = set(plain[step].nonzero().flatten().tolist())
        moved = set(songs["one in F"][step].nonzero().flatten().tolist())
        assert moved == {(pitch + 5) % 12 for pitch in here}
    # F7 of the second bar is Bb7 a fourth above.
    assert set(songs["one in F"][8].nonzero().flatten().tolist()) == pitch_classes("Bb7")
    assert corpus().table.shape == (4, 24, 12)


def test_a_tune_is_quantised_from_its_first_whole_bar_and_folded_into_range(tmp_path: Path) -> None:
    notes = [
        (60, 0.75, 0.99),  # an upbeat
        (48, 1.0, 1.5),
        (52, 1.51, 2.02),  # played a little late
        (96, 2.0, 2.25),  # above the range: C7 to C5
        (35, 2.5, 3.0),  # below it: B1 to B3
        (55, 3.0, 4.0),
    ]
    made = corpus(forms={}, keys=(), tunes=(tune(tmp_path / "song.mid", notes),), notes=24)
    (song,) = made.songs.values()
    assert list(made.songs) == ["song"]
    expected = torch.zeros(24, 24, dtype=torch.float64)
    expected[0:4, 0] = expected[4:8, 4] = 1
    expected[8:10, 12] = expected[12:16, 11] = expected[16:24, 7] = 1
    assert torch.equal(song, expected)


def test_songs_written_as_midi_are_read_back(tmp_path: Path) -> None:
    made = corpus(notes=24, lowest_note=50)
    song = random_song(24, made.steps, seed=3)
    song[0, 0] = 1.0
    write_songs({"Ähnlich": song}, made, tmp_path / "song.mid", Timing(100))
    again = corpus(forms={}, keys=(), tunes=(str(tmp_path / "song.mid"),), notes=24, lowest_note=50)
    # Repeated notes are held ones here, on both sides.
    assert torch.equal(again.table[0], song)


def test_music21_s_tunes_have_their_chords_and_their_melody() -> None:
    config = compose_config(["+experiment=tunes"])
    made = settings_from(config).corpus
    assert made is not None
    assert made.table.shape == (4, 64, 37)
    assert len(made.songs) == len(config["corpus"]["tunes"]) == 4
    for song in made.table:
        assert (song[:, :12].sum(1) >= 3).double().mean() > 0.9  # chords
        assert (song[:, 12:].sum(1) >= 1).double().mean() > 0.6  # a melody
    # Berlin's lead sheet begins with F.
    name, sounding = read_tune("music21:leadSheet/berlinAlexandersRagtime")
    assert "Ragtime" in name
    first = {n.pitch for n in sounding if n.pitch < 12 and n.start <= 0 < n.end}
    assert first == pitch_classes("F")
    assert all(isinstance(note, Sounding) and note.end > note.start for note in sounding)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bars": 0}, "corpus.bars is 0"),
        ({"notes": 11}, "corpus.notes is 11, but must be from 12 to 128"),
        ({"lowest_note": 120}, "corpus.lowest_note is 120, but must be from 0 to 116"),
        ({"forms": {}}, r"corpus.forms is \[\]"),
        ({"keys": ()}, r"corpus.keys is \[\], but must be one key or more"),
        ({"primer": 0}, "corpus.primer is 0"),
        (
            {"forms": {"odd": FormChords("odd", ("C", "Hm", "F"))}},
            "corpus.forms.odd: .*'Hm'",
        ),
        ({"forms": {"short": FormChords("short", ("C",))}}, "corpus.forms.short: "),
    ],
)
def test_a_corpus_that_cannot_be_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(BluesError, match=words):
        corpus(**changes)


def test_songs_that_cannot_be_are_refused(tmp_path: Path) -> None:
    waltz = tune(tmp_path / "waltz.mid", [(60, 0, 3)], (3, 4))
    short = tune(tmp_path / "short.mid", [(60, 0, 1)])
    (tmp_path / "words.mid").write_text("no music")
    for name, words in (
        (waltz, "time signature of .*waltz.mid' is '3/4', but must be 4/4"),
        (short, "silent for more than half of its first 3 whole bars"),
        (str(tmp_path / "words.mid"), "cannot be read as MIDI"),
        ("nowhere.mid", "'nowhere.mid', which is not a file"),
        ("nowhere.abc", "'nowhere.abc', which is not a file"),
        ("music21:nottingham-dataset/reelsa-c.abc#x", "has 'x' after #"),
        ("music21:no/such/tune", "cannot be read"),
    ):
        with pytest.raises(BluesError, match=words):
            corpus(forms={}, keys=(), tunes=(name,)).songs  # noqa: B018
    again = FormChords("again", FORMS["one"].chords)
    twice = corpus(forms={"one": FORMS["one"], "again": again}, keys=(0,))
    with pytest.raises(BluesError, match="same song twice: one in C and again in C"):
        twice.songs  # noqa: B018


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["corpus.notes=13"], "must have a set 'chords' of 13 units"),
        (["bars=bebop_blues"], "corpus and bars are mutually exclusive"),
    ],
)
def test_settings_that_do_not_fit_are_refused(overrides: list[str], words: str) -> None:
    with pytest.raises(BluesError, match=words):
        settings_from(compose_config(["+experiment=forms", *overrides]))


# How they are learned.


def small_stream(units: int = 4, given: int = 3) -> Stream:
    table = torch.stack([random_song(units, 12, seed) for seed in (1, 2, 3)])
    return Stream.of_corpus(table, 1000, 5, given)


def test_a_song_goes_on_for_its_episode() -> None:
    stream = small_stream()
    order = stream.picks[:, 0].tolist()
    assert {0, 1, 2} == set(order)
    learner = OnlineLearner(
        network(topology(units=4)), stream, replace(LEARNING, gross_errors=0, episode_choruses=2)
    )
    for episode in range(4):
        for step in range(24):
            here = learner.sounding(1)[0]
            assert torch.equal(here, stream.table[order[episode], step % 12]), (episode, step)
            learner.learn(1)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"gradient": "bptt", "unroll": 9, "update": "adam"},
        {"gradient": "rtrl"},
        {"update": "kalman"},
    ],
)
def test_both_engines_learn_several_songs_alike(changes: dict[str, object]) -> None:
    learning: Learning = replace(LEARNING, **changes)  # type: ignore[arg-type]
    learning = replace(learning, rate=1e-2, test_interval=41, test_choruses=3)
    net, stream = network(topology(units=4)), small_stream()
    fast, readable = CompiledLearner(net, stream, learning), OnlineLearner(net, stream, learning)
    assert fast.learn(400) == readable.learn(400)
    assert_same(fast, readable)
    count = readable.counters
    assert count.tests > 5
    assert count.episodes + count.gross_resets > 10
    for song in range(3):
        one, other = fast.free_run(50, song=song), readable.free_run(50, song=song)
        assert torch.equal(one.notes, other.notes)
        assert one.right == other.right
        # What is given of a song is heard, whatever the network plays.
        assert torch.equal(one.notes[:2], stream.table[song, 1:3] > 0)


@pytest.mark.parametrize("engine", [OnlineLearner, CompiledLearner])
@pytest.mark.parametrize("given", [1, 2, 5])
def test_after_its_primer_a_network_hears_itself(
    engine: type[OnlineLearner] | type[CompiledLearner], given: int
) -> None:
    net = network(topology(units=4), weights=0.0)
    with torch.no_grad():  # plays silence for ever
        net.output["chords"][:, -1] = -5.0
    stream = small_stream(given=given)
    song = stream.table[1] > 0
    assert song[1:given].any() == (given > 1)
    played = engine(net, stream, LEARNING).free_run(12, song=1).notes
    assert torch.equal(played[: given - 1], song[1:given])
    assert not played[given - 1 :].any()


def test_a_test_counts_the_worst_of_the_songs() -> None:
    always = torch.eye(4, dtype=torch.float64)[torch.zeros(12, dtype=torch.int64)]
    for worst in range(3):
        table = always.repeat(3, 1, 1)
        for song in range(3):
            table[song, 7 if song == worst else 9] = 1.0
        table[(worst + 1) % 3] = always
        net = network(topology(units=4), weights=0.0)
        with torch.no_grad():  # plays its first note for ever
            net.output["chords"][:, -1] = torch.tensor([5.0, -5.0, -5.0, -5.0])
        for make in (CompiledLearner, OnlineLearner):
            learner = make(
                net,
                Stream.of_corpus(table, 100, 1, 1),
                replace(LEARNING, rate=1e-300, test_interval=10),
            )
            learner.learn(10)
            each = [learner.free_run(24, song=song, stop_at_wrong=True).right for song in range(3)]
            assert sorted(each) == [6, 8, 24]
            assert each[worst] == 6
            assert learner.counters.free_run == 6


def test_one_network_holds_the_form_that_it_was_started_in() -> None:
    overrides = ["+experiment=forms", "corpus.keys=[0]", "~corpus.forms.minor"]
    settings = settings_from(compose_config(overrides))
    assert settings.corpus is not None
    learner = Parts(settings).learner
    learner.learn(6_000_000)
    assert learner.counters.learned, learner.counters
    table, steps = settings.corpus.table, 20 * settings.corpus.steps
    for number, song in enumerate(table):
        played = learner.free_run(steps, song=number)
        assert played.right == steps
        last = played.notes[-97:-1]
        assert torch.equal(last, song > 0)
        assert not torch.equal(last, table[1 - number] > 0)


def test_a_run_leaves_each_song_s_free_run(train: Command, tmp_path: Path) -> None:
    done = train("+experiment=forms", "run.step_limit=20000", "hydra.run.dir=run")
    assert done.returncode == 1, done.stderr
    assert "Did not learn the form blues_forms" in done.stdout
    told = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert told["form"] == "blues_forms"
    assert told["choruses"] < told["final_choruses"] == 1000
    midi = pretty_midi.PrettyMIDI(str(tmp_path / "run" / "free_run.mid"))
    names = [f"{form} in {key}" for form in ("bebop", "basic", "minor") for key in "CF"]
    assert [track.name for track in midi.instruments] == names
    assert (tmp_path / "run" / "free_run.png").read_bytes().startswith(b"\x89PNG")


def test_a_tune_of_the_user_s_is_learned_by_the_same_command(
    train: Command, tmp_path: Path
) -> None:
    notes = [
        (48 + pitch, start, start + 0.5)
        for start, pitch in enumerate((0, 4, 7, 9))
        for start in (start / 2,)
    ]
    path = tune(tmp_path / "mine.mid", [*notes, (72, 0.0, 1.0), (70, 1.0, 2.0)])
    done = train(
        "+experiment=tunes",
        f"corpus.tunes=[{path}]",
        "corpus.bars=2",
        "corpus.primer=4",
        "learning.unroll=16",
        "learning.rate=1e-2",
        "hydra.run.dir=run",
    )
    assert done.returncode == 0, done.stderr + done.stdout
    told = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert told["learned"]
    assert told["choruses"] == 1000
    played = pretty_midi.PrettyMIDI(str(tmp_path / "run" / "free_run.mid"))
    assert {note.pitch for note in played.instruments[0].notes} == {48, 52, 55, 57, 72, 70}


def test_a_mistake_in_a_corpus_is_one_sentence(train: Command) -> None:
    done = train("+experiment=tunes", "corpus.tunes=[nowhere.mid]")
    assert done.returncode == 2
    assert done.stderr == "error: corpus.tunes names 'nowhere.mid', which is not a file.\n"


def test_only_the_first_songs_of_the_forms_are_taken() -> None:
    every = list(corpus().songs)
    assert list(corpus(most=2).songs) == every[:2]
    assert list(corpus(most=1000).songs) == every
    with pytest.raises(BluesError, match=r"corpus\.most is 0"):
        corpus(most=0)


def test_the_songbook_is_of_the_songs_of_its_names() -> None:
    made = settings_from(compose_config(["+experiment=songbook"])).corpus
    assert made is not None
    assert len(made.songs) == 32
    for name, form in made.forms.items():
        path = conf_folder() / "form" / f"{name}.yaml"
        chords = yaml.safe_load(path.read_text())["chords"]
        assert list(form.chords) == (chords * 12)[:12]
