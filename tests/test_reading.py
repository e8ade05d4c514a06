"""Scores from MusicXML, MIDI and ABC: repeats, pickups, chords of every kind, steps."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import mido
import pytest

from lstm_blues.errors import BluesError
from lstm_blues.lab.lead_sheets import is_same, main, try_file
from lstm_blues.music.chords import moved, pitch_classes
from lstm_blues.music.reading.abc import read_abc
from lstm_blues.music.reading.abc_fields import tunes_of
from lstm_blues.music.reading.door import read_score
from lstm_blues.music.reading.grid import Grid, coarsest_grid
from lstm_blues.music.reading.harmony import chords_from_notes, symbol_of
from lstm_blues.music.reading.parts import top_line
from lstm_blues.music.reading.score import Tone
from lstm_blues.music.reading.sheet import Sheet, sheets_of
from lstm_blues.music.reading.symbols import looks_like_symbol, plain_symbol
from lstm_blues.music.reading.written import as_played, lay_out
from lstm_blues.music.songbook import form_and_library
from lstm_blues.runs.config import compose_config

# A waltz with a pickup, a repeat with two endings, a slash chord, a diminished one, a tie, a
# triplet and a dotted rhythm.
WALTZ = """X:1
T:A Waltz of Tests
M:3/4
L:1/4
K:D
F/2G/2|"D"A2d|"D/f+"f>ed|"Gd"_B3-|1"G"B2 F/2G/2:|2"A7"=B2c||
"D"d2(3d/2e/2f/2|"Em""^slowly"g3|"A7"e2 z|"D"d|]
"""


def sheet(file: Path | str, **settings: object) -> Sheet:
    (found,) = sheets_of([read_score(str(file))], **settings)  # type: ignore[arg-type]
    return found


def chords(found: Sheet) -> list[str]:
    """The symbol at the beginning of each bar."""
    return found.chords[:: found.steps_per_bar]


# ABC.


def test_repeats_endings_pickups_and_ties_are_played(tmp_path: Path) -> None:
    (tmp_path / "waltz.abc").write_text(WALTZ)
    score = read_score(str(tmp_path / "waltz.abc"))
    assert (score.title, score.metre, score.key) == ("A Waltz of Tests", "3/4", "D major")
    found = sheet(tmp_path / "waltz.abc")
    assert chords(found) == [
        "D",
        "D/F#",
        "Gdim",
        "G",
        "D",
        "D/F#",
        "Gdim",
        "A7",
        "D",
        "Em",
        "A7",
        "D",
    ]
    assert found.steps_per_bar == 18  # eighths and triplets: six per quarter note
    assert found.melody[0][:2] == (69, 0)
    # Bb over the bar line is one note; the repeat goes back to the pickup's place.
    assert (70, 36, 66) in found.melody
    # The pickup is at the end of the last bar.
    assert [note.pitch for note in found.melody[-2:]] == [66, 67]
    assert found.melody[-1].end == 12 * 18


@pytest.mark.parametrize(
    ("bars", "order"),
    [
        ("|:A4|B4:|c4|", [0, 1, 0, 1, 2]),
        ("A4|B4:|c4:|", [0, 1, 0, 1, 2, 2]),
        ("A4||B4:|", [0, 1, 1]),
        ("|:A4||B4:|", [0, 1, 0, 1]),
        ("|:A4|1B4:|2c4||d4:|", [0, 1, 0, 2, 3, 3]),
        ("|:A4|1,2B4:|3c4|d4|", [0, 1, 0, 1, 0, 2, 3]),
        ("|:A4|[1B4|[2c4|", [0, 1, 0, 2]),
        ("A|B4|c3:|d|e4|f3:|", [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]),
        ("A|B4|c4:|", [0, 1, 2, 1, 2]),  # no room for the pickup
        ("A4::B4:|", [0, 0, 1, 1]),
    ],
)
def test_bars_are_played_in_order(bars: str, order: list[int]) -> None:
    tune = read_abc(f"X:1\nT:t\nM:4/4\nL:1/4\nK:C\n{bars}\n")
    assert as_played(tune.bars) == order


@pytest.mark.parametrize(
    ("music", "notes"),
    [
        ("^FF f|F", [(66, 1), (66, 1), (78, 1), (65, 1)]),
        ("_B=B|B", [(70, 1), (71, 1), (71, 1)]),
        ("C,c'|", [(48, 1), (84, 1)]),
        ("A>B c<d|", [(69, "3/2"), (71, "1/2"), (72, "1/2"), (74, "3/2")]),
        ("(3ABc d2|", [(69, "2/3"), (71, "2/3"), (72, "2/3"), (74, 2)]),
        ("A/B//c3/2|", [(69, "1/2"), (71, "1/4"), (72, "3/2")]),
        ("{g}A!trill!B [CEG]2|", [(69, 1), (71, 1), (60, 2), (64, 2), (67, 2)]),
        ("[K:Eb]EA|", [(63, 1), (68, 1)]),
        ("[L:1/8]AB|", [(69, "1/2"), (71, "1/2")]),
    ],
)
def test_notes_are_read_as_they_are_written(music: str, notes: list[tuple[int, str]]) -> None:
    tune = read_abc(f"X:1\nM:4/4\nL:1/4\nK:C\n{music}\n")
    read = [(note.pitch, note.end - note.start) for bar in tune.bars for note in bar.notes]
    assert read == [(pitch, Fraction(length)) for pitch, length in notes]


def test_a_short_bar_is_held_and_a_long_one_is_refused() -> None:
    bars = read_abc("X:1\nM:4/4\nL:1/4\nK:C\nA4|B3|c4|\n").bars
    laid = lay_out(bars, [0, 1, 2], "x")
    assert laid.starts == [0, 4, 8]
    assert laid.remarks == ["bar 2 is too short for 4/4 and is held until its end"]
    bars = read_abc("X:1\nM:4/4\nL:1/4\nK:C\nA4|B3 c2|c4|\n").bars
    with pytest.raises(BluesError, match="bar 2 of 'x' lasts 5 quarter notes, but one of 4/4 has"):
        lay_out(bars, [0, 1, 2], "x")


def test_what_is_no_lead_sheet_is_told_in_one_sentence(tmp_path: Path) -> None:
    head = "X:1\nT:t\nM:4/4\nL:1/4\nK:C\n"
    for name, text, words in (
        ("two.abc", WALTZ + "\n" + WALTZ, r"has 2 tunes \('A Waltz of Tests', .*such as .*#1"),
        ("none.abc", "words", "has no tune in ABC notation"),
        ("metre.abc", head + '"C"A4|\nM:3/4\n"C"B3|', "changes its time signature from 4/4 to 3/4"),
        ("odd.abc", head.replace("4/4", "7/8") + '"C"A7/2|', "is in 7/8, but a form must be in"),
        ("late.abc", head + "A4|" * 6 + '"C"c4|', "no chord before bar 7: skip_bars=6"),
        ("bare.abc", head + "A4|B4|", r"no chords: give them as chords=\[C7,F7,"),
        (
            "symbol.abc",
            head + '"C7xy"A4|"C7omit9"B4|',
            "bar 2 of .*: 'C7omit9' is not a chord symb",
        ),
        ("rest.abc", head + '"C"z4|', "has no notes"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(BluesError) as told:
            sheet(tmp_path / name)
        assert re.search(words, str(told.value)), name
    assert len(tunes_of(WALTZ + "\n" + WALTZ)) == 2
    with pytest.raises(BluesError, match="asks for tune 3 of 2"):
        read_score(f"{tmp_path / 'two.abc'}#3")


def test_chords_are_given_to_a_tune_without(tmp_path: Path) -> None:
    (tmp_path / "bare.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nG|A4|B4|c4|d3|\n")
    found = sheet(tmp_path / "bare.abc", chords=["C7", "F7 G7"])
    assert chords(found) == ["C7", "F7", "C7", "F7"]
    assert found.chords[4 + found.steps_per_bar] == "G7"
    with pytest.raises(BluesError, match=r"chords has 3 bars, but .* has 4, which"):
        sheet(tmp_path / "bare.abc", chords=["C7", "F7", "G7"])


def test_chords_that_are_given_share_a_bar_equally_or_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bare.abc"
    path.write_text("X:1\nM:4/4\nL:1/8\nK:C\n" + "cdefgabc'|" * 8)
    found = sheet(path, chords=["C"] * 7 + ["F G C"])
    assert found.chords[-24:] == [*["F"] * 8, *["G"] * 8, *["C"] * 8]
    five, fits = ["C"] * 7 + ["F G C F G"], "steps_per_bar must be a multiple of 5"
    told = f"bar 8 of chords is 'F G C F G': 5 chords do not divide its 96 steps; {fits} for them."
    with pytest.raises(BluesError, match=re.escape(told)):
        sheet(path, chords=five)
    with pytest.raises(BluesError, match="5 chords do not divide its 8 steps"):
        sheet(path, chords=five, steps_per_bar=8)
    assert sheet(path, chords=five, steps_per_bar=40).chords[-8:] == ["G"] * 8


# Chord symbols.


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("D/f+", "D/F#"),
        ("D m", "Dm"),
        ("Gd", "Gdim"),
        ("E7+5", "Eaug7"),
        ("(Am7)", "Am7"),
        ("CMaj7", "Cmaj7"),
        ("C6/9", "C6/9"),
        ("N.C.", None),
        ("C∆7", "CΔ7"),
        ("C△", "CΔ"),
        ("CΔ#11", "Cmaj7#11"),
        ("CØ", "Cø"),
        ("CMI7", "Cm7"),
        ("CMA7", "Cmaj7"),
        ("CMI7b5", "Cm7b5"),
        ("Cm7-5", "Cm7b5"),
        ("B♭7", "Bb7"),
        ("A minor", "Am"),
        ("C (fill)", "C"),
        ("G(Em)", "G"),
        ("C(sus4)", "Csus4"),
        ("C7(b9,#5)", "C7#5b9"),
        ("C7 (#9/b13)", "C7#9b13"),
        ("E♭7(♯5♯9)", "Eb7#5#9"),
        ("C7+9", "C7#9"),
        ("C7+b9", "C7#5b9"),
        ("C7(13)", "C7add13"),
        ("CALT", "Calt"),
        ("F#7altered", "F#7alt"),
        ("Csus(b9)", "Csusb9"),
        ("Cmi(ma9)", "Cmmaj9"),
        ("C6/9(#11)/e", "C6/9#11/E"),
        ("C(#5)", "Caug"),  # and no C sharp
        ("Bb(b5)", "Bbmajb5"),
        ("C7omit5", "C7no5"),
        ("Cmaj7(no 3rd)", "Cmaj7no3"),
        ("CMI7(omit 5th)", "Cm7no5"),
        ("C(add9,no3)/e", "Cadd9no3/E"),
        ("n. c.", None),
    ],
)
def test_symbols_are_read_as_files_spell_them(text: str, symbol: str | None) -> None:
    assert plain_symbol(text) == symbol


def test_words_are_no_symbols() -> None:
    for word in (
        *("Fine", "D.C.", "Andante", "Collected by F. O'Neill", "Chorus", "Em-bellish"),
        *("Coda", "Fade", "Bad", "Add", "Dal segno", "Bes", "C:maj"),
    ):
        assert not looks_like_symbol(word), word
    for symbol in (
        *("C", "F#m7b5", "Bb7/D", "Csubtract5".replace("subtract", "omit"), "G13"),
        *("Gd", "Fa7", "Cmaj7(no 3rd)", "H7", "Am7 Dm7", "C7alt", "C*"),
    ):
        assert looks_like_symbol(symbol), symbol


def test_symbols_are_moved_with_their_bass() -> None:
    assert moved("Bbm7/F", 2) == "Cm7/G"
    assert moved("F#dim", 12) == "F#dim"
    assert pitch_classes(moved("C9", 3)) == {(p + 3) % 12 for p in pitch_classes("C9")}


def played(*events: tuple[float, tuple[int, ...], float]) -> list[Tone]:
    """Notes that begin together: the time, MIDI note numbers, how long."""
    return [
        Tone(pitch, Fraction(start), Fraction(start) + Fraction(length))
        for start, pitches, length in events
        for pitch in pitches
    ]


def test_chords_are_found_in_blocks_after_a_bass_and_in_broken_ones() -> None:
    def found(*events: tuple[float, tuple[int, ...], float]) -> list[tuple[str, float]]:
        changes = chords_from_notes(played(*events), [], "4/4", "x")
        return [(change.symbol, float(change.start)) for change in changes]

    c, f, g = (48, 52, 55), (53, 57, 60), (55, 59, 62)
    assert found((0, c, 2), (2, f, 2), (4, g, 4)) == [("C", 0), ("F", 2), ("G", 4)]
    boom = [(0, (36,), 1), (1, c, 1), (2, (31,), 1), (3, c, 1), (4, (31,), 1), (5, g, 1)]
    assert found(*boom) == [("C", 0), ("G", 4)]
    broken = [(n / 2, (pitch,), 0.5) for n, pitch in enumerate((48, 55, 52, 55, 53, 60, 57, 60))]
    assert found(*broken) == [("C", 0), ("F", 2)]
    # A third of the chord may be the melody's.
    changes = chords_from_notes(played((0, (55, 59), 4)), played((0, (74,), 4)), "4/4", "x")
    assert changes[0].symbol == "G"


def stride(*beats: tuple[int, tuple[int, ...]]) -> list[tuple[str, float]]:
    """The chords that are read of basses, each a beat before its chord."""
    events = [
        event
        for n, (bass, above) in enumerate(beats)
        for event in ((2 * n, (bass,), 1), (2 * n + 1, above, 1))
    ]
    changes = chords_from_notes(played(*events), [], "4/4", "x")
    return [(change.symbol, float(change.start)) for change in changes]


def test_a_bass_is_the_root_of_the_chord_that_is_struck_after_it() -> None:
    em, c, f, b = (52, 55, 59), (55, 60, 64), (53, 57, 60), (53, 59, 62)
    bars = [(36, em), (43, em), (33, c), (40, c), (38, f), (45, f), (43, b), (38, b)]
    assert stride(*bars) == [("Cmaj7", 0), ("Am7", 4), ("Dm7", 8), ("G7", 12)]
    # Two chords in a bar, and one whose bass is doubled in it.
    assert stride((38, f), (31, b), (36, em), (33, (57, *c))) == [
        *(("Dm7", 0), ("G7", 2)),
        *(("Cmaj7", 4), ("Am7", 6)),
    ]
    # Of two notes and the melody's third.
    notes = played((0, (43,), 1), (1, (59, 65), 1))
    changes = chords_from_notes(notes, played((0, (74,), 4)), "4/4", "x")
    assert [change.symbol for change in changes] == ["G7"]


def test_a_bass_that_walks_leaves_the_chord_above_it_as_it_is() -> None:
    c, f = (52, 55, 60), (57, 60, 65)
    assert stride((36, c), (38, c), (41, f), (38, f)) == [("C", 0), ("F", 4)]
    assert stride((36, c), (33, c), (43, c), (36, c), (35, c), (43, c)) == [("C", 0)]
    walking = [(0, (36, *c), 1), (1, (38,), 1), (2, (41, *f), 1), (3, (45,), 1)]
    changes = chords_from_notes(played(*walking), [], "4/4", "x")
    assert [(change.symbol, change.start) for change in changes] == [("C", 0), ("F", 2)]


def test_notes_without_a_symbol_are_no_rare_chord() -> None:
    altered = played((0, (43, 59, 65, 70, 75), 4))
    with pytest.raises(BluesError, match="Eb, F, G, Bb, B sound together, but form no known"):
        chords_from_notes(altered, [], "4/4", "x")


def test_the_top_line_is_the_melody() -> None:
    def line(*events: tuple[float, tuple[int, ...], float]) -> list[int]:
        return [tone.pitch for tone in top_line(played(*events), overlaps=False)[0]]

    assert line((0, (48, 64), 1), (1, (65,), 1)) == [64, 65]
    assert line((0, (76,), 4), (2, (48, 52, 55), 2)) == [76]  # the chord is below a held note
    assert line((0, (76,), 1.125), (1, (72,), 1)) == [76, 72]  # played a little too long


def test_one_note_is_no_chord() -> None:
    assert symbol_of([48, 60]) is None
    assert symbol_of([48, 52]) is None
    assert symbol_of([48, 55]) == "C5"
    with pytest.raises(BluesError, match="bar 2 of 'x': C alone makes no chord"):
        chords_from_notes(played((4, (48,), 4)), [], "4/4", "x")


# Steps.


@pytest.mark.parametrize(
    ("starts", "metre", "expected"),
    [
        ([0, 1, 1.5, 2], "4/4", Grid(2)),
        ([0, 1.5, 2, 2.5], "6/8", Grid(2)),
        ([0, 1 / 3, 2 / 3, 1], "4/4", Grid(3)),
        ([0, 0.75, 1, 1.25], "4/4", Grid(4)),
        ([0, 0.5, 1, 4 / 3, 5 / 3], "2/4", Grid(6)),
        ([0, 0.25, 1, 4 / 3, 5 / 3], "4/4", Grid(12)),
        ([0, 2 / 3, 1, 5 / 3, 2, 8 / 3, 3], "4/4", Grid(2, swung=True)),
        # Played: a little early or late.
        ([0.01, 0.53, 0.98, 1.46, 2.04, 2.5], "4/4", Grid(2)),
        ([0.01, 0.27, 0.52, 0.73, 1.03, 1.5], "4/4", Grid(4)),
        ([0.02, 0.36, 0.65, 0.98, 1.31, 1.69], "4/4", Grid(3)),
    ],
)
def test_the_coarsest_steps_are_chosen(starts: list[float], metre: str, expected: Grid) -> None:
    line = [Fraction(start).limit_denominator(480) for start in starts]
    assert coarsest_grid([line], metre) == expected


def test_swung_eighths_are_said_to_be_read_as_even_ones(tmp_path: Path) -> None:
    path = tmp_path / "swung.abc"
    path.write_text("X:1\nM:4/4\nL:1/8\nK:C\n" + '"C"' + "(3:2:2c2d" * 4 + "|\n")
    found = sheet(path)
    assert [note.start for note in found.melody] == list(range(8))
    (told,) = found.remarks
    assert told == "swung eighths are read as even ones; swing=0.67 plays them swung"
    # What it names is a setting of compose.
    assert compose_config(["swing=0.67"], "compose")["swing"] == 0.67


def test_steps_hold_equal_parts_of_a_bar_beside_played_notes() -> None:
    late = [Fraction(n, 2) + Fraction(1, 16) for n in range(80)]
    chords = [Fraction(0), Fraction(4, 3), Fraction(8, 3)]
    assert coarsest_grid([late, chords], "4/4") == Grid(2)
    assert coarsest_grid([late, chords], "4/4", {1, 3}) == Grid(6)


# MIDI.

MELODY = [(67, 3, 4), (72, 4, 6), (74, 6, 8), (76, 8, 11), (79, 11, 12), (77, 12, 16), (76, 16, 20)]
CHORDS = [
    ("C", (48, 52, 55), 4),
    ("F", (53, 57, 60), 8),
    ("G7", (55, 59, 62, 65), 12),
    ("C", (48, 52, 55), 16),
]


def midi(
    path: Path,
    *,
    how: str,
    pickup: str = "padded",
    extra_text: tuple[str, ...] = (),
    melody: Sequence[tuple[int, int, int]] = MELODY,
    harmony: Sequence[tuple[str, tuple[int, ...], int]] = CHORDS,
) -> Path:
    """A pickup and four bars: chords as notes in a track or the melody's, or as texts."""
    shift = melody[0][1] if pickup == "unpadded" else 0
    length = harmony[1][2] - harmony[0][2]
    file = mido.MidiFile(ticks_per_beat=480)
    head = mido.MidiTrack()
    if pickup == "signature":
        head.append(mido.MetaMessage("time_signature", numerator=1, denominator=4))
        head.append(mido.MetaMessage("time_signature", numerator=4, denominator=4, time=480))
        shift = 3
    else:
        head.append(mido.MetaMessage("time_signature", numerator=4, denominator=4))
    head.append(mido.MetaMessage("key_signature", key="C"))
    file.tracks.append(head)
    notes = list(melody)
    blocks = [(pitch, start, start + length) for _, chord, start in harmony for pitch in chord]
    parts = {"one": [notes + blocks], "two": [notes, blocks]}.get(how, [notes])
    for number, part in enumerate(parts):
        events: list[tuple[int, int, mido.messages.BaseMessage]] = []
        for pitch, start, end in part:
            for time, kind in ((start, "note_on"), (end, "note_off")):
                message = mido.Message(kind, note=pitch, velocity=80, channel=number)
                events.append(((time - shift) * 480, int(kind == "note_on"), message))
        if how in ("marker", "lyrics", "text"):
            for name, _, start in harmony:
                text = mido.MetaMessage(how, text=name)
                events.append(((start - shift) * 480, 0, text))
            for text in extra_text:
                events.append((0, 0, mido.MetaMessage("lyrics", text=text)))
        track, now = mido.MidiTrack(), 0
        for time, _, message in sorted(events, key=lambda event: event[:2]):
            track.append(message.copy(time=time - now))
            now = time
        file.tracks.append(track)
    file.save(str(path))
    return path


