"""Trading: the network hears what is played, answers in time, and says whose turn it is."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from page_support import NARROW, WIDE, Opened, Opener, Served, run_deno

from lstm_blues.api import compose, load
from lstm_blues.music.encoding import HELD, Encoding
from lstm_blues.network.topology import MELODY
from lstm_blues.playing.player import Player

DUET = """
import { NetworkPlayer } from "./kernel/player.js";
import { TorchRandom } from "./kernel/random.js";
import { ChordBook } from "./music/chords.js";
import { Duet } from "./music/duet.js";
const read = async (path) => JSON.parse(await Deno.readTextFile(path));
const [network] = await read("data/networks.json");
const book = new ChordBook((await read("data/music.json")).qualities);
const player = await NetworkPlayer.load(network);
const logits = [];
const step = player.step.bind(player);
player.step = (options) => {
  const played = step(options);
  if (!options?.chordsOnly) logits.push(Array.from(played.logits));
  return played;
};
const [{ first, presses, bars, latency, tempo, key }] = given;
const random = (seed) => new TorchRandom(seed);
const means = { player, network, book, random, seed: 5 };
const duet = new Duet(means, { length: "fours", first });
const sampling = { temperature: 1, topK: 0, greedy: false, voices: 1 };
const playing = { tempo, swing: 0.6, band: "trio", key, sampling };
const heard = [];
const made = [];
const added = [];
let end = 0.1;
let next = 0;
let now = 0;
const { stepsPerBar } = network.form;
const hear = duet.trader.hear.bind(duet.trader);
duet.trader.hear = (melody, how) => {
  const units = hear(melody, how);
  heard.push(Array.from(units));
  return units;
};
for (; made.length < bars; now += 0.02) {
  while (end < now + 0.5) {
    const bar = { ...duet.nextBar(playing), at: end };
    end += bar.seconds;
    made.push(bar);
    duet.timed(bar);
  }
  while (next < presses.length && presses[next].at + latency <= now) {
    const { pitch, at, down } = presses[next++];
    if (down) duet.onsets.press(pitch, at);
    else duet.onsets.release(pitch, at);
  }
  duet.tick(now, latency, (bar, part) => {
    bar.band.push(part);
    const begin = bar.at + Math.min(...part.notes.map(({ start }) => start)) * 60 / tempo;
    added.push({ bar: bar.index, left: begin - now });
  });
}
console.log(JSON.stringify({
  heard,
  logits: logits.slice(0, heard.length),
  added,
  bars: made.map(({ index, at, own, melody, chords, notes, band, seconds, kind }) => ({
    ...{ index, at, own, melody, chords, seconds, kind },
    notes: notes.map((units) => Array.from(units)),
    parts: band.map(({ role, notes }) => [role, notes.length]),
  })),
}));
"""

TEMPO = 120.0


def played(
    bar: int, notes: list[tuple[int, int, int]], tempo: float = TEMPO
) -> list[dict[str, Any]]:
    """Presses and releases of notes of a bar, a little late and loose."""
    found = []
    generator = np.random.default_rng(bar)
    start = 0.1 + (bar + 1) * 240 / tempo
    eighth = 30 / tempo
    for pitch, first, steps in notes:
        late = generator.normal(0.01, 0.015)
        down = start + first * eighth + late
        found.append({"pitch": pitch, "at": down, "down": True})
        found.append({"pitch": pitch, "at": down + 0.9 * steps * eighth, "down": False})
    return sorted(found, key=lambda each: each["at"])


PHRASE = [(60, 0, 2), (63, 2, 2), (77, 4, 2), (67, 6, 1), (58, 7, 1)]
"""In and out of the melody's range; 77 folds to 65 and 58 to 70."""


def trade(served: Served, first: str = "player", **given: Any) -> dict[str, Any]:
    asked = {"first": first, "presses": [], "bars": 13, "latency": 0.03, "tempo": TEMPO, "key": ""}
    told: dict[str, Any] = run_deno(served, DUET, asked | given)
    return told


