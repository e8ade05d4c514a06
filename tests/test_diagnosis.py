"""Where in a form a network goes wrong: four kinds of mistakes, told by bar."""

from __future__ import annotations

import torch

from lstm_blues.music.chords import pitch_classes
from lstm_blues.music.form import Form
from lstm_blues.playing.diagnosis import Mistake, diagnose
from lstm_blues.playing.player import FreeRun

BLUES = Form("blues", ("C7", "F7", "C7", "C7", "F7", "F7", "C7", "C7", "G7", "F7", "C7", "G7"), 12)


def wrong(form: Form, step: int, notes: list[int]) -> FreeRun:
    """A free run that is right up to `step`, where it plays `notes` instead."""
    song = form.chord_tensor() > 0
    played = torch.stack([song[n % form.steps] for n in range(1, step + 1)])
    played[-1] = False
    played[-1, notes] = True
    return FreeRun(played, played.double(), step - 1)


def chord(symbol: str) -> list[int]:
    return sorted(pitch % 12 for pitch in pitch_classes(symbol))


def test_a_right_run_has_nothing_wrong() -> None:
    song = BLUES.chord_tensor() > 0
    played = torch.cat((song[1:], song[:1]))
    assert diagnose(BLUES, FreeRun(played, played.double(), len(played))) is None


def test_a_bar_is_confused_with_another() -> None:
    # Bars 3 and 4 sound as bars 7 and 8 do, and are followed by F7 and by G7.
    found = diagnose(BLUES, wrong(BLUES, 8 * 8 + BLUES.steps, chord("F7")))
    assert found is not None
    assert (found.mistake, found.bar, found.like, found.alike) == (
        Mistake.CONFUSED,
        9,
        4 * 8,
        2 * 8 + 8,
    )
    words = found.in_words()
    assert "bar 9 of chorus 2, at G7" in words
    assert "confuses bar 9 with bar 5 and plays F7; the 3 bars before both are alike" in words


def test_a_chord_is_held_too_long_or_left_too_soon() -> None:
    form = Form("count", ("C",) * 6 + ("F",) * 2, 8)
    late = diagnose(form, wrong(form, 6 * 8, chord("C")))
    assert late is not None
    assert late.mistake == Mistake.STAYED
    assert "bar 7 of chorus 1, at F: it stays on C after 6 equal bars" in late.in_words()
    soon = diagnose(form, wrong(form, 5 * 8 + 4, chord("F")))
    assert soon is not None
    assert soon.mistake == Mistake.LEFT
    assert "it leaves C for F after 5.5 equal bars, too soon" in soon.in_words()


def test_notes_of_no_chord() -> None:
    found = diagnose(BLUES, wrong(BLUES, 3, [0, 1]))
    assert found is not None
    assert found.mistake == Mistake.FOREIGN
    assert "no chord of the form" in found.in_words()


def test_a_form_of_one_chord_has_all_steps_equal() -> None:
    form = Form("one", ("C",), 1)
    found = diagnose(form, wrong(form, 11, []))
    assert found is not None
    assert (found.equal, found.mistake) == (8, Mistake.FOREIGN)
