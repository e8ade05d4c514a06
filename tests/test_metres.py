"""Metres beside 4/4: their beats, MIDI, sound and scores."""

import itertools
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest
from support import EXAMPLES, example, untrained

from lstm_blues.errors import BluesError
from lstm_blues.music.form import Form
from lstm_blues.music.metre import METRES, Metre
from lstm_blues.music.piece import Note, Piece
from lstm_blues.music.timing import Timing
from lstm_blues.output.engraving import engrave
from lstm_blues.output.midi import midi_file, to_midi
from lstm_blues.output.musicxml import to_musicxml
from lstm_blues.output.note_values import written_slices
from lstm_blues.output.parts import Arrangement
from lstm_blues.output.render import render
from lstm_blues.output.scene import Scene
from lstm_blues.runs.build import Parts

# Metres.


@pytest.mark.parametrize(
    ("text", "quarters", "beat", "beats", "strong"),
    [
        ("2/4", 2, 1, 2, (0,)),
        ("3/4", 3, 1, 3, (0,)),
        ("4/4", 4, 1, 4, (0, 2)),
        ("5/4", 5, 1, 5, (0, 3)),
        ("6/4", 6, 1, 6, (0, 3)),
        ("2/2", 4, 2, 2, (0,)),
        ("3/2", 6, 2, 3, (0,)),
        ("3/8", 1.5, 1.5, 1, (0,)),
        ("6/8", 3, 1.5, 2, (0,)),
        ("9/8", 4.5, 1.5, 3, (0,)),
        ("12/8", 6, 1.5, 4, (0, 2)),
    ],
)
def test_a_metre_has_its_beats(
    text: str, quarters: float, beat: float, beats: int, strong: tuple[int, ...]
) -> None:
    metre = Metre(text)
    assert (metre.quarters, metre.beat, metre.beats) == (quarters, beat, beats)
    assert metre.strong_beats == strong
    assert metre.swings == (not text.endswith("/8"))


def test_an_unknown_metre_and_a_form_without_beats_are_said() -> None:
    with pytest.raises(BluesError, match=r"form\.metre is '7/16', but must be one of 2/4, 3/4"):
        Form("f", ("C",), 1, metre="7/16")
    with pytest.raises(
        BluesError, match=r"form\.steps_per_bar is 8, but must be a multiple of the"
    ):
        Form("f", ("C",), 1, metre="3/4").steps_per_beat  # noqa: B018
    with pytest.raises(BluesError, match="steps_per_bar is 1000, but must be from 1 to 960"):
        Form("f", ("C",), 1, 1000, metre="2/4")
    assert Form("f", ("C",), 1, 12, metre="12/8").steps_per_beat == 3


@pytest.mark.parametrize("metre", METRES)
def test_midi_and_sound_last_as_long_as_the_metre_says(metre: str) -> None:
    form = Form("f", ("C", "F", "G7"), 3, 12, metre=metre)
    piece = Piece(form.chord_tensor(), form)
    quarters = Metre(metre).quarters
    signature = next(m for m in midi_file(piece).tracks[0] if m.type == "time_signature")
    assert f"{signature.numerator}/{signature.denominator}" == metre
    assert signature.clocks_per_click == 24 * Metre(metre).beat
    read = to_midi(piece, Timing(90, 0.5))
    bar = float(quarters) * 60 / 90
    assert read.get_downbeats()[:3] == pytest.approx([0, bar, 2 * bar], abs=1e-4)
    assert read.get_end_time() == pytest.approx(3 * bar, abs=1e-4)
    assert [n.start for n in read.instruments[0].notes if n.pitch in (53, 59)] == pytest.approx(
        [bar, 2 * bar, 2 * bar], abs=1e-4
    )


def test_swing_is_for_metres_that_divide_their_quarters() -> None:
    swung = Timing(60, 2 / 3)
    assert swung.quarters(1, 6, Metre("3/4")) == pytest.approx(2 / 3)
    assert swung.quarters(3, 8, Metre("2/2")) == pytest.approx(1 + 2 / 3)
    assert [swung.quarters(n, 6, Metre("6/8")) for n in range(4)] == [0, 0.5, 1, 1.5]
    piece = untrained(example("slow_blues")).songs.piece(0)
    with pytest.raises(BluesError, match=r"swing is 0\.6, but must be 0\.5 in 12/8"):
        render(piece, "nowhere.mid", swing=0.6)


@pytest.mark.parametrize("metre", METRES)
def test_a_band_swings_with_the_melody(metre: str) -> None:
    beats = Metre(metre).beats
    form = Form("f", ("C", "F"), 2, 12 * beats, metre=metre)
    timing = Timing(120, 0.62 if form.time.swings else 0.5)
    scene = Scene(Piece(form.chord_tensor(), form), timing, Arrangement(), 0)
    for half in range(2 * beats):
        step = round(12 * scene.written_beat(half / 2))
        assert scene.time(1, half / 2) == pytest.approx(scene.at(12 * beats + step))


# Scores.


def rhythm(lengths: Sequence[int], size: int, metre: str) -> list[str]:
    """A bar as it is written: each note's type, dots, `-` for a tie, `/` and the notes of a tuplet;
    negative lengths are rests, in brackets."""
    melody, at = [], 0
    for number, length in enumerate(lengths):
        if length > 0:
            melody.append(Note(60 + number, at, at + length))
        at += abs(length)
    assert at == size
    found = []
    for here in written_slices(melody, 0, size, Metre(metre)):
        value = here.value
        name = value.type + "." * value.dots + "-" * bool(here.tied)
        if value.actual != value.normal:
            name += f"/{value.actual}"
        found.append(name if here.pitches else f"({name})")
    return found


