"""Forms and bar libraries from MIDI files: what goes out comes back; what does not fit is named."""

from collections.abc import Sequence
from pathlib import Path

import pretty_midi
import pytest
from support import run_command

from lstm_blues.errors import BluesError
from lstm_blues.music.chords import chord_name, pitch_of
from lstm_blues.music.form import Form
from lstm_blues.music.lead_sheet import Sheet, read_lead_sheet
from lstm_blues.music.piece import Note
from lstm_blues.music.songbook import form_and_library
from lstm_blues.music.timing import Timing
from lstm_blues.output.midi import write_midi
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

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
    fold: bool = False,
    chord_track: str | None = None,
    melody_track: str | None = None,
) -> tuple[Form, tuple[object, ...], int]:
    """Form, bars of the library and transposition of choruses of two bars."""
    sheets = [
        read_lead_sheet(str(file), form_bars=2, chord_track=chord_track, melody_track=melody_track)
        for file in files
    ]
    form, library, shift = form_and_library(sheets, "tune", form_bars=2, fold=fold)
    return form, library.bars, shift


def test_songs_go_out_as_midi_and_come_back_as_form_and_library(tmp_path: Path) -> None:
    songs = Parts(settings_from(compose_config(["+experiment=melody"]))).songs
    assert songs is not None
    files = [tmp_path / "first.mid", tmp_path / "last.mid"]
    for number, file in zip((0, 4095), files, strict=True):
        write_midi(songs.piece(number), file, Timing(tempo=173, swing=2 / 3))
    sheets = [read_lead_sheet(str(file), form_bars=12) for file in files]
    form, library, shift = form_and_library(sheets, "tune", form_bars=12)
    assert shift == 0
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
    assert bars == ((("C4:3/8", "D4:1/4", "E4:3/8"),), (("G4",),))


def test_several_choruses_are_choices(tmp_path: Path) -> None:
    chords = [(("C3", "E3", "G3"), 8 * n + a, 8 * n + a + 4) for n in (0, 1) for a in (0, 4)]
    line = [*LINE, *((note, start + 8, end + 8) for note, start, end in LINE[:-1]), ("A4", 12, 16)]
    _, bars, _ = learned([write_sheet(tmp_path / "a.mid", line, chords)])
    assert bars == ((("C4", "D4", "E4", "F4"),), (("G4",), ("A4",)))


def test_everything_is_transposed_together_by_octaves_where_that_works(tmp_path: Path) -> None:
    low = [(note.replace("4", "2"), start, end) for note, start, end in LINE]
    form, bars, shift = learned([write_sheet(tmp_path / "a.mid", low)])
    assert (shift, form.chords) == (24, ("C", "F"))
    assert bars[0] == (("C4", "D4", "E4", "F4"),)
    # From A3 to G4: no octave fits, three semitones up do, and take the chords along.
    low = [("A3", 0, 2), *LINE[2:]]
    form, bars, shift = learned([write_sheet(tmp_path / "b.mid", low)])
    assert (shift, form.chords) == (3, ("Eb", "Ab"))
    assert bars[0] == (("C4:1/2", "G4:1/4", "Ab4:1/4"),)


def test_a_wide_melody_is_refused_or_folded(tmp_path: Path) -> None:
    file = write_sheet(tmp_path / "a.mid", [("C4", 0, 2), ("E5", 2, 4), ("G4", 4, 8)])
    with pytest.raises(BluesError, match=r"from C4 to E5, 16 semitones, .* fold=true"):
        learned([file])
    _, bars, _ = learned([file], fold=True)
    assert bars[0] == (("C4", "E4"),)


