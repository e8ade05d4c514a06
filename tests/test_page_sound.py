"""The page's sound: its instruments, and what the browser makes of their notes."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from page_playing import measured
from page_support import Opened, Opener, Served, run_deno

from lstm_blues.browser.samples import (
    LOUDNESS,
    ORCHESTRA,
    Instrument,
    loudness,
    sample_files,
    synthesised,
)
from lstm_blues.browser.synth import RATE, Tone, frequency

LIMITER = 0.006
"""Seconds that Chromium's limiter takes to look ahead."""

Wave = NDArray[np.float64]
Notes = list[tuple[float, float, float]]


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return sample_files()


@pytest.fixture(scope="module")
def told(files: dict[str, bytes]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(files["samples/samples.json"])
    return found


def read(files: dict[str, bytes], name: str) -> Wave:
    wave, rate = soundfile.read(io.BytesIO(files[f"samples/{name}"]))
    assert rate == RATE
    return np.asarray(wave)


def pitch_of(wave: Wave, rate: int, low: float = 30, high: float = 2000) -> float:
    """Hertz of a note, by the highest peak of its autocorrelation; 0 where it has no pitch."""
    wave = wave - wave.mean()
    size = 2 ** int(np.ceil(np.log2(2 * len(wave))))
    spectrum = np.abs(np.fft.rfft(wave, size)) ** 2
    shared = np.fft.irfft(spectrum)[: len(wave) // 2]
    energy = np.concatenate(([0.0], (wave**2).cumsum()))
    lags = np.arange(len(shared))
    both = energy[len(wave) - lags] + energy[-1] - energy[lags]
    likeness = 2 * shared / np.maximum(both, 1e-12)
    first, last = int(rate / high), min(int(rate / low), len(shared) - 2)
    peaks = [
        lag
        for lag in range(max(first, 1), last)
        if likeness[lag - 1] < likeness[lag] >= likeness[lag + 1]
    ]
    if not peaks:
        return 0.0
    best = max(likeness[lag] for lag in peaks)
    lag = next(lag for lag in peaks if likeness[lag] > 0.93 * best)
    if likeness[lag] < 0.5:
        return 0.0
    before, at, after = likeness[lag - 1 : lag + 2]
    return float(rate / (lag + (before - after) / (2 * (before - 2 * at + after))))


def cents(hertz: float, pitch: int) -> float:
    return float(1200 * np.log2(hertz / frequency(pitch)))


PITCHED = [instrument for instrument in ORCHESTRA if instrument.pitched]


@pytest.mark.parametrize("instrument", PITCHED, ids=lambda one: one.name)
def test_instruments_are_in_tune(
    instrument: Instrument, files: dict[str, bytes], told: list[dict[str, Any]]
) -> None:
    (of,) = [one for one in told if one["name"] == instrument.name]
    for sample in of["samples"]:
        wave = read(files, sample["file"])
        if sample["loop"] is not None:
            begin, end = (round(seconds * RATE) for seconds in sample["loop"])
            # The loop goes on where it ends as it goes on where it begins.
            assert np.abs(wave[end : end + 64] - wave[begin : begin + 64]).max() < 0.002
            wave = np.tile(wave[begin:end], 3)
        else:
            wave = wave[round(0.05 * RATE) : round(0.65 * RATE)]
        assert abs(cents(pitch_of(wave, RATE), sample["pitch"])) < 5, sample


def test_samples_are_clean(files: dict[str, bytes], told: list[dict[str, Any]]) -> None:
    assert sum(map(len, files.values())) < 1_800_000
    for instrument in told:
        for sample in instrument["samples"]:
            wave = read(files, sample["file"])
            assert 0.3 < np.abs(wave).max() <= 0.901, sample
            assert abs(wave.mean()) < 0.003, sample
            # No click where it begins, and none where it ends unless it is looped.
            assert abs(wave[0]) < 0.002, sample
            assert sample["loop"] is not None or np.abs(wave[-32:]).max() < 0.002, sample


def test_instruments_are_equally_loud(files: dict[str, bytes], told: list[dict[str, Any]]) -> None:
    for instrument in told:
        if not instrument["pitched"]:
            continue
        for sample in instrument["samples"]:
            wave = read(files, sample["file"]) * instrument["gain"]
            loop = sample["loop"] and tuple(round(seconds * RATE) for seconds in sample["loop"])
            assert loudness(Tone(wave, loop)) == pytest.approx(LOUDNESS, abs=0.3), sample


def test_samples_are_the_same_every_time(files: dict[str, bytes]) -> None:
    assert synthesised() == files
    assert len(files) == 1 + sum(len(instrument.notes) for instrument in ORCHESTRA)


RENDER = """async ({ role, settings, bars }) => {
  const { recorded, wavFile } = await import("./sound/record.js");
  const { playersOf } = await import("./sound/stage.js");
  const { composed } = await import("./music/taken.js");
  for (const [key, value] of Object.entries(settings)) app.settings.set(key, value);
  const alone = (await composed(app, 1)).slice(0, bars).map((bar) =>
    ({ ...bar, band: bar.band.filter((part) => part.role === role) }));
  const orchestra = await app.session.orchestra();
  const sound = await recorded(alone, ({ instruments }) => playersOf(orchestra, instruments));
  let at = 0.1;
  const notes = alone.flatMap((bar) => {
    const begin = at;
    at += bar.seconds;
    return bar.band.flatMap(({ notes }) => notes.map(({ pitch, start, end }) =>
      [pitch, begin + start * 60 / bar.tempo, begin + end * 60 / bar.tempo]));
  });
  let text = "";
  for (const byte of wavFile(sound)) text += String.fromCharCode(byte);
  return { notes, wav: btoa(text) };
}"""


def rendered(opened: Opened, role: str, bars: int, **settings: Any) -> tuple[Notes, Wave, int]:
    """A part alone: its notes as pitch, beginning and end in seconds, and how it sounds."""
    found = opened.page.evaluate(RENDER, {"role": role, "settings": settings, "bars": bars})
    sound, rate = soundfile.read(io.BytesIO(base64.b64decode(found["wav"])))
    return sorted(found["notes"], key=lambda note: note[1]), sound.mean(1), rate


def onsets_of(sound: Wave, rate: int, above: float) -> list[float]:
    """When something begins to sound, in seconds: where the level above a frequency rises."""
    spectrum = np.fft.rfft(sound)
    spectrum[np.fft.rfftfreq(len(sound), 1 / rate) < above] = 0
    high, hop = np.fft.irfft(spectrum), round(0.002 * rate)
    levels = np.abs(high[: len(high) // hop * hop]).reshape(-1, hop).max(1)
    found: list[float] = []
    for at in range(4, len(levels) - 8):
        before, after = levels[max(at - 15, 0) : at].max(), levels[at : at + 8].max()
        if after > 3 * before + 1e-3 and (not found or at * hop / rate - found[-1] > 0.05):
            begun = at + int((levels[at : at + 8] > after / 3).argmax())
            found.append(begun * hop / rate)
    return found


def require_pitches(notes: Notes, sound: Wave, rate: int, seconds: float, lowest: float) -> None:
    """Compares each note's pitch with what is heard in the middle of it."""
    for number, (pitch, start, end) in enumerate(notes):
        middle = (start + min(end, start + 0.4)) / 2
        first, last = (round((middle + side * seconds / 2) * rate) for side in (-1, 1))
        heard = pitch_of(sound[first:last], rate, lowest)
        assert heard, (number, pitch)
        assert abs(cents(heard, int(pitch))) < 20, (number, pitch, heard)


def test_the_sound_has_the_notes(open_page: Opener) -> None:
    opened = open_page("#seed=3")
    # An electric piano's bell tells each beginning; it is alone above 3 kHz.
    straight = {"band": "none", "tempo": 110, "swing": 0.62, "instrument": "electric piano 1"}
    notes, sound, rate = rendered(opened, "melody", 6, **straight)
    assert len(notes) > 12
    found = onsets_of(sound, rate, 3000)
    assert found == pytest.approx([start + LIMITER for _, start, _ in notes], abs=0.005)
    require_pitches(notes, sound, rate, 0.06, 150)
    loose = {"band": "trio", "instrument": "clarinet", "key": "Eb"}
    notes, sound, rate = rendered(opened, "melody", 6, **loose)
    require_pitches(notes, sound, rate, 0.06, 150)
    notes, sound, rate = rendered(opened, "bass", 6)
    assert len(notes) == 24
    require_pitches(notes, sound, rate, 0.16, 30)
    opened.require_clean()


OUTPUT = """
const anything = new Proxy(function () {}, {
  get: (_, key) => key === Symbol.toPrimitive ? () => 0 : anything,
  set: () => true,
  apply: () => anything,
});
let resume = () => Promise.resolve();
let constructed = () => {};
let heard = () => {};
globalThis.AudioContext = class {
  state = "suspended";
  constructor() {
    constructed();
    return new Proxy(this, { get: (own, key) => key in own ? own[key] : anything });
  }
  resume() { return resume(); }
  addEventListener(_, listener) { heard = listener; }
};
const { Output } = await import("./sound/output.js");
const said = [];
let halts = 0;
const output = new Output((text) => said.push(text), () => halts += 1, 0.05);
const resumed = () => output.resume().then(() => "well", (error) => error.message);
constructed = () => { throw new Error("no hardware."); };
const refused = new Output((text) => said.push(text), () => {});
const silent = [refused.clock().currentTime >= 0, refused.mixer, refused.clock() !== null];
await refused.resume();
constructed = () => {};
const { context } = (output.clock(), output);
const found = { said, silent, well: await resumed() };
resume = () => new Promise(() => {});
found.held = await Promise.all([resumed(), resumed()]);
resume = () => Promise.reject(new Error("closed"));
found.closed = await resumed();
for (const state of ["running", "suspended"]) { context.state = state; heard(); }
console.log(JSON.stringify({ ...found, halts, same: output.clock() === context }));
"""


def test_a_sound_that_fails_is_a_sentence(served: Served) -> None:
    told = run_deno(served, OUTPUT)
    assert told["said"] == [
        "The browser gives this page no sound (no hardware), so the music can be seen, "
        "but not heard."
    ], "once"
    assert told["silent"] == [True, None, True], "the music goes by on the page's own clock"
    assert told["well"] == "well"
    held = "The browser has held the sound back for 0.05 seconds, so nothing plays: "
    assert told["held"] == [f"{held}click on the page and try again."] * 2
    assert told["closed"] == "The browser does not let sound begin: closed."
    assert (told["halts"], told["same"]) == (1, True)


TRANSPORT = """
import { Transport } from "./sound/transport.js";
globalThis.Worker = class { addEventListener() {} postMessage() {} };
globalThis.requestAnimationFrame = undefined;
const form = { stepsPerBar: 8, metre: { quarters: 4, swings: true } };
const clock = { currentTime: 5 };
const [scheduled, steps] = [[], []];
let index = 0;
const transport = new Transport(
  () => clock,
  () => ({ index: index++, form, tempo: 120, swing: 0.62, seconds: 2, band: [] }),
  (bar) => {
    scheduled.push([bar.at, clock.currentTime]);
    return [0, 0.5, 1].map((part) => bar.at + part);
  },
  (error) => { throw error; },
);
transport.on("step", ({ bar, step, time }) =>
  steps.push([bar.index, step, time, clock.currentTime]));
transport.start();
const run = (seconds, tick) => {
  const end = clock.currentTime + seconds;
  while (clock.currentTime < end) { clock.currentTime += tick; transport.tick(); }
};
run(600, 0.02);
const calm = { ...transport.lateness, bars: scheduled.length };
clock.currentTime += 3;
transport.tick();
const held = { ...transport.lateness };
run(60, 1.5);
console.log(JSON.stringify({ scheduled, steps, calm, held, last: transport.lateness,
  kept: transport.bars.length }));
"""


def test_bars_follow_one_another_and_a_page_that_was_held_up_looks_further_ahead(
    served: Served,
) -> None:
    told = run_deno(served, TRANSPORT)
    begins = [at for at, _ in told["scheduled"]]
    calm = told["calm"]["bars"]
    assert np.diff(begins[:calm]) == pytest.approx(2.0)
    left = [at - now for at, now in told["scheduled"]]
    assert all(0.7 < ahead < 0.81 for ahead in left[1:calm])
    assert (told["calm"]["late"], told["calm"]["stalls"]) == (0, 0)
    # Three seconds without a look at the clock: the music pauses once, and nothing is late.
    assert (told["held"]["late"], told["held"]["stalls"]) == (0, 1)
    # From then on it looks so far ahead that looks at the clock as rare as these are enough.
    assert (told["last"]["late"], told["last"]["stalls"]) == (0, 1)
    steps = [(bar, step) for bar, step, _, _ in told["steps"]]
    assert steps == [(n // 8, n % 8) for n in range(len(steps))]
    assert len(steps) > 8 * 300
    delays = [now - time for _, _, time, now in told["steps"][: 8 * calm - 16]]
    assert min(delays) >= 0
    assert max(delays) < 0.021
    assert told["kept"] < 25


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("hidden", [False, True])
def test_no_note_is_late_while_a_network_learns(open_page: Opener, *, hidden: bool) -> None:
    opened = open_page()
    *_, last = measured(opened.page, 1, learning=True, hidden=hidden)
    assert last["learned"]["steps"] > 0
    assert last["bars"] >= 30
    assert last["notes"] > 500
    assert (last["late"], last["stalls"]) == (0, 0)
    opened.require_clean()
