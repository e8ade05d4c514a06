"""What the page's own parts compute and show: typed chords, bars, the return of the form."""

import shlex
from typing import Any

import pytest
import yaml
from page_support import Served, run_deno

from lstm_blues.browser.music import form_data, library_data, music_data
from lstm_blues.music.bars import BarLibrary
from lstm_blues.music.form import Form
from lstm_blues.music.metre import Metre
from lstm_blues.music.reading.score import Score, Tone
from lstm_blues.music.reading.sheet import sheets_of
from lstm_blues.runs.config import compose_config, read
from lstm_blues.runs.settings import settings_from


def run(served: Served, code: str, given: object = None) -> Any:
    """What the body of a function of `given`, after its import lines, returns in the page."""
    lines = code.strip().splitlines()
    imports = [line for line in lines if line.strip().startswith("import ")]
    body = [line for line in lines if line not in imports]
    wrapped = ["const told = ((given) => {", *body, "})(given[0]);"]
    shown = "console.log(JSON.stringify(told));"
    return run_deno(served, "\n".join([*imports, *wrapped, shown]), given)


READ = """
import { ChordBook } from "./music/chords.js";
import { chordsByStep, symbolsByStep } from "./music/encoding.js";
import { readForm, writeForm } from "./music/form.js";
const book = new ChordBook(given.qualities);
const metre = (text) => given.metres.find((one) => one.text === text);
"""

EIGHTHS = 8


def test_the_songbook_as_text_reads_back_as_the_same_units(served: Served) -> None:
    songbook = music_data()
    found = run(
        served,
        READ
        + """
        return given.forms.map((form) => {
          const again = readForm(writeForm(form), form.metre, book);
          return { form: again, units: chordsByStep(again, book), symbols: symbolsByStep(again) };
        });
        """,
        songbook | {"forms": [data for data in songbook["forms"] if _in_eighths(data)]},
    )
    assert len(found) > 30
    for one in found:
        data = one["form"]
        assert data["bars"] == len(data["chords"])
        form = Form(
            "own", tuple(data["chords"]), data["bars"], data["stepsPerBar"],
            metre=data["metre"]["text"],
        )  # fmt: skip
        units = ["".join(map(str, row)) for row in form.chord_tensor().int().tolist()]
        assert one["units"] == units
        assert tuple(one["symbols"]) == form.symbols
    names = {data["name"] for data in songbook["forms"] if _in_eighths(data)}
    assert {"plain_blues", "blues_waltz", "jig", "slow_blues"} <= names


def _in_eighths(data: dict) -> bool:
    metre = data["metre"]
    eighths = EIGHTHS * metre["numerator"] // metre["denominator"]
    return data["stepsPerBar"] == eighths


NONSENSE = {
    "C7 | H7": "Bar 2: “H7” is not a chord symbol",
    "C7 | F7 Xm": "Bar 2: “Xm” is not a chord symbol",
    "C7 | | F7": "Bar 2 is empty",
    "% | C7": "Bar 1 is %, but there is no bar before",
    "C7 | % F7": "Bar 2 is “% F7”, but % stands for a whole bar",
    "C F G | C D E F G": "Bar 2 is “C D E F G”: 5 chords do not share a bar of 4/4 equally",
    " \n ": "There are no chords yet",
    "C|" * 65: "There are 65 bars, but there may be 64 at most",
}


def test_nonsense_is_said_with_its_bar(served: Served) -> None:
    messages = run(
        served,
        READ
        + """
        return given.texts.map((text) => {
          try { readForm(text, metre("4/4"), book); return null; }
          catch (error) { return error.constructor.name + ": " + error.message; }
        });
        """,
        music_data() | {"texts": list(NONSENSE)},
    )
    for message, said in zip(messages, NONSENSE.values(), strict=True):
        assert message.startswith(f"PageError: {said}")
        assert message.endswith(".")


def test_typed_chords_in_any_layout(served: Served) -> None:
    texts = ["C7 | F7 | % | Dm7 G7", "| C7 | F7 |\n| % | Dm7 G7 ||", "C7\r\nF7\n\n%\nDm7  G7\n"]
    found = run(
        served,
        READ
        + """
        const forms = given.texts.map((text) => readForm(text, metre("3/4"), book));
        return forms.map(({ chords, stepsPerBar }) => ({ chords, stepsPerBar }));
        """,
        music_data() | {"texts": texts},
    )
    assert found == [{"chords": ["C7", "F7", "F7", "Dm7 G7"], "stepsPerBar": 6}] * 3


