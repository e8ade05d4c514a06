"""The page's network plays and its blocks show what Python's do, to the bit."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest
import torch
from page_support import Served, run_deno

from lstm_blues.browser.data import TITLES
from lstm_blues.network.network import BluesNetwork
from lstm_blues.playing.inside import Disturbance, forget_cells, watch, wrong_chord
from lstm_blues.playing.sampler import Sampling
from lstm_blues.runs.trained import Primer, Trained, compose_steps, load_trained

PLAY = """
import { NetworkPlayer } from "./kernel/player.js";
import { TorchRandom } from "./kernel/random.js";
const [name, seed, steps, cases] = given;
const networks = JSON.parse(await Deno.readTextFile("data/networks.json"));
const player = await NetworkPlayer.load(networks.find((network) => network.name === name));
const found = cases.map(([first, sampling]) => {
  const random = new TorchRandom(seed);
  player.reset();
  for (const heard of first.slice(0, -1)) player.step({ heard });
  player.notes = Uint8Array.from(first.at(-1));
  return Array.from({ length: steps }, () => {
    const uniform = Array.from({ length: player.draws(sampling) }, () => random.rand());
    return [...player.step({ uniform, sampling }).notes].join("");
  });
});
console.log(JSON.stringify(found));
"""

SAMPLINGS: list[dict[str, Any]] = [
    {},
    {"temperature": 0.7},
    {"temperature": 1.5, "topK": 3},
    {"voices": 3},
    {"greedy": True},
]


def in_python(sampling: dict[str, Any]) -> Sampling:
    return Sampling(**{{"topK": "top_k"}.get(name, name): n for name, n in sampling.items()})


def as_text(notes: torch.Tensor) -> str:
    return "".join(map(str, notes.flatten().int().tolist()))


@pytest.mark.parametrize("name", TITLES)
def test_the_page_plays_what_compose_plays(served: Served, name: str) -> None:
    trained = load_trained(name)
    cases, expected = [], []
    for sampling in SAMPLINGS:
        begun = Primer().encoded(trained, 1, 3)
        notes = compose_steps(trained, begun, 3, in_python(sampling))
        expected.append([as_text(step) for step in islice(notes, 8, 208)])
        cases.append((begun[0].int().tolist(), sampling))
    assert run_deno(served, PLAY, name, 3, 200, cases) == expected


INSIDE = """
import { NetworkPlayer } from "./kernel/player.js";
const [name, first, steps, uniform, forgets, sounds] = given;
const networks = JSON.parse(await Deno.readTextFile("data/networks.json"));
const player = await NetworkPlayer.load(networks.find((network) => network.name === name));
player.notes = Uint8Array.from(first);
const found = [];
for (let step = 0; step < steps; step += 1) {
  if (step === forgets[0]) player.forget(forgets[1]);
  const heard = step === sounds[0] ? sounds[1] : null;
  const before = player.snapshot();
  for (let ahead = 0; ahead < 3; ahead += 1) player.step({ chordsOnly: true });
  player.restore(before);
  const { notes } = player.step({ heard, set: heard && "chords", uniform: [uniform[step]] });
  found.push({ notes: [...notes], ...Object.fromEntries(
    Object.entries(player.inside()).map(([name, numbers]) => [name, [...numbers]]),
  ) });
}
console.log(JSON.stringify(found));
"""


def both(one: Disturbance, other: Disturbance) -> Disturbance:
    return lambda step, x, state: other(step, *one(step, x, state))


def cell_inputs(network: BluesNetwork, found: Any) -> torch.Tensor:
    """What went into the cells, from the states: s(t) = forget s(t-1) + input g."""
    blocks = torch.cat([network.group(g.name).block_of_cell for g in network.topology.groups])
    first = [0, *(g.blocks for g in network.topology.groups)]
    shift = torch.tensor(first).cumsum(0)
    group_of = [n for n, g in enumerate(network.topology.groups) for _ in range(g.blocks * g.cells)]
    of_cell = blocks + shift[group_of]
    return found.gates["input"][:, of_cell], found.gates["forget"][:, of_cell]


def test_inside_shows_what_the_readable_network_does(served: Served) -> None:
    trained: Trained = load_trained("report")
    network, steps = trained.network, 120
    song = trained.songs[5].inputs
    # `watch` draws in single precision.
    generator = torch.Generator().manual_seed(1)
    uniform = torch.cat([torch.rand(1, generator=generator) for _ in range(steps)]).double()
    block, chord = 6, [1, 5, 8]
    cells = [12, 13]
    disturb = both(forget_cells(40, cells), wrong_chord(70, chord))
    expected = watch(network, song, steps, disturb=disturb)
    sounds = [int(n in chord) for n in range(12)]
    given = (song[0].int().tolist(), steps, uniform.tolist(), [40, block], [70, sounds])
    found = run_deno(served, INSIDE, "report", *given)

    def column(name: str) -> torch.Tensor:
        return torch.tensor([step[name] for step in found], dtype=torch.float64)

    assert torch.equal(column("notes"), expected.played.double())
    close = {"rtol": 0, "atol": 1e-11}
    torch.testing.assert_close(column("s"), expected.states, **close)
    torch.testing.assert_close(column("y"), expected.cells, **close)
    for gate in ("input", "forget", "output"):
        torch.testing.assert_close(column(f"{gate}Gate"), expected.gates[gate], **close)
    iota, phi = cell_inputs(network, expected)
    before = torch.cat((torch.zeros(1, 16), expected.states[:-1])).double()
    before[40, cells] = 0.0
    made = phi * before + iota * column("cellInput")
    torch.testing.assert_close(made, expected.states, **close)
    assert len(set(map(tuple, column("s").tolist()))) == steps
