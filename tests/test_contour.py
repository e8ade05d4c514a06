"""How melodies move: the numbers by hand."""

import numpy as np
import pytest

from lstm_blues.lab.contour import contour
from lstm_blues.music.form import Form

FORM = Form("one", ("C",), 1)
REST = FORM.melody_notes


def test_by_hand() -> None:
    # C4 (held), E4 on the off-beat, D4 struck twice, a rest, A4 off the beat, C4.
    melody = np.array([[0, 0, 0, 4, 2, 2, REST, 9], [0] * 8])
    begins = np.zeros((2, 8), bool)
    begins[0, [0, 3, 4, 5, 7]] = True
    begins[1, 0] = True
    found = contour(melody, begins, FORM)
    # Notes 0 4 2 2 9 at steps 0 3 4 5 7; intervals 4 -2 0 7.
    assert found["range, semitones"].tolist() == [9, 0]
    assert found["rests"].tolist() == [1 / 8, 0]
    assert found["onsets off the beat"].tolist() == pytest.approx([3 / 5, 0])
    assert found["steps, of intervals"].tolist() == pytest.approx([1 / 4, 0])
    assert found["leaps, of intervals"].tolist() == pytest.approx([1 / 4, 0])
    assert found["turns, of intervals"].tolist() == pytest.approx([1, 0])


def test_without_marks_a_note_is_what_sounds_until_another_does() -> None:
    found = contour(np.array([[0, 2, 2, 4, 5, 5, 5, 5]]), None, FORM)
    assert found["onsets off the beat"].tolist() == pytest.approx([2 / 4])
    assert found["turns, of intervals"].tolist() == [0]


def test_of_nothing_but_rests() -> None:
    found = contour(np.full((1, 8), REST), None, FORM)
    assert found["rests"].tolist() == [1]
    assert sum(value[0] for value in found.values()) == 1