STEPS = {
    ("4/4", "C7 | F7 G7 | Dm7 G7 C6 A7"): 8,
    ("4/4", "C7 | Dm7 G7 C7"): 12,
    ("4/4", "C F G | C D E F G A B C"): 24,
    ("4/4", "C D E F G A B C D E F G A B C D"): 16,
    ("2/2", "C F G"): 12,
    ("2/4", "C F G"): 6,
    ("3/4", "C F | C F G | C"): 6,
    ("3/4", "C F G Am | C"): 12,
    ("3/2", "C F G"): 12,
    ("3/8", "C | F G"): 6,
    ("6/8", "C F | G"): 6,
    ("6/8", "C F G Am | C"): 12,
    ("9/8", "C F G"): 9,
    ("9/8", "C F"): 18,
    ("12/8", "C F G Am | C F"): 12,
    ("5/4", "C F | G"): 10,
    ("5/4", "C F G | C D E F G"): 15,
    ("6/4", "C F G Am"): 12,
}
"""Steps per bar that typed chords take, by metre and text."""


def test_chords_share_bars_as_those_do_that_lead_sheet_is_given(served: Served) -> None:
    found = run(
        served,
        READ
        + """
        return given.texts.map(([time, text]) => {
          const form = readForm(text, metre(time), book);
          return [form, symbolsByStep(form)];
        });
        """,
        music_data() | {"texts": list(STEPS)},
    )
    for ((metre, text), steps), (data, symbols) in zip(STEPS.items(), found, strict=True):
        bars = [" ".join(bar.split()) for bar in text.split("|")]
        bar = Metre(metre).quarters
        tune = tuple(Tone(60, n * bar, (n + 1) * bar) for n in range(len(bars)))
        (sheet,) = sheets_of([Score("x", "x", metre, None, tune, (), (), tune, ())], chords=bars)
        assert data["stepsPerBar"] == steps == sheet.steps_per_bar, text
        assert symbols == sheet.chords
        form = Form("own", tuple(data["chords"]), len(bars), steps, metre=metre)
        assert list(form.symbols) == symbols


@pytest.fixture(scope="module")
def report() -> tuple[Form, BarLibrary]:
    settings = settings_from(compose_config(["+experiment=melody"]))
    assert settings.bars is not None
    return settings.form, settings.bars


def test_bars_survive_the_address(served: Served, report: tuple[Form, BarLibrary]) -> None:
    form, library = report
    bars = library_data(library, form)
    found = run(
        served,
        """
        import { readBars, writeBars } from "./music/segments.js";
        const text = writeBars(given.bars, given.form);
        const address = new URLSearchParams([["learn.bars", text]]).toString();
        return { text, address, bars: readBars(text, given.form) };
        """,
        {"form": form_data(form), "bars": bars},
    )
    assert found["bars"] == bars
    assert found["address"] == f"learn.bars={found['text']}", "nothing to be escaped"


def test_bars_of_another_form_are_kept(served: Served) -> None:
    found = run(
        served,
        """
        import { readBars, withBar } from "./music/segments.js";
        const form = (bars, stepsPerBar) => ({ bars, stepsPerBar, chords: Array(bars).fill("C"),
          lowestMelodyNote: 60, melodyNotes: 13 });
        const text = "a---*b---.c---.zz--";
        const rest = { notes: [-1, -1, -1, -1], begins: [1, 0, 0, 0] };
        return [
          readBars(text, form(4, 4)), readBars(text, form(2, 6)).flat(),
          withBar(text, 0, [rest], form(2, 4)), withBar(text, 4, [rest], form(5, 4)),
        ];
        """,
    )
    more, other_metre, fewer, grown = found
    assert [[segment["notes"] for segment in bar] for bar in more] == [
        [[60] * 4, [61] * 4],
        [[62] * 4],
        [[-1] * 4] * 2,
        [[-1] * 4] * 2,
    ]
    assert all(segment["notes"] == [-1] * 6 for segment in other_metre)
    assert fewer == "_---.c---.zz--", "what lies beyond the form is kept"
    assert grown == "a---*b---.c---.zz--._---*_---._---"