def melody_of(units: list[int], lowest: int = 60) -> int | None:
    """The MIDI number of a step's melody note."""
    on = np.flatnonzero(units[12:])
    return None if len(on) == 0 else lowest + int(on[0])


def require_as_reference(heard: list[list[int]], logits: list[list[float]], seed: int) -> None:
    """The readable network, given the same melody in the player's turns, plays the same notes from
    the same logits; the player begins, in fours."""
    network = load().network
    player = Player(network)
    places = network.topology.unit_slice(MELODY)
    generator = torch.Generator().manual_seed(seed)
    player.notes[0, :12] = torch.tensor(heard[0][:12])
    for step, (row, expected) in enumerate(zip(heard, logits, strict=True)):
        notes = torch.tensor(row, dtype=torch.float64)
        assert torch.equal(player.notes[0, :12], notes[:12]), "the chords are the network's own"
        if step // 32 % 2 == 1:
            assert torch.equal(player.notes[0], notes), "and the melody, in its turn"
        uniform = torch.rand(1, 1, generator=generator, dtype=torch.float64)
        found = player.step(notes[None, places], places, uniform=uniform)
        assert found.logits[0].tolist() == pytest.approx(expected, rel=1e-11, abs=1e-11)


def test_it_hears_the_player_as_the_reference_does(served: Served) -> None:
    presses = [press for bar in (0, 1, 8, 9, 10) for press in played(bar, PHRASE)]
    told = trade(served, presses=presses)
    require_as_reference(told["heard"], told["logits"], seed=5)
    # What was played, on its steps, in the melody's range; held, as there is no rest.
    melody = [melody_of(units) for units in told["heard"]]
    assert melody[:8] == [60, 60, 63, 63, 65, 65, 67, 70]
    assert melody[8:16] == melody[:8]
    assert melody[16:24] == [70] * 8, "the last note is held for a bar"
    assert len(set(melody[24:32])) > 1, "then the network goes on by itself"
    assert melody[64:72] == melody[:8]


def test_the_answer_grows_out_of_the_notes(served: Served) -> None:
    one, other = (
        trade(served, presses=played(3, [(pitch, 0, 4), (pitch, 4, 4)]), bars=10)
        for pitch in (60, 72)
    )
    same = [trade(served, presses=played(3, [(60, 0, 4), (60, 4, 4)]), bars=10)["heard"]]
    assert same == [one["heard"]]
    assert one["heard"][:24] == other["heard"][:24]
    assert one["heard"][32:64] != other["heard"][32:64]
    chords = [[units[:12] for units in told["heard"]] for told in (one, other)]
    assert chords[0] == chords[1]


@pytest.mark.parametrize("tempo", [80.0, 200.0, 280.0])
def test_the_answer_is_there_before_it_sounds(served: Served, tempo: float) -> None:
    presses = [press for bar in range(4) for press in played(bar, PHRASE, tempo)]
    told = trade(served, presses=presses, tempo=tempo, latency=0.06)
    assert [each["bar"] for each in told["added"]] == [4, 12][: len(told["added"])]
    assert all(each["left"] > 0.01 for each in told["added"])
    by_index = {bar["index"]: bar for bar in told["bars"]}
    assert by_index[-1]["parts"] == [["drums", 4]]
    for index in range(4, 8):
        bar = by_index[index]
        assert bar["own"]
        assert bar["melody"], "the network plays in its turn"
        assert ["melody", len(bar["melody"])] in bar["parts"]
        assert bar["kind"] in ("library", "new", "broken")
    for index in range(4):
        bar = by_index[index]
        assert not bar["own"]
        assert [note["own"] for note in bar["melody"]] == [False] * len(bar["melody"])
        assert ["melody", 0] in bar["parts"]
        assert bar["chords"], "the chords never stop"
        assert dict(bar["parts"])["bass"] == 4


def test_the_network_begins_as_it_composes(served: Served) -> None:
    told = trade(served, first="network", bars=6)
    assert [bar["own"] for bar in told["bars"][1:6]] == [True] * 4 + [False]
    pieces = compose(load(), pieces=1, choruses=1, seed=5)
    assert np.array_equal(np.array(told["heard"][:32]), pieces[0].notes[:32].numpy())


