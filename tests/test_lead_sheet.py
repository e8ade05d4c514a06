"""Forms and bar libraries from files: what goes out comes back; what does not fit is named."""

import json
from collections.abc import Sequence
from pathlib import Path

import pretty_midi
import pytest
from support import run_command

from lstm_blues.errors import BluesError
from lstm_blues.lead_sheet import write_form_and_library
from lstm_blues.music.chords import chord_name, pitch_of
from lstm_blues.music.form import Form
from lstm_blues.music.melody_range import given_range
from lstm_blues.music.piece import Note
from lstm_blues.music.reading.door import read_score
from lstm_blues.music.reading.sheet import Sheet, sheets_of
from lstm_blues.music.songbook import chorus_bars, form_and_library
from lstm_blues.music.timing import Timing
from lstm_blues.output.midi import write_midi
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.run import run_experiment
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.tune import with_tune
from lstm_blues.train import say_once

TWO_BARS = Form("two", ("C7", "F7 G7"), bars=2)


def write_sheet(
    path: Path,
    melody: Sequence[tuple[str, float, float]],
    chords: Sequence[tuple[tuple[str, ...], float, float]] = (
        (("C3", "E3", "G3"), 0, 4),
        (("F3", "A3", "C4"), 4, 8),
    ),
    names: tuple[str, str] = ("chords", "melody"),
    numerator: int = 4,
) -> Path:
    """A lead sheet: notes with their start and end in quarter notes, 120 a minute."""
    midi = pretty_midi.PrettyMIDI(initial_tempo=120)
    midi.time_signature_changes.append(pretty_midi.TimeSignature(numerator, 4, 0))
    for name, notes in (
        (names[0], [(note, a, b) for chord, a, b in chords for note in chord]),
        (names[1], melody),
    ):
        track = pretty_midi.Instrument(0, name=name)
        track.notes = [
            pretty_midi.Note(90, pitch_of(note), start / 2, end / 2) for note, start, end in notes
        ]
        midi.instruments.append(track)
    midi.write(str(path))
    return path


LINE = [("C4", 0, 1), ("D4", 1, 2), ("E4", 2, 3), ("F4", 3, 4), ("G4", 4, 8)]


def learned(
    files: Sequence[Path],
    *,
    melody_notes: int | None = 13,
    chord_track: str | None = None,
    melody_track: str | None = None,
) -> tuple[Form, tuple[object, ...], list[str]]:
    """Form, bars of the library and remarks of choruses of two bars, eight steps each."""
    scores = [read_score(str(file), "files", melody_track, chord_track) for file in files]
    sheets = sheets_of(scores, steps_per_bar=8)
    found = form_and_library(sheets, "tune", form_bars=2, melody_notes=melody_notes)
    return found.form, found.library.bars, found.remarks


def test_songs_go_out_as_midi_and_come_back_as_form_and_library(tmp_path: Path) -> None:
    songs = Parts(settings_from(compose_config(["+experiment=melody"]))).songs
    assert songs is not None
    files = [tmp_path / "first.mid", tmp_path / "last.mid"]
    for number, file in zip((0, 4095), files, strict=True):
        write_midi(songs.piece(number), file, Timing(tempo=173, swing=2 / 3))
    form, library, _ = form_and_library(
        sheets_of([read_score(str(file)) for file in files]), "tune"
    )
    assert (form.bars, form.steps_per_bar, form.lowest_melody_note) == (12, 8, 60)
    assert [sorted(c) for c in form.chord_tensor().tolist()] == [
        sorted(c) for c in songs.form.chord_tensor().tolist()
    ]
    assert form.chords == songs.form.chords
    for ours, theirs in zip(library.units(form), songs.library.units(songs.form), strict=True):
        assert ours.tolist() == theirs.tolist()


def test_rhythm_rests_and_sloppy_playing_become_steps(tmp_path: Path) -> None:
    line = [("C4", 0.04, 1.4), ("D4", 1.52, 1.9), ("E4", 2.45, 2.6), ("G4", 3.96, 5.1)]
    form, bars, _ = learned([write_sheet(tmp_path / "a.mid", line)])
    assert form.chords == ("C", "F")
    # Half a beat between notes is no rest, a beat is one.
    assert bars == ((("C4:3/8", "D4:1/4", "E4:1/8", "r:1/4"),), (("G4:1/4", "r:3/4"),))