def test_notes_are_put_held_and_taken(served: Served) -> None:
    found = run(
        served,
        """
        import { silence, withNote, lastStep } from "./music/segments.js";
        const form = { stepsPerBar: 8 };
        let one = withNote(silence(form), { from: 2, to: 7, note: 60 });
        const begun = one;
        one = withNote(one, { from: 4, to: 5, note: 64 });
        const within = one;
        one = withNote(one, { from: 2, to: 3, note: -1 });
        return [begun, within, one, lastStep(begun, 2)];
        """,
    )
    begun, within, rested, last = found
    assert begun == {"notes": [-1, -1] + [60] * 6, "begins": [1, 0, 1, 0, 0, 0, 0, 0]}
    assert within == {
        "notes": [-1, -1, 60, 60, 64, 64, 60, 60],
        "begins": [1, 0, 1, 0, 1, 0, 1, 0],
    }
    assert rested == {
        "notes": [-1, -1, -1, -1, 64, 64, 60, 60],
        "begins": [1, 0, 0, 0, 1, 0, 1, 0],
    }, "rests that follow one another are one"
    assert last == 7


WATCH = """
import { Watch } from "./music/watch.js";
return given.map(({ form, stepsPerBar, place, length, played }) => {
  const watch = new Watch(form, stepsPerBar, place, length);
  for (const chord of played) watch.add(chord);
  return watch.verdict();
});
"""

RETURNS = {
    (0, 0, 0): "The form went on without one wrong chord.",
    (5, 0, 0): "The form came back after 1 bar and 1 step, at its place.",
    (5, 2, 0): "The form came back after 1 bar and 1 step, shifted: 2 steps late.",
    (8, 12, 0): "The form came back after 2 bars, shifted: 1 bar early.",
    (4, 0, 4): "The form went on right after what it heard, at its place.",
    (70, 0, 0): "The form has not come back in 4 choruses: it is lost so far.",
}
"""By steps that are wrong, steps that the form is late then, and steps that are not counted."""


def test_the_return_of_the_form(served: Served) -> None:
    form, place = list("aaaabbbbccccdddd"), 3

    def played(wrong: int, late: int, length: int) -> dict[str, object]:
        after = [form[(place + step - late) % 16] for step in range(wrong, 70)]
        given = {"form": form, "stepsPerBar": 4, "place": place, "length": length}
        return given | {"played": ["z"] * wrong + after}

    verdicts = run(served, WATCH, [played(*case) for case in RETURNS])
    for (wrong, late, _), said, verdict in zip(RETURNS, RETURNS.values(), verdicts, strict=True):
        assert verdict["text"] == said
        if verdict["state"] == "back":
            assert (verdict["steps"], verdict["late"]) == (wrong, late)


def test_only_a_whole_chorus_is_the_form(served: Served) -> None:
    form = list("aaaabbbbccccdddd")
    given = {"form": form, "stepsPerBar": 4, "place": 0, "length": 0}
    played = ["z", *form[1:]]
    cases = [given | {"played": played}, given | {"played": [*played, form[0]]}]
    assert [verdict["state"] for verdict in run(served, WATCH, cases)] == [
        "watching",
        "back",
    ]


AFTERMATH = """
import { Aftermath } from "./music/aftermath.js";
const form = [..."aaaabbbbccccdddd"];
const told = given[0].map(({ acts, first }) => {
  const aftermath = new Aftermath(form, 4);
  const said = [];
  let ahead = { index: first, late: 0, disturbed: false };
  const make = (changes = {}) => {
    const made = { ...ahead, ...changes };
    made.barInForm = made.index % 4;
    aftermath.made(made);
    ahead = { ...made, index: made.index + 1, disturbed: false };
    return made;
  };
  const sound = (bar) => {
    const verdict = aftermath.begins(bar);
    for (let step = 0; step < 4; step += 1) {
      aftermath.heard(form[(bar.index * 4 + step - bar.late + 16) % 16]);
    }
    said.push([verdict?.state ?? null, aftermath.late, aftermath.placeOf(bar, 0),
      aftermath.isUnderWay]);
  };
  let waiting = make();
  for (const act of acts) {
    if (act === "ask") aftermath.ask(0);
    else {
      const next = make(act); // a bar is made while the one before sounds
      sound(waiting);
      waiting = next;
    }
  }
  return said;
});
console.log(JSON.stringify(told));
"""