def test_the_key_moves_what_is_heard(served: Served) -> None:
    told = trade(served, presses=played(0, [(62, 0, 8)]), key="D", bars=6)
    assert melody_of(told["heard"][0]) == 60
    assert told["bars"][1]["melody"][0]["pitch"] == 62


ALONE = """
import { Duet } from "./music/duet.js";
try {
  new Duet({ network: { title: "Mine", form: {}, layout: { sets: {} }, library: null } }, {});
} catch (error) {
  console.log(JSON.stringify(error.message));
}
"""


def test_a_network_without_a_melody_is_told(served: Served) -> None:
    told = run_deno(served, ALONE)
    assert told == "“Mine” plays chords alone: trade with a network that has a melody."


ENCODE = """
import { Hearing } from "./music/hearing.js";
const [{ encoding, notes }] = given;
const hearing = new Hearing({
  form: { lowestMelodyNote: 60, melodyNotes: 13, stepsPerBar: 8 },
  encoding,
});
let before = new Uint8Array(hearing.size);
console.log(JSON.stringify(notes.map(([pitch, begins]) => {
  before = hearing.units({ pitch, begins }, before);
  return before === null ? null : Array.from(before);
})));
"""


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("rests", [False, True])
def test_notes_are_encoded_as_in_training(served: Served, held: str, rests: bool) -> None:
    encoding = Encoding(held=held, rests=rests)
    # Notes of two steps, so that `endings` can mark their last, and a rest where there are any.
    melody = torch.tensor([0, 0, 5, 5, 5, 5, 12, 12] + [13, 13] * rests)
    begins = torch.tensor([1, 0, 1, 0, 1, 0, 1, 0] + [1, 0] * rests) > 0
    expected = encoding.encode_melody(melody, begins, 13)
    notes: list[tuple[int | None, bool]] = [
        (None if note == 13 else 60 + note, begin)
        for note, begin in zip(melody.tolist(), begins.tolist(), strict=True)
    ]
    if held == "endings":
        # The end is marked by the first step at which no key is down any more.
        notes = [(pitch if begin else None, True) for pitch, begin in notes[:8]]
        notes += [(None, False)] * 2 * rests
    found = run_deno(served, ENCODE, {"encoding": encoding.__dict__, "notes": notes})
    assert found == expected.tolist(), json.dumps(found)


HANDS = """
window.codes = ["KeyZ", "KeyS", "KeyX", "KeyD", "KeyC", "KeyV", "KeyG", "KeyB", "KeyH", "KeyN"];
const until = (time) => new Promise((resolve) => {
  const look = () => {
    const left = time() - app.session.transport.heard;
    if (left <= 0) resolve(-left);
    else setTimeout(look, left > 0.03 ? 10 : 1);
  };
  look();
});
window.ways = {
  key: (semitone, down) => dispatchEvent(
    new KeyboardEvent(down ? "keydown" : "keyup", { code: codes[semitone], bubbles: true })),
  // A keyboard stamps its messages, however late the page looks at them.
  midi: (semitone, down, late) => midi.send([down ? 0x90 : 0x80, 60 + semitone, 80], late),
  touch: (semitone, down) => {
    const key = document.querySelector(`[data-pitch="${60 + semitone}"]`);
    const { left, bottom, width } = key.getBoundingClientRect();
    const at = { clientX: left + width / 2, clientY: bottom - 5 };
    key.dispatchEvent(new PointerEvent(down ? "pointerdown" : "pointerup", {
      ...at, pointerId: 7, pointerType: "touch", bubbles: true, isPrimary: true,
    }));
  },
};
window.midi = {
  inputs: new Map([["a", { id: "a", name: "Small keys", state: "connected" }]]),
  send(data, late) {
    this.inputs.get("a").onmidimessage({ data, timeStamp: performance.now() - 1000 * late });
  },
};
Object.defineProperty(navigator, "requestMIDIAccess", {
  configurable: true,
  value: () => Promise.resolve(midi),
});
window.said = [];
addEventListener("DOMContentLoaded", () => {
  const voice = document.getElementById("announcements");
  new MutationObserver(() => said.push(voice.textContent)).observe(voice, { childList: true });
});
window.record = () => {
  window.logits = [];
  window.heard = [];
  app.session.transport.on("start", () => {
    const { trader } = app.session.source;
    const { player } = trader;
    const step = player.step.bind(player);
    player.step = (options) => {
      const played = step(options);
      if (!options?.chordsOnly) {
        logits.push(Array.from(played.logits));
        heard.push(Array.from(played.heard));
      }
      return played;
    };
  });
};
// Plays notes of [first step, steps, semitones above middle C] of the whole trade.
window.playNotes = async (notes, way) => {
  const grid = (step) => {
    const duet = app.session.source;
    return duet?.bars?.size > 0 ? duet.grid(step).time : Infinity;
  };
  for (const [first, steps, semitone] of notes) {
    ways[way](semitone, true, await until(() => grid(first)));
    const end = () => grid(first) + 0.8 * (grid(first + steps) - grid(first));
    ways[way](semitone, false, await until(end));
  }
};
"""

