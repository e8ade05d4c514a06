"""A band by rule, other keys, endings, and how loud it all is."""

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pretty_midi
import pytest
import torch
from scipy import signal
from support import run_command as command

from lstm_blues.compose import ComposeSettings
from lstm_blues.errors import BluesError
from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.chords import pitch_classes, read_symbol
from lstm_blues.music.ending import with_ending
from lstm_blues.music.form import Form
from lstm_blues.music.piece import ENDING, Chord, Piece, stretches
from lstm_blues.music.spelling import key_signature
from lstm_blues.music.timing import Timing
from lstm_blues.music.transpose import (
    KEYS,
    Interval,
    interval_to,
    moved_form,
    moved_library,
    moved_piece,
    moved_symbol,
    written_for,
)
from lstm_blues.output.band import RIDE, Band
from lstm_blues.output.loudness import Loudness
from lstm_blues.output.midi import to_midi, write_midi
from lstm_blues.output.musicxml import to_musicxml
from lstm_blues.output.parts import BANDS, COMP, NONE, TRIO, Arrangement
from lstm_blues.output.performance import perform
from lstm_blues.output.sound import RATE, general_midi, to_audio
from lstm_blues.output.streams import MidiStream
from lstm_blues.output.voicing import voicing
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config, read
from lstm_blues.runs.settings import settings_from

TIMING = Timing(132, 0.62)


@pytest.fixture(scope="module")
def song() -> Piece:
    songs = Parts(settings_from(compose_config(["+experiment=melody"]))).songs
    assert songs is not None
    return songs.piece(1234)


def part(piece: Piece, name: str, seed: int = 1) -> list[tuple[int, float, float, int]]:
    parts = perform(piece, TIMING, Arrangement(TRIO, seed=seed))
    (found,) = [p for p in parts if p.name.startswith(name)]
    return [tuple(note) for note in found.notes]  # type: ignore[misc]


def test_none_plays_what_the_network_plays_and_nothing_else(song: Piece) -> None:
    chords, melody = perform(song, Timing(), Arrangement(NONE))
    assert (chords.name, melody.name) == ("chords", "melody")
    assert [(n.pitch, n.start * 2, n.end * 2) for n in melody.notes] == [
        tuple(n) for n in song.melody
    ]
    assert {n.velocity for n in melody.notes} == {95}
    assert {n.velocity for n in chords.notes} == {60}
    written = {(p, c.start / 2) for c in song.chords for p in c.pitches}
    assert {(n.pitch, n.start) for n in chords.notes} == written


def test_files_say_whose_notes_they_are(song: Piece) -> None:
    names = {
        b: [i.name for i in to_midi(song, arrangement=Arrangement(b)).instruments] for b in BANDS
    }
    assert names[NONE] == ["chords", "melody"]
    assert names[COMP] == ["melody (by the network)", "piano (by rule, from the network's chords)"]
    assert names[TRIO][2:] == ["bass (by rule)", "drums (by rule)"]
    drums = to_midi(song, arrangement=Arrangement(TRIO)).instruments[-1]
    assert drums.is_drum
    assert drums.program == 32


def test_the_melody_is_the_network_s_whatever_the_band(song: Piece) -> None:
    (melody, *_) = perform(song, TIMING, Arrangement(TRIO, "trumpet"))
    assert [n.pitch for n in melody.notes] == [n.pitch for n in song.melody]
    assert melody.program == 56
    for played, written in zip(melody.notes, song.melody, strict=True):
        late = (played.start - TIMING.quarters(written.start, 8)) * 60 / TIMING.tempo
        assert abs(late) < 0.05
    loud = [n.velocity for n in melody.notes]
    assert len(set(loud)) > 5
    with pytest.raises(BluesError, match="instrument is 'kazoo'"):
        Arrangement(instrument="kazoo")


def test_the_piano_plays_the_chord_that_the_network_plays(song: Piece) -> None:
    form = song.form
    for pitch, start, _, _ in part(song, "piano"):
        step = min(round(start * 2), song.steps - 1)
        near = {form.symbols[max(step - 1, 0)], form.symbols[step]}
        assert any(pitch % 12 in pitch_classes(symbol) for symbol in near), (pitch, start)


def test_voices_move_as_little_as_they_can() -> None:
    chords = [
        Chord(s, tuple(sorted(48 + p for p in pitch_classes(s))), 0, 8)
        for s in ("Dm7", "G7", "Cmaj7", "Am7")
    ]
    before: tuple[int, ...] = ()
    for chord, last in zip(chords, [None, *chords[:-1]], strict=True):
        voices = voicing(chord, before, rootless=True)
        assert {v % 12 for v in voices} < {p % 12 for p in chord.pitches}
        assert len(voices) == 3
        assert voices[-1] - voices[0] <= 12
        if last is not None:
            moves = [min(abs(v - old) for old in before) for v in voices]
            assert max(moves) <= 2, (last.symbol, chord.symbol)
        before = voices
    triad = Chord("C", (48, 52, 55), 0, 8)
    assert {v % 12 for v in voicing(triad, before, rootless=True)} == {0, 4, 7}