@pytest.mark.parametrize(
    ("metre", "size", "lengths", "written"),
    [
        ("3/4", 6, [6], "half."),
        ("3/4", 6, [4, 2], "half quarter"),
        ("3/4", 6, [2, 4], "quarter half"),
        ("3/4", 6, [-2, 4], "(quarter) half"),
        ("3/4", 6, [2, -4], "quarter (quarter) (quarter)"),
        ("3/4", 6, [3, 3], "quarter. eighth- quarter"),
        ("3/4", 6, [1, 2, 3], "eighth quarter eighth- quarter"),
        ("3/4", 6, [-6], "()"),
        ("2/4", 8, [8], "half"),
        ("2/4", 8, [2, 4, 2], "eighth quarter eighth"),
        ("2/4", 8, [6, 2], "quarter. eighth"),
        ("2/4", 8, [2, 6], "eighth eighth- quarter"),
        ("6/8", 6, [6], "half."),
        ("6/8", 6, [3, 3], "quarter. quarter."),
        ("6/8", 6, [2, 1, 1, 2], "quarter eighth eighth quarter"),
        ("6/8", 6, [2, 2, 2], "quarter eighth- eighth quarter"),
        ("6/8", 6, [1, -2, 3], "eighth (eighth) (eighth) quarter."),
        ("6/8", 12, [3, 1, 2, 6], "eighth. 16th eighth quarter."),
        ("9/8", 9, [9], "half.- quarter."),
        ("9/8", 9, [3, 6], "quarter. half."),
        ("12/8", 12, [12], "whole."),
        ("12/8", 12, [6, 6], "half. half."),
        ("12/8", 12, [3, 6, 3], "quarter. quarter.- quarter. quarter."),
        ("5/4", 10, [10], "half.- half"),
        ("5/4", 10, [6, 4], "half. half"),
        ("5/4", 10, [4, 4, 2], "half quarter- quarter quarter"),
        ("6/4", 6, [6], "whole."),
        ("2/2", 8, [1, 2, 1, 4], "eighth quarter eighth half"),
        ("3/2", 6, [4, 2], "whole half"),
        ("3/8", 3, [2, 1], "quarter eighth"),
        ("4/4", 12, [1, 1, 1, 3, 6], "eighth/3 eighth/3 eighth/3 quarter half"),
        ("4/4", 12, [2, 1, -2, 1, 6], "quarter/3 eighth/3 (quarter/3) eighth/3 half"),
        ("4/4", 12, [2, 2, 2, 6], "quarter/3 quarter/3 quarter/3 half"),
        ("4/4", 24, [3, 3, 2, 2, 2, 12], "eighth eighth eighth/3 eighth/3 eighth/3 half"),
        ("4/4", 24, [4, 2, 18], "quarter/3 eighth/3 quarter- half"),
        ("4/4", 20, [1] * 5 + [15], "16th/5 " * 5 + "quarter- half"),
        ("3/4", 9, [1, 1, 1, 6], "eighth/3 eighth/3 eighth/3 half"),
    ],
)
def test_a_bar_is_written_as_its_metre_is_read(
    metre: str, size: int, lengths: list[int], written: str
) -> None:
    assert rhythm(lengths, size, metre) == written.split()


def test_beams_join_the_notes_of_a_beat() -> None:
    for metre, size, joined in (("6/8", 6, 3), ("3/4", 6, 2), ("12/8", 12, 3), ("2/4", 4, 2)):
        notes = [Note(60, n, n + 1) for n in range(size)]
        beams = [here.beams for here in written_slices(notes, 0, size, Metre(metre))]
        one = [("begin",), *[("continue",)] * (joined - 2), ("end",)]
        assert beams == one * (size // joined), metre


def test_a_tuplet_that_a_beam_joins_needs_no_bracket() -> None:
    def brackets(*lengths: int) -> list[bool]:
        cuts = [0, *itertools.accumulate(lengths)]
        notes = [Note(60, start, end) for start, end in itertools.pairwise(cuts)]
        found = written_slices(notes, 0, 12)
        assert [s.edge for s in found if s.edge] == ["start", "stop"] * (len(found) // 3)
        return [s.bracket for s in found if s.edge == "start"]

    assert brackets(1, 1, 1, 3, 6) == [False]
    assert brackets(2, 1, 3, 6) == [True]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_page_of_another_metre(name: str) -> None:
    pytest.importorskip("verovio")
    songs = Parts(example(name)).require_songs()
    (page,) = engrave(songs.piece(1))
    root = ElementTree.fromstring(page)
    systems = [g for g in root.iter() if g.get("class") == "system"]
    assert [sum(g.get("class") == "measure" for g in s.iter()) for s in systems] == [4] * (
        songs.form.bars // 4
    )
    # The tempo as the engraver is given it, in words.
    words = to_musicxml(songs.piece(1), metronome=False).decode()
    assert (">♩. = 80<" if name == "slow_blues" else ">♩ = 120<") in words


def test_a_lead_sheet_tells_metre_and_tempo() -> None:
    songs = Parts(example("slow_blues")).require_songs()
    root = ElementTree.fromstring(to_musicxml(songs.piece(0), Timing(90)))
    first = root.find("part/measure")
    assert first is not None
    assert first.findtext("attributes/time/beats") == "12"
    assert first.findtext("attributes/time/beat-type") == "8"
    assert first.find("direction/direction-type/metronome/beat-unit-dot") is not None
    assert first.findtext("direction/direction-type/metronome/per-minute") == "60"
    sound = first.find("direction/sound")
    assert sound is not None
    assert sound.get("tempo") == "90"
