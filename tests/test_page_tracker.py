"""Performed onsets find their steps: the page's tracker, under Node.js or Deno."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from page_support import Served, run_deno

from lstm_blues.errors import BluesError
from lstm_blues.lab.benchmarks import tracking
from lstm_blues.lab.benchmarks.performances import BAND_SWING, Performance, on_swing, perform
from lstm_blues.lab.benchmarks.tracking import measure, melodies_of, nearest, tracked
from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.form import Form

CONDITIONS = [(tempo, swing) for tempo in (80.0, 140.0, 200.0) for swing in (0.5, 0.67)]


@cache
def melodies() -> list[tuple[BarLibrary, Form]]:
    return [melodies_of(name) for name in tracking.PLAYED]


def drawn(jitter: float, grace: float = 0.0, tempo: float = 0.0) -> list[Performance]:
    """Performances of both libraries, in all conditions or at a tempo."""
    return [
        perform(
            library,
            form,
            tempo=tempo or each,
            swing=swing,
            jitter=jitter,
            grace=grace,
            seed=[77, number],
        )
        for library, form in melodies()
        for number, (each, swing) in enumerate(CONDITIONS)
    ]


def test_it_follows_swing_and_drift_and_beats_rounding() -> None:
    even = measure(drawn(0.0))
    assert min(found.tracker for found in even) == 1.0
    assert min(found.straight for found in even) < 0.99, "the conditions are too easy"
    loose = measure(drawn(0.04))
    tracker, band, straight = (
        np.mean([getattr(found, name) for found in loose])
        for name in ("tracker", "band", "straight")
    )
    assert tracker > max(band, straight) + 0.01
    assert tracker > 0.94


def test_it_leaves_out_grace_notes() -> None:
    found = measure(drawn(0.01, grace=0.2, tempo=120.0))
    assert np.mean([each.tracker for each in found]) > 0.99
    assert np.mean([each.false for each in found]) < 0.03


def test_steps_are_decided_online() -> None:
    # What comes later changes nothing of what was decided.
    whole = drawn(0.05)[3]
    half = len(whole.onsets) // 2
    part = replace(whole, onsets=whole.onsets[:half], steps=whole.steps[:half])
    all_steps, first_steps = tracked([whole, part])
    last = whole.onsets[half - 1] - 2 * (whole.times[2] - whole.times[0])
    decided = whole.onsets[:half] < last
    assert (all_steps[:half][decided] == first_steps[decided]).all()


def test_rounding_takes_the_nearest() -> None:
    times = np.array([0.0, 1.0, 2.0])
    assert nearest(np.array([-1.0, 0.4, 0.6, 5.0]), times).tolist() == [0, 0, 1, 2]


def test_a_grid_leans_with_the_swing() -> None:
    played = drawn(0.0)[0]
    assert on_swing(played, BAND_SWING) == pytest.approx(played.times)
    straight = np.diff(on_swing(played, 0.5))
    assert straight == pytest.approx(np.full_like(straight, straight[0]))


def test_a_missing_interpreter_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking.shutil, "which", lambda _: None)
    monkeypatch.setattr(tracking.sys, "executable", "/nowhere/python")
    with pytest.raises(BluesError, match=r"Node\.js, or Deno"):
        tracked([])


SCRIPT = """
import { Onsets } from "./music/onsets.js";
import { latencyOf } from "./music/calibration.js";
import { folded } from "./music/hearing.js";
import { Turns } from "./music/turns.js";
import { noteOf } from "./input/midi_in.js";
import { firstC, PLACES } from "./input/keys.js";
const grid = (step) => ({ time: step / 4, lean: step % 2 ? 1 / 2 : 0, place: (step % 2) / 2 });
const onsets = new Onsets(grid);
onsets.begin(0);
onsets.press(60, -0.2); // too early for the first step
onsets.release(60, -0.15);
onsets.press(62, 0.02);
onsets.release(62, 0.52);
onsets.press(64, 0.74);
onsets.press(67, 1.02);
onsets.release(67, 1.2);
onsets.release(64, 1.45);
const heard = Array.from({ length: 8 }, () => onsets.close());
const clicks = Array.from({ length: 8 }, (_, n) => n);
const failed = (act) => { try { act(); return null; } catch (error) { return error.message; } };
const turns = (length, first) => {
  const made = new Turns({ length, first, chorus: 12 });
  return Array.from({ length: 26 }, (_, bar) => made.isPlayers(bar - 1) ? "p" : "n").join("");
};
console.log(JSON.stringify({
  heard,
  latency: latencyOf(clicks, [-0.3, 0.05, 1.06, 2.04, 3.05, 4.9, 5.05, 6.06, 6.5]),
  few: failed(() => latencyOf(clicks, [0, 1, 2])),
  loose: failed(() => latencyOf(clicks, [0.1, 0.9, 2.2, 2.8, 4.15, 5.1, 5.85, 7.2])),
  folded: [40, 59, 60, 66, 72, 73, 97].map((pitch) => folded(pitch, 60, 13)),
  narrow: [59, 66, 73].map((pitch) => folded(pitch, 60, 5)),
  turns: [turns("fours", "player"), turns("eights", "network"), turns("chorus", "player")],
  midi: [[0x90, 60, 64], [0x93, 61, 0], [0x80, 62, 64], [0xb0, 1, 2], [0x90, 60], [0xf8]]
    .map(noteOf),
  first: [59, 60, 48].map(firstC),
  keys: ["KeyZ", "KeyM", "KeyQ", "Digit2", "Space", "Enter"]
    .map((code) => PLACES.get(code) ?? null),
}));
"""


def test_notes_turns_and_taps(served: Served) -> None:
    told = run_deno(served, SCRIPT)
    heard = [(note["pitch"], note["begins"]) for note in told["heard"]]
    assert heard == [
        *((62, True), (62, False), (None, True), (64, True)),
        # The second of two keys that are held is heard, then the first again, then silence.
        *((67, True), (64, True), (None, True), (None, False)),
    ]
    assert told["latency"]["latency"] == pytest.approx(0.05, abs=0.011)
    assert told["latency"]["taps"] >= 6
    assert told["few"].startswith("Only 3 of 8 clicks were tapped")
    assert "too uneven" in told["loose"]
    assert told["folded"] == [64, 71, 60, 66, 72, 61, 61]
    assert told["narrow"] == [60, 64, 61]
    assert told["turns"] == [
        "n" + "ppppnnnn" * 3 + "p",
        "n" + "nnnnnnnnpppppppp" + "nnnnnnnn" + "p",
        "n" + "p" * 12 + "n" * 12 + "p",
    ]
    assert told["midi"] == [
        {"pitch": 60, "velocity": 64},
        {"pitch": 61, "velocity": 0},
        {"pitch": 62, "velocity": 0},
        *(None, None, None),
    ]
    assert told["first"] == [60, 60, 48]
    assert told["keys"] == [0, 11, 12, 13, None, None]
