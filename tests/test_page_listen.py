"""The page's musicians: the notes of the same seed are Python's, note for note."""

import random
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from page_support import Served, run_deno

from lstm_blues.browser.music import encoding_data, form_data, library_data, music_data
from lstm_blues.music.encoding import HELD, Encoding
from lstm_blues.music.form import Form
from lstm_blues.music.piece import Piece, stretches
from lstm_blues.music.timing import Timing
from lstm_blues.music.transpose import KEYS, interval_to, moved_form
from lstm_blues.output.parts import BANDS, Arrangement
from lstm_blues.output.performance import perform
from lstm_blues.output.streams import MidiStream
from lstm_blues.playing.sampler import Sampling
from lstm_blues.runs.config import compose_config
from lstm_blues.runs.settings import settings_from
from lstm_blues.runs.trained import PRETRAINED, compose_pieces, load_trained

TIMING = Timing(132, 0.62)

FORMS = ("bebop_blues", "rhythm_changes", "blues_waltz", "slow_blues", "five_four_vamp", "jig")

PLAY = """
import { ChordBook } from "./music/chords.js";
import { chordsOf, melodyOf, endsStretch } from "./music/piece.js";
import { Scene } from "./music/band.js";
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
        parts = perform(piece, timing, Arrangement(band, seed=seed), before)
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
    for name, held in product(FORMS, HELD):
        form = settings_from(compose_config(["+experiment=chords", f"form={name}"])).form
        pieces.append(random_piece(form, Encoding(held=held, rests=held == "begins"), len(name)))
    timings = [TIMING if piece.form.time.swings else Timing(90) for piece in pieces]
    given = [given_of(*pair, 3, 24) for pair in zip(pieces, timings, strict=True)]
    notes = [
        require_same(piece, told, timing, 3, 24)
        for piece, timing, told in zip(pieces, timings, play(served, given), strict=True)
    ]
    assert min(notes) > 60


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
    trained, seeds = load_trained(PRETRAINED), [1, 2, 3, 2**31 + 5]
    sampling = Sampling(temperature=temperature)
    for seed, told in zip(seeds, run_deno(served, code, "report", seeds, temperature), strict=True):
        (piece,) = compose_pieces(trained, 1, 4, seed=seed, sampling=sampling)
        assert told["notes"] == piece.notes.int().tolist()
        assert told["kinds"] == piece.bar_kinds
