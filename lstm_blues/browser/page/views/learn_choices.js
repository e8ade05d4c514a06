// @ts-check
/** What to learn: one of the report's experiments, or chords and a melody of one's own. */

import { numberField, select, tick } from "../controls.js";
import { make, uniqueId } from "../dom.js";
import { PageError, sentence } from "../errors.js";
import { choice, flag, number, text } from "../kinds.js";
import { ChordBook } from "../music/chords.js";
import { readForm, writeForm } from "../music/form.js";
import { Editor } from "./edit.js";

/** @typedef {import("../app.js").App} App */
/** @import { FormData as Form } from "../kernel/network.js" */
/** @typedef {import("../learning/worker.js").Request} Request */

/**
 * @typedef {object} Chosen
 * @property {Request} request
 * @property {Form} form
 * @property {string} title    what is learned, in words
 * @property {string} command  that learns the same natively, without the seed
 */

const OWN = "own";
const MOST_SEED = 2 ** 31 - 1;
const MOST_TEXT = 4000;

export class LearnChoices {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.book = new ChordBook(app.data.qualities, app.data.spellings);
    /** @type {Set<() => void>} */
    this.listeners = new Set();
    this.#declare();
    this.editor = new Editor(app);
    this.mistake = make("p", { class: "message error", role: "status", hidden: true });
    this.own = this.#own();
    this.root = make(
      "div",
      {},
      make(
        "div",
        { class: "controls" },
        select(app, "learn.run", { label: "What to learn", options: this.#runs() }),
        numberField(app, "learn.seed", { label: "Seed", min: 0, max: MOST_SEED }),
      ),
      this.own,
    );
    for (const key of ["run", "chords", "metre", "melody"]) {
      app.settings.on(`learn.${key}`, () => this.#changed());
    }
    this.#changed();
  }

  /** Calls back when there is something else to learn. @param {() => void} listener */
  onChange(listener) {
    this.listeners.add(listener);
  }

  /** The form to learn; null where what is typed is none. @type {Form | null} */
  form = null;

  /** Why what is typed is no setting at all, as it is too long. @type {unknown} */
  refused = null;

  /**
   * What is to be learned, now.
   * @returns {Chosen}
   * @throws {PageError} where there is nothing that can be learned
   */
  take() {
    const { settings, data } = this.app;
    const [run, seed] = [settings.get("learn.run"), settings.get("learn.seed")];
    if (run !== OWN) {
      const { title, command, form } = data.runs.find((/** @type {any} */ one) => one.name === run);
      return { request: { run, seed }, form, title, command };
    }
    const form = this.#typed();
    if (settings.get("learn.melody") && !this.editor.hasNotes) {
      throw new PageError(
        "The melody has no note yet: click some into its bars, begin from a library, or learn the " +
          "chords alone.",
      );
    }
    const bars = settings.get("learn.melody") ? this.editor.bars ?? undefined : undefined;
    return {
      request: { run, seed, form, bars },
      form,
      title: "your form",
      command: data.own.command,
    };
  }

  #declare() {
    const { settings, data } = this.app;
    const metres = data.metres.map((/** @type {any} */ metre) => metre.text);
    const runs = this.#runs().map(([name]) => name);
    const first = data.forms.find((/** @type {Form} */ { name }) => name === "major_seventh_blues");
    settings.declare("learn.run", choice("What to learn", "chords", runs));
    settings.declare("learn.seed", number("The seed", 1, { min: 0, max: MOST_SEED, whole: true }));
    settings.declare("learn.metre", choice("The metre", "4/4", metres));
    settings.declare(
      "learn.chords",
      text("The text of the chords", writeForm(first ?? data.forms[0]), MOST_TEXT),
    );
    settings.declare("learn.melody", flag("With a melody", false));
    settings.declare("learn.bars", { ...text("The melody", "", MOST_TEXT), apart: true });
  }

  /** @returns {[string, string][]} */
  #runs() {
    const runs = this.app.data.runs.map((/** @type {any} */ run) => [run.name, run.title]);
    return [...runs, [OWN, "Chords of your own"]];
  }