def test_tracks_are_told_by_name_or_by_what_they_hold(tmp_path: Path) -> None:
    file = write_sheet(tmp_path / "a.mid", LINE, names=("Piano", "Sax"))
    assert learned([file])[1][1] == (("G4",),)
    assert learned([file], chord_track="Piano", melody_track="Sax")[1][1] == (("G4",),)
    with pytest.raises(
        BluesError, match=r"melody_track is 'Oboe', but the tracks .* 'Piano', 'Sax'"
    ):
        learned([file], melody_track="Oboe")
    chords = [(("C3",), 0, 4), (("F3",), 4, 8)]
    alike = write_sheet(tmp_path / "b.mid", LINE, chords, names=("one", "two"))
    with pytest.raises(BluesError, match="'one', 'two', which do not distinguish chords from"):
        learned([alike])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"melody": [("C4", 0, 1), ("E4", 0, 1)]}, "bar 1 of the melody .* C4 and E4 fall on"),
        ({"numerator": 3}, "time signature of .* is '3/4', but must be 4/4"),
        ({"chords": [(("C3", "E3", "G3"), 4, 8)]}, "bar 1 of .* must begin with a chord"),
        ({"chords": [(("C3", "C#3", "D3"), 0, 8)]}, "bar 1 of .*: the notes C, C#, D sound"),
        ({"melody": [*LINE, ("C4", 8, 12)]}, "has 3 bars, which is not a multiple of form_bars=2"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    file = write_sheet(tmp_path / "a.mid", **{"melody": LINE, **changes})  # type: ignore[arg-type]
    with pytest.raises(BluesError, match=words):
        learned([file])


def test_choruses_with_other_chords_are_named() -> None:
    def sheet(file: str, second: tuple[int, ...]) -> Sheet:
        return Sheet(file, [(0, 4, 7)] * 8 + [second] * 8, [Note(60, 0, 16)])

    with pytest.raises(BluesError, match=r"bar 2 of 'b' has the chord Am where .* 'a' has F:"):
        form_and_library([sheet("a", (5, 9, 0)), sheet("b", (9, 0, 4))], "tune", form_bars=2)


def test_chords_are_named_on_their_bass() -> None:
    assert chord_name([0, 4, 7, 9]) == "C6"
    assert chord_name([9, 12, 16, 19]) == "Am7"
    assert chord_name([2, 5, 7, 10]) == "Gm7"  # neither G nor Bb below: the seventh, not Bb6
    assert chord_name([4, 7, 12]) == "C"


def test_the_command_writes_yaml_that_trains(tmp_path: Path) -> None:
    write_sheet(tmp_path / "a.mid", [*LINE[:-1], ("G4", 4, 5.5), ("A4", 5.5, 8)])
    done = run_command("lead_sheet", "files=[a.mid]", "name=tune", "form_bars=2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "my_music" / "bars" / "tune.yaml").read_text()
    assert "# bar 2: F\n  - - ['G4:3/8', 'A4:5/8']" in written
    command = done.stdout.splitlines()[-1].split()
    assert command[:3] == ["python", "-m", "lstm_blues.train"]
    done = run_command(
        "train", *command[3:], "run.step_limit=1000", "hydra.run.dir=run", cwd=tmp_path
    )
    assert done.returncode == 1, done.stderr
    assert "Did not learn the form tune" in done.stdout
    with (tmp_path / "my_music" / "bars" / "tune.yaml").open("a") as mended:
        mended.write("# mended\n")
    again = run_command("lead_sheet", "files=[a.mid]", "name=tune", "form_bars=2", cwd=tmp_path)
    assert again.returncode == 2
    assert "already exists: choose another name" in again.stderr
    (tmp_path / "bad.mid").write_text("no music")
    for overrides, words in (
        (["files=[bad.mid]", "name=x"], "'bad.mid' cannot be read as MIDI"),
        (["files=[none.mid]", "name=x"], "which is not a file"),
        (["files=[a.mid]", "name=a b"], "name is 'a b', but must be a word"),
        (["files=[a.mid]"], "name"),
    ):
        failed = run_command("lead_sheet", *overrides, cwd=tmp_path)
        assert failed.returncode == 2
        (line,) = [line for line in failed.stderr.splitlines() if line.strip()]
        assert line.startswith("error: ")
        assert words in line
