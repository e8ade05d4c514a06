"""Notes of one pitch that follow one another in a part that a band plays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise, product
from typing import NamedTuple

import pytest
from support import require_room, syncopated_form

from lstm_blues.music.metre import METRES
from lstm_blues.music.piece import Piece
from lstm_blues.music.timing import MAX_TEMPO, Timing
from lstm_blues.output.midi import TICKS_PER_QUARTER, midi_file, to_midi
from lstm_blues.output.parts import COMP, TRIO, Arrangement, Part, Struck
from lstm_blues.output.performance import perform
from lstm_blues.runs.trained import PRETRAINED, compose_pieces, load_trained

NETWORKS = (str(PRETRAINED), "bebop")
BANDS = (COMP, TRIO)
TIMINGS = (
    Timing(60, 0.62),
    Timing(168, 0.6),
    Timing(240),
    Timing(300, 0.75),
    Timing(MAX_TEMPO),
    Timing(MAX_TEMPO, 0.8),
)
SEEDS = (1, 2, 3)


class Played(NamedTuple):
    """What a band plays of a piece."""

    piece: Piece
    timing: Timing
    arrangement: Arrangement
    parts: list[Part]


@pytest.fixture(scope="module", params=NETWORKS, ids=["report", "bebop"])
def played(request: pytest.FixtureRequest) -> list[Played]:
    """Pieces of a network, each by every band at every tempo."""
    trained, found = load_trained(request.param), []
    for seed in SEEDS:
        (piece,) = compose_pieces(trained, 1, 3, seed=seed)
        for band, timing in product(BANDS, TIMINGS):
            arrangement = Arrangement(band, seed=seed)
            parts = perform(piece, timing, arrangement)
            found.append(Played(piece, timing, arrangement, parts))
    return found


def repeated(part: Part) -> Iterator[tuple[Struck, Struck]]:
    """Notes of a part, each with the next one of its pitch, as they are written."""
    by_pitch = defaultdict(list)
    for note in part.notes:
        by_pitch[note.pitch].append(note)
    for notes in by_pitch.values():
        yield from pairwise(notes)


def require_ends(part: Part) -> int:
    """Every note sounds, and none while another of its pitch does; returns how many had to be let
    go for the next one."""
    assert all(note.start < note.end for note in part.notes), part.name
    let_go = 0
    for note, following in repeated(part):
        assert note.end <= following.start, part.name
        let_go += note.end == following.start
    return let_go


def test_none_comes_before_one_written_before_it(played: list[Played]) -> None:
    for part in (part for one in played for part in one.parts):
        assert all(note.start < following.start for note, following in repeated(part)), part.name


def test_each_is_over_when_the_next_one_begins(played: list[Played]) -> None:
    assert sum(require_ends(part) for one in played for part in one.parts) > 100


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("steps_per_quarter", [2, 6, 10, 16])
def test_so_it_is_in_any_metre_and_in_fine_time(metre: str, steps_per_quarter: int) -> None:
    form = syncopated_form(metre, steps_per_quarter)
    piece = Piece(form.chord_tensor(), form)
    for timing in TIMINGS if form.time.swings else (Timing(168), Timing(MAX_TEMPO)):
        for part in perform(piece, timing, Arrangement(TRIO)):
            require_ends(part)


def test_no_end_in_a_midi_file_cuts_another_note(played: list[Played]) -> None:
    for piece, timing, _, parts in played:
        for track in midi_file(piece, timing, parts).tracks:
            require_room(track)


def test_notes_are_read_as_long_as_they_are_played(played: list[Played]) -> None:
    for piece, timing, arrangement, parts in played[:: len(TIMINGS) - 1]:
        tick = 60 / timing.tempo / TICKS_PER_QUARTER
        read = to_midi(piece, timing, arrangement).instruments
        for ours, part in zip(read, parts, strict=True):
            lengths = sorted((n.pitch, n.start, n.end) for n in ours.notes)
            expected = sorted(
                (n.pitch, n.start * 60 / timing.tempo, n.end * 60 / timing.tempo)
                for n in part.notes
            )
            assert len(lengths) == len(expected)
            for found, truth in zip(lengths, expected, strict=True):
                assert found == pytest.approx(truth, abs=tick, rel=1e-5), part.name
