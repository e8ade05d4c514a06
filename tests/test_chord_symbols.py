"""Every chord quality through every door: text, ABC, MusicXML, MIDI, the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import mido
import pytest
import torch
import yaml
from page_support import Served, run_deno

from lstm_blues.browser.music import music_data
from lstm_blues.lead_sheet import write_form_and_library
from lstm_blues.music.chords import chord_name, pitch_classes
from lstm_blues.music.form import Form
from lstm_blues.music.piece import Chord, Piece
from lstm_blues.music.qualities import OF_SIGN, QUALITIES
from lstm_blues.music.reading.door import read_score
from lstm_blues.music.reading.symbols import plain_symbol
from lstm_blues.music.transpose import Interval, moved_form, written_for
from lstm_blues.output.musicxml import to_musicxml
from lstm_blues.output.voicing import voicing
from lstm_blues.runs.config import compose_config, read

ROOTS = ("C", "Eb", "F#", "Bb", "A")


def every_quality() -> Form:
    """A form with every quality, four in a bar, on roots in turn."""
    chords = [ROOTS[number % len(ROOTS)] + one.signs[0] for number, one in enumerate(QUALITIES)]
    bars = tuple(" ".join(chords[first : first + 4]) for first in range(0, len(chords) // 4 * 4, 4))
    rest = tuple(chords[4 * len(bars) :])
    return Form("every", bars + rest, bars=len(bars) + len(rest))


def played(form: Form) -> Piece:
    """A chorus over a held C."""
    notes = torch.zeros(form.steps, 25)
    notes[:, :12] = form.chord_tensor()
    notes[:, 12] = 1
    return Piece(notes, form)


def sounding(chords: Sequence[str]) -> list[frozenset[int]]:
    return [pitch_classes(chord) for chord in chords]


def test_from_a_form_to_a_score_and_back_through_lead_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("music21")
    monkeypatch.chdir(tmp_path)
    form = every_quality()
    (tmp_path / "every.musicxml").write_bytes(to_musicxml(played(form)))
    given = ["files=[every.musicxml]", "name=again", "lowest_melody_note=60"]
    write_form_and_library(compose_config(given, "lead_sheet"))
    again = read(Form, yaml.safe_load(Path("my_music/form/again.yaml").read_text()), "again")
    assert again.chords == form.chords
    assert sounding(again.symbols) == sounding(form.symbols)


@pytest.mark.slow
def test_a_part_for_b_flat_instruments_sounds_a_tone_lower(tmp_path: Path) -> None:
    pytest.importorskip("music21")
    form = every_quality()
    path = tmp_path / "written.musicxml"
    path.write_bytes(to_musicxml(written_for(played(form), "Bb")))
    # Read at the pitch that sounds.
    read_again = [change.symbol for change in read_score(str(path)).changes]
    symbols = [symbol for bar in form.chords for symbol in bar.split()]
    assert sounding(read_again) == sounding(symbols)
    moved = [frozenset((pitch + 2) % 12 for pitch in one) for one in sounding(form.symbols)]
    assert sounding(moved_form(form, Interval(2, 1)).symbols) == moved


def test_every_sign_is_read_from_abc_and_from_texts_in_midi(tmp_path: Path) -> None:
    signs = [f"G{sign}" for sign in OF_SIGN]
    bars = "|\n".join(f'"{sign}"c8' for sign in signs)
    (tmp_path / "every.abc").write_text(f"X:1\nM:4/4\nL:1/8\nK:C\n{bars}|\n")
    track = mido.MidiTrack()
    for sign in signs:
        if sign.isascii():
            track.append(mido.MetaMessage("text", text=sign))
        track.append(mido.Message("note_on", note=72, velocity=90))
        track.append(mido.Message("note_off", note=72, time=4 * 480))
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    file.save(str(tmp_path / "every.mid"))
    found = [change.symbol for change in read_score(str(tmp_path / "every.abc")).changes]
    assert sounding(found) == sounding(signs)
    score = read_score(str(tmp_path / "every.mid"))
    assert not score.remarks
    found = [change.symbol for change in score.changes]
    assert sounding(found) == sounding([sign for sign in signs if sign.isascii()])


def test_what_files_spell_is_known_where_it_is_typed() -> None:
    for sign in OF_SIGN:
        symbol = plain_symbol(f"Bb{sign}")
        assert symbol is not None
        assert pitch_classes(symbol) == pitch_classes(f"Bb{sign}"), sign


WRITTEN = (
    *("GMI7", "G^7", "GMAJ7", "G7+", "G2", "G(b5)", "G(#5)", "Gm7(11)", "G7(13)"),
    *(
        "G△7",
        "G−7",
        "GØ",
        "G7(no5th)",
        "GM7(omit3)",
        "Gh7",
        "GALT",
        "G7SUS",
        "Gmin7/B",
        "G(add9,no3)/F",
    ),
    *("G13/F", "Gd", "Gminor", "G^9", "Gmi(ma7)", "GDim7", "GAug/B", "G7+9", "G6add9"),
)


def test_what_is_typed_is_known_as_files_spell_it() -> None:
    for symbol in WRITTEN:
        told = plain_symbol(symbol)
        assert told is not None
        assert pitch_classes(symbol) == pitch_classes(told), symbol


def test_the_page_reads_every_sign_alike(served: Served) -> None:
    code = """
    import { ChordBook } from "./music/chords.js";
    const book = new ChordBook(given[0].qualities, given[0].spellings);
    const told = given[0].symbols.map((symbol) => [
      book.pitchClasses(symbol), book.moved(symbol, { semitones: 3, letters: 2 }),
      book.name(book.pitchClasses(symbol)),
    ]);
    console.log(JSON.stringify(told));
    """
    symbols = [f"G{sign}" for sign in OF_SIGN]
    symbols += ["G7(b9,#5)", "G7(♭9,♯5)/B", "Gm(maj9)", "G(add9)", "G6/9#11/B", "G♭7♯9♭5", "G7-9+5"]
    symbols += WRITTEN
    music = music_data()
    given = {name: music[name] for name in ("qualities", "spellings")} | {"symbols": symbols}
    by = Interval(3, 2)
    for symbol, (classes, moved, name) in zip(symbols, run_deno(served, code, given), strict=True):
        assert frozenset(classes) == pitch_classes(symbol), symbol
        (expected,) = moved_form(Form("f", (symbol,), bars=1), by).chords
        assert moved == expected
        assert name == chord_name(classes)


def voiced(symbol: str) -> list[int]:
    """Semitones above the root of what the piano plays, lowest first."""
    chord = Chord(symbol, tuple(sorted(48 + pitch for pitch in pitch_classes(symbol))), 0, 8)
    return [pitch % 12 for pitch in voicing(chord, (), rootless=True)]


def test_altered_chords_are_voiced_by_what_makes_them() -> None:
    third, seventh = 4, 10
    for symbol, colours in (
        *(("C7alt", {3, 8}), ("C7#5#9", {3, 8}), ("C7b5b9", {1, 6}), ("C13b9", {1, 9})),
        *(("C13#11", {6, 9}), ("C9#11", {2, 6}), ("C7b9b13", {1, 8}), ("C7b9#11", {1, 6})),
    ):
        assert set(voiced(symbol)) == {third, seventh} | colours, symbol
    for one in QUALITIES:
        if not one.usual:
            chord = f"C{one.signs[0]}"
            altered = {1, 3, 6, 8} & set(one.intervals)
            missed = {1} if {1, 3} <= altered else set()
            assert altered - missed <= set(voiced(chord)), chord
            assert {10, 11} & set(one.intervals) <= set(voiced(chord)), chord
    # A sharp ninth lies a seventh above the third, and no semitone below it.
    assert voiced("C7#5#9") == [4, 8, 10, 3]


def test_usual_chords_are_voiced_as_before() -> None:
    assert voiced("C7#9") == [7, 10, 3, 4]
    assert voiced("C13") == [7, 9, 10, 2, 4]
    assert voiced("C") == [0, 4, 7]