LINE = [(0, 2, 0), (2, 2, 3), (4, 1, 5), (5, 1, 7), (6, 2, 5)]
"""First step, steps and semitones above middle C, of a bar."""


def line(*bars: int) -> list[tuple[int, int, int]]:
    return [(8 * bar + first, steps, semitone) for bar in bars for first, steps, semitone in LINE]


def trading(open_page: Opener, settings: str = "", **options: Any) -> Opened:
    opened = open_page(f"#tab=trade&trade.first=player&seed=5&{settings}", init=HANDS, **options)
    opened.page.evaluate("record()")
    return opened


def begin(opened: Opened) -> None:
    opened.page.get_by_role("button", name="Start", exact=True).click()


def wait_for_bar(opened: Opened, bar: int) -> None:
    opened.page.wait_for_function(
        "(bar) => app.session.transport.bars.some(({ index, at, seconds }) => index === bar && "
        "app.session.transport.heard > at + seconds / 2)",
        arg=bar,
        timeout=120_000,
    )


def require_in_time(opened: Opened) -> None:
    """No note of the band or of an answer was scheduled more than 5 ms late."""
    lateness = opened.page.evaluate("({ ...app.session.transport.lateness })")
    assert lateness["notes"] > 0
    assert lateness["late"] == 0, lateness
    assert lateness["worst"] <= 0.005, lateness


