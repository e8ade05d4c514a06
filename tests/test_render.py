"""Scores that read back, pages without collisions, sound of the right length and level."""

import base64
import io
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
import torch
from playwright.sync_api import Browser

from lstm_blues.errors import BluesError, extra
from lstm_blues.music.chords import note_name, pitch_classes
from lstm_blues.music.encoding import Encoding
from lstm_blues.music.form import Form
from lstm_blues.music.piece import Note, Piece
from lstm_blues.music.qualities import QUALITIES
from lstm_blues.music.songs import BluesSongs
from lstm_blues.music.spelling import Spelled, key_fifths, spell
from lstm_blues.music.timing import Timing
from lstm_blues.output import html, sound
from lstm_blues.output.engraving import engrave, write_pdf
from lstm_blues.output.html import to_html
from lstm_blues.output.loudness import Loudness
from lstm_blues.output.musicxml import to_musicxml
from lstm_blues.output.note_values import written_slices
from lstm_blues.output.parts import Arrangement
from lstm_blues.output.render import FORMATS, render
from lstm_blues.output.rolls import piece_roll
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

music21 = pytest.importorskip("music21")

MARGIN = 1500.0  # of a page; its music is moved by as much
SVG = "{http://www.w3.org/2000/svg}"


def outlines(page: ElementTree.Element) -> list[tuple[str, tuple[float, float, float, float]]]:
    """The texts of a page, each with the left, right, top and bottom of its outline."""
    found = []
    for path in page.iter(f"{SVG}path"):
        words = path.findtext(f"{SVG}title")
        if words:
            places = [float(number) for number in re.findall(r"-?[\d.]+", path.attrib["d"])]
            x, y = places[::2], places[1::2]
            found.append((words, (min(x), max(x), min(y), max(y))))
    return found


@pytest.fixture(scope="module")
def songs() -> BluesSongs:
    made = Parts(settings_from(compose_config(["+experiment=melody"]))).songs
    assert made is not None
    return made


def piece_of(
    melody: Sequence[tuple[int, int]], chords: tuple[str, ...] = ("C",), steps_per_bar: int = 8
) -> Piece:
    """A piece of unmarked (MIDI note number or 0 for a rest, steps)."""
    form = Form("f", chords, bars=len(chords), steps_per_bar=steps_per_bar)
    rows = [pitch for pitch, steps in melody for _ in range(steps)]
    notes = torch.zeros(len(rows), 25)
    notes[:, :12] = form.chord_tensor()[torch.arange(len(rows)) % form.steps]
    for step, pitch in enumerate(rows):
        if pitch:
            notes[step, pitch - 48] = 1
    return Piece(notes, form)


def read_back(
    piece: Piece, *, join: bool = True
) -> tuple[list[Note], list[tuple[int, frozenset[int]]]]:
    """Melody notes and chords, as music21 reads them from the MusicXML; times in steps.

    Tied notes are joined where `join` says so; chords whose notes are not all tied can't be.
    """
    score = music21.converter.parseData(to_musicxml(piece).decode(), format="musicxml")
    steps = piece.form.steps_per_bar / 4
    chords, notes = [], []
    for element in (score.stripTies() if join else score).flatten().notes:
        start = round(element.offset * steps)
        if isinstance(element, music21.harmony.ChordSymbol):
            chords.append((start, frozenset(pitch.midi % 12 for pitch in element.pitches)))
        else:
            end = start + round(element.quarterLength * steps)
            notes += [Note(pitch.midi, start, end) for pitch in element.pitches]
    return sorted(notes, key=lambda n: (n.start, n.pitch)), chords


@pytest.mark.parametrize("number", [0, 1234, 4095])
def test_a_lead_sheet_reads_back_as_the_same_music(songs: BluesSongs, number: int) -> None:
    piece = songs.piece(number)
    notes, chords = read_back(piece)
    assert notes == piece.melody
    assert chords == [(c.start, frozenset(p % 12 for p in c.pitches)) for c in piece.chords]


