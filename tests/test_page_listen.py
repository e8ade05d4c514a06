"""The page's musicians: the notes of the same seed are Python's, note for note."""

import random
from dataclasses import replace
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import Any

import mido
import pytest
import soundfile
import torch
import yaml
from page_support import Opener, Served, run_deno
from support import require_room, syncopated_form

from lstm_blues.browser.music import encoding_data, form_data, library_data, music_data
from lstm_blues.music.encoding import HELD, Encoding
from lstm_blues.music.form import Form
from lstm_blues.music.metre import METRES
from lstm_blues.music.piece import Piece, stretches
from lstm_blues.music.timing import Timing
from lstm_blues.music.transpose import KEYS, interval_to, moved_form
from lstm_blues.output.band import Band
from lstm_blues.output.parts import BANDS, Arrangement
from lstm_blues.output.performance import perform
from lstm_blues.output.streams import MidiStream
from lstm_blues.playing.sampler import Sampling
from lstm_blues.runs.config import conf_folder, read
from lstm_blues.runs.trained import PRETRAINED, compose_pieces, load_trained

TIMING = Timing(132, 0.62)

FORMS = ("bebop_blues", "rhythm_changes", "blues_waltz", "slow_blues", "five_four_vamp", "jig")

PLAY = """
import { ChordBook } from "./music/chords.js";
import { chordsOf, melodyOf, endsStretch } from "./music/piece.js";
import { Scene } from "./music/scene.js";
import { Performance } from "./music/performance.js";
import { Rhythm } from "./music/rhythm.js";
import { midiFile } from "./music/midi.js";
function play(given) {
  const book = new ChordBook(given.qualities);
  const steps = given.steps.map((row) => Uint8Array.from(row));
  const { form, encoding, timing } = given;
  const stretch = {
    form, steps: steps.length, chords: chordsOf(steps, form, book),
    melody: melodyOf(steps, form, encoding),
  };
  const played = {};
  for (const band of ["none", "comp", "trio"]) {
    const scene = new Scene(stretch, timing, given.seed, given.before, book);
    const performance = new Performance();
    played[band] = [];
    for (let bar = 0; bar * form.stepsPerBar < steps.length; bar += 1) {
      played[band].push(performance.bar(scene, band, bar));
    }
  }
  const kinds = given.library ? new Rhythm(given.library, form, encoding).kinds(steps) : [];
  return { chords: stretch.chords, melody: stretch.melody, kinds, played };
}
"""


