"""Notes of one pitch that follow one another in a part that a band plays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import pytest
from support import syncopated_form

from lstm_blues.music.metre import METRES
from lstm_blues.music.piece import Piece
from lstm_blues.music.timing import MAX_TEMPO, Timing
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


@pytest.fixture(scope="module", params=NETWORKS, ids=["report", "bebop"])
def performed(request: pytest.FixtureRequest) -> list[list[Part]]:
    """Pieces of a network, each by every band at every tempo."""
    trained = load_trained(request.param)
    pieces = [(seed, *compose_pieces(trained, 1, 3, seed=seed)) for seed in SEEDS]
    return [
        perform(piece, timing, Arrangement(band, seed=seed))
        for seed, piece in pieces
        for band in BANDS
        for timing in TIMINGS
    ]


def repeated(part: Part) -> Iterator[tuple[Struck, Struck]]:
    """Notes of a part, each with the next one of its pitch, as they are written."""
    by_pitch = defaultdict(list)
    for note in part.notes:
        by_pitch[note.pitch].append(note)
    for notes in by_pitch.values():
        yield from pairwise(notes)


def test_none_comes_before_one_written_before_it(performed: list[list[Part]]) -> None:
    count = 0
    for parts in performed:
        for part in parts:
            for note, following in repeated(part):
                assert note.start < following.start, part.name
                count += 1
            assert all(note.start < note.end for note in part.notes), part.name
    assert count > 10_000


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("steps_per_quarter", [2, 6, 10, 16])
def test_nor_in_any_metre_and_in_fine_time(metre: str, steps_per_quarter: int) -> None:
    form = syncopated_form(metre, steps_per_quarter)
    piece = Piece(form.chord_tensor(), form)
    for timing in TIMINGS if form.time.swings else (Timing(168), Timing(MAX_TEMPO)):
        for part in perform(piece, timing, Arrangement(TRIO)):
            assert all(note.start < following.start for note, following in repeated(part))
            assert all(note.start < note.end for note in part.notes), part.name
