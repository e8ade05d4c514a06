"""The page's modules that play and learn, held to Python to the bit."""

from __future__ import annotations

from itertools import islice

from page_support import Served, run_deno

from lstm_blues.runs.trained import PRETRAINED, Primer, compose_steps, load_trained

PLAY = """
import { NetworkPlayer } from "./kernel/player.js";
import { TorchRandom } from "./kernel/random.js";
const [name, first, seed, steps, sampling] = given;
const networks = JSON.parse(await Deno.readTextFile("data/networks.json"));
const player = await NetworkPlayer.load(networks.find((network) => network.name === name));
const random = new TorchRandom(seed);
const found = [];
for (const heard of first.slice(0, -1)) player.step({ heard });
player.notes = Uint8Array.from(first.at(-1));
for (let step = 0; step < steps; step += 1) {
  const uniform = Array.from({ length: player.draws(sampling) }, () => random.rand());
  const { notes, outputs } = player.step({ uniform, sampling });
  found.push({ notes: [...notes], outputs: [...outputs] });
}
console.log(JSON.stringify(found));
"""


def test_the_player_composes_the_notes_of_compose(served: Served) -> None:
    trained = load_trained(PRETRAINED)
    begun = Primer().encoded(trained, 1, 3)
    notes = list(islice(compose_steps(trained, begun, 3), 208))
    played = run_deno(served, PLAY, "report", begun[0].int().tolist(), 3, 200, {})
    assert [each["notes"] for each in played] == [each[0].int().tolist() for each in notes[8:]]
