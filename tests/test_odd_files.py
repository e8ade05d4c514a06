"""Files that are written otherwise than most: read as they are meant, or refused in a sentence that
says why; what is passed over is said."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from pathlib import Path

import mido
import pytest
import yaml

from lstm_blues.errors import BluesError
from lstm_blues.lead_sheet import write_form_and_library
from lstm_blues.music.conf_files import form_yaml
from lstm_blues.music.form import Form
from lstm_blues.music.melody_range import own_range
from lstm_blues.music.reading.abc import read_abc
from lstm_blues.music.reading.door import read_score
from lstm_blues.music.reading.score import Score
from lstm_blues.music.reading.sheet import sheets_of
from lstm_blues.music.reading.time_signatures import plain_metre, quarters_of
from lstm_blues.music.songbook import form_and_library
from lstm_blues.runs.config import compose_config


def abc(folder: Path, music: str, metre: str = "M:4/4\n", header: str = "") -> Path:
    """A tune in eighths."""
    path = folder / "tune.abc"
    path.write_text(f"X:1\nT:t\n{metre}L:1/8\n{header}K:C\n{music}\n")
    return path


def harmony(kind: str, text: str = "", *degrees: tuple[int, int, str], bass: str = "G") -> str:
    """A chord symbol on G in MusicXML."""
    return (
        f'<harmony><root><root-step>G</root-step></root><kind text="{text}">{kind}</kind>'
        f"<bass><bass-step>{bass}</bass-step></bass>"
        + "".join(
            f"<degree><degree-value>{value}</degree-value><degree-alter>{alter}</degree-alter>"
            f"<degree-type>{how}</degree-type></degree>"
            for value, alter, how in degrees
        )
        + "</harmony>"
    )


def beats(upper: str) -> str:
    return f"<beats>{upper}</beats><beat-type>4</beat-type>"


FOUR = beats("4")


def musicxml(
    folder: Path, *harmonies: str, time: str = FOUR, note: int = 4, rests: int = 0
) -> Path:
    """A bar for each chord symbol, with a note of so many quarter notes, or in the last `rests`
    bars a rest."""
    pitch, rest = "<pitch><step>C</step><octave>5</octave></pitch>", '<rest measure="yes"/>'
    bars = [
        f"{one}<note>{pitch if left > rests else rest}<duration>{note}</duration></note>"
        for left, one in zip(range(len(harmonies), 0, -1), harmonies, strict=True)
    ]
    attributes = f"<attributes><divisions>1</divisions><time>{time}</time></attributes>"
    measures = "".join(
        f'<measure number="{n}">{attributes if n == 1 else ""}{bar}</measure>'
        for n, bar in enumerate(bars, 1)
    )
    path = folder / "tune.musicxml"
    path.write_text(
        '<score-partwise version="3.1"><part-list><score-part id="P1"><part-name>P</part-name>'
        f'</score-part></part-list><part id="P1">{measures}</part></score-partwise>'
    )
    return path


def midi(
    folder: Path,
    texts: Sequence[str],
    kind: str = "text",
    words: Sequence[str] = (),
    division: int | None = None,
) -> Path:
    """Four bars, with a text for each of them, those left over at the end, and words at the
    beginning."""
    track = mido.MidiTrack()
    for text in words:
        track.append(mido.MetaMessage(kind, text=text))
    for number in range(4):
        if number < len(texts):
            track.append(mido.MetaMessage(kind, text=texts[number]))
        track.append(mido.Message("note_on", note=60 + number, velocity=90))
        track.append(mido.Message("note_off", note=60 + number, time=4 * 480))
    for text in texts[4:]:
        track.append(mido.MetaMessage(kind, text=text))
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(track)
    path = folder / "tune.mid"
    file.save(str(path))
    if division is not None:
        raw = path.read_bytes()
        path.write_bytes(raw[:12] + struct.pack(">H", division) + raw[14:])
    return path


def read(path: Path) -> tuple[list[str], list[str]]:
    """The chord of each bar, and the remarks."""
    score = read_score(str(path))
    (sheet,) = sheets_of([score])
    return sheet.chords[:: sheet.steps_per_bar], list(sheet.remarks)


def refused(path: Path) -> str:
    with pytest.raises(BluesError) as told:
        read(path)
    return str(told.value)


# Metres.


@pytest.mark.parametrize(
    ("text", "metre"),
    [
        ("C|", "2/2"),
        ("3+2/4", "5/4"),
        ("(2+3)/4", "5/4"),
        ("3/4 + 2/4", "5/4"),
        ("3+2/8", "5/8"),
        ("4/4 3/4", "4/4"),
        ("", "none"),
        ("none", "none"),
        ("3/4+3/8", "3/4+3/8"),
        ("4/0", "4/0"),
    ],
)
def test_additive_metres_are_their_sum(text: str, metre: str) -> None:
    assert plain_metre(text) == metre
    whole = {"4/0": 0, "none": 0, "3/4+3/8": 4.5, "5/8": 2.5, "5/4": 5}.get(metre, 4)
    assert quarters_of(metre) == whole


def test_abc_in_other_metres_is_summed_or_refused(tmp_path: Path) -> None:
    assert read_score(str(abc(tmp_path, '"C"C10|"F"F10|', "M:3+2/4\n"))).metre == "5/4"
    assert "is in 5/8, but a form must be in one of 2/4" in refused(
        abc(tmp_path, '"C"C5|', "M:2+3/8\n")
    )
    for free in ("M:none\n", "M:\n"):
        assert "has no metre (free time), but a form must" in refused(abc(tmp_path, '"C"C8|', free))
    assert "is in 4/0, but" in refused(abc(tmp_path, '"C"C8|', "M:4/0\n"))
    assert read(abc(tmp_path, '"C"C8|', ""))[1] == ["no metre is given (M:), so 4/4 is taken"]


def test_musicxml_in_other_metres_is_summed_or_refused(tmp_path: Path) -> None:
    pytest.importorskip("music21")
    one = harmony("major")
    path = musicxml(tmp_path, one, time=beats("3+2"), note=5)
    assert read_score(str(path)).metre == "5/4"
    path = musicxml(tmp_path, one, time=beats("3+4"), note=7)
    assert "is in 7/4, but" in refused(path)
    assert "has no metre" in refused(musicxml(tmp_path, one, time="<senza-misura/>"))


# Chord symbols.


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("C7no9", "'C7no9' is not a chord symbol that is known"),
        ("Am7 Dm7", "'Am7 Dm7' is 2 chord symbols in one text, but must be one"),
        ("H7", "'H7' is not a chord symbol: the German H must be written B"),
    ],
)
def test_what_is_meant_as_a_chord_is_read_or_refused(tmp_path: Path, text: str, words: str) -> None:
    told = refused(abc(tmp_path, f'"F"F8|"{text}"C8|"G"G8|'))
    assert told.startswith("bar 2 of ")
    assert words in told


def test_texts_that_are_passed_over_are_said(tmp_path: Path) -> None:
    music = '"F"F8|"Cis"C8|"G"G4"Coda"G4|"C""Am"C8|"D.C."C8|"G (fill)"G8|" "G8|"Coda"G8|'
    chords, remarks = read(abc(tmp_path, music, header="P:AABA\n"))
    assert chords == ["F", "F", "G", "C", "C", "G", "G", "G"]
    assert remarks == [
        "the order of its parts, P:AABA, is not followed",
        "the jump 'D.C.' is not followed",
        "of two chord symbols at one place the first is read, not 'Am' (bar 4)",
        "passed over, as no chord symbol: 'fill' (bar 6)",
        "passed over, as no chord symbol: 'Cis' (bar 2), 'Coda' (bars 3 and 8)",
    ]


def test_no_chord_is_said_to_be_passed_over(tmp_path: Path) -> None:
    chords, remarks = read(abc(tmp_path, '"F"F8|"N.C."C8|"G"G8|'))
    assert chords == ["F", "F", "G"]
    assert remarks == [
        "no chord (bar 2) is passed over: a form has no silence, so the chord before sounds on"
    ]


def test_chords_that_are_given_take_the_place_of_those_in_the_file(tmp_path: Path) -> None:
    score = read_score(str(abc(tmp_path, '"C7no9"C8|"F"F8|')), symbols=False)
    (sheet,) = sheets_of([score], chords=["C7", "F7"])
    assert sheet.chords[:: sheet.steps_per_bar] == ["C7", "F7"]


def test_bars_before_the_first_chord_are_few_and_named(tmp_path: Path) -> None:
    chords, remarks = read(abc(tmp_path, 'C8|D8|"G"E8|"F"F8|'))
    assert chords == ["G", "G", "G", "F"]
    assert remarks == ["bars 1 and 2 have no chord: the first one, G, sounds there as well"]
    _, remarks = read(abc(tmp_path, 'C8|D4"G"E4|"F"F8|'))
    assert remarks == ["bar 1 has no chord: the first one, G, sounds there as well"]
    told = refused(abc(tmp_path, 'C8|D8|E8|"G"C8|"F"F8|'))
    assert "has no chord before bar 4: skip_bars=3 leaves out" in told
    assert "chords= gives chords" in told


def test_last_bars_in_which_the_melody_rests_are_bars_of_the_form(tmp_path: Path) -> None:
    assert read(abc(tmp_path, '"C"C8|"F"F8|"G"z8|"Am"z8|]'))[0] == ["C", "F", "G", "Am"]
    assert read(abc(tmp_path, '"C"C8|"F"F8|z8|z2z2|]'))[0] == ["C", "F", "F", "F"]
    # A pickup takes its time from the last bar.
    assert read(abc(tmp_path, 'G2|"C"C8|"F"F4z2|]'))[0] == ["C", "F"]
    path = abc(tmp_path, '"C"C8|"F"z8|"G"G8|"G"z8|')
    (sheet,) = sheets_of([read_score(str(path), symbols=False)], chords=["C", "F", "G", "C7"])
    assert sheet.chords[-1] == "C7"


def test_last_bars_of_rests_in_musicxml_are_bars_of_the_form(tmp_path: Path) -> None:
    pytest.importorskip("music21")
    one = harmony("major")
    assert read(musicxml(tmp_path, one, one, harmony("minor"), rests=2))[0] == ["G", "G", "Gm"]
    assert read(musicxml(tmp_path, one, one, "", rests=1))[0] == ["G", "G", "G"]


def test_a_last_chord_on_a_bar_line_in_midi_makes_its_bar_count(tmp_path: Path) -> None:
    assert read(midi(tmp_path, ["C", "F", "G7", "C", "Am"]))[0] == ["C", "F", "G7", "C", "Am"]
    # No more bars than that: these chords are in the melody's last one.
    assert read(midi(tmp_path, ["C", "F", "G7", "C"]))[0] == ["C", "F", "G7", "C"]
    path = str(midi(tmp_path, ["C", "F", "G7", "C", "N.C."]))
    assert read_score(path).end == 16
    path = str(midi(tmp_path, ["C", "F", "G7", "C", "Am"]))
    (sheet,) = sheets_of([read_score(path, symbols=False)], chords=["C", "F", "G", "C", "D"])
    assert sheet.chords[-1] == "D"


@pytest.mark.parametrize(
    ("times", "bars"), [("", 5), ('times="3"', 7), ('times="4"', 9), ('times="0"', 5)]
)
def test_repeats_in_musicxml_are_played_as_often_as_they_say(
    tmp_path: Path, times: str, bars: int
) -> None:
    pytest.importorskip("music21")
    chords, remarks = read(repeated(tmp_path, times))
    assert chords == [*["G", "Gm"] * (bars // 2), "G"]
    assert f"repeats are written out: {bars} bars from 3" in remarks


def test_repeats_without_end_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("music21")
    told = refused(repeated(tmp_path, 'times="1000000000"'))
    assert "has more than 10,000 bars with its repeats written out, but must have at most" in told


def repeated(folder: Path, times: str) -> Path:
    """Three bars, the first two of them repeated."""
    path = musicxml(folder, harmony("major"), harmony("minor"), harmony("major"))
    sign = f'<barline location="right"><repeat direction="backward" {times}/></barline>'
    last = '</measure><measure number="3">'
    path.write_text(path.read_text().replace(last, sign + last))
    return path


SEVENTH = (7, 0, "add")


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        (harmony("other", "m7"), "Gm7"),
        (harmony("other", "m7", bass="D"), "Gm7/D"),
        (harmony("other", "", (3, -1, "add"), (5, 0, "add"), SEVENTH), "Gm7"),
        (harmony("suspended-fourth", "", SEVENTH), "G7sus4"),
        (harmony("suspended-fourth", "", (7, -1, "add")), "G7sus4"),
        (harmony("suspended-fourth", "", SEVENTH, (9, 0, "add")), "G11"),
        (harmony("dominant", "", (4, 0, "add")), "G7sus4"),
        (harmony("dominant", "", (3, 0, "subtract"), (4, 0, "add")), "G7sus4"),
        (harmony("dominant", "", (5, 1, "alter")), "Gaug7"),
        (harmony("dominant", "", (9, -1, "alter")), "G7b9"),
        (harmony("minor-seventh", "", (5, -1, "alter")), "Gm7b5"),
        (harmony("major-ninth", "", (9, 0, "subtract")), "Gmaj7"),
        (harmony("minor-seventh", "", (11, 0, "add")), "Gm7add11"),
        (harmony("minor-sixth", "", (5, -1, "alter")), "Gdim7"),
        (harmony("major-sixth", "", (5, 1, "alter")), "EmM7/G"),
        (harmony("other", "7alt"), "G7alt"),
        (harmony("dominant", "7alt", (5, -1, "alter"), (9, -1, "add")), "G7alt"),
        (harmony("dominant", "7", (5, 1, "alter"), (9, 1, "add")), "G7#5#9"),
        (harmony("dominant-ninth", "", (11, 1, "add")), "G9#11"),
        (harmony("dominant-13th", "", (9, -1, "alter")), "G13b9"),
        (harmony("dominant-13th", "", (11, 1, "alter")), "G13#11"),
        (harmony("suspended-fourth", "", (7, 0, "add"), (9, -1, "add")), "G7sus4b9"),
        (harmony("minor-major-seventh", "", (9, 0, "add")), "GmM9"),
        (harmony("major", "", SEVENTH), "G7"),
    ],
)
def test_kinds_and_degrees_are_chords_of_the_same_notes(
    tmp_path: Path, written: str, symbol: str
) -> None:
    pytest.importorskip("music21")
    assert read(musicxml(tmp_path, written))[0] == [symbol]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (harmony("other", "7no9"), "G7no9"),
        (harmony("other"), "G other"),
        (harmony("pedal"), "G pedal"),
        (harmony("dominant", "7", (5, 1, "alter"), (6, 0, "add")), "G7#5add6"),
        (harmony("Neapolitan"), "GN6"),
    ],
)
def test_kinds_that_are_no_known_chord_are_refused(
    tmp_path: Path, written: str, shown: str
) -> None:
    pytest.importorskip("music21")
    told = refused(musicxml(tmp_path, harmony("major"), written))
    assert told.startswith("bar 2 of ")
    assert f"{shown!r} is not a chord symbol that is known: write a simpler one" in told


# MIDI.


def test_words_among_chords_in_midi_are_passed_over(tmp_path: Path) -> None:
    chords, remarks = read(midi(tmp_path, ["C", "Fmaj7", "G7", "C"], words=["Verse"]))
    assert chords == ["C", "Fmaj7", "G7", "C"]
    assert remarks == ["passed over, as no chord symbol: 'Verse' (bar 1)"]
    told = refused(midi(tmp_path, ["C", "F", "G7no9", "C"]))
    assert re.search("bar 3 of .*'G7no9' is not a chord symbol that is known", told)


def test_letters_of_sections_and_words_of_songs_are_no_chords(tmp_path: Path) -> None:
    sections = midi(tmp_path, ["A", "A", "B", "A"], words=["Intro"], kind="marker")
    assert "has a melody but no chords" in refused(sections)
    song = midi(tmp_path, ["Am", "I", "Go", "away"], kind="lyrics")
    assert "has a melody but no chords" in refused(song)


@pytest.mark.parametrize(
    ("division", "words"),
    [(0, "has 0 ticks per quarter note, but must"), (0xE728, "counts time in seconds")],
)
def test_midi_without_quarter_notes_is_refused(tmp_path: Path, division: int, words: str) -> None:
    assert words in refused(midi(tmp_path, ["C"], division=division))


def test_midi_without_a_first_metre_is_refused(tmp_path: Path) -> None:
    path = midi(tmp_path, ["C"])
    file = mido.MidiFile(str(path))
    file.tracks[0].insert(0, mido.MetaMessage("time_signature", numerator=1))
    file.tracks[0].insert(6, mido.MetaMessage("time_signature", numerator=4))
    file.save(str(path))
    raw = path.read_bytes()
    first = raw.index(b"\xff\x58\x04") + 3
    path.write_bytes(raw[:first] + b"\0" + raw[first + 1 :])
    assert "is in 0/4, but a form must be" in refused(path)


# ABC.


def test_an_overlay_is_laid_over_its_bar() -> None:
    tune = read_abc('X:1\nM:4/4\nL:1/4\nK:C\n"C"C2 D2 & E3- E|F4 & A2|G4|\n')
    assert [bar.length for bar in tune.bars] == [4, 4, 4]
    melody = [[note.pitch for note in bar.notes] for bar in tune.bars]
    assert melody == [[60, 62], [65], [67]]
    over = [[(note.pitch, note.tied) for note in bar.others] for bar in tune.bars]
    assert over == [[(64, True), (64, False)], [(69, False)], []]


def test_fields_after_the_music_are_no_notes() -> None:
    tune = read_abc("X:1\nM:4/4\nL:1/4\nK:C\nC4|\nW:dad had a cab\nN:bad\nD:|\n")
    assert [[note.pitch for note in bar.notes] for bar in tune.bars] == [[60], [62]]


# Ranges.


def test_the_range_is_told_as_it_is() -> None:
    for pitches, words in (
        ([60, 72], ""),
        ([60, 76], "the melody's range is widened from 13 to 17 notes, C4 to E5"),
        ([62, 74], "the melody's range is moved to D4 to D5"),
        ([67, 77], "the melody's range is narrowed from 13 to 11 notes, G4 to F5"),
    ):
        assert own_range(pitches, None).remark == words


def test_a_very_wide_melody_stays_within_midi(tmp_path: Path) -> None:
    for pitches in ([24, 120], [0, 127], [36, 127]):
        placing = own_range(pitches, None)
        assert placing.lowest >= 0
        assert placing.lowest + placing.notes <= 128
        assert {placing.place(p) - p for p in pitches} == {placing.shift}
    with pytest.raises(BluesError, match="lowest_melody_note is 60, but must be at most 24, from"):
        own_range([24, 120], 60)
    told = refused(abc(tmp_path, "\"C\"C8|\"F\"f''''''8|"))
    assert "bar 2 of " in told
    assert "has the note F11, but notes must be from C-1 to G9" in told


# Names.


def test_names_that_train_would_not_find_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    abc(tmp_path, '"C"C8|"F"F8|')
    for name in ("waltz", "Waltz", "bebop_lines", "random", "None"):
        with pytest.raises(BluesError) as told:
            write_form_and_library(
                compose_config(["files=[tune.abc]", f"name='{name}'"], "lead_sheet")
            )
        assert str(told.value) == (
            f"name is {name!r}, but must be one that the package's forms and bars do not have, "
            f"such as my_{name}."
        )
    assert not (tmp_path / "my_music").exists()


def test_names_are_words_in_yaml() -> None:
    for name in ("mine", "yes", "1_000", "2023-01-01", "1e5", "_x"):
        text = form_yaml(Form(name, ("C",), 1), "a.mid")
        assert yaml.safe_load(text)["name"] == name
    assert "name: mine\n" in form_yaml(Form("mine", ("C",), 1), "a.mid")


def test_the_whole_of_an_odd_file_is_learnable(tmp_path: Path) -> None:
    score: Score = read_score(str(abc(tmp_path, "\"C∆7\"C,,,8|\"FMI7\"c''''8|")))
    found = form_and_library(sheets_of([score]), "tune")
    assert found.form.chords == ("CΔ7", "Fm7")
    assert found.form.melody_notes == 97