@pytest.mark.parametrize("how", ["two", "one", "marker", "lyrics", "text"])
@pytest.mark.parametrize("pickup", ["padded", "unpadded", "signature"])
def test_midi_is_read_whichever_way_it_is_written(tmp_path: Path, how: str, pickup: str) -> None:
    found = sheet(midi(tmp_path / "a.mid", how=how, pickup=pickup))
    assert (found.metre, found.key, found.steps_per_bar) == ("4/4", "C major", 8)
    assert chords(found) == ["C", "F", "G7", "C"]
    assert [note[:2] for note in found.melody] == [
        *((pitch, (start - 4) * 2) for pitch, start, _ in MELODY[1:]),
        (67, 30),  # the pickup, where the form begins again
    ]


def test_a_long_pickup_is_told_by_the_first_chord(tmp_path: Path) -> None:
    # Chords change twice per bar, so that half bars begin as many as bars do.
    changing = [(*CHORDS[n % 3][:2], 4 + 2 * n) for n in range(8)]
    long = [(65, 1, 2), (67, 2, 4), *MELODY[1:]]
    path = midi(tmp_path / "a.mid", how="two", pickup="unpadded", melody=long, harmony=changing)
    assert chords(sheet(path)) == ["C", "G7", "F", "C"]


def test_words_of_a_song_are_no_chords(tmp_path: Path) -> None:
    words = ("A", "long", "long", "time", "a", "go", "I", "can", "still", "re", "mem", "ber")
    found = sheet(midi(tmp_path / "a.mid", how="marker", extra_text=words))
    assert chords(found) == ["C", "F", "G7", "C"]
    with pytest.raises(BluesError, match="has a melody but no chords"):
        sheet(midi(tmp_path / "b.mid", how="none", extra_text=words))


