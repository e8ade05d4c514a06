"""What the page learns is what `train` learns, to the bit."""

from __future__ import annotations

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from page_support import Opener, Served, run_deno

from lstm_blues.browser import speed
from lstm_blues.browser.music import encoding_data, form_data, library_data
from lstm_blues.engine.learner import CompiledLearner
from lstm_blues.learning.schedule import MelodySchedule
from lstm_blues.learning.settings import MelodyLearning
from lstm_blues.music.bars import BarLibrary, melody_floor
from lstm_blues.music.encoding import HELD, INPUTS, Encoding
from lstm_blues.music.form import Form
from lstm_blues.music.songs import BluesSongs, deviation_of
from lstm_blues.network.network import weights_hash
from lstm_blues.runs.build import Parts
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.portfolio import Rounds
from lstm_blues.runs.recipes import attempt_seed
from lstm_blues.runs.settings import settings_from

BEGIN = """
import { LearningRun } from "./kernel/learning_run.js";
const read = async (name) => JSON.parse(await Deno.readTextFile(`data/${name}.json`));
const [learning, music] = [await read("learning"), await read("music")];
const digest = async (bytes) => {
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...found].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};
const state = async (learner) => ({
  hash: learner.hash(),
  buffer: await digest(learner.buffer.slice()),
  counters: learner.counters,
});
"""


def learner_of(*overrides: str) -> CompiledLearner:
    learner = Parts(settings_from(compose_config(list(overrides)))).learner
    assert isinstance(learner, CompiledLearner)
    return learner


def state_of(learner: CompiledLearner) -> dict[str, Any]:
    return {
        "hash": weights_hash(learner.state().weights),
        "buffer": hashlib.sha256(learner.engine.buffer.tobytes()).hexdigest(),
        "counters": asdict(learner.counters),
    }


LEARN = (
    BEGIN
    + """
const [name, seed, steps, melodySteps, rules] = given;
const run = new LearningRun({ run: name, seed, rules }, learning, music);
await run.begin();
const { learner } = run;
const found = [await state(learner)];
learner.learn(steps);
found.push(await state(learner), [...learner.losses]);
if (melodySteps > 0) {
  learner.beginMelody();
  learner.learn(melodySteps);
  found.push(await state(learner));
}
console.log(JSON.stringify(found));
"""
)


@pytest.mark.parametrize(
    ("name", "seed", "steps", "melody_steps", "rules"),
    [
        ("chords", 1, 400_000, 0, {}),
        ("chords_fast", 2**31 - 1, 50_000, 0, {"rate": 3e-4, "gross_errors": 4}),
        ("melody", 3, 40_000, 20_000, {}),
    ],
)
def test_each_step_is_the_native_one(
    served: Served, name: str, seed: int, steps: int, melody_steps: int, rules: dict[str, float]
) -> None:
    changed = [f"learning.{rule}={value}" for rule, value in rules.items()]
    learner = learner_of(f"+experiment={name}", f"seed={seed}", *changed)
    expected: list[Any] = [state_of(learner)]
    learner.learn(steps)
    expected += [state_of(learner), learner.losses.tolist()]
    if melody_steps:
        learner.begin_melody()
        learner.learn(melody_steps)
        expected.append(state_of(learner))
    assert run_deno(served, LEARN, name, seed, steps, melody_steps, rules) == expected


RECIPES = (
    BEGIN
    + """
import { ChordBook } from "./music/chords.js";
import { Race } from "./kernel/race.js";
const [form, library, seed, steps] = given;
const own = { form, library, seed, songsInOrder: learning.songsInOrder };
const race = new Race(learning.own, learning.kernels, own, new ChordBook(music.qualities));
await race.beginRound();
const found = {};
for (const { recipe, learner, weights } of race.attempts) {
  learner.learn(steps);
  const chords = await state(learner);
  if (library !== null) {
    learner.beginMelody();
    learner.learn(steps);
  }
  found[recipe.name] = { chords, all: await state(learner), weights };
}
console.log(JSON.stringify(found));
"""
)


