"""What `bars=bebop_lines` promises of its segments."""

from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest

from lstm_blues.lab.melody_metrics import MelodyMetrics
from lstm_blues.music.songs import BluesSongs
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from

PARTS = (slice(0, 4), slice(4, 6), slice(6, 8))
SHARED = 9
"""Segments of a bar that are made of the shared parts; those after them hold a note over a beat."""


@pytest.fixture(scope="module")
def songs() -> BluesSongs:
    return Parts(settings_from(compose_config(["+experiment=bebop"]))).require_songs()


def test_any_two_parts_are_heard_together_and_two_thirds_of_the_bars_are_not(
    songs: BluesSongs,
) -> None:
    for units, begins in zip(
        songs.library.units(songs.form), songs.library.begins(songs.form), strict=True
    ):
        assert len(units) == 12
        both = [
            [tuple(zip(u[part], b[part], strict=True)) for part in PARTS]
            for u, b in zip(units[:SHARED].tolist(), begins[:SHARED].tolist(), strict=True)
        ]
        for first, second in combinations(range(3), 2):
            assert len({(bar[first], bar[second]) for bar in both}) == SHARED
        assert all(len({bar[part] for bar in both}) == 3 for part in range(3))


def test_a_note_is_never_both_held_and_struck_anew_after_the_same_one(songs: BluesSongs) -> None:
    for units, begins in zip(
        songs.library.units(songs.form), songs.library.begins(songs.form), strict=True
    ):
        for step in range(songs.form.steps_per_bar - 1):
            follows = defaultdict(set)
            for u, b in zip(units.tolist(), begins.tolist(), strict=True):
                follows[u[step], b[step]].add(b[step + 1])
            assert all(len(begin) == 1 for begin in follows.values())


def test_strong_beats_have_chord_notes(songs: BluesSongs) -> None:
    metrics = MelodyMetrics(songs.form, songs.library, 0.01)
    drawn = [songs[n].inputs for n in np.random.default_rng(1).integers(len(songs), size=100)]
    melodies = np.stack([songs.encoding.decode_melody(song)[0].numpy() for song in drawn])
    assert metrics.measures(melodies)["chord notes, strong beats"].mean() > 0.75