def test_broken_files_are_read_or_refused(tmp_path: Path) -> None:
    rng = random.Random(1)
    whole = midi(tmp_path / "a.mid", how="one").read_bytes()
    for number in range(120):
        if number % 2:
            text = list(WALTZ)
            for _ in range(rng.choice((1, 5, 20))):
                text[rng.randrange(4, len(text))] = rng.choice('|:[]"()<>-^_=/0123ABcz,KML\n {}')
            path = tmp_path / "broken.abc"
            path.write_text("".join(text))
        else:
            raw = bytearray(whole)
            for _ in range(rng.choice((1, 5, 20))):
                raw[rng.randrange(14, len(raw))] = rng.randrange(256)
            path = tmp_path / "broken.mid"
            path.write_bytes(raw)
        with suppress(BluesError):  # never anything else
            form_and_library([sheet(path)], "tune")


# MusicXML.


def test_musicxml_is_read_compressed_and_plain(tmp_path: Path) -> None:
    music21 = pytest.importorskip("music21")
    (tmp_path / "waltz.abc").write_text(
        WALTZ.replace("Gd", "Gdim").replace("D/f+", "D/F#").replace('"G"B', '"G"_B')
    )
    truth = sheet(tmp_path / "waltz.abc")
    read = music21.converter.parse(tmp_path / "waltz.abc")
    for suffix, kind in (("mxl", "mxl"), ("musicxml", "musicxml")):
        path = Path(read.write(kind, tmp_path / f"waltz.{suffix}"))
        found = sheet(path)
        assert found.key == "D major"
        assert [pitch_classes(c) for c in found.chords] == [pitch_classes(c) for c in truth.chords]
        assert [note[:2] for note in found.melody] == [note[:2] for note in truth.melody]
    (tmp_path / "bad.musicxml").write_text("no music")
    with pytest.raises(BluesError, match=r"bad.musicxml' cannot be read"):
        read_score(str(tmp_path / "bad.musicxml"))