def test_several_choruses_are_choices(tmp_path: Path) -> None:
    chords = [(("C3", "E3", "G3"), 8 * n + a, 8 * n + a + 4) for n in (0, 1) for a in (0, 4)]
    line = [*LINE, *((note, start + 8, end + 8) for note, start, end in LINE[:-1]), ("A4", 12, 16)]
    _, bars, _ = learned([write_sheet(tmp_path / "a.mid", line, chords)])
    assert bars == ((("C4", "D4", "E4", "F4"),), (("G4",), ("A4",)))


def test_the_chorus_is_the_shortest_whose_chords_come_again() -> None:
    def bars(*symbols: str) -> int:
        return chorus_bars(Sheet("", "", "4/4", None, [*symbols], [Note(60, 0, 1)], 1))

    blues = ("C7", "F7", "C7", "C7", "F7", "F7", "C7", "A7", "Dm7", "G7", "C7", "G7")
    assert bars(*blues, *blues, *blues) == 12
    assert bars(*blues, *blues[:-1], "C7") == 24
    assert bars(*["C", "F"] * 8) == 8
    assert bars("C", "F", "C", "F") == 4


def test_a_melody_is_moved_by_octaves_in_its_own_key(tmp_path: Path) -> None:
    low = [(note.replace("4", "2"), start, end) for note, start, end in LINE]
    form, bars, remarks = learned([write_sheet(tmp_path / "a.mid", low)], melody_notes=None)
    assert (form.chords, form.melody_notes) == (("C", "F"), 13)
    assert bars[0] == (("C4", "D4", "E4", "F4"),)
    assert "the melody is moved up by 2 octaves" in remarks


def test_a_wide_melody_widens_the_range(tmp_path: Path) -> None:
    wide = [("C4", 0, 2), ("E5", 2, 4), ("G4", 4, 8)]
    form, bars, remarks = learned([write_sheet(tmp_path / "a.mid", wide)], melody_notes=None)
    assert (form.lowest_melody_note, form.melody_notes) == (60, 17)
    assert bars[0] == (("C4", "E5"),)
    assert "the melody's range is widened from 13 to 17 notes, C4 to E5" in remarks
    # Or is folded, where the user wants 13 notes.
    form, bars, remarks = learned([write_sheet(tmp_path / "a.mid", wide)])
    assert form.melody_notes == 13
    assert bars[0] == (("C4", "E4"),)
    assert "1 of 3 notes are moved by octaves into 13 notes" in remarks


def test_the_fewest_notes_that_are_asked_for_hold_the_tune() -> None:
    for pitches, lowest in (([60, 64, 79], 60), ([62, 65, 89], 64), ([60, 61, 71], 60)):
        for notes in range(1, 13):
            try:
                placing = given_range(pitches, lowest, notes)
            except BluesError as told:
                needed = int(str(told).split("at least ")[1].split()[0])
                assert notes < needed
                given_range(pitches, lowest, needed)
            else:
                placed = [placing.place(pitch) - lowest for pitch in pitches]
                assert all(0 <= up < notes for up in placed)


def test_everything_is_transposed_together_into_a_given_range(tmp_path: Path) -> None:
    # From A3 to G4: no octave fits, three semitones up do, and take the chords along.
    low = [("A3", 0, 2), *LINE[2:]]
    form, bars, remarks = learned([write_sheet(tmp_path / "b.mid", low)])
    assert form.chords == ("Eb", "Ab")
    assert bars[0] == (("C4:1/2", "G4:1/4", "Ab4:1/4"),)
    assert "everything is transposed up by 3 semitones" in remarks