@pytest.mark.parametrize("held", ["unmarked", "begins"])
@pytest.mark.parametrize("steps_per_bar", [8, 16, 32])
def test_any_rhythm_reads_back(held: str, steps_per_bar: int) -> None:
    generator = torch.Generator().manual_seed(steps_per_bar)
    steps = 4 * steps_per_bar
    begins = torch.rand(steps, generator=generator) < 0.4
    begins[0] = True
    melody = torch.randint(13, (steps,), generator=generator)[begins.cumsum(0) - 1]
    encoding = Encoding(held=held)
    form = Form("f", ("C7", "Ebm7 Ab7", "F#m7b5", "G7"), bars=4, steps_per_bar=steps_per_bar)
    notes = torch.cat((form.chord_tensor(), encoding.encode_melody(melody, begins, 13)), 1)
    piece = Piece(notes, form, encoding)
    read, chords = read_back(piece)
    assert read == piece.melody
    assert [start for start, _ in chords] == [chord.start for chord in piece.chords]


def test_several_voices_and_rests_read_back() -> None:
    piece = piece_of([(60, 3), (0, 2), (64, 3)])
    piece.notes[1:7, 12 + 7] = 1
    assert len(piece.melody) == 3
    read, _ = read_back(piece, join=False)
    for step in range(8):
        sounding, heard = (
            {note.pitch for note in notes if note.start <= step < note.end}
            for notes in (piece.melody, read)
        )
        assert heard == sounding, step


def test_every_chord_quality_has_its_kind() -> None:
    chords = tuple(f"Eb{one.signs[0]}" for one in QUALITIES)
    _, read = read_back(piece_of([(60, 8)] * len(chords), chords))
    # Some leave out notes that the kinds have.
    fewer = {f"Eb{sign}" for sign in ("11", "m11", "13", "maj11", "maj13", "m13")}
    for chord, (_, classes) in zip(chords, read, strict=True):
        assert chord in fewer or classes == pitch_classes(chord), chord


@pytest.mark.parametrize(
    ("pitch", "chord", "fifths", "expected"),
    [
        (66, "Cdim", 0, ("G", -1, 4)),  # its flat fifth
        (66, "C13#11", -1, ("F", 1, 4)),  # its sharp eleventh
        (66, "C7b5b9", -1, ("G", -1, 4)),
        (68, "C7alt", 4, ("A", -1, 4)),  # its flat thirteenth
        (68, "C7#5#9", -1, ("G", 1, 4)),
        (63, "C7#5#9", -1, ("E", -1, 4)),  # a sharp ninth as a flat third
        (66, "D7", 0, ("F", 1, 4)),  # its third
        (61, "A7", 0, ("C", 1, 4)),
        (61, "Bbm", -5, ("D", -1, 4)),
        (70, "C", 0, ("B", -1, 4)),  # the blue seventh
        (70, "E7", 4, ("A", 1, 4)),  # in a sharp key
        (71, "Cb", -5, ("C", -1, 5)),
        (66, "Eb7", -3, ("G", -1, 4)),  # the blue third
        (61, "Bb7", -3, ("D", -1, 4)),
        (61, "", -1, ("D", -1, 4)),
        (65, "B7", 6, ("E", 1, 4)),  # of F sharp major
        (71, "", -6, ("C", -1, 5)),  # of G flat major
        (60, "", 0, ("C", 0, 4)),
    ],
)
def test_notes_are_spelled_as_players_read_them(
    pitch: int, chord: str, fifths: int, expected: tuple[str, int, int]
) -> None:
    assert spell(pitch, chord, fifths) == Spelled(*expected)


