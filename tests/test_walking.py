"""The walking bass: its lines over the songbook, and chords that begin off the beat."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from math import ceil

import pytest
import yaml
from support import syncopated_form

from lstm_blues.music.chords import moved
from lstm_blues.music.form import Form
from lstm_blues.music.metre import METRES
from lstm_blues.music.piece import Chord, Piece
from lstm_blues.music.timing import Timing
from lstm_blues.output.parts import TRIO, Arrangement, Struck
from lstm_blues.output.performance import perform
from lstm_blues.output.scene import Scene, lowest_of
from lstm_blues.output.walking import Walk
from lstm_blues.runs.config import conf_folder, read

SONGBOOK = sorted(
    path.stem for path in (conf_folder() / "form").glob("*.yaml") if path.stem != "random"
)
FEW = ["cycle_blues", "blues_waltz", "gospel", "two_chord_vamp"]

AT = 0.07
"""Quarter notes: players are no further from where a note is written."""


def form_named(name: str) -> Form:
    text = (conf_folder() / "form" / f"{name}.yaml").read_text()
    return read(Form, yaml.safe_load(text), name)


def in_all_keys(form: Form) -> Iterator[Piece]:
    for semitones in range(12):
        bars = [" ".join(moved(symbol, semitones) for symbol in bar.split()) for bar in form.chords]
        key = replace(form, chords=tuple(bars))
        yield Piece(key.chord_tensor(), key)


def trio(piece: Piece, seed: int = 1) -> tuple[list[Struck], list[Struck]]:
    """The notes of piano and bass."""
    piano, bass, _ = perform(piece, Timing(), Arrangement(TRIO, seed=seed))
    return piano.notes, bass.notes


def written(piece: Piece, step: int) -> float:
    """When a step begins, in quarter notes."""
    return step * float(piece.form.time.quarters) / piece.form.steps_per_bar


def on_beats(piece: Piece, bass: list[Struck]) -> list[tuple[Struck, Chord]]:
    """The bass's notes on beats, and the chords that sound there."""
    beat, found = float(piece.form.time.beat), []
    for note in bass:
        near = round(note.start / beat) * beat
        if abs(note.start - near) < AT:
            chords = [c for c in piece.chords if written(piece, c.start) <= near + 1e-6]
            found.append((note, chords[-1]))
    return found


@pytest.mark.parametrize(
    "names", [FEW, pytest.param(SONGBOOK, marks=pytest.mark.slow)], ids=["few", "songbook"]
)
def test_lines_move_in_steps_and_small_leaps_from_root_to_root(names: list[str]) -> None:
    counts: Counter[str] = Counter()
    for piece in (piece for name in names for piece in in_all_keys(form_named(name))):
        _, bass = trio(piece)
        pitches = [note.pitch for note in bass]
        moves = [abs(b - a) for a, b in itertools.pairwise(pitches)]
        counts["moves"] += len(moves)
        counts["steps and thirds"] += sum(1 <= move <= 4 for move in moves)
        counts["fourths and fifths"] += sum(move in (5, 7) for move in moves)
        counts["more than a fifth"] += sum(move > 7 for move in moves)
        counts["sevenths and more"] += sum(move >= 10 for move in moves)
        counts["repeated"] += moves.count(0)
        threes = zip(pitches, pitches[1:], pitches[2:], strict=False)
        counts["thrice"] += sum(len(set(three)) == 1 for three in threes)
        beats, begun = on_beats(piece, bass), None
        counts["beats"] += len(beats)
        for note, chord in beats:
            counts["of the chord"] += note.pitch % 12 in {pitch % 12 for pitch in chord.pitches}
            counts["without root"] += chord != begun and note.pitch % 12 != lowest_of(chord)
            begun = chord
    assert counts["sevenths and more"] == counts["thrice"] == counts["without root"] == 0
    assert counts["more than a fifth"] <= 0.001 * counts["moves"]
    assert counts["repeated"] <= 0.02 * counts["moves"]
    assert counts["steps and thirds"] >= 0.75 * counts["moves"]
    assert counts["fourths and fifths"] >= 0.05 * counts["moves"]
    assert 0.7 <= counts["of the chord"] / counts["beats"] <= 0.95


def test_a_register_of_an_octave_suffices() -> None:
    for lowest in (28, 33):
        for piece in in_all_keys(form_named("jazz_blues")):
            scene, walk = (
                Scene(piece, Timing(), Arrangement(TRIO), 0),
                Walk(range(lowest, lowest + 12)),
            )
            bass = [note for bar in range(scene.bars) for note in walk.bar(scene, bar)]
            pitches = [note.pitch for note in bass]
            assert len(pitches) == 48
            assert set(pitches) <= set(range(lowest, lowest + 12))
            assert all(
                pitches[int(written(piece, chord.start))] % 12 == lowest_of(chord)
                for chord in piece.chords
            )
            moves = [abs(b - a) for a, b in itertools.pairwise(pitches)]
            assert sum(move >= 10 for move in moves) <= 1


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("steps_per_quarter", [2, 4])
def test_chords_off_the_beat_get_their_root_and_a_stab(metre: str, steps_per_quarter: int) -> None:
    form = syncopated_form(metre, steps_per_quarter)
    piece, beat, count = Piece(form.chord_tensor(), form), float(form.time.beat), 0
    piano, bass = trio(piece)
    for chord in piece.chords:
        begin, end = written(piece, chord.start), written(piece, chord.end)
        following = ceil(begin / beat) * beat
        waits = following - begin <= 0.5 and end > following
        place = following if waits else begin
        roots = [n.pitch % 12 for n in bass if abs(n.start - place) < AT]
        assert roots == [lowest_of(chord)], chord
        if begin == following:
            continue
        count += 1
        soon = min(end, begin + beat / 2 + 2 * AT)
        stab = {n.pitch % 12 for n in piano if begin - AT <= n.start < soon - AT}
        assert stab, chord
        assert stab <= {pitch % 12 for pitch in chord.pitches}, chord
    assert count > 3


def test_a_root_waits_for_the_next_beat_or_is_played_at_once() -> None:
    for bar, starts in (
        ("C C C F F F F F", [0, 1, 2, 3]),  # F waits for an eighth
        ("C C C F G G G G", [0, 1, 1.5, 2, 3]),  # F is over by then
        ("C C C C C C C F", [0, 1, 2, 3, 3.5]),  # there is no next beat
    ):
        form = Form("s", (bar,), 1)
        _, bass = trio(Piece(form.chord_tensor(), form))
        assert [round(note.start * 2) / 2 for note in bass] == starts, bar
        ends = [note.end <= following.start + AT for note, following in itertools.pairwise(bass)]
        assert all(ends), bar
    form = Form("s", ("C F F F",), 1, steps_per_bar=4, metre="2/2")
    _, bass = trio(Piece(form.chord_tensor(), form))
    assert [(round(note.start), note.pitch % 12) for note in bass][:2] == [(0, 0), (1, 5)]


def test_no_note_is_played_thrice_where_roots_stay() -> None:
    form = Form("s", ("C C7 C6 Cmaj7",) * 4, 4)
    _, bass = trio(Piece(form.chord_tensor(), form))
    assert {note.pitch % 12 for note in bass} == {0}
    pitches = [note.pitch for note in bass]
    threes = zip(pitches, pitches[1:], pitches[2:], strict=False)
    assert all(len(set(three)) > 1 for three in threes)