def test_the_bass_walks_on_every_beat_from_root_to_root(song: Piece) -> None:
    bass = part(song, "bass")
    assert len(bass) == 48
    starts = [round(start) for _, start, _, _ in bass]
    assert starts == list(range(48))
    roots = {"C": 0, "F7": 5, "Gm7": 7, "Cdim": 0, "Em": 4, "A7": 9, "Dm7": 2, "G7": 7, "Dm": 2}
    for chord in song.chords:
        pitch = bass[round(chord.start / 2)][0]
        assert pitch % 12 == roots[chord.symbol], chord
    leaps = [abs(b[0] - a[0]) for a, b in itertools.pairwise(bass)]
    assert max(leaps) <= 12
    assert all(28 <= pitch <= 50 for pitch, *_ in bass)


def test_the_drums_keep_time(song: Piece) -> None:
    ride = [start for pitch, start, _, _ in part(song, "drums") if pitch == RIDE]
    on_beats = Counter(round(start) % 4 for start in ride if abs(start - round(start)) < 0.1)
    assert set(on_beats) == {0, 1, 2, 3}
    off = [start % 1 for start in ride if abs(start - round(start)) >= 0.1]
    assert np.mean(off) == pytest.approx(0.62, abs=0.03)


def test_chance_is_the_seed_s_alone(song: Piece) -> None:
    for name in ("melody", "piano", "bass", "drums"):
        assert part(song, name) == part(song, name)
        assert part(song, name) != part(song, name, seed=2)


def test_other_metres_have_bands_too() -> None:
    form = Form("w", ("C", "F G7"), 2, steps_per_bar=6, metre="3/4")
    piece = Piece(form.chord_tensor(), form)
    piano, bass, drums = perform(piece, Timing(), Arrangement(TRIO))
    assert [round(n.start) for n in bass.notes] == list(range(6))
    assert piano.notes
    assert max(n.end for n in drums.notes) <= 6


def test_where_eighths_come_in_threes_the_band_divides_beats_so() -> None:
    form = Form("w", ("C", "F", "G7", "C"), 4, steps_per_bar=12, metre="12/8")
    piano, bass, drums = perform(Piece(form.chord_tensor(), form), Timing(), Arrangement(TRIO))
    thirds = [round(note.start * 2, 1) % 3 for note in (*piano.notes, *bass.notes, *drums.notes)]
    assert {round(third) % 3 for third in thirds} == {0, 2}
    assert all(abs(third - round(third)) < 0.2 for third in thirds)


def test_no_chord_of_the_piano_sounds_on_into_another() -> None:
    form = Form("w", ("C", "F", "G7", "Dm"), 4, steps_per_bar=6, metre="3/4")
    piece = Piece(form.chord_tensor().repeat(8, 1), form)
    (piano, *_) = perform(piece, Timing(), Arrangement(COMP))
    for chord in piece.chords:
        begin, end = chord.start / 2, chord.end / 2
        sounding = [n for n in piano.notes if n.start < end - 0.1 and n.end > begin + 0.1]
        assert {n.pitch % 12 for n in sounding} <= {p % 12 for p in chord.pitches}


def test_the_bass_plays_the_bass_of_a_slash_chord() -> None:
    form = Form("w", ("C/E", "F/C"), 2, steps_per_bar=8)
    piece = Piece(form.chord_tensor(), form)
    bass = perform(piece, Timing(), Arrangement(TRIO))[1].notes
    assert [bass[beat].pitch % 12 for beat in (0, 4)] == [4, 0]


def test_the_band_goes_on_from_stretch_to_stretch(song: Piece, tmp_path: Path) -> None:
    whole = replace(song, notes=song.notes.repeat(3, 1))
    assert len(list(stretches(whole.notes.unbind(0), whole))) == 3
    arrangement = Arrangement(TRIO, seed=1)
    stream = MidiStream(tmp_path / "stream.mid", TIMING, arrangement)
    for stretch in stretches(whole.notes.unbind(0), whole):
        stream.add(stretch)
    stream.finish()
    write_midi(whole, tmp_path / "whole.mid", TIMING, arrangement)
    assert (tmp_path / "stream.mid").read_bytes() == (tmp_path / "whole.mid").read_bytes()
    bass = perform(whole, TIMING, arrangement)[2].notes
    alone = Band(TIMING, arrangement, 24).play(song)[2].notes
    assert [note.pitch for note in bass[96:]] != [note.pitch for note in alone]


