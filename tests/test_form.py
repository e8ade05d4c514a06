"""The form: symbols, note vectors, and clear words for what doesn't fit."""

from dataclasses import replace

import pytest
import torch

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import (
    NOTE_NAMES,
    chord_name,
    note_name,
    pitch_classes,
)
from lstm_blues.music.form import Form
from lstm_blues.music.qualities import OF_SIGN, QUALITIES
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import Settings, settings_from


@pytest.mark.parametrize(
    ("symbol", "notes"),
    [
        ("C", "C E G"),
        ("F7", "F A C Eb"),
        ("Gm7", "G Bb D F"),
        ("Cdim", "C Eb F#"),
        ("Em", "E G B"),
        ("A7", "A C# E G"),
        ("Bbmaj7", "Bb D F A"),
        ("F#m7b5", "F# A C E"),
        ("Bø", "B D F A"),
        ("Ebdim7", "Eb F# A C"),
        ("Abaug", "Ab C E"),
        ("D7b9", "D F# A C Eb"),
        ("G13", "G B D F A E"),
        ("C6/9", "C E G A D"),
        ("C/E", "C E G"),
        ("Dm7/G", "D F A C G"),
        ("Csus4", "C F G"),
        ("G-7", "G Bb D F"),
        ("A♭", "Ab C Eb"),
        ("G7alt", "G B F Ab Bb Eb"),
        ("Galt", "G B F Ab Bb Eb"),
        ("G7#5#9", "G B Eb F Bb"),
        ("G7#9#5", "G B Eb F Bb"),
        ("G7b5b9", "G B C# F Ab"),
        ("G7(b9,#5)", "G B Eb F Ab"),
        ("G7♭5♯9", "G B C# F Bb"),
        ("G7+9", "G B D F Bb"),
        ("G13b9", "G B D F Ab E"),
        ("G13#11", "G B D F A C# E"),
        ("G9#11", "G B D F A C#"),
        ("G9b5", "G B C# F A"),
        ("G+9", "G B Eb F A"),
        ("G7b9#11", "G B D F Ab C#"),
        ("G7b9b13", "G B D F Ab Eb"),
        ("G7sus4b9", "G C D F Ab"),
        ("G13sus", "G C D F A E"),
        ("DmMaj9", "D F A C# E"),
        ("Dm(maj9)", "D F A C# E"),
        ("Dm9b5/G", "D F Ab C E G"),
        ("CMaj7(#11)", "C E G B F#"),
        ("C6/9#11", "C E G A D F#"),
        ("C6/9/E", "C E G A D"),
    ],
)
def test_a_symbol_is_its_set_of_pitch_classes(symbol: str, notes: str) -> None:
    assert pitch_classes(symbol) == {NOTE_NAMES.index(note) for note in notes.split()}


def test_every_quality_moves_with_its_root() -> None:
    for sign in OF_SIGN:
        low = pitch_classes("C" + sign)
        assert 0 in low
        assert {(pitch + 9) % 12 for pitch in low} == pitch_classes("A" + sign)


@pytest.mark.parametrize("symbol", ["H7", "", "cm", "Cfoo", "C7/H", "C7/Gm", "7"])
def test_an_unknown_symbol_is_named(symbol: str) -> None:
    with pytest.raises(BluesError, match=repr(symbol)):
        pitch_classes(symbol)


def test_the_reports_form_is_what_figure_2_says(default_settings: Settings) -> None:
    # Written out by hand, half a bar a row: the pitch classes that sound.
    halves = """C E G|C E G|F A C Eb|F A C Eb|C E G|C E G|G Bb D F|C E G|F A C Eb|F A C Eb
        |C Eb F#|C Eb F#|C E G|C E G|E G B|A C# E G|D F A C|D F A C|G B D F|G B D F
        |C E G|A C# E G|D F A|G B D F"""
    expected = torch.zeros(96, 12)
    for number, half in enumerate(halves.split("|")):
        for note in half.split():
            expected[4 * number : 4 * number + 4, NOTE_NAMES.index(note)] = 1
    chords = default_settings.form.chord_tensor(torch.float32)
    assert chords.shape == (96, 12)
    assert torch.equal(chords, expected)
    assert default_settings.form.symbols[28:36] == ("C",) * 4 + ("F7",) * 4


def test_units_follow_the_lowest_note(default_settings: Settings) -> None:
    form = replace(default_settings.form, lowest_chord_note=53)
    sounding = {form.chord_pitches[k] % 12 for k in form.chord_tensor()[0].nonzero().flatten()}
    assert sounding == pitch_classes("C")
    assert len(form.chord_pitches) == 12
    assert len(form.melody_pitches) == 13


@pytest.mark.parametrize(
    ("name", "bars"),
    [("two", 2), ("four", 4), ("eight", 8), ("sixteen", 16), ("thirty_two", 32)],
)
def test_counts_are_so_many_equal_bars_and_another(name: str, bars: int) -> None:
    form = settings_from(compose_config(["+experiment=chords", f"+count={name}"])).form
    assert (form.name, form.steps) == (f"count_{bars}", 8 * (bars + 1))
    steps = form.chord_tensor().tolist()
    assert steps[: 8 * bars] == [steps[0]] * 8 * bars
    assert steps[8 * bars :] == [steps[-1]] * 8 != [steps[0]] * 8


def test_finer_time_holds_each_chord_longer(default_settings: Settings) -> None:
    fine = replace(default_settings.form, steps_per_bar=32)
    assert torch.equal(
        fine.chord_tensor(), default_settings.form.chord_tensor().repeat_interleave(4, 0)
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"chords": ("C",) * 11}, "fills 11 bars, but form.bars is 12"),
        ({"chords": ("C",) * 11 + ("C D E",)}, "bar 12 .* do not divide its 8 steps"),
        ({"chords": ("C",) * 11 + ("",)}, "bar 12"),
        ({"chords": ("C",) * 11 + ("Q7",)}, "bar 12 .*'Q7'"),
        ({"steps_per_bar": 0}, "steps_per_bar is 0"),
        ({"lowest_chord_note": 120}, "lowest_chord_note is 120"),
    ],
)
def test_a_form_that_does_not_fit_is_refused(changes: dict[str, object], words: str) -> None:
    good = Form("form", ("C",) * 12)
    with pytest.raises(BluesError, match=words):
        replace(good, **changes)  # type: ignore[arg-type]


def test_no_two_qualities_have_the_same_sign_or_notes() -> None:
    signs = [sign for one in QUALITIES for sign in (*one.signs, *one.also)]
    assert len(set(signs)) == len(signs)
    assert len({one.intervals for one in QUALITIES}) == len(QUALITIES)


def test_only_usual_qualities_name_notes_of_their_own_accord() -> None:
    altered = [36, 52, 58, 63, 68]
    assert chord_name(altered) == "C.Eb.E.Ab.Bb"
    assert chord_name(altered, ["C7#9#5"]) == "C7#9#5"
    assert chord_name([36, 51, 56, 58]) == "Abadd9"  # and no Cm7#5


def test_names_of_notes_and_chords() -> None:
    assert note_name(60) == "C4"
    assert note_name(46) == "Bb2"
    assert chord_name([48, 52, 55]) == "C"
    assert chord_name([48, 50, 53, 57], ["C", "Dm7"]) == "Dm7"
    assert chord_name([48, 49, 50]) == "C.C#.D"
    assert chord_name([]) == "-"