def test_tracks_are_told_by_name_or_by_what_they_hold(tmp_path: Path) -> None:
    file = write_sheet(tmp_path / "a.mid", LINE, names=("Piano", "Sax"))
    assert learned([file])[1][1] == (("G4",),)
    assert learned([file], chord_track="Piano", melody_track="Sax")[1][1] == (("G4",),)
    with pytest.raises(
        BluesError, match=r"melody_track is 'Oboe', but the tracks .* 'Piano', 'Sax'"
    ):
        learned([file], melody_track="Oboe")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"melody": [("C4", 0, 0.1), ("E4", 0.1, 1)]}, "bar 1 of the melody .* C4 and E4 fall on"),
        ({"numerator": 7}, "is in 7/4, but a form must be in one of 2/4, 3/4"),
        ({"chords": [(("C3", "E3", "G3"), 20, 24)]}, "no chord before bar 6: skip_bars=5 leaves"),
        ({"chords": [(("C3", "C#3", "D3"), 0, 8)]}, "bar 1 of .*: the notes C, C#, D sound"),
        ({"chords": [(("C3",), 0, 4), (("C3",), 4, 8)]}, "bar 1 of .*: C alone makes no chord"),
        ({"chords": []}, r"a melody but no chords: give them as chords=\[C7,F7,\.\.\.\]"),
        ({"melody": [*LINE, ("C4", 8, 12)]}, "has 3 bars, which is not a multiple of the 2"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    file = write_sheet(tmp_path / "a.mid", **{"melody": LINE, **changes})  # type: ignore[arg-type]
    with pytest.raises(BluesError, match=words):
        learned([file])


def test_choruses_with_other_chords_are_named() -> None:
    def sheet(file: str, second: str) -> Sheet:
        return Sheet(file, file, "4/4", None, ["C"] * 8 + [second] * 8, [Note(60, 0, 16)])

    with pytest.raises(BluesError, match=r"bar 2 of 'b' has the chord Am where .* 'a' has F:"):
        form_and_library([sheet("a", "F"), sheet("b", "Am")], "tune", form_bars=2)


def test_chords_are_named_on_their_bass() -> None:
    assert chord_name([0, 4, 7, 9]) == "C6"
    assert chord_name([9, 12, 16, 19]) == "Am7"
    assert chord_name([2, 5, 7, 10]) == "Gm7"  # neither G nor Bb below: the seventh, not Bb6
    assert chord_name([4, 7, 12]) == "C"


@pytest.mark.slow
def test_the_command_writes_yaml_that_trains(tmp_path: Path) -> None:
    write_sheet(tmp_path / "a.mid", [*LINE[:-1], ("G4", 4, 5.5), ("A4", 5.5, 8)])
    done = run_command("lead_sheet", "files=[a.mid]", "name=mine", "form_bars=2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "my_music" / "bars" / "mine.yaml").read_text()
    assert "# bar 2: F\n  - - ['G4:3/8', 'A4:5/8']" in written
    command = done.stdout.splitlines()[-1].split()
    assert command[2:] == ["lstm_blues.train", "+experiment=own", "form=mine", "bars=mine"]
    # The form and the bars are found where lead_sheet wrote them.
    given = ("form=mine", "bars=mine", "run.step_limit=1000", "hydra.run.dir=run")
    done = run_command("train", "+experiment=melody", *given, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "Did not learn the form mine" in done.stdout
    failed = run_command("lead_sheet", "files=[a.mid]", cwd=tmp_path)
    assert failed.returncode == 2
    (line,) = [line for line in failed.stderr.splitlines() if line.strip()]
    assert line.startswith("error: ")
    assert "name" in line


def test_what_the_command_cannot_do_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_sheet(tmp_path / "a.mid", LINE)
    (tmp_path / "bad.mid").write_text("no music")

    def run(*overrides: str) -> None:
        write_form_and_library(compose_config([*overrides], "lead_sheet"))

    run("files=[a.mid]", "name=mine")
    for overrides, words in (
        (
            ["files=[a.mid]", "name=mine", "skip_bars=1"],
            "already exists: choose another name, or set overwrite=t",
        ),
        (["files=[bad.mid]", "name=x"], "'bad.mid' cannot be read as MIDI"),
        (["files=[none.mid]", "name=x"], "which is not a file"),
        (["files=[a.mid]", "name=a b"], "name is 'a b', but must be a word"),
        (["files=[a.mid]", "name=x", "chords=[Hm]"], "chords: chord symbol 'Hm' must begin with"),
        (["files=[a.mid]", "name=x", "rests=0"], "rests is 0.0, but must be above 0, or null"),
        (["files=[a.mid]", "name=x", "melody_notes=0"], "melody_notes is 0, but must be from 1"),
        (
            ["files=[a.mid]", "name=x", "melody_notes=3"],
            "melody_notes is 3, but must be at least 8 for this tune, whose notes are moved by "
            "octaves to lowest_melody_note=60 and above, or null.",
        ),
        (
            ["files=[a.mid]", "name=x", "melody_notes=3", "lowest_melody_note=67"],
            "melody_notes is 3, but must be at least 8 for this tune",
        ),
    ):
        with pytest.raises(BluesError) as told:
            run(*overrides)
        assert words in str(told.value)
    run("files=[a.mid]", "name=mine", "form_bars=1", "skip_bars=1", "overwrite=true")
    assert "bars: 1\n" in (tmp_path / "my_music" / "form" / "mine.yaml").read_text()


def test_a_tune_takes_the_place_of_form_and_bars(tmp_path: Path) -> None:
    (tmp_path / "my tune.abc").write_text(
        'X:1\nM:3/4\nL:1/4\nK:G\n"G"GBd|"C"e2c|"D7"Fdc|"G"B3|"G"GBd|"C"e2c|"D7"FAF|"G"G3|\n'
    )
    config = compose_config(["+experiment=own", f"tune={tmp_path / 'my tune.abc'}"])
    read = with_tune(config)
    assert read["tune"] is None
    settings = settings_from(config)
    assert settings == settings_from(read)
    assert settings.form.name == "my_tune"
    assert settings.form.metre == "3/4"
    assert settings.form.chords[2] == "D7"
    assert settings.bars is not None
    assert len(settings.bars.bars) == settings.form.bars == 8
    assert settings_from(json.loads(json.dumps(read))) == settings
    with pytest.raises(BluesError, match=r"tune names 'no\.abc', which is not a file"):
        settings_from(compose_config(["+experiment=own", "tune=no.abc"]))


def test_train_tells_what_lead_sheet_tells_of_a_tune(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.abc").write_text(
        'X:1\nT:Low\nM:4/4\nL:1/4\nK:C\nG,|"C"C,E,G,E,|"Slow""F"F,A,CA,|"N.C."G,4|"C"C,3|\n'
    )
    write_form_and_library(compose_config(["files=[a.abc]", "name=a"], "lead_sheet"))
    lines = capsys.readouterr().out.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("Low in C major:"))
    remarks = lines[first + 1 : lines.index("Train on them with")]
    assert any("pickup" in line for line in remarks)
    assert any("'Slow' (bar 3)" in line for line in remarks)
    assert any("no chord (bar 4)" in line for line in remarks)
    assert any("octave" in line for line in remarks)
    words = "\n".join(lines[first : first + 1 + len(remarks)])
    # A run that ends before it begins; the one that goes on has no tune to read.
    monkeypatch.setattr("lstm_blues.runs.run.Run", no_run)
    config = compose_config(["+experiment=melody", "tune=a.abc"])
    said: list[str] = []
    for given, expected in ((config, [words]), (with_tune(config), [])):
        said.clear()
        with pytest.raises(BluesError, match="no run"):
            run_experiment(given, tmp_path, say=said.append)
        assert said == expected
    with pytest.raises(BluesError, match="no run"):
        run_experiment(config, tmp_path)
    assert capsys.readouterr().out == ""


def no_run(*_: object) -> None:
    raise BluesError("no run")


def test_a_sweep_tells_of_a_tune_once(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ("one", "two", "one"):
        say_once(words)
    assert capsys.readouterr().out == "one\ntwo\n"


@pytest.mark.slow
def test_from_a_file_to_music(tmp_path: Path) -> None:
    (tmp_path / "tune.abc").write_text(
        "X:1\nT:Tune\nM:6/8\nL:1/8\nK:G\n"
        'D|"G"G2A B2d|"C"e2d c2A|"D7"F2A d2c|"G"B3 G2A|\n'
        '"Em"B2c d2B|"Am"c2B A2G|"D7"F2E D2F|"G"G3 z2|\n'
    )
    done = run_command("lead_sheet", "files=[tune.abc]", "name=mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    given = ("form=mine", "bars=mine", "hydra.run.dir=run")
    done = run_command("train", "+experiment=own", *given, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Learned the form mine" in done.stdout
    given = ("checkpoint=run", "choruses=2", "formats=[txt,musicxml]", "output_dir=out")
    done = run_command("compose", *given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    bars = (tmp_path / "out" / "piece_1.txt").read_text().splitlines()
    # Without choices the tune is played from memory.
    assert sum(line.endswith("library") for line in bars) >= 14
    assert b"<beat-type>8</beat-type>" in (tmp_path / "out" / "piece_1.musicxml").read_bytes()