def test_the_band_closes_an_ending(song: Piece) -> None:
    piece = with_ending(song)
    melody, piano, bass, drums = perform(piece, TIMING, Arrangement(TRIO))
    for played in (piano, bass, drums):
        last = [note for note in played.notes if note.start > 44 - 0.1]
        assert all(abs(note.start - 44) < 0.1 for note in last), played.name
    assert bass.notes[-1].pitch % 12 == 0
    assert bass.notes[-1].end == pytest.approx(48, abs=0.2)
    assert {note.pitch % 12 for note in piano.notes if note.start > 43.9} == {0, 4, 7}
    assert abs(melody.notes[-1].start - 44) < 0.1
    assert piece.bar_kinds == [*song.bar_kinds[:-1], ENDING]


@pytest.mark.parametrize("key", KEYS)
def test_in_every_key_each_note_is_moved_alike(song: Piece, key: str) -> None:
    by = interval_to(song.form, key)
    assert -6 < by.semitones <= 6
    moved = moved_piece(song, by)
    assert moved.form.symbols[0] == key
    assert [n.pitch - by.semitones for n in moved.melody] == [n.pitch for n in song.melody]
    for old, new in zip(song.form.symbols, moved.form.symbols, strict=True):
        assert {(p + by.semitones) % 12 for p in pitch_classes(old)} == pitch_classes(new)
    assert all(moved.bars_from_library)
    back = moved_form(moved.form, Interval(-by.semitones, -by.letters))
    assert back.chords == song.form.chords


def test_symbols_are_spelled_in_their_key() -> None:
    to_eb, to_e = Interval(3, 2), Interval(4, 2)
    assert [moved_symbol(s, to_eb) for s in ("F7", "Em", "Gm7", "C/E")] == [
        "Ab7",
        "Gm",
        "Bbm7",
        "Eb/G",
    ]
    assert [moved_symbol(s, to_e) for s in ("F7", "Em", "A7", "C6/9")] == [
        "A7",
        "G#m",
        "C#7",
        "E6/9",
    ]


def test_a_library_moves_with_its_rests_and_ties() -> None:
    library = BarLibrary("l", ("C",), ((("~C4:1/4", "r:1/4", "Eb4:1/2"),),))
    moved = moved_library(library, Interval(2, 1))
    assert moved.bars == ((("~D4:1/4", "r:1/4", "F4:1/2"),),)
    assert moved.scale == ("D",)


def test_transposing_instruments_read_what_they_finger(song: Piece) -> None:
    for instrument, up, letters in (("Bb", 2, 1), ("Eb", 9, 5)):
        moved = written_for(song, instrument)
        assert moved.melody[0].pitch - song.melody[0].pitch == up
        root = ElementTree.fromstring(to_musicxml(moved))
        (transpose,) = root.iter("transpose")
        assert transpose.findtext("chromatic") == str(-up)
        assert transpose.findtext("diatonic") == str(-letters)
    assert written_for(song, "concert") is song
    assert not list(ElementTree.fromstring(to_musicxml(song)).iter("transpose"))


def test_every_key_is_readable_for_every_instrument(song: Piece) -> None:
    for key in KEYS:
        for instrument in ("Bb", "Eb"):
            piece = written_for(moved_piece(song, interval_to(song.form, key)), instrument)
            signature = key_signature(piece.fifths)
            assert len(signature) <= 6
            # Roots are those of the key: none of them needs an accidental of the other kind.
            roots = {read_symbol(symbol).root_name for symbol in piece.form.symbols}
            wrong = "b" if piece.fifths > 0 else "#"
            assert not any(root.endswith(wrong) for root in roots), (key, instrument, roots)


def test_words_are_spelled_in_their_key(song: Piece) -> None:
    flat = moved_piece(song, interval_to(song.form, "Eb"))
    assert "#" not in flat.in_words()
    assert "b" not in moved_piece(song, interval_to(song.form, "E")).in_words().replace("lib", "")


def test_an_ending_closes_on_the_tonic_and_changes_nothing_before(song: Piece) -> None:
    ended = with_ending(song)
    assert torch.equal(ended.notes[:88], song.notes[:88])
    assert ended.chords[-1].symbol == "C"
    assert ended.chords[-1].start == 88
    last = ended.melody[-1]
    assert last.end == 96
    assert last.pitch % 12 in (0, 4, 7)
    assert song.chords[-1].symbol == "G7"


@pytest.mark.parametrize("unit", range(13))
def test_its_last_note_is_struck_anew(song: Piece, unit: int) -> None:
    notes = song.notes.clone()
    notes[80:88, 12:] = torch.eye(13)[unit]
    ended = with_ending(replace(song, notes=notes))
    assert ended.melody[-1].start == 88
    assert ended.melody[-1].pitch % 12 in (0, 4, 7)