def play(served: Served, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the page plays of pieces."""
    return run_deno(served, PLAY + "console.log(JSON.stringify(given[0].map(play)));", given)


def given_of(piece: Piece, timing: Timing, seed: int, before: int = 0) -> dict[str, Any]:
    """What `PLAY` is told of a piece."""
    return {
        "qualities": music_data()["qualities"],
        "form": form_data(piece.form),
        "encoding": encoding_data(piece.encoding),
        "library": piece.library and library_data(piece.library, piece.form),
        "steps": (piece.notes > 0.5).int().tolist(),
        "timing": {"tempo": timing.tempo, "swing": timing.swing},
        "seed": seed,
        "before": before,
    }


def require_same(piece: Piece, told: dict[str, Any], timing: Timing, seed: int, before: int) -> int:
    """Compares every note; returns how many there are."""
    chords = [(c.symbol, list(c.pitches), c.start, c.end) for c in piece.chords]
    assert [tuple(chord.values()) for chord in told["chords"]] == chords
    assert [tuple(note.values()) for note in told["melody"]] == [tuple(n) for n in piece.melody]
    assert told["kinds"] == piece.bar_kinds
    count, size = 0, float(piece.form.time.quarters)
    for band, bars in told["played"].items():
        arrangement = Arrangement(band, seed=seed)
        whole = perform(piece, timing, arrangement)
        parts = whole if band == "none" else Band(timing, arrangement, before).play(piece)
        for part in parts:
            notes = [
                (n["pitch"], n["start"] + bar * size, n["end"] + bar * size, n["velocity"])
                for bar, of_bar in enumerate(bars)
                for own in of_bar
                if own["name"] == part.name
                for n in own["notes"]
            ]
            assert len(notes) == len(part.notes), (band, part.name)
            for ours, theirs in zip(notes, part.notes, strict=True):
                assert ours == pytest.approx(tuple(theirs), abs=1e-9), (band, part.name)
                assert (ours[0], ours[3]) == (theirs.pitch, theirs.velocity)
            count += len(notes)
    return count


def test_the_band_stands_where_python_s_does(served: Served) -> None:
    code = """
    import { PLACES } from "./sound/mixer.js";
    console.log(JSON.stringify(PLACES));
    """
    places = run_deno(served, code)
    (piece,) = compose_pieces(load_trained(PRETRAINED), choruses=1)
    parts = perform(piece, TIMING, Arrangement("trio"))
    for role, part in zip(("melody", "chords", "bass", "drums"), parts, strict=True):
        assert places[role] == {"pan": part.pan, "gain": part.gain}, part.name


def test_random_numbers_are_python_s(served: Served) -> None:
    texts = ["1 piano 0", "12345678901234567890 bass 3 17", "é ø", "x" * 300]
    code = """
    import { Chance } from "./music/chance.js";
    console.log(JSON.stringify(given[0].map((text) => {
      const chance = new Chance(text);
      const some = Array.from({ length: 700 }, () => chance.random());
      return [...some, chance.choice([...Array(5).keys()]), chance.choice([7, 8, 9]),
        chance.gauss(0, 1), chance.gauss(2, 3), chance.uniform(-4, 4)];
    })));
    """
    for text, numbers in zip(texts, run_deno(served, code, texts), strict=True):
        chance = random.Random(text)
        exact = [chance.random() for _ in range(700)]
        exact += [chance.choice(range(5)), chance.choice((7, 8, 9))]
        assert numbers[:702] == exact
        last = [chance.gauss(0, 1), chance.gauss(2, 3), chance.uniform(-4, 4)]
        assert numbers[702:] == pytest.approx(last, abs=1e-12)


def test_the_bundled_network_s_band_plays_the_same_notes(served: Served) -> None:
    pieces = compose_pieces(load_trained(PRETRAINED), 3, 2, seed=5)
    notes = 0
    for seed, piece in enumerate(pieces):
        begins, parts = [0], list(stretches(piece.notes.unbind(0), piece))
        for part in parts:
            begins.append(begins[-1] + part.steps // 8)
        cut = list(zip(parts, begins, strict=False))
        given = [given_of(part, TIMING, seed, before) for part, before in cut]
        for (part, before), told in zip(cut, play(served, given), strict=True):
            notes += require_same(part, told, TIMING, seed, before)
    assert notes > 1000


def test_any_form_s_band_plays_the_same_notes(served: Served) -> None:
    pieces = []
    for name, held in zip(FORMS, cycle(HELD), strict=False):
        text = (conf_folder() / "form" / f"{name}.yaml").read_text()
        form = read(Form, yaml.safe_load(text), name)
        pieces.append(random_piece(form, Encoding(held=held, rests=held == "begins"), len(name)))
    altered = Form("altered", ("Dm9b5 G7alt", "CmM9", "F13#11", "Eb7#5#9 Ab7b5b9/D"), bars=4)
    pieces.append(random_piece(altered, Encoding(), 1))
    for metre in METRES:
        form = syncopated_form(metre, 4)
        pieces.append(Piece(form.chord_tensor(), form))
    timings = [TIMING if piece.form.time.swings else Timing(90) for piece in pieces]
    given = [given_of(*pair, 3, 24) for pair in zip(pieces, timings, strict=True)]
    notes = [
        require_same(piece, told, timing, 3, 24)
        for piece, timing, told in zip(pieces, timings, play(served, given), strict=True)
    ]
    assert min(notes) > 60


def test_a_fast_band_plays_the_same_notes(served: Served) -> None:
    (bebop,) = compose_pieces(load_trained("bebop"), 1, 1, seed=1)
    forms = [syncopated_form(metre, 6) for metre in METRES]
    pieces = [bebop, *(Piece(form.chord_tensor(), form) for form in forms)]
    timings = [Timing(300, 0.75 if piece.form.time.swings else 0.5) for piece in pieces]
    given = [given_of(*pair, 1) for pair in zip(pieces, timings, strict=True)]
    for piece, timing, told in zip(pieces, timings, play(served, given), strict=True):
        assert require_same(piece, told, timing, 1, 0) > 100


def test_a_copy_of_the_band_plays_on_alike(served: Served) -> None:
    form = syncopated_form("4/4", 2)
    code = """
    import { ChordBook } from "./music/chords.js";
    import { chordsOf } from "./music/piece.js";
    import { Scene } from "./music/scene.js";
    import { Band } from "./music/band.js";
    const [{ form, timing, seed, qualities, ...piece }] = given;
    const book = new ChordBook(qualities);
    const steps = piece.steps.map((row) => Uint8Array.from(row));
    const chords = chordsOf(steps, form, book);
    const stretch = { form, steps: steps.length, chords, melody: [] };
    const scene = new Scene(stretch, timing, seed, 0, book);
    const bar = (band, at) => [band.comping(scene, at), band.walk.bar(scene, at)];
    const band = new Band();
    const told = form.chords.map((_, at) => {
      const other = band.copy();
      return [bar(other, at), bar(band, at)];
    });
    console.log(JSON.stringify(told));
    """
    told = run_deno(served, code, given_of(Piece(form.chord_tensor(), form), TIMING, 1))
    assert len(told) == form.bars
    for copied, own in told:
        assert copied == own


def random_piece(form: Form, encoding: Encoding, seed: int) -> Piece:
    """A chorus of a form, its chords now and then wrong, with a melody at random."""
    generator = torch.Generator().manual_seed(seed)
    notes = torch.zeros(form.steps, 12 + encoding.melody_units(form.melody_notes))
    notes[:, :12] = form.chord_tensor()
    melody = torch.randint(form.melody_notes + encoding.rests, (form.steps,), generator=generator)
    begins = torch.rand(form.steps, generator=generator) < 0.6
    held = torch.where(begins, torch.arange(form.steps), 0).cummax(0).values
    notes[:, 12:] = encoding.encode_melody(melody[held], begins, form.melody_notes)
    wrong = torch.rand(form.steps, generator=generator) < 0.05
    notes[wrong, :12] = (torch.rand(int(wrong.sum()), 12, generator=generator) < 0.3).float()
    return Piece(notes, form, encoding)


def test_other_keys_are_spelled_the_same(served: Served) -> None:
    form = load_trained(PRETRAINED).form
    chords = replace(form, chords=(*form.chords[:-2], "F#m7b5 B7/D#", "Dbmaj7"))
    code = """
    import { ChordBook } from "./music/chords.js";
    const book = new ChordBook(given[0].qualities);
    const told = given[0].keys.map((key) => {
      const by = book.intervalTo(given[0].form, key);
      return [by.semitones, by.letters, book.movedForm(given[0].form, by)];
    });
    console.log(JSON.stringify(told));
    """
    given = {"keys": KEYS, "form": form_data(chords), "qualities": music_data()["qualities"]}
    told = run_deno(served, code, given)
    for key, (semitones, letters, moved) in zip(KEYS, told, strict=True):
        by = interval_to(chords, key)
        assert (semitones, letters) == tuple(by)
        assert moved == form_data(moved_form(chords, by))


def test_midi_files_are_compose_s_to_the_byte(served: Served, tmp_path: Path) -> None:
    (piece,) = compose_pieces(load_trained(PRETRAINED), 1, 3, seed=2)
    code = """
    const told = given[0].map((one) => {
      const { metre } = one.form;
      const programs = { melody: 65, chords: 0, bass: 32, drums: 32 };
      const bars = play(one).played[one.band].map((parts) =>
        ({ parts, quarters: metre.quarters, tempo: one.timing.tempo, programs }));
      return [...midiFile(one.title, bars, metre)];
    });
    console.log(JSON.stringify(told));
    """
    (cut, *_) = stretches(piece.notes.unbind(0), piece)
    given = [given_of(cut, TIMING, 2) | {"band": band, "title": piece.title} for band in BANDS]
    for band, told in zip(BANDS, run_deno(served, PLAY + code, given), strict=True):
        path = tmp_path / f"{band}.mid"
        stream = MidiStream(path, TIMING, Arrangement(band, seed=2))
        stream.add(cut)
        stream.finish()
        assert bytes(told) == path.read_bytes(), band


IMPROVISE = """
import { ChordBook } from "./music/chords.js";
import { Improviser } from "./music/improviser.js";
import { NetworkPlayer } from "./kernel/player.js";
import { TorchRandom } from "./kernel/random.js";
const [networks, { qualities }] = ["networks", "music"].map((name) =>
  JSON.parse(Deno.readTextFileSync(`data/${name}.json`)));
const book = new ChordBook(qualities);
const network = networks.find(({ name }) => name === given[0]);
const sampling = { temperature: 1, topK: 0, greedy: false, voices: 1 };
const usual = { tempo: 132, swing: 0.62, band: "trio", key: "", sampling };
async function improviser(seed) {
  const player = await NetworkPlayer.load(network);
  return new Improviser(player, network, book, (s) => new TorchRandom(s), seed);
}
"""


def test_no_end_in_a_midi_file_cuts_another_note_whatever_was_set(served: Served) -> None:
    code = (
        IMPROVISE
        + """
    import { midiFile } from "./music/midi.js";
    const programs = { melody: 65, chords: 0, bass: 32, drums: 32 };
    const told = [];
    for (const seed of given[1]) {
      const made = await improviser(seed);
      const bars = Array.from({ length: 36 }, (_, bar) => {
        const [tempo, swing] = [168 + 44 * (bar % 4), 0.5 + 0.1 * (bar % 3)];
        const key = ["", "Eb", "A", "F"][bar % 4];
        const { band, form } = made.nextBar({ ...usual, tempo, swing, key });
        return { parts: band, quarters: form.metre.quarters, tempo, programs };
      });
      told.push([...midiFile("changed", bars, network.form.metre)]);
    }
    console.log(JSON.stringify(told));
    """
    )
    for network in served.data("networks"):
        for told in run_deno(served, code, network["name"], [1, 2, 3]):
            for track in mido.MidiFile(file=BytesIO(bytes(told))).tracks:
                require_room(track)


@pytest.mark.parametrize("temperature", [1.0, 1.7])
def test_the_same_seed_gives_compose_s_notes(served: Served, temperature: float) -> None:
    code = (
        IMPROVISE
        + """
    const told = [];
    for (const seed of given[1]) {
      const made = await improviser(seed);
      const playing = { ...usual, sampling: { ...sampling, temperature: given[2] } };
      const bars = Array.from({ length: 48 }, () => made.nextBar(playing));
      told.push({ notes: bars.flatMap(({ notes }) => notes.map((units) => [...units])),
        kinds: bars.map(({ kind }) => kind) });
    }
    console.log(JSON.stringify(told));
    """
    )
    sampling, seeds = Sampling(temperature=temperature), [1, 2, 3, 2**31 + 5]
    for network in served.data("networks"):
        name = network["name"]
        trained = load_trained(PRETRAINED if name == "report" else name)
        pieces = run_deno(served, code, name, seeds, temperature)
        for seed, told in zip(seeds, pieces, strict=True):
            (piece,) = compose_pieces(trained, 1, 4, seed=seed, sampling=sampling)
            assert told["notes"] == piece.notes.int().tolist(), (name, seed)
            assert told["kinds"] == piece.bar_kinds, (name, seed)


def test_heard_notes_settings_and_states_change_what_follows(served: Served) -> None:
    code = (
        IMPROVISE
        + """
    const rows = (bars) => bars.map(({ notes }) => notes.map((units) => [...units]));
    const made = await improviser(5);
    const plain = await improviser(5);
    const before = rows(Array.from({ length: 20 }, () => made.nextBar(usual)));
    const same = rows(Array.from({ length: 30 }, () => plain.nextBar(usual)));
    // Plans are made for a chorus; a change in its middle is heard from the next bar on.
    const hotter = { ...usual, sampling: { ...sampling, temperature: 3 } };
    const changed = rows(Array.from({ length: 10 }, () => made.nextBar(hotter)));
    const other = await improviser(5);
    for (let bar = 0; bar < 20; bar += 1) other.nextBar(usual);
    other.intervene((player) => player.forget(0));
    const forgot = Array.from({ length: 10 }, () => other.nextBar(usual));
    // A bar of someone else: silence is planned, and what was heard is played again.
    const trading = await improviser(5);
    const own = (bar) => bar % 2 === 0;
    const first = trading.nextBar({ ...usual, own });
    const theirs = trading.nextBar({ ...usual, own });
    const heard = theirs.notes.map((units) => units.slice(12).fill(0).fill(1, 4, 5));
    const answer = trading.nextBar({ ...usual, own, heard });
    const silent = await improviser(5);
    const [, , unheard] = Array.from({ length: 3 }, () => silent.nextBar({ ...usual, own }));
    console.log(JSON.stringify({
      before, same, changed, forgot: rows(forgot), disturbed: forgot.map((bar) => bar.disturbed),
      first: rows([first])[0], theirs: theirs.melody, kind: theirs.kind, own: theirs.own,
      answer: answer.inside[0], unheard: unheard.inside[0],
    }));
    """
    )
    told = run_deno(served, code, "report")
    assert told["before"] == told["same"][:20]
    assert told["changed"] != told["same"][20:30]
    assert told["forgot"] != told["same"][20:30]
    assert told["disturbed"] == [True] + [False] * 9
    assert told["first"] == told["same"][0]
    assert (told["theirs"], told["kind"], told["own"]) == ([], None, False)
    # What was played is heard: the states of the blocks that see the melody are others.
    assert told["answer"]["s"] != told["unheard"]["s"]


def test_a_visit(open_page: Opener, tmp_path: Path) -> None:
    trained = load_trained(PRETRAINED)
    opened = open_page("#seed=7&tempo=240&swing=0.6&band=comp")
    page = opened.page
    # Nothing was played yet: the files are the seed's first choruses, compose's to the byte.
    page.click("#tab-take")
    page.get_by_role("spinbutton", name="Last choruses").fill("2")
    page.get_by_role("spinbutton", name="Last choruses").press("Tab")
    with page.expect_download() as given:
        page.click("text=MIDI file")
    (piece,) = compose_pieces(trained, 1, 2, seed=7)
    stream = MidiStream(tmp_path / "compose.mid", Timing(240, 0.6), Arrangement("comp", seed=7))
    for stretch in stretches(piece.notes.unbind(0), piece):
        stream.add(stretch)
    stream.finish()
    given.value.save_as(tmp_path / "page.mid")
    assert given.value.suggested_filename == "bebop_blues_seed7_choruses1-2.mid"
    assert (tmp_path / "page.mid").read_bytes() == (tmp_path / "compose.mid").read_bytes()
    link = page.get_by_label("Link", exact=True).input_value()
    for setting in ("network=report", "seed=7", "tempo=240", "swing=0.6", "band=comp"):
        assert setting in link

    # The space bar plays; bars go by; a setting acts from the next bar that is made.
    page.click("#tab-listen")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    page.locator(".words li").nth(2).wait_for(state="attached")
    assert page.locator("#play").inner_text() == "Stop"
    page.wait_for_selector(".sheet [aria-current]")
    assert "Chorus 1, bar" in page.locator("#part-listen .now").inner_text()
    changes = {"tempo": 200, "key": "Eb", "band": "trio", "temperature": 1.5}
    made = page.evaluate(
        """(changes) => new Promise((resolve) => {
          for (const [key, value] of Object.entries(changes)) app.settings.set(key, value);
          const end = app.session.transport.on("made", ({ bar }) => { end(); resolve({
            tempo: bar.tempo, form: bar.form.chords[0], roles: bar.band.map(({ role }) => role) });
          });
        })""",
        changes,
    )
    assert made == {"tempo": 200, "form": "Eb", "roles": ["melody", "chords", "bass", "drums"]}
    drawn = """() => { const canvas = document.querySelector(".roll");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Set(data).size; }"""
    assert page.evaluate(drawn) > 5
    page.keyboard.press("Space")
    assert page.locator("#play").inner_text() == "Play"
    page.click("summary:has-text('The music in words')")
    assert "Chorus 1, bar 1: C;" in page.locator(".words li").last.inner_text()

    # What was heard can be taken away, as sound too.
    page.click("#tab-take")
    assert "From bar 1 of chorus 1" in page.locator("#part-take").inner_text()
    with page.expect_download(timeout=60_000) as given:
        page.click("text=WAV recording")
    given.value.save_as(tmp_path / "page.wav")
    sound, rate = soundfile.read(tmp_path / "page.wav")
    assert rate == 44100
    assert sound.shape[1] == 2
    assert 0.05 < abs(sound).max() < 1
    opened.require_clean()


@pytest.mark.slow
def test_the_link_gives_the_same_music_again(open_page: Opener) -> None:
    opened = open_page("#seed=11&temperature=1.4&tab=take")
    notes = """async () => {
      const { composed } = await import("./music/taken.js");
      return (await composed(app, 2)).map(({ notes, band }) =>
        [notes.map((units) => [...units]), band]);
    }"""
    link = opened.page.get_by_label("Link", exact=True).input_value()
    again = open_page(link.removeprefix(open_page.served.address))
    assert opened.page.evaluate(notes) == again.page.evaluate(notes)


@pytest.mark.slow
@pytest.mark.alone
def test_sound_begins_within_two_seconds_of_the_click(open_page: Opener) -> None:
    opened = open_page()
    seconds = opened.page.evaluate(
        """() => new Promise((resolve) => {
          const { transport } = app.session;
          let clicked = 0;
          transport.on("step", () => resolve((performance.now() - clicked) / 1000));
          setTimeout(() => {
            clicked = performance.now();
            document.getElementById("play").click();
          }, 0);
        })"""
    )
    print(f"first sound {seconds:.2f} s after the click")
    assert seconds < 2