  #own() {
    const { app } = this;
    const id = uniqueId("chords");
    const area = make("textarea", { id, spellcheck: "false", autocapitalize: "none", rows: 4 });
    const follow = (/** @type {string} */ value) => {
      this.refused = null;
      if (area.value !== value) area.value = value;
    };
    app.settings.on("learn.chords", follow);
    follow(app.settings.get("learn.chords"));
    area.addEventListener("input", () => {
      this.refused = null;
      try {
        app.settings.set("learn.chords", area.value);
      } catch (error) {
        this.refused = error;
      }
      this.#changed();
    });
    const hint = make("p", { class: "lead", id: `${id}-hint`, text: HINT });
    area.setAttribute("aria-describedby", `${id}-hint`);
    this.melody = make(
      "details",
      {},
      make("summary", { text: "The melody's bars" }),
      make("p", { text: MELODY_HINT }),
      this.editor.root,
    );
    return make(
      "div",
      { class: "own" },
      make(
        "div",
        { class: "controls" },
        this.#songbook(),
        select(app, "learn.metre", {
          label: "Metre",
          options: app.data.metres.map((/** @type {any} */ { text }) => [text, text]),
        }),
      ),
      make("div", { class: "field" }, make("label", { for: id, text: "Chords" }), area),
      hint,
      this.mistake,
      tick(app, "learn.melody", { label: "Learn a melody, too, of bars that you click" }),
      this.melody,
    );
  }

  /** A list whose choice is written into the text. */
  #songbook() {
    const { app } = this;
    const forms = /** @type {Form[]} */ (app.data.forms);
    const usable = forms.filter((form) => this.#reads(form));
    const input = make(
      "select",
      { id: uniqueId("songbook") },
      make("option", { value: "", text: "choose a form …" }),
      ...usable.map(({ name, bars }) =>
        make("option", { value: name, text: `${name.replaceAll("_", " ")}, ${bars} bars` })
      ),
    );
    input.addEventListener("change", () => {
      const form = forms.find(({ name }) => name === input.value);
      if (!form) return;
      app.settings.setAll({ "learn.metre": form.metre.text, "learn.chords": writeForm(form) });
      input.value = "";
    });
    return make(
      "div",
      { class: "field" },
      make("label", { for: input.id, text: "Begin from the songbook" }),
      make("div", { class: "row" }, input),
    );
  }

  /** Whether a form of the songbook can be typed, with no finer steps than it needs. @param {Form} form */
  #reads(form) {
    try {
      return readForm(writeForm(form), form.metre, this.book).stepsPerBar === form.stepsPerBar;
    } catch {
      return false;
    }
  }

  #typed() {
    if (this.refused !== null) throw this.refused;
    const { settings, data } = this.app;
    const wanted = settings.get("learn.metre");
    const metre = data.metres.find((/** @type {any} */ { text }) => text === wanted);
    return readForm(settings.get("learn.chords"), metre, this.book);
  }

  #changed() {
    const { settings, data } = this.app;
    const run = settings.get("learn.run");
    this.own.hidden = run !== OWN;
    this.mistake.hidden = true;
    if (run !== OWN) {
      this.form = data.runs.find((/** @type {any} */ { name }) => name === run).form;
    } else {
      try {
        this.form = this.#typed();
        this.editor.setForm(this.form);
      } catch (error) {
        this.form = null;
        this.mistake.textContent = sentence(error);
        this.mistake.hidden = false;
      }
      if (this.melody) {
        this.melody.hidden = !settings.get("learn.melody");
        if (settings.get("learn.melody")) this.melody.open = true;
      }
    }
    for (const listener of this.listeners) listener();
  }
}

const HINT =
  "Bar lines or line breaks between bars, spaces between the chords of a bar, which share it equally, " +
  "% for the bar before; up to 64 bars, in steps of an eighth note, or shorter ones where chords need them.";

const MELODY_HINT =
  "In every bar one of its segments is drawn at random (section 2.3). Click a square for a note, drag " +
  "to hold it, click its beginning again for a rest; by keys: arrows, Enter, Shift and arrows, Delete. " +
  "Where a note is repeated, it sounds as one that is held, as in the report (section 2.2).";