@pytest.mark.slow
@pytest.mark.alone
def test_fours_are_traded_by_key(open_page: Opener) -> None:
    opened = trading(open_page, "tempo=180&swing=0.5")
    page = opened.page
    begin(opened)
    page.evaluate("([notes]) => playNotes(notes, 'key')", [line(0, 1, 2, 3)])
    wait_for_bar(opened, 5)
    assert page.locator(".turn").get_attribute("data-who") == "network"
    heard = page.evaluate("heard")
    require_as_reference(heard, page.evaluate("logits"), seed=5)
    melody = [melody_of(units) for units in heard]
    assert {60, 63, 65, 67} <= set(melody[:32])
    assert len(set(melody[32:64])) > 3
    # Both are in what can be taken away, and told apart.
    parts = page.evaluate(
        "app.session.history.bars.slice(0, 5).map(({ band }) => Object.fromEntries("
        "band.map(({ role, name, notes }) => [role, [name, notes.length]])))"
    )
    assert [each["melody"][1] for each in parts[:4]] == [0] * 4
    assert sum(each["player"][1] for each in parts[:4]) == 20
    assert {each["player"][0] for each in parts[:4]} == {"melody (by the player)"}
    assert parts[4]["melody"][1] > 0
    said = page.evaluate("said")
    assert said[:3] == ["Count-in. You begin.", "Your turn: 4 bars.", "The network answers."]
    # The other parts show it too.
    for name in ("Listen", "Look inside", "Take away", "Trade"):
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(300)
    assert page.evaluate("app.session.playing")
    # The space bar stops it.
    page.get_by_role("heading", name="Trade").click()
    page.keyboard.press("Space")
    assert not page.evaluate("app.session.playing")
    opened.require_clean()


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize(("way", "viewport"), [("midi", WIDE), ("touch", NARROW)])
def test_fours_are_traded_for_rounds(open_page: Opener, way: str, viewport: Any) -> None:
    opened = trading(open_page, "tempo=180", viewport=viewport)
    page = opened.page
    if way == "midi":
        page.get_by_role("button", name="Use a MIDI keyboard").click()
        page.get_by_text("MIDI keyboards: Small keys.").wait_for()
    begin(opened)
    page.evaluate("() => document.querySelector('.piano').scrollIntoView({ block: 'center' })")
    played = line(*range(4), *range(8, 12), *range(16, 20), *range(24, 28))
    page.evaluate("([notes, way]) => playNotes(notes, way)", [played, way])
    wait_for_bar(opened, 29)
    require_in_time(opened)
    heard = page.evaluate("heard")
    require_as_reference(heard, page.evaluate("logits"), seed=5)
    melody = np.array([melody_of(units) for units in heard])
    expected = np.array([60, 60, 63, 63, 65, 67, 65, 65] * 4)
    for first in range(0, 256, 64):
        # The browser's own timers may be late; a MIDI keyboard's stamps are not.
        right = (melody[first : first + 32] == expected).mean()
        assert right == 1 if way == "midi" else right > 0.8
        assert len(set(melody[first + 32 : first + 64])) > 3
    notes = page.evaluate(
        "app.session.history.bars.slice(0, 28).map(({ band }) => "
        "band.find(({ role }) => role === 'player')?.notes.length ?? 0)"
    )
    # A note that comes a little early counts where it was played: at the end of the bar before.
    assert sum(notes[4:7] + notes[12:15] + notes[20:23]) == 0
    assert sum(notes) == 80
    opened.require_clean()


def test_what_is_played_is_heard_and_shown_at_once(open_page: Opener) -> None:
    opened = trading(open_page, viewport=NARROW)
    page = opened.page
    # Keys before anything plays; repeats are ignored, and what is held by two ways sounds once.
    sound = page.evaluate(
        """async () => {
          const { Mixer } = await import("./sound/mixer.js");
          const presses = [];
          const { press } = Mixer.prototype;
          Mixer.prototype.press = function (...given) {
            presses.push(given[2]);
            return press.apply(this, given);
          };
          await app.session.tune();
          ways.key(0, true);
          dispatchEvent(new KeyboardEvent("keydown", { code: "KeyZ", repeat: true }));
          ways.key(0, false);
          dispatchEvent(new KeyboardEvent("keydown", { code: "Equal" }));
          ways.key(0, true);
          ways.key(0, false);
          dispatchEvent(new KeyboardEvent("keydown", { code: "KeyZ", ctrlKey: true }));
          return presses;
        }"""
    )
    assert sound == [60, 72]
    assert page.locator(".octaves output").inner_text() == "+1"
    # The piano by the keyboard alone: one stop, arrows, Enter.
    first = page.locator(".piano button[tabindex='0']")
    assert first.count() == 1
    first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.down("Enter")
    assert page.locator(".piano button.down").count() == 1
    page.keyboard.up("Enter")
    assert page.locator(".piano button.down").count() == 0
    opened.require_clean()


@pytest.mark.slow
def test_midi_that_is_refused_is_said(open_page: Opener) -> None:
    for script, words in (
        (
            "requestMIDIAccess = () => Promise.reject(new Error())",
            "does not let this page use MIDI",
        ),
        ("requestMIDIAccess = undefined", "has no Web MIDI"),
    ):
        name, value = script.split(" = ")
        define = f'Object.defineProperty(navigator, "{name}", {{ value: {value} }});'
        opened = open_page("#tab=trade", init=define)
        opened.page.get_by_role("button", name="Use a MIDI keyboard").click()
        opened.page.locator(".midi-state", has_text=words).wait_for()
        opened.require_clean()