PLAIN, DONE_TO, ANEW = {}, {"disturbed": True, "late": 6}, {"index": 0, "late": 0}


def test_new_music_knows_of_no_disturbance(served: Served) -> None:
    shifted = ["ask", DONE_TO, *[PLAIN] * 5]
    cases = [
        {"first": 4, "acts": shifted},
        {"first": 4, "acts": [*shifted, ANEW, PLAIN]},
        {"first": 4, "acts": ["ask", DONE_TO, PLAIN, ANEW, *[PLAIN] * 5]},
        {"first": 4, "acts": ["ask", ANEW, PLAIN, PLAIN]},
        # Asked for while the first bar waits to sound: the second has it.
        {"first": 0, "acts": ["ask", DONE_TO, PLAIN, PLAIN]},
    ]
    back, again, watched, asked, early = run_deno(served, AFTERMATH, cases)
    assert back[-1] == ["back", 6, (9 * 4 - 6) % 16, False]
    assert again[-1] == [None, 0, 0, False], "it is drawn where the new music is"
    assert [state for state, *_ in watched] == [None, None, "watching"] + [None] * 5
    assert not any(under_way for *_, under_way in asked), "the music before never comes to it"
    assert [state for state, *_ in early] == [None, None, "watching"]
    assert all(under_way for *_, under_way in early)


def test_settings_undo_and_the_address(served: Served) -> None:
    found = run(
        served,
        """
        import { Settings } from "./settings.js";
        import { choice, flag, number, text } from "./kinds.js";
        const settings = new Settings();
        const refused = [];
        settings.refused = (error) => refused.push(error.message);
        settings.fromHash("#tempo=9000&band=trio&late=5");
        settings.declare("tempo", number("The tempo", 120, { min: 40, max: 300 }));
        settings.declare("band", choice("The band", "none", ["none", "trio"]));
        const first = [settings.get("tempo"), settings.get("band"), settings.toHash()];
        settings.set("tempo", 130); settings.set("tempo", 140); settings.set("band", "none");
        const hash = settings.toHash();
        settings.undo();
        const once = [settings.get("tempo"), settings.get("band")];
        settings.undo();
        const twice = [settings.get("tempo"), settings.get("band"), settings.canUndo];
        let said = null;
        try { settings.set("tempo", NaN); } catch (error) { said = error.message; }
        settings.declare("late", number("Late", 0, { min: 0, max: 9 }));
        return { refused, first, hash, once, twice, said, late: settings.get("late") };
        """,
    )
    assert found["refused"] == ["The tempo is 9000, but must be a number from 40 to 300."]
    assert found["first"] == [120, "trio", "late=5&band=trio"]
    assert found["hash"] == "late=5&tempo=140"
    assert found["once"] == [140, "trio"]
    assert found["twice"] == [120, "trio", False], "quick changes of one setting are undone as one"
    assert found["said"] == "The tempo is not a number, but must be a number from 40 to 300."
    assert found["late"] == 5


def test_what_is_set_at_once_is_undone_at_once_and_by_name(served: Served) -> None:
    found = run(
        served,
        """
        import { Settings } from "./settings.js";
        import { choice, text } from "./kinds.js";
        const settings = new Settings();
        settings.declare("metre", choice("The metre", "4/4", ["4/4", "3/4"]));
        settings.declare("chords", text("The text of the chords", "C", 4));
        settings.declare("key", choice("key", "", ["", "C", "Eb"]));
        const said = [];
        for (const wrong of [{ metre: "3/4", chords: "C7 | F" }, { key: "H" }]) {
          try { settings.setAll(wrong); } catch (error) { said.push(error.message); }
        }
        const none = [settings.get("metre"), settings.canUndo];
        settings.setAll({ metre: "3/4", chords: "C7" });
        settings.setAll({ metre: "3/4", chords: "F7" });
        const undone = settings.undo();
        return { said, none, undone, now: ["metre", "chords"].map((key) => settings.get(key)) };
        """,
    )
    assert found["said"] == [
        "The text of the chords has 6 characters, but may have 4.",
        "key is “H”, but must be one of C, Eb.",
    ]
    assert found["none"] == ["4/4", False], "all of them or none"
    assert found["undone"] == ["The text of the chords"], "the metre stayed the second time"
    assert found["now"] == ["3/4", "C7"]