def recipes_natively(overrides: list[str], steps: int) -> tuple[dict[str, Any], Parts]:
    config = compose_config(["+experiment=own", *overrides])
    settings = settings_from(config)
    assert settings.portfolio is not None
    found = {}
    for name, recipe in settings.portfolio.recipes.items():
        made = recipe.config(config, settings.seed, settings.song_steps)
        parts = Parts(settings_from(made))
        learner = parts.learner
        assert isinstance(learner, CompiledLearner)
        learner.learn(steps)
        chords = state_of(learner)
        if settings.bars is not None:
            learner.begin_melody()
            learner.learn(steps)
        weights = sum(
            len(part.seen) * part.height
            for part in parts.network.topology.parts
            if part.reaches_chords
        )
        found[name] = {"chords": chords, "all": state_of(learner), "weights": weights}
    return found, parts


@pytest.mark.parametrize(
    "overrides",
    [
        ["form=blues_waltz"],
        pytest.param(["form=bebop_blues", "bars=bebop_blues", "seed=7"], marks=pytest.mark.slow),
        pytest.param(["form=pickup_waltz", "bars=pickup_waltz"], marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_each_recipe_learns_as_natively(served: Served, overrides: list[str]) -> None:
    expected, parts = recipes_natively(overrides, 3_000)
    settings = parts.settings
    library = settings.bars and library_data(settings.bars, settings.form)
    form = form_data(settings.form)
    assert run_deno(served, RECIPES, form, library, settings.seed, 3_000) == expected


RUN = (
    BEGIN
    + """
const [order, roundSteps] = given;
if (roundSteps) learning.own.roundSteps = roundSteps;
const run = new LearningRun(order, learning, music);
await run.begin();
while (await run.goOn(200));
const { network, seconds, ...found } = run.result();
console.log(JSON.stringify({ ...found, ...run.learner.counters, all: run.steps }));
"""
)


TYPED = [
    'form.chords=["Dm9b5 G7alt","CmM9","F13#11 Bb7 E7","Eb7(#5,#9) Ab7"]',
    "form.bars=4",
    "form.steps_per_bar=12",
]
"""Altered chords, and three in a bar, as the page's command has them."""


@pytest.mark.parametrize(
    ("form", "seed", "round_steps"),
    [
        ("blues_waltz", 1, None),
        pytest.param("typed", 1, None, marks=pytest.mark.slow),
        pytest.param("plain_blues", 1, None, marks=pytest.mark.slow),
        pytest.param("two_five_one", 5, 5_000, marks=pytest.mark.slow),
    ],
)
def test_an_own_form_has_the_winner_of_train(
    served: Served, tmp_path: Path, form: str, seed: int, round_steps: int | None
) -> None:
    changed = [f"portfolio.round_steps={round_steps}"] if round_steps else []
    changed += TYPED if form == "typed" else [f"form={form}"]
    config = compose_config(["+experiment=own", f"seed={seed}", *changed])
    settings = settings_from(config)
    choice = Rounds(settings, config, tmp_path).run()
    (won,) = (each for each in choice.tried if each.learned)
    order = {"run": "own", "seed": seed, "form": form_data(settings.form)}
    found = run_deno(served, RUN, order, round_steps)
    assert found["learned"] == 1
    assert (found["recipe"], found["seed"], found["steps"]) == (won.recipe, won.seed, won.steps)
    assert found["attempts"] == len(choice.tried)
    assert (found["round"] > 1) == bool(round_steps)
    assert found["hash"] == weights_hash(choice.state.weights)


STOP = (
    BEGIN
    + """
const run = new LearningRun(given[0], learning, music);
await run.begin();
await run.goOn(100);
const { network, ...found } = run.result();
console.log(JSON.stringify(found));
"""
)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chords", "melody"])
def test_what_was_stopped_ends_as_at_a_step_limit(served: Served, name: str, train: Any) -> None:
    found = run_deno(served, STOP, {"run": name, "seed": 1})
    assert (found["learned"], found["ended"], found["phase"]) == (False, False, "chords")
    done = train(f"+experiment={name}", "seed=1", f"run.step_limit={found['steps']}")
    assert f"Weights: SHA-256 {found['hash']}." in done.stdout, done.stderr


@pytest.mark.slow
def test_the_melody_of_own_bars_ends_as_in_train(served: Served, train: Any) -> None:
    done = train("+experiment=own", "form=pickup_waltz", "bars=pickup_waltz", "output_dir=here")
    assert done.returncode == 0, done.stderr
    settings = settings_from(
        compose_config(["+experiment=own", "form=pickup_waltz", "bars=pickup_waltz"])
    )
    assert settings.bars is not None
    order = {
        "run": "own",
        "seed": 1,
        "form": form_data(settings.form),
        "bars": library_data(settings.bars, settings.form),
    }
    found = run_deno(served, RUN, order, None, seconds=900)
    assert f"Weights: SHA-256 {found['hash']}." in done.stdout
    assert found["melody_steps"] > 0


WORKER = """
(order) => new Promise((resolve) => {
  const worker = new Worker("workers/learn.js", { type: "module" });
  const progress = [];
  worker.onmessage = ({ data }) => {
    if (data.type === "progress") {
      progress.push({ steps: data.steps, right: data.freeRun.right, network: "network" in data });
    } else {
      worker.terminate();
      resolve({ ...data, network: data.network?.name, progress });
    }
  };
  worker.postMessage({ type: "hear", on: true });
  worker.postMessage({ type: "start", ...order });
})
"""


def learn_in_worker(open_page: Opener, order: dict[str, Any]) -> dict[str, Any]:
    opened = open_page(ready=False)
    found: dict[str, Any] = opened.page.evaluate(WORKER, order)
    opened.require_clean()
    return found


def learn_to_the_end(*overrides: str) -> CompiledLearner:
    learner = learner_of(*overrides)
    while not learner.counters.learned:
        learner.learn(100_000)
    return learner


@pytest.mark.parametrize("name", ["chords_fast", pytest.param("chords", marks=pytest.mark.slow)])
def test_a_worker_ends_in_the_bits_of_train(open_page: Opener, name: str) -> None:
    found = learn_in_worker(open_page, {"run": name, "seed": 1})
    learner = learn_to_the_end(f"+experiment={name}")
    assert found["type"] == "done", found
    assert found["learned"]
    assert found["steps"] == learner.counters.steps
    assert found["hash"] == weights_hash(learner.state().weights)
    assert found["network"] == "learned"
    steps = [each["steps"] for each in found["progress"]]
    assert steps[0] == 0
    assert steps == sorted(steps)
    assert found["progress"][-1]["right"] == 96
    assert all(each["network"] for each in found["progress"][:-1])


@pytest.mark.slow
def test_the_page_is_timed_beside_the_native_kernel(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:  # `served`, where there are a browser and a compiler
    monkeypatch.setattr(speed, "CONTENDERS", ("chords",))
    with ThreadPoolExecutor(1) as pool:  # the browser of other tests may hold this thread's loop
        found = pool.submit(_time_page).result()
    (head, rows, figures), (_, runs, whole) = found
    assert [len(row) for row in rows] == [len(head)]
    assert rows[0][-1] == runs[0][-1] == "yes"
    assert figures["chords"]["page"] > 0
    assert whole["chords"]["steps"] > 1_000_000


def _time_page() -> tuple[speed.Comparison, speed.Comparison]:
    with speed.opened_page() as page:
        return speed.compare_page(page, 100_000, 1), speed.compare_runs(page, 2)


def test_a_worker_says_what_it_cannot_learn(open_page: Opener, default_settings: Any) -> None:
    form = {**form_data(default_settings.form), "melodyNotes": 17}
    rest = {"notes": [60] * 8, "begins": [1] + [0] * 7}
    order = {"run": "own", "seed": 1, "form": form, "bars": [[rest]] * 12}
    found = learn_in_worker(open_page, order)
    assert found["type"] == "error"
    assert found["message"] == (
        "The melody has 17 different notes, but the page learns melodies of 13."
    )


SONGS = """
import { ChordBook } from "./music/chords.js";
import { levelsOf, songsOf } from "./music/encoding.js";
import { melodyFloor } from "./music/floor.js";
const [cases] = given;
const book = new ChordBook(JSON.parse(await Deno.readTextFile("data/music.json")).qualities);
console.log(JSON.stringify(cases.map(([form, library, encoding]) => {
  const songs = songsOf(form, library, encoding, book);
  const floor = library && melodyFloor(songs);
  return { table: [...songs.table].join(""), levels: levelsOf(songs, encoding), floor };
})));
"""

ENCODINGS = [
    Encoding(inputs, held, rests) for inputs in INPUTS for held in HELD for rests in (False, True)
]


def song_cases() -> list[tuple[Form, BarLibrary | None, Encoding]]:
    """Every form alone, and every library with each encoding that it fits."""
    settings = [
        settings_from(compose_config(["+experiment=own", f"form={name}", f"bars={bars}"]))
        for name, bars in (
            ("bebop_blues", "bebop_blues"),
            ("pickup_waltz", "pickup_waltz"),
            ("slow_blues", "slow_blues"),
        )
    ]
    found: list[tuple[Form, BarLibrary | None, Encoding]] = []
    for each in settings:
        library = each.bars
        assert library is not None
        # Twice as fine, every note has a last step.
        form = replace(each.form, steps_per_bar=2 * each.form.steps_per_bar)
        for encoding in ENCODINGS:
            ties = any(note.startswith("~") for bar in library.bars for s in bar for note in s)
            if encoding.rests >= library.rests and not (ties and encoding.held == "endings"):
                found.append((form, library, encoding))
    return found


def test_forms_and_bars_become_the_units_of_python(served: Served) -> None:
    forms = [
        Form(
            each["name"],
            tuple(each["chords"]),
            each["bars"],
            each["stepsPerBar"],
            each["lowestChordNote"],
            each["lowestMelodyNote"],
            each["metre"]["text"],
            each["melodyNotes"],
        )
        for each in served.data("music")["forms"]
    ]
    assert len(forms) > 40
    standardised = Encoding("standardised")
    cases: list[tuple[Form, BarLibrary | None, Encoding]] = [
        (form, None, standardised) for form in forms
    ]
    cases += song_cases()
    told = [
        (form_data(form), library and library_data(library, form), encoding_data(encoding))
        for form, library, encoding in cases
    ]
    for (form, library, encoding), found in zip(cases, run_deno(served, SONGS, told), strict=True):
        if library is None:
            table = form.chord_tensor()[None]
            mean = table.flatten(0, -2).mean(0)
            deviation = deviation_of(mean)
        else:
            songs = BluesSongs(form, library, encoding)
            table = songs.table
            mean, deviation = songs.unit_statistics()
            assert found["floor"] == pytest.approx(melody_floor(library, form, encoding), rel=1e-12)
        assert found["table"] == "".join(map(str, table.flatten().int().tolist()))
        scale = torch.where(deviation > 0, 1 / deviation, 1.0)
        levels = [(-mean * scale).tolist(), ((1 - mean) * scale).tolist()]
        if encoding.inputs == "on_off":
            levels = [[0.0] * len(mean), [1.0] * len(mean)]
        assert found["levels"] == levels


SCHEDULE = """
import { MelodySchedule } from "./kernel/schedule.js";
const [rule, floor, losses] = given;
const learner = { counters: { melody_steps: 0 }, losses: [0, 5], melodyRate: rule.rates[0] };
const schedule = new MelodySchedule(rule, floor);
schedule.begin(learner);
const found = [];
for (const loss of losses) {
  const steps = schedule.stepsToLook(learner);
  // An unrolled gradient may end some steps later.
  learner.counters.melody_steps += steps + 3;
  learner.losses[1] += loss * (steps + 3);
  schedule.look(learner);
  const { rate, since, best, flat, seen, ended } = schedule;
  found.push([steps, rate, since, best, flat, seen, ended, learner.melodyRate]);
  if (ended) break;
}
console.log(JSON.stringify(found));
"""


@dataclass
class PretendedLearner:
    melody_rate: float
    melody_loss: float = 5.0
    melody_steps: int = 0

    @property
    def counters(self) -> Any:
        return self


@pytest.mark.parametrize("seed", range(4))
def test_the_melody_has_the_schedule_of_train(served: Served, seed: int) -> None:
    rule = MelodyLearning(
        "after_chords", "hold", (1e-3, 3e-4, 1e-4), (4_000, 9_000, 5_000), 1_000, 0.01, 2, 0.02
    )
    drawn = random.Random(seed)
    losses = [0.2 + drawn.random() * drawn.choice([0.02, 0.3]) for _ in range(60)]
    floor = 0.17 if seed % 2 else 0.19
    learner: Any = PretendedLearner(rule.rates[0])
    schedule = MelodySchedule()
    schedule.begin(learner)
    expected: list[Any] = []
    for loss in losses:
        steps = schedule.steps_to_look(learner, rule)
        learner.melody_steps += steps + 3
        learner.melody_loss += loss * (steps + 3)
        schedule.look(learner, rule, floor)
        at = schedule
        expected.append(
            [steps, at.rate, at.since, at.best, at.flat, at.seen, at.ended, learner.melody_rate]
        )
        if at.ended:
            break
    names = ("rates", "steps", "window", "plateau", "patience", "enough")
    told = {name: getattr(rule, name) for name in names}
    assert run_deno(served, SCHEDULE, told, floor, losses) == expected
    assert expected[-1][6]


RANDOM = """
import { drawWeights } from "./kernel/first_weights.js";
import { attemptSeed } from "./kernel/race.js";
import { TorchRandom } from "./kernel/random.js";
import { inHex, sha256 } from "./kernel/sha256.js";
const [seed, rounds, ranges, texts] = given;
const torch = new TorchRandom(BigInt(seed));
console.log(JSON.stringify({
  seeds: rounds.map((round) => attemptSeed(Number(seed), round)),
  doubles: Array.from({ length: 700 }, () => torch.rand()),
  copied: torch.copy().rand() === torch.copy().rand(),
  wholes: ranges.map((most) => new TorchRandom(BigInt(seed)).randint(most)),
  digests: texts.map((text) => inHex(sha256(new TextEncoder().encode(text)))),
}));
"""


@pytest.mark.parametrize("seed", [1, 2**31 - 1, 2**53 - 1])
def test_random_numbers_are_those_of_torch_and_python(served: Served, seed: int) -> None:
    def generator() -> torch.Generator:
        return torch.Generator().manual_seed(seed)

    rounds, ranges = [1, 2, 3, 17], [2, 13, 2**27 + 1, 2**36, 2**52 + 7]
    texts = ["", "abc", "x" * 55, "x" * 56, "x" * 64, "1 group chords" * 50]
    found = run_deno(served, RANDOM, str(seed), rounds, ranges, texts)
    assert found["seeds"] == [attempt_seed(seed, number) for number in rounds]
    doubles = torch.rand(700, generator=generator(), dtype=torch.float64)
    assert found["doubles"] == doubles.tolist()
    assert found["copied"]
    drawn = [int(torch.randint(most, (1,), generator=generator())) for most in ranges]
    assert found["wholes"] == drawn
    assert found["digests"] == [hashlib.sha256(text.encode()).hexdigest() for text in texts]