def test_the_lead_sheets_that_music21_brings_are_read() -> None:
    pytest.importorskip("music21")
    foster = sheet("music21:leadSheet/fosterBrownHair")
    assert foster.title == "Jeanie With The Light Brown Hair"
    assert chords(foster)[:4] == ["F", "Bb", "F", "F"]
    assert len(foster.chords) == 64 * 8
    with pytest.raises(BluesError, match="cannot be read"):
        read_score("music21:no/such/tune")


# The table.


def test_the_table_counts_what_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.abc").write_text(WALTZ)
    (tmp_path / "two.abc").write_text(WALTZ.replace("3/4", "7/4"))
    (tmp_path / "three.abc").write_text(WALTZ.replace('"Gd"', '"Gomit"'))
    (tmp_path / "bare.abc").write_text("X:1\nM:4/4\nL:1/4\nK:C\nA4|B4|\n")  # isn't tried
    main([str(tmp_path), "--out", str(tmp_path / "out")])
    printed = capsys.readouterr().out
    assert "| ABC | 3 | 2 | 1 of 2 (0.09 to 0.91) | - |" in printed
    assert "is in 7/4" in printed
    assert len((tmp_path / "out" / "files.csv").read_text().splitlines()) == 4
    truth = sheet(tmp_path / "one.abc")
    assert try_file(str(tmp_path / "one.abc"), "x", "ABC", truth).same
    assert not is_same(truth._replace(chords=truth.chords[:-1]), truth)
    assert not is_same(truth._replace(melody=truth.melody[:-1]), truth)