EARLY = """
import { Duet } from "./music/duet.js";
import { Trade } from "./music/trade.js";
const bars = [-1, 0, 1].map((index) => ({
  index, at: 4 + 2 * index, seconds: 2, tempo: 120, band: [],
}));
let id = 0;
const duet = Object.assign(Object.create(Duet.prototype), {
  bars: new Map(bars.map((bar) => [bar.index, bar])),
  onsets: {
    press: (pitch, pressed) => note = { id: id++, pitch, pressed },
    release: (_, released) => ({ ...note, released }),
  },
});
let note = null;
const session = {
  playing: true,
  source: duet,
  players: null,
  output: { clock() {}, resume: () => Promise.resolve() },
  transport: { on() {} },
};
const trade = new Trade({ session, settings: { get: () => 0 } });
trade.heardAt = (time) => time / 1000;
for (const [pressed, released] of given[0]) {
  trade.press(60, 0.5, pressed);
  trade.release(60, released);
}
console.log(JSON.stringify(bars.map(({ band }) =>
  band.map(({ notes }) => notes.map(({ start, end }) => [start, end])))));
"""


def test_a_first_note_that_comes_early_can_be_taken_away(served: Served) -> None:
    """One in the count-in, one a little before its first bar, one in it, one before the next."""
    notes = [[3000, 3500], [3990, 4500], [4750, 5000], [5995, 6500]]
    count_in, first, second = run_deno(served, EARLY, notes)
    assert count_in == second == []
    assert first == [[[0, 1], [1.5, 2], [3.99, 5]]]


TAPS = """
import { tapAlong } from "./music/taps.js";
const done = [];
let begin = () => {};
const note = (what) => () => { done.push(what); };
const session = {
  playing: false,
  players: {},
  mixer: { open: note("open"), silence: note("silence"), play() {} },
  output: { clock: () => ({ currentTime: 0 }), resume: () => Promise.resolve() },
  tune: () => Promise.resolve(),
  transport: { on: (_, listener) => { begin = listener; return note("left"); } },
};
const trade = { session, tapped: null, heardAt: () => 60 };
let said = "";
await tapAlong(trade, () => begin()).catch((error) => said = error.message);
console.log(JSON.stringify({ said, done, tapped: trade.tapped }));
"""


def test_clicks_end_where_music_begins(served: Served) -> None:
    told = run_deno(served, TAPS)
    assert told["said"].startswith("The music began, so the clicks ended")
    assert told["done"] == ["open", "silence", "open", "left"]
    assert told["tapped"] is None, "its notes are no taps"


@pytest.mark.slow
@pytest.mark.alone
def test_taps_set_the_latency(open_page: Opener) -> None:
    opened = trading(open_page)
    page = opened.page
    page.evaluate(
        """() => new MutationObserver(() => {
          if (!/^Click/.test(document.querySelector(".taps").textContent)) return;
          setTimeout(() => { ways.key(0, true); ways.key(0, false); }, 80);
        }).observe(document.querySelector(".taps"), { childList: true })"""
    )
    page.get_by_role("button", name="Set the latency").click()
    page.get_by_text("Your notes come in").wait_for(timeout=20_000)
    assert 60 <= page.evaluate("app.settings.get('trade.latency')") <= 140
    assert "latency" not in page.url
    page.get_by_role("button", name="Undo").click()
    assert page.evaluate("app.settings.get('trade.latency')") == 0
    opened.require_clean()


def test_a_note_outside_the_range_is_told(open_page: Opener) -> None:
    opened = trading(open_page, "tempo=240")
    begin(opened)
    opened.page.evaluate("([notes]) => playNotes(notes, 'midi')", [[]])
    opened.page.get_by_role("button", name="Use a MIDI keyboard").click()
    opened.page.evaluate("([notes]) => playNotes(notes, 'midi')", [[(2, 2, 26)]])
    told = opened.page.get_by_text("Your D6 lies outside the melody's range: the network hears D4.")
    told.wait_for(timeout=10_000)
    opened.require_clean()