def test_an_ending_needs_no_note_of_the_tonic() -> None:
    form = Form("narrow", ("C", "G7"), 2, lowest_melody_note=61, melody_notes=3)
    notes = torch.zeros(16, 15)
    notes[:, :12], notes[:, 12] = form.chord_tensor(), 1
    ended = with_ending(Piece(notes, form))
    assert [note.pitch for note in ended.melody] == [61, 62]


def reference_lufs(sound: np.ndarray) -> float:
    """BS.1770-4 by its recursive filters, at 48 kHz."""
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    low = [1, -1.69065929318241, 0.73248077421585]
    power = 0.0
    for channel in sound:
        at_48 = signal.resample_poly(channel.astype(float), 160, 147)
        heard = signal.lfilter(shelf, low, at_48)
        heard = signal.lfilter([1, -2, 1], [1, -1.99004745483398, 0.99007225036621], heard)
        size = 19200
        blocks = [heard[i : i + size] for i in range(0, len(heard) - size + 1, size // 4)]
        power = power + np.array([(block**2).mean() for block in blocks])
    lufs = -0.691 + 10 * np.log10(power + 1e-20)
    loud = power[lufs > -70]
    gate = -0.691 + 10 * np.log10(loud.mean()) - 10
    return float(-0.691 + 10 * np.log10(power[lufs > max(gate, -70)].mean()))


@pytest.mark.parametrize("band", BANDS)
def test_sound_is_as_loud_as_it_should_be_and_has_no_bias(song: Piece, band: str) -> None:
    sound = to_audio(song, TIMING, arrangement=Arrangement(band))
    assert reference_lufs(sound) == pytest.approx(-16, abs=0.3)
    assert np.abs(sound.mean(1)).max() < 0.001
    peak = max(np.abs(signal.resample_poly(channel, 4, 1)).max() for channel in sound)
    assert peak < 10 ** (-1 / 20)
    left, right = (channel.astype(float).std() for channel in sound)
    assert left == pytest.approx(right, rel=0.3)
    assert np.array_equal(sound, to_audio(song, TIMING, arrangement=Arrangement(band)))


@pytest.mark.parametrize("name", ["tenor sax", "drawbar organ", "slap bass 2"])
def test_no_instrument_leaves_a_bias(song: Piece, name: str) -> None:
    piece = replace(song, notes=song.notes[:32])
    sound = to_audio(piece, TIMING, arrangement=Arrangement(NONE, name))
    assert np.abs(sound.mean(1)).max() < 0.0005
    assert np.abs(sound).max() > 0.1


def test_loudness_is_that_of_the_recommendation() -> None:
    # Table 1 of EBU Tech 3341: a sine of 1 kHz at -23 dBFS in both channels is -23 LUFS.
    time = np.arange(20 * RATE) / RATE
    tone = (10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)
    whole, parts = Loudness(RATE), Loudness(RATE)
    whole.add(np.stack((tone, tone)))
    for piece in np.split(np.stack((tone, tone)), [1000, 50_000, 50_001], axis=1):
        parts.add(piece)
    assert whole.lufs == pytest.approx(-23, abs=0.1)
    assert parts.lufs == whole.lufs
    assert Loudness(RATE).lufs == -np.inf


def test_a_biased_sample_has_its_bias_taken_out() -> None:
    for pitch in (60, 65, 72):
        note = general_midi().note(65, pitch, 95, 2 * RATE, RATE)
        assert abs(note[:, RATE // 4 :].mean()) < 0.002 * np.abs(note).max()
        assert np.abs(note).max() > 0.01


def test_the_command_arranges(tmp_path: Path) -> None:
    options = ["band=trio", "key=Bb", "ending=true", "written_for=Eb", "instrument=tenor sax"]
    done = command(
        "compose", *options, "choruses=2", "formats=[mid,musicxml]", "output_dir=m", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    midi = pretty_midi.PrettyMIDI(str(tmp_path / "m" / "piece_1.mid"))
    assert [i.program for i in midi.instruments] == [66, 0, 32, 32]
    assert midi.instruments[0].notes[-1].pitch % 12 in (10, 2, 5)  # of B flat
    score = ElementTree.parse(tmp_path / "m" / "piece_1.musicxml").getroot()
    assert score.findtext(".//harmony/root/root-step") == "G"


@pytest.mark.parametrize("bad", ["band=quartet", "key=H", "written_for=F", "instrument=kazoo"])
def test_what_cannot_be_arranged_is_refused(bad: str) -> None:
    config = compose_config([bad, "output_dir=music"], "compose")
    with pytest.raises(BluesError, match=f"{bad.split('=', maxsplit=1)[0]} is "):
        read(ComposeSettings, config, "")
