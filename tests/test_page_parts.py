"""The page's parts in a real browser: they fit, they are clean, and they do what they say."""

import re
import shlex

import pytest
import torch
from page_support import NARROW, WIDE, Opened, Opener, Served, run_deno
from playwright.sync_api import Locator, Page, expect
from support import Command

from lstm_blues.music.chords import pitch_classes
from lstm_blues.network.network import BluesNetwork
from lstm_blues.playing.inside import forget_cells, steps_to_recover, watch, wrong_chord
from lstm_blues.runs.trained import PRETRAINED, load_trained

PARTS = {
    "listen": "Listen",
    "inside": "Look inside",
    "learn": "Watch it learn",
    "trade": "Trade",
    "take": "Take away",
}
SMALL = {"width": 360, "height": 740}


def too_wide(opened: Opened) -> int:
    """By how many pixels the page is wider than its window."""
    return opened.page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize(
    "viewport",
    [
        pytest.param(WIDE, id="wide", marks=pytest.mark.slow),
        pytest.param(NARROW, id="narrow"),
        pytest.param(SMALL, id="small", marks=pytest.mark.slow),
    ],
)
def test_every_part_fits_and_is_clean(open_page: Opener, viewport: dict[str, int]) -> None:
    opened = open_page(viewport=viewport)
    for name, title in PARTS.items():
        opened.page.click(f"#tab-{name}")
        expect(opened.page.locator(f"#part-{name} h2")).to_have_text(title)
        assert too_wide(opened) <= 0, name
    opened.require_clean()