def test_what_a_browser_lacks_is_a_sentence(served: Served) -> None:
    found = run(
        served,
        """
        import { lacking, sentence, PageError } from "./errors.js";
        const all = { WebAssembly, AudioContext: class {}, Worker: class {} };
        return {
          nothing: lacking(all),
          wasm: lacking({ ...all, WebAssembly: undefined }).needed,
          audio: lacking({ ...all, AudioContext: undefined }).missed,
          said: [sentence(new PageError("A.")), sentence(new Error("bad thing."))],
        };
        """,
    )
    assert found["nothing"] == {"needed": [], "missed": []}, "this very machine has 128-bit SIMD"
    assert found["wasm"] == ["This browser has no WebAssembly, which the network runs in."]
    assert len(found["audio"]) == 1
    assert found["said"][0] == "A."
    assert found["said"][1].endswith("did not foresee: bad thing.")


def test_the_command_learns_the_same_form(served: Served, report: tuple[Form, BarLibrary]) -> None:
    songbook = music_data()
    text = "C | F#m7b5 Bb7/D | % | Ebmaj7 C6/9"
    command, bars = run(
        served,
        READ
        + """
        import { barsFile, nativeCommand } from "./learning/command.js";
        import { noteName } from "./music/chords.js";
        const form = readForm(given.text, metre("3/4"), book);
        const request = { form, seed: 7, bars: given.segments };
        return [nativeCommand(request, given.command), barsFile(given.segments, "own", noteName)];
        """,
        songbook
        | {
            "text": text,
            "segments": library_data(report[1], report[0]),
            "command": served.data("learning")["own"]["command"],
        },
    )
    program, *overrides = shlex.split(command)[2:]
    assert program == "lstm_blues.train"
    assert overrides.pop() == "bars=own"
    settings = settings_from(compose_config(overrides))
    assert settings.seed == 7
    chords = ("C", "F#m7b5 Bb7/D", "F#m7b5 Bb7/D", "Ebmaj7 C6/9")
    assert settings.form == Form("own", chords, 4, 6, metre="3/4")
    read_back = read(BarLibrary, yaml.safe_load(bars), "own.yaml")
    assert library_data(read_back, report[0]) == library_data(report[1], report[0])


def test_what_was_learned_keeps_its_name(served: Served) -> None:
    names = run(
        served,
        """
        import { numbered } from "./learning/numbered.js";
        const networks = [];
        return ["aa", "bb", "aa", "cc", "bb"].map((hash) => {
          const learned = { network: { form: hash }, hash, name: "own-1", title: "Own" };
          const one = numbered(networks, learned);
          if (!networks.some(({ name }) => name === one.name)) networks.push(one);
          return [one.name, one.title, one.form];
        });
        """,
    )
    first, second = ["own-1", "Own", "aa"], ["own-1-2", "Own (2)", "bb"]
    assert names == [first, second, first, ["own-1-3", "Own (3)", "cc"], second]


STOPPED = """
import { commandOf } from "./learning/command.js";
const done = { ended: true, phase: "chords", steps: 5000 };
const cases = [{}, { ended: false }, { ended: false, phase: "melody" }, { ended: false, steps: 0 }];
const request = { run: "melody", seed: 2 };
const own = { ...request, run: "own" };
return [...cases.map((one) => commandOf(request, "train +a", { ...done, ...one })),
  commandOf(own, "train +own", done), commandOf(own, "train +own", { ...done, ended: false })];
"""


def test_a_command_is_given_where_one_ends_in_the_same(served: Served) -> None:
    whole = "train +a seed=2"
    limited = f"{whole} run.step_limit=5000"
    expected = [whole, limited, None, None, "train +own seed=2", None]
    assert run(served, STOPPED) == expected