def test_the_key_is_that_of_the_first_chord() -> None:
    for symbol, fifths in (
        ("E7#9", 4),
        ("E7alt", 4),
        *(("C", 0), ("Eb7", -3), ("E", 4), ("Am", 0), ("Cm7", -3), ("F#", 6), ("Gb7", -6)),
        *(("C#", 7), ("D#7", -3), ("G#m", 5), ("Dbm", 4)),
    ):
        assert key_fifths(symbol) == fifths


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ([(0, 2), (2, 8)], [(0, 2), (2, 4), (4, 8)]),  # the middle of the bar is seen
        ([(0, 3), (3, 8)], [(0, 3), (3, 4), (4, 8)]),
        ([(0, 1), (1, 3), (3, 4), (4, 8)], [(0, 1), (1, 3), (3, 4), (4, 8)]),  # a syncopation
        ([(0, 6), (6, 8)], [(0, 6), (6, 8)]),  # a dotted half
        ([(0, 3), (3, 5), (5, 8)], [(0, 3), (3, 4), (4, 5), (5, 6), (6, 8)]),
        ([(0, 8)], [(0, 8)]),
    ],
)
def test_notes_are_cut_where_they_would_hide_the_beat(
    notes: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    melody = [Note(60 + n, start, end) for n, (start, end) in enumerate(notes)]
    assert [s[1:3] for s in written_slices(melody, 0, 8)] == expected


def test_the_page_is_laid_out(songs: BluesSongs) -> None:
    two = Piece(
        torch.cat([songs[5].inputs, songs[9].inputs]), songs.form, library=songs.library, title="T"
    )
    part = ElementTree.fromstring(to_musicxml(two, Timing(132, 0.62)))
    assert part.findtext("work/work-title") == "T"
    measures = part.findall("part/measure")
    assert len(measures) == 24
    styles = {m.get("number"): m.findtext("barline/bar-style") for m in measures}
    assert {n: s for n, s in styles.items() if s} == {"12": "light-light", "24": "light-heavy"}
    assert [m.get("number") for m in measures if m.find("print") is not None] == [
        "5", "9", "13", "17", "21"
    ]  # fmt: skip
    assert measures[0].findtext("direction/direction-type/words") == "Swing"
    assert measures[0].findtext("direction/direction-type/metronome/per-minute") == "132"
    assert measures[0].findtext("attributes/time/beats") == "4"


def test_accidentals_last_for_a_bar() -> None:
    piece = piece_of([(63, 2), (63, 0), (64, 2), (63, 2), (64, 2), (63, 8)], ("F7", "F7"))
    notes = ElementTree.fromstring(to_musicxml(piece)).findall("part/measure/note")
    written = [(n.findtext("pitch/step"), n.findtext("accidental")) for n in notes]
    assert written == [
        ("E", "flat"), ("E", "natural"), ("E", "flat"), ("E", "natural"), ("E", "flat")
    ]  # fmt: skip


def test_eighths_of_a_beat_are_beamed() -> None:
    piece = piece_of([(60, 1), (62, 1), (64, 2), (65, 3), (67, 1)])
    notes = ElementTree.fromstring(to_musicxml(piece)).findall("part/measure/note")
    assert [n.findtext("beam") for n in notes] == ["begin", "end", None, None, None]


def test_pages_have_four_bars_a_system_and_nothing_overlaps(songs: BluesSongs) -> None:
    pytest.importorskip("verovio")
    piece = Piece(torch.cat([songs[n].inputs for n in range(4)]), songs.form, title="Four")
    pages = [ElementTree.fromstring(page) for page in engrave(piece, Timing(120, 0.6))]
    assert len(pages) == 2
    systems = [s for page in pages for s in page.iter(f"{SVG}g") if s.get("class") == "system"]
    assert len(systems) == 12
    for system in systems:
        assert sum(g.get("class") == "measure" for g in system.iter(f"{SVG}g")) == 4
    for page in pages:
        width, height = (float(v) for v in page.attrib["viewBox"].split()[2:])
        boxes = []
        for words, (left, right, top, bottom) in outlines(page):
            assert left >= -MARGIN
            assert right <= width - MARGIN
            assert top >= -MARGIN
            assert bottom <= height
            boxes.append((left, right, top, bottom, words))
        for (a0, a1, a2, a3, one), (b0, b1, b2, b3, two) in itertools.combinations(boxes, 2):
            assert a1 <= b0 or b1 <= a0 or a3 <= b2 or b3 <= a2, f"{one} collides with {two}"
        paper = page[0]
        assert paper.tag == f"{SVG}rect"
        assert paper.get("fill") == "white"
        assert float(paper.attrib["height"]) == height
    heights = [float(page.attrib["height"].removesuffix("mm")) for page in pages]
    assert heights[1] < 297  # cropped
    words = [words for words, _ in outlines(pages[0])]
    assert "Four" in words
    assert "Swing ♩ = 120" in words
    assert words.count("Cdim") == 3


def test_signs_of_the_music_font_become_text() -> None:
    pytest.importorskip("verovio")
    (page,) = engrave(piece_of([(60, 8)] * 2, ("Ebm7", "F#7")))
    drawn = dict(outlines(ElementTree.fromstring(page)))
    assert "E♭m7" in drawn
    assert "F♯7" in drawn
    heights = [bottom - top for _, _, top, bottom in (drawn["E♭m7"], drawn["F♯7"])]
    assert heights[0] == pytest.approx(heights[1], rel=0.2)  # a sign does not make a symbol larger


def test_chord_symbols_are_engraved_without_their_degrees_beside_them() -> None:
    pytest.importorskip("verovio")
    chords = ("Eb7#5#9", "G7alt", "Ab7sus4b9", "F6/9/A")
    (page,) = engrave(piece_of([(60, 8)] * 4, chords))
    words = [words for words, _ in outlines(ElementTree.fromstring(page))]
    assert [word for word in words if word[0] in "EGAF"] == [
        "E♭7#5#9",
        "G7alt",
        "A♭7sus4b9",
        "F6/9/A",
    ]


def test_the_tempo_stands_above_the_symbols(songs: BluesSongs) -> None:
    pytest.importorskip("verovio")
    drawn = dict(outlines(ElementTree.fromstring(engrave(songs.piece(5))[0])))
    assert drawn["♩ = 120"][3] <= drawn["Cdim"][2] or drawn["♩ = 120"][3] <= drawn["F7"][3] - 100
    assert drawn[songs.piece(5).title][3] <= drawn["♩ = 120"][2]


def test_a_pdf_is_the_same_bytes_each_time(songs: BluesSongs, tmp_path: Path) -> None:
    pytest.importorskip("verovio")
    pytest.importorskip("svglib")
    for name in ("a.pdf", "b.pdf"):
        write_pdf(songs.piece(3), tmp_path / name)
    content = (tmp_path / "a.pdf").read_bytes()
    assert content[:5] == b"%PDF-"
    assert len(re.findall(rb"/Type\s*/Page\b", content)) == 1
    # Element names are drawn at random by the engraver; nothing of them may be left.
    assert content == (tmp_path / "b.pdf").read_bytes()


def test_a_missing_extra_is_named() -> None:
    with pytest.raises(BluesError, match=r"needs the extra 'scores': pip install"):
        extra("no_such_module", "scores", "engraving")


@pytest.fixture(scope="module")
def chorus(songs: BluesSongs) -> Piece:
    return songs.piece(2730)


TIMING = Timing(160, 0.62)
SECONDS = 48 * 60 / 160 + sound.TAIL


@pytest.mark.parametrize(
    ("suffix", "tolerance"), [("wav", 1e-4), ("flac", 1e-4), ("ogg", 3e-3), ("mp3", 3e-3)]
)
def test_sound_has_the_right_length_and_level(
    chorus: Piece, tmp_path: Path, suffix: str, tolerance: float
) -> None:
    path = render(chorus, tmp_path / f"chorus.{suffix}", TIMING.tempo, TIMING.swing)
    heard, rate = soundfile.read(path)
    assert rate == 44100
    assert len(heard) / rate == pytest.approx(SECONDS, abs=tolerance)
    peak = np.abs(heard).max()
    assert 0.3 < peak < 0.9
    meter = Loudness(rate)
    meter.add(heard.T.astype(np.float32))
    assert meter.lufs == pytest.approx(-16, abs=0.3)
    seconds = heard[: 18 * rate].reshape(18, rate, 2)
    assert (np.sqrt((seconds**2).mean((1, 2))) > 0.02).all()  # no silence
    assert np.sqrt((heard[-rate // 20 :] ** 2).mean()) < 0.01  # it has died away


def onset(heard: np.ndarray, after: float) -> float:
    """When the level first passes a tenth of its largest, in seconds, from `after` on."""
    level = np.abs(heard).max(0)[round(after * sound.RATE) :]
    return after + int(np.argmax(level > 0.1 * level.max())) / sound.RATE


def test_swing_and_tempo_are_heard() -> None:
    # A rest, then one note on the second eighth of the second beat.
    piece = piece_of([(0, 3), (60, 1), (0, 4)])
    piece.notes[:, :12] = 0
    for swing in (0.5, 2 / 3):
        heard = sound.to_audio(piece, Timing(60, swing))
        assert onset(heard, 0.0) == pytest.approx(1 + swing, abs=0.03)


def test_a_note_sounds_at_its_pitch() -> None:
    font = sound.general_midi()
    for program, pitch in itertools.product((0, 65), (48, 60, 69, 72)):
        heard = font.note(program, pitch, 95, sound.RATE, sound.RATE).mean(0)[: sound.RATE]
        spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
        expected = 440 * 2 ** ((pitch - 69) / 12)
        # The strength of the harmonics of each candidate; the right one has most.
        candidates = {p: 440 * 2 ** ((p - 69) / 12) for p in range(pitch - 6, pitch + 7)}
        strength = {
            p: sum(spectrum[round(f * k) - 2 : round(f * k) + 3].max() for k in range(1, 6))
            for p, f in candidates.items()
        }
        assert max(strength, key=lambda p: strength[p]) == pitch, (program, expected)


def test_a_silent_piece_stays_silent() -> None:
    piece = piece_of([(0, 8)])
    piece.notes[:] = 0
    assert np.abs(sound.to_audio(piece)).max() == 0


def test_fluidsynth_is_optional_and_named(chorus: Piece, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pretty_midi.fluidsynth._HAS_FLUIDSYNTH", False)
    with pytest.raises(BluesError, match="apt install libfluidsynth3"):
        sound.to_audio(chorus, player="fluidsynth")
    with pytest.raises(BluesError, match="player is 'drums'"):
        sound.to_audio(chorus, player="drums")


def test_fluidsynth_plays_alike_where_it_is(chorus: Piece) -> None:
    try:
        theirs = sound.to_audio(chorus, TIMING, player="fluidsynth")
    except BluesError:
        pytest.skip("FluidSynth is not installed")
    ours = sound.to_audio(chorus, TIMING)
    assert theirs.shape == ours.shape

    def spectrum(heard: np.ndarray) -> np.ndarray:
        mono = heard.mean(0)
        frames = mono[: len(mono) // 4096 * 4096].reshape(-1, 4096) * np.hanning(4096)
        return np.log1p(100 * np.abs(np.fft.rfft(frames)[:, :400])).ravel()

    assert np.corrcoef(spectrum(ours), spectrum(theirs))[0, 1] > 0.85


def test_a_file_that_is_no_sound_font_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sf2").write_bytes(b"RIFF....sfbk")
    with pytest.raises(BluesError, match="is not a SoundFont 2 file"):
        sound.SoundFont(tmp_path / "a.sf2")


def test_the_roll_marks_what_is_new(chorus: Piece, songs: BluesSongs) -> None:
    notes = chorus.notes.clone()
    notes[8:10, 12:] = 0
    notes[8:10, 13] = 1  # a C# in bar 2
    piece = Piece(notes, songs.form, library=songs.library, title="A title")
    notes[16:24, 12:] = chorus.notes[16:24, 12:].roll(2, 0)
    piece = Piece(notes, songs.form, library=songs.library, title="A title")
    assert piece.bar_kinds[:3] == ["library", "new", "new"]
    notes[9, 12:] = chorus.notes[9, 12:]  # and in its first eighth only
    piece = Piece(notes, songs.form, library=songs.library, title="A title")
    assert piece.bar_kinds == ["library", "broken", "new", *["library"] * 9]
    assert piece.bars_from_library == [True, False, False, *[True] * 9]
    assert [line.split()[-1] for line in piece.in_words().splitlines()] == piece.bar_kinds
    figure = piece_roll(piece)
    named = {label.get_text() for label in figure.axes[0].get_yticklabels()}
    sounding = {n.pitch for n in piece.melody} | {p for c in piece.chords for p in c.pitches}
    assert named == {note_name(pitch) for pitch in sounding}
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert (words.count("new"), words.count("broken")) == (1, 1)
    assert words.count("Cdim") == 1
    bars = figure.axes[0].patches
    assert len(bars) == sum(len(c.pitches) for c in piece.chords) + len(piece.melody) + 2


@pytest.mark.parametrize(("bars", "turned"), [(12, False), (36, True)])
def test_names_of_chords_do_not_run_into_each_other(bars: int, turned: bool) -> None:
    form = Form("long", tuple(["C Ebm7"] * bars), bars=bars)
    figure = piece_roll(Piece(form.chord_tensor(), form))
    figure.draw_without_rendering()
    texts = figure.axes[0].texts
    assert [text.get_text() for text in texts] == ["C", "Ebm7"] * bars
    assert all(bool(text.get_rotation()) == turned for text in texts)
    if not turned:
        boxes = [text.get_window_extent() for text in texts]
        assert all(one.x1 <= following.x0 for one, following in itertools.pairwise(boxes))


def test_a_piece_in_words(chorus: Piece) -> None:
    lines = chorus.in_words().splitlines()
    assert len(lines) == 12
    assert lines[3].split()[:3] == ["4", "Gm7", "C"]
    assert lines[0].endswith("library")
    assert lines[0].split()[2] in ("C4", "G4")


def test_every_format_is_written_and_others_are_named(chorus: Piece, tmp_path: Path) -> None:
    pytest.importorskip("verovio")
    for name in FORMATS:
        path = render(chorus, tmp_path / f"a.{name}")
        assert path.stat().st_size > 500
    with pytest.raises(BluesError, match="format is 'doc', but must be one of mid, musicxml"):
        render(chorus, tmp_path / "a.doc")


def test_a_page_holds_all_it_needs(chorus: Piece, tmp_path: Path) -> None:
    pytest.importorskip("verovio")
    path = render(chorus, tmp_path / "a.html", 160, 0.62, arrangement=Arrangement("comp"))
    page = path.read_text()
    assert not re.findall(r"https?://(?!www\.w3\.org)", page)
    sources = re.findall(r'src="(data:[a-z0-9/+]+);base64,([^"]+)"', page)
    assert [kind for kind, _ in sources] == [
        "data:audio/mpeg",
        "data:image/svg+xml",
        "data:image/png",
    ]
    audio = base64.b64decode(sources[0][1])
    assert soundfile.read(io.BytesIO(audio))[0].std() > 0.01
    assert "default-src 'none'" in page
    bars = json.loads(re.findall(r'id="bars">(.*?)</script>', page)[0])
    assert [number for _, number, _ in bars] == list(range(1, 13))
    assert bars[3] == [4.5, 4, "Gm7 C"]
    render(chorus, tmp_path / "b.html", 160, 0.62, arrangement=Arrangement("comp"))
    assert (tmp_path / "b.html").read_text() == page


def test_a_page_has_its_score_for_the_instrument(
    chorus: Piece, monkeypatch: pytest.MonkeyPatch
) -> None:
    engraved: list[Piece] = []
    monkeypatch.setattr(html, "engrave", lambda piece, _: engraved.append(piece) or [])
    monkeypatch.setattr(html, "write_sound", lambda _, path, *__, **___: path.write_bytes(b""))
    to_html(chorus, instrument="Bb")
    to_html(chorus)
    assert [piece.form.symbols[0] for piece in engraved] == ["D", "C"]


def test_a_title_is_no_markup(chorus: Piece) -> None:
    page = to_html(replace(chorus, title="<script>alert(1)</script>"))
    assert "<script>alert" not in page


@pytest.mark.slow
def test_a_browser_opens_the_page_and_plays_it(
    chromium: Browser, chorus: Piece, tmp_path: Path
) -> None:
    path = render(chorus, tmp_path / "a.html", 160, 0.62)
    page, said, asked = chromium.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_function("document.querySelector('audio').duration > 0")
    assert page.evaluate("document.querySelector('audio').duration") == pytest.approx(
        SECONDS, abs=0.2
    )
    wide = "[...document.images].map(image => image.complete && image.naturalWidth > 100)"
    assert page.evaluate(wide) == [True, True]
    page.evaluate("document.querySelector('audio').currentTime = 5")
    page.evaluate("document.querySelector('audio').play()")
    page.wait_for_function("document.querySelector('output').textContent != ''")
    assert page.text_content("output") == "Bar 4: Gm7 C"
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