@pytest.mark.slow
def test_text_of_twice_the_size_fits(open_page: Opener) -> None:
    opened = open_page("#tab=learn&learn.run=own&learn.melody=yes", viewport=NARROW)
    opened.page.evaluate("document.documentElement.style.fontSize = '200%'")
    for name in PARTS:
        opened.page.click(f"#tab-{name}")
        opened.page.wait_for_selector(f"#part-{name} h2")
        assert too_wide(opened) <= 0, name
    opened.require_clean()


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        ("WebAssembly", "This browser has no WebAssembly, which the network runs in."),
        pytest.param(
            "AudioContext",
            "This browser has no Web Audio, so the music can be seen, but not heard.",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "Worker",
            "This browser has no workers, so no network can be watched as it learns.",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_is_missing_is_a_sentence(open_page: Opener, lacking: str, said: str) -> None:
    opened = open_page(init=f"delete globalThis.{lacking};", ready=False)
    expect(opened.page.locator(".message").first).to_contain_text(said)
    assert opened.page.locator(".message").count() <= 2
    assert opened.foreign == []


def test_nonsense_in_the_address_is_a_sentence(open_page: Opener) -> None:
    opened = open_page("#tab=learn&learn.seed=x&learn.run=nothing")
    messages = opened.page.locator(".message p")
    expect(messages.filter(has_text="The seed is “x”")).to_be_visible()
    expect(messages.filter(has_text="What to learn is “nothing”")).to_be_visible()
    opened.require_clean()


DISTURBED = """
import { ChordBook } from "./music/chords.js";
import { chordsByStep } from "./music/encoding.js";
import { Watch } from "./music/watch.js";
import { Improviser } from "./music/improviser.js";
import { NetworkPlayer } from "./kernel/player.js";
import { TorchRandom } from "./kernel/random.js";
import { chordTexts } from "./learning/roll.js";

const read = (name) => JSON.parse(Deno.readTextFileSync(`data/${name}.json`));
const music = read("music");
const network = read("networks").find(({ name }) => name === "report");
const book = new ChordBook(music.qualities);
const form = chordsByStep(network.form, book);
const size = network.form.stepsPerBar;
const playing = { tempo: 120, swing: 0.5, band: "none", key: "",
  sampling: { temperature: 1, topK: 0, greedy: false, voices: 1 } };
const told = [];
for (const { bar, block, chord, steps } of given[0]) {
  const player = await NetworkPlayer.load(network);
  const improviser = new Improviser(player, network, book, (seed) => new TorchRandom(seed), 1);
  for (let at = 0; at < bar; at += 1) improviser.nextBar(playing);
  if (chord) improviser.disturb({ chord, steps });
  else improviser.intervene((one) => one.forget(block));
  const watched = new Watch(form, size, (bar * size) % form.length, chord ? steps : 0);
  let verdict = watched.verdict();
  while (verdict.state === "watching") {
    const next = improviser.nextBar(playing);
    for (const notes of next.notes) watched.add(chordTexts(notes, notes.length)[0]);
    verdict = watched.verdict();
  }
  told.push({ verdict, played: watched.played });
}
console.log(JSON.stringify(told));
"""


def disturbances() -> list[dict[str, object]]:
    """Wrong chords and forgotten blocks, after which the form comes back, is lost or goes on."""
    chord = [int(unit in pitch_classes("F#7")) for unit in range(12)]
    once = [{"bar": bar, "chord": chord, "steps": 1} for bar in (1, 13)]
    wrong = [*once, {"bar": 17, "chord": chord, "steps": 8}]
    return [*wrong, *({"bar": 14, "block": block} for block in (1, 2, 5))]


def test_what_is_said_of_the_form_is_what_python_finds(served: Served) -> None:
    trained = load_trained(PRETRAINED)
    network, form = trained.network, trained.form.chord_tensor()
    assert isinstance(network, BluesNetwork)
    song = trained.songs[0].inputs
    given = disturbances()
    states = []
    for case, told in zip(given, run_deno(served, DISTURBED, given), strict=True):
        at = int(str(case["bar"])) * 8
        verdict, played = told["verdict"], told["played"]
        if "chord" in case:
            pitches = [unit for unit, on in enumerate(case["chord"]) if on]  # type: ignore[arg-type, call-overload]
            disturb = wrong_chord(at, pitches, int(str(case["steps"])))
        else:
            block = int(str(case["block"]))
            disturb = forget_cells(at, (2 * block, 2 * block + 1))
        inside = watch(
            network, song, at + len(played), disturb=disturb, traces=False
        )  # fmt: skip
        heard = ["".join(map(str, row)) for row in inside.heard[at:, :12].int().tolist()]
        assert played == heard
        late = inside.late(form)
        states.append(verdict["state"])
        if verdict["state"] == "lost":
            assert late is None
            continue
        assert verdict["late"] == late
        if verdict["state"] == "undisturbed":
            continue
        assert late is not None
        right = torch.tensor([
            chord == "".join(map(str, form[(at + step - late) % len(form)].int().tolist()))
            for step, chord in enumerate(heard)
        ])  # fmt: skip
        assert verdict["steps"] == steps_to_recover(right, 0)
    assert states[:2] == ["lost", "back"], "as the guide says of bar 2 of the first choruses"
    assert {"undisturbed", "back", "lost"} <= set(states), "all that can happen"


@pytest.mark.slow
def test_disturbances_are_seen_to_their_end(open_page: Opener) -> None:
    opened = open_page("#tab=inside&tempo=300")
    page = opened.page
    expect(page.get_by_role("button", name="Sound it")).to_be_disabled()
    page.click("#part-inside >> text=Play")
    expect(page.locator(".values")).to_contain_text("forget gate")
    page.get_by_role("button", name="Block 1 of the melody: make it forget").click()
    expect(page.locator(".sees")).to_contain_text("section 4.1")
    # Other music begins anew, and so does what is said of a disturbance.
    wait_until(page, "document.querySelector('.verdict').textContent.startsWith('Nothing wrong')")
    page.evaluate("app.settings.set('seed', 2)")
    expect(page.locator(".verdict")).to_have_text("", timeout=20_000)
    page.get_by_role("button", name="Block 1 of the melody: make it forget").click()
    went_on = "The form went on without one wrong chord."
    expect(page.locator(".verdict")).to_have_text(went_on, timeout=60_000)
    page.get_by_role("button", name="Sound it").click()
    expect(page.locator(".verdict")).to_have_text("F#7 sounds with the next bar.")
    ended = re.compile(r"^The form (came back|has not come back)")
    expect(page.locator(".verdict")).to_have_text(ended, timeout=90_000)
    page.click("#part-inside >> text=Stop")
    expect(page.locator(".verdict")).to_have_text("")
    opened.require_clean()


def learned(page: Page) -> Locator:
    """Learns what is chosen, and gives what is told of it."""
    page.click("text=Start learning")
    result = page.locator("#part-learn .result")
    expect(result).to_be_visible(timeout=120_000)
    expect(result.locator("h3")).to_have_text("Learned")
    return result


def test_a_network_learns_is_compared_and_listened_to(open_page: Opener) -> None:
    opened = open_page("#tab=learn&learn.run=chords_fast&learn.seed=1")
    page = opened.page
    result = learned(page)
    expect(result).to_contain_text("plays 100 choruses by itself without a wrong note")
    expect(result.locator("code").first).to_have_text(re.compile("^[0-9a-f]{64}$"))
    command = "python -m lstm_blues.train +experiment=chords_fast seed=1"
    expect(result.locator("pre")).to_have_text(command)
    pictures = page.locator(".film li span").all_inner_texts()
    assert len(pictures) >= 4
    assert pictures[-1].endswith("96 of 96 right")
    assert not pictures[0].endswith("96 of 96 right")
    expect(page.locator(".roll")).to_have_attribute("aria-label", re.compile("96 of 96"))
    page.click("text=Listen to it")
    expect(page.locator("#part-listen")).to_be_visible()
    expect(page.locator("#part-listen option:checked").first).to_contain_text("Learned here")
    opened.require_clean()


def test_learning_stops_when_it_is_told(open_page: Opener) -> None:
    opened = open_page("#tab=learn")
    page = opened.page
    page.click("text=Start learning")
    expect(page.locator(".facts dd").first).to_have_text(re.compile(r"\d"), timeout=20_000)
    page.click("#part-learn >> text=Stop")
    result = page.locator("#part-learn .result")
    expect(result.locator("h3")).to_have_text("Stopped", timeout=20_000)
    expect(result.locator(".sentence")).to_contain_text("It was stopped after")
    expect(result.locator("pre")).to_have_text(re.compile(r" seed=1 run\.step_limit=\d+$"))
    expect(page.get_by_role("button", name="Start learning")).to_be_visible()
    opened.require_clean()


def test_own_chords_and_bars(open_page: Opener) -> None:
    opened = open_page("#tab=learn&learn.run=own")
    page = opened.page
    chords = page.get_by_label("Chords", exact=True)
    chords.fill("Dm7 | G7 | H | C")
    expect(page.locator(".own .message")).to_contain_text("Bar 3: “H” is not a chord symbol")
    page.click("text=Start learning")
    expect(page.locator("#messages")).to_contain_text("Bar 3: “H” is not a chord symbol")
    chords.fill("Dm7 | G7 | C | %")
    expect(page.locator(".own .message")).to_be_hidden()
    page.get_by_label("Learn a melody").check()
    page.get_by_role("gridcell", name="G4, step 1, off").first.click()
    page.get_by_role("gridcell", name="E4, step 5, off").first.click()
    first = page.get_by_role("grid", name="Bar 1, segment 1")
    expect(first.get_by_role("gridcell", name="G4, step 1, begins")).to_be_visible()
    expect(first.get_by_role("gridcell", name="G4, step 4, held")).to_be_visible()
    expect(first.get_by_role("gridcell", name="E4, step 5, begins")).to_be_visible()
    assert "learn.bars=" in page.evaluate("app.settings.toHash()")
    page.click("#undo")
    expect(first.get_by_role("gridcell", name="G4, step 8, held")).to_be_visible()
    page.get_by_role("button", name="Bar 2, G7").click()
    expect(page.get_by_role("grid", name="Bar 2, segment 1")).to_be_visible()
    opened.require_clean()


def test_a_note_is_dragged(open_page: Opener) -> None:
    opened = open_page("#tab=learn&learn.run=own&learn.melody=yes&learn.chords=C|F|G|C")
    page = opened.page
    grid = page.get_by_role("grid", name="Bar 1, segment 2")
    begin = grid.get_by_role("gridcell", name="A4, step 2, off")
    begin.scroll_into_view_if_needed()
    begin.hover()
    page.mouse.down()
    grid.get_by_role("gridcell", name="A4, step 5, off").hover()
    page.mouse.up()
    for step, state in ((2, "begins"), (3, "held"), (5, "held"), (6, "off")):
        expect(grid.get_by_role("gridcell", name=f"A4, step {step}, {state}")).to_be_visible()
    expect(grid.get_by_role("gridcell", name="rest, step 6, begins")).to_be_visible()
    opened.require_clean()


@pytest.mark.slow
def test_own_chords_are_learned_to_the_bits_of_the_shown_command(
    open_page: Opener, train: Command
) -> None:
    opened = open_page("#tab=learn&learn.run=own&learn.metre=3/4&learn.chords=Dm7|G7|C A7|C6")
    page = opened.page
    result = learned(page)
    command = result.locator("pre").inner_text()
    _, _, program, *overrides = shlex.split(command)
    assert program == "lstm_blues.train"
    done = train(*overrides)
    assert done.returncode == 0, done.stderr
    assert f"SHA-256 {result.locator('code').first.inner_text()}." in done.stdout
    opened.require_clean()


FIRST_BUTTON = "#part-learn > .actions button >> nth=0"
HEAR = "#part-learn > .actions button >> nth=1"


def wait_until(page: Page, expression: str, seconds: float = 20) -> None:
    """Waits until something is so; `wait_for_function` needs what the page's policy forbids."""
    for _ in range(int(20 * seconds)):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{expression} is not so after {seconds} s")


@pytest.mark.slow
def test_hearing_it_ends_a_trade_and_nothing_else(open_page: Opener) -> None:
    opened = open_page("#tab=trade")
    page = opened.page
    page.get_by_role("button", name="Start", exact=True).click()
    wait_until(page, "app.session.playing")
    page.click("#tab-learn")
    page.click(HEAR)
    page.click(HEAR)
    assert page.evaluate("app.session.playing"), "it was the trade that sounded"
    page.click(HEAR)
    page.click(FIRST_BUTTON)
    wait_until(page, "app.session.improviser?.network.name === 'learned'")
    page.click(HEAR)
    assert not page.evaluate("app.session.playing")
    # Whoever stops the music, or turns to another network, is not followed any more.
    page.click(HEAR)
    wait_until(page, "app.session.playing")
    page.click("#tab-listen")
    page.click("#play")
    page.wait_for_timeout(700)
    assert not page.evaluate("app.session.playing")
    page.click("#tab-learn")
    expect(page.locator(HEAR)).to_have_attribute("aria-pressed", "false")
    page.click(HEAR)
    wait_until(page, "app.session.improviser?.network.name === 'learned' && app.session.playing")
    page.evaluate("app.settings.set('network', 'bebop')")
    wait_until(page, "app.session.improviser?.network.name === 'bebop'")
    page.wait_for_timeout(700)
    assert page.evaluate("[app.settings.get('network'), app.session.playing]") == ["bebop", True]
    page.evaluate("app.settings.set('network', 'learned')")
    page.wait_for_timeout(700)
    assert "learned" not in page.url, "which would lead to nothing"
    opened.require_clean()


@pytest.mark.slow
def test_hearing_it_follows_to_another_form(open_page: Opener) -> None:
    opened = open_page("#tab=learn&learn.run=chords_fast")
    page = opened.page
    page.click(HEAR)
    page.click(FIRST_BUTTON)
    wait_until(page, "app.session.improviser?.network.form.bars === 12")
    page.click(FIRST_BUTTON)
    page.get_by_label("What to learn", exact=True).select_option("own")
    page.get_by_label("Chords", exact=True).fill("C7 | F7 | C7 | G7")
    page.locator(FIRST_BUTTON, has_text="Start learning").click()
    wait_until(page, "app.session.improviser.network.form.bars === 4")
    opened.require_clean()


@pytest.mark.slow
def test_networks_learned_here_are_kept_without_a_link(open_page: Opener) -> None:
    opened = open_page("#tab=learn&learn.run=own&learn.chords=C7|F7")
    page = opened.page
    for first in ("C7", "Am"):
        page.click("#tab-learn")
        page.get_by_label("Chords", exact=True).fill(f"{first} | F7")
        page.click(FIRST_BUTTON)
        page.locator(FIRST_BUTTON, has_text="Start learning").wait_for()
        page.click("text=Listen to it")
        if first == "C7":
            page.click("#play")
        played = "app.session.improviser?.network.form.chords[0]"
        wait_until(page, f"{played} === '{first}'")
    page.click("#tab-take")
    expect(page.locator("#part-take")).to_contain_text("no link to a network that was learned here")
    assert page.locator(".link").is_disabled()
    page.click("#tab-trade")
    chosen = page.locator("#part-trade summary + .controls select").first
    expect(chosen).to_have_value("learned-own-1-2")
    names = page.evaluate("app.networks.map(({ name }) => name)")
    assert names[2:] == ["learned-own-1", "learned-own-1-2"]
    opened.require_clean()


def test_nothing_is_done_to_a_network_that_trades(open_page: Opener) -> None:
    opened = open_page("#tab=trade")
    page = opened.page
    page.get_by_role("button", name="Start", exact=True).click()
    wait_until(page, "app.session.playing")
    page.click("#tab-inside")
    for what in ("text=Sound it", "button.block >> nth=0"):
        page.click(what)
        expect(page.locator(".verdict")).to_contain_text("While you trade, nothing is done")
    opened.require_clean()


def test_undo_from_a_slider_and_of_typed_chords(open_page: Opener) -> None:
    opened = open_page()
    page = opened.page
    page.get_by_label("Tempo").first.press("ArrowRight")
    assert page.evaluate("app.settings.get('tempo')") == 133
    page.keyboard.press("Control+z")
    assert page.evaluate("app.settings.get('tempo')") == 132
    page.click("#tab-learn")
    page.get_by_label("What to learn", exact=True).select_option("own")
    page.get_by_label("Chords", exact=True).fill("C | F")
    page.get_by_label("Begin from the songbook").select_option("blues_waltz")
    page.click("#undo")
    expect(page.locator("#announcements")).to_have_text(
        "Undone: The metre and The text of the chords"
    )
    assert page.get_by_label("Chords", exact=True).input_value() == "C | F"
    page.get_by_label("Chords", exact=True).fill("C" * 4001)
    expect(page.locator(".own .message")).to_contain_text("has 4001 characters, but may have 4000")
    page.click("#undo")
    page.click("#undo")
    assert not page.evaluate("app.settings.canUndo"), "the empty melody is no change of its own"
    opened.require_clean()


@pytest.mark.slow
def test_without_workers_it_plays_but_does_not_learn(open_page: Opener) -> None:
    opened = open_page(init="delete globalThis.Worker;")
    page = opened.page
    page.click("#play")
    expect(page.locator(".now")).to_contain_text("bar 1")
    page.click("#tab-learn")
    page.click(FIRST_BUTTON)
    expect(page.locator(FIRST_BUTTON)).to_have_text("Start learning")
    opened.require_clean()


@pytest.mark.slow
def test_sound_that_halts_goes_on_or_is_told(open_page: Opener) -> None:
    opened = open_page()
    page = opened.page
    page.click("#play")
    expect(page.locator(".now")).to_contain_text("bar 1")
    page.evaluate("app.session.output.context.suspend()")
    expect(page.locator(".now")).to_contain_text("bar 2")
    page.evaluate("() => { AudioContext.prototype.resume = () => new Promise(() => {}); }")
    page.evaluate("app.session.output.context.suspend()")
    expect(page.locator(".message")).to_contain_text("held the sound back", timeout=5_000)
    expect(page.locator("#play")).to_have_text("Play")
    expect(page.locator(".now")).to_have_text("")
    opened.require_clean()


@pytest.mark.slow
def test_the_melody_s_loss_and_floor_are_shown(open_page: Opener) -> None:
    opened = open_page("#tab=learn&learn.run=own&learn.melody=yes&learn.chords=C|G")
    page = opened.page
    grid = page.get_by_role("grid", name="Bar 1, segment 1")
    grid.get_by_role("gridcell", name="G4, step 1, off").click()
    page.click(FIRST_BUTTON)
    melody = page.locator("#part-learn > .facts div:last-child")
    shown = re.compile(r"Melody\d\.\d{3} nats per step, floor \d\.\d{3}")
    expect(melody).to_have_text(shown, timeout=120_000)
    opened.require_clean()
