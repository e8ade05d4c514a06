"""Trading: the network hears what is played, answers in time, and says whose turn it is."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from page_support import Served, run_deno

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


def test_it_hears_the_player_as_the_reference_does(served: Served) -> None:
    presses = [press for bar in (0, 1, 8, 9, 10) for press in played(bar, PHRASE)]
    told = trade(served, presses=presses)
    heard = torch.tensor(told["heard"], dtype=torch.float64)
    # The readable network, given the same notes.
    network = load().network
    player = Player(network)
    places = network.topology.unit_slice(MELODY)
    generator = torch.Generator().manual_seed(5)
    for step, (notes, logits) in enumerate(zip(heard, told["logits"], strict=True)):
        turn = step // 8 // 4 % 2
        if step > 0:
            assert torch.equal(player.notes[0, :12], notes[:12]), "the chords are the network's own"
            if turn == 1:
                assert torch.equal(player.notes[0], notes), "and the melody, in its turn"
        else:
            player.notes[0, :12] = notes[:12]
        uniform = torch.rand(1, 1, generator=generator, dtype=torch.float64)
        played_step = player.step(notes[None, places], places, uniform=uniform)
        assert played_step.logits[0].tolist() == pytest.approx(logits, abs=1e-11)
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
