// @ts-check
/** Look inside: states and gates of every block beside the music, and what a disturbance does. */

import { button, radios, select } from "../controls.js";
import { make, perFrame } from "../dom.js";
import { choice } from "../kinds.js";
import { chordsOf } from "../learning/roll.js";
import { ChordBook } from "../music/chords.js";
import { chordsByStep, symbolsByStep } from "../music/form.js";
import { Watch } from "../music/watch.js";
import { onScheme } from "../palette.js";
import { BlockStrip, ChordStrip } from "./inside_strips.js";
import {
  blockName,
  habit,
  LOST,
  ofForgetting,
  ofWrongChord,
  SHIFTED,
  UNDISTURBED,
  values,
} from "./inside_words.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("./inside_words.js").Block} Block */

/** Chords that may be sounded; those of other keys are far from the form. */
const CHORDS = ["F#7", "Db7", "Ab7", "Ebm7", "Bdim", "E7", "C", "F7", "G7"];

const LEAD =
  "The network's memory, live. Press a block and it forgets; let it hear a wrong chord; and see whether " +
  "the form comes back, comes back shifted, or stays lost.";

/** @param {HTMLElement} root @param {App} app */
export function mount(root, app) {
  const view = new InsideView(root, app);
  return { show: () => view.show(), hide: () => view.hide() };
}

class InsideView {
  /** @param {HTMLElement} root @param {App} app */
  constructor(root, app) {
    this.app = app;
    this.book = new ChordBook(app.data.qualities);
    const { settings } = app;
    settings.declare("inside.chord", choice("The wrong chord", CHORDS[0], CHORDS));
    settings.declare("inside.length", choice("Its length", "step", ["step", "bar"]));
    this.play = button("Play", () => app.session.toggle(), { class: "primary" });
    this.wrong = button("Sound it", () => this.soundWrongChord());
    this.blocks = make("div", { class: "blocks" });
    this.values = make("p", { class: "values" });
    this.verdict = make("p", { class: "verdict" });
    this.sees = make("div", { class: "sees" });
    root.append(
      make("h2", { text: "Look inside" }),
      make("p", { class: "lead", text: LEAD }),
      make(
        "div",
        { class: "controls disturb" },
        this.play,
        select(app, "inside.chord", {
          label: "A wrong chord",
          options: CHORDS.map((symbol) => [symbol, symbol]),
        }),
        radios(app, "inside.length", {
          label: "Heard for",
          options: [["step", "one step"], ["bar", "one bar"]],
        }),
        this.wrong,
      ),
      this.verdict,
      this.sees,
      this.blocks,
      this.values,
    );
    this.redraw = perFrame(() => this.draw());
    this.shown = false;
    /** @type {any} */
    this.network = null;
    this.focus = 0;
    /** Steps that the network is behind the form since it began: it is drawn where it is. */
    this.late = 0;
    /** The disturbance whose effect is watched. @type {Watch | null} */
    this.watch = null;
    /** One that takes effect with the next bar. @type {{length: number, text: string} | null} */
    this.coming = null;
    new ResizeObserver(this.redraw).observe(this.blocks);
    onScheme(this.redraw);
    this.#follow();
  }

  show() {
    this.shown = true;
    if (!this.app.session.playing) this.#setNetwork(this.app.settings.get("network"));
    this.#showPlaying();
    this.draw();
  }

  hide() {
    this.shown = false;
  }

  #follow() {
    const { transport } = this.app.session;
    transport.on("bar", (/** @type {any} */ { bar }) => this.bar(bar));
    transport.on("step", (/** @type {any} */ at) => this.step(at));
    transport.on("start", () => this.#showPlaying());
    transport.on("stop", () => this.#showPlaying());
  }

  #showPlaying() {
    const { playing } = this.app.session.transport;
    this.play.textContent = playing ? "Stop" : "Play";
    this.wrong.disabled = !playing;
    for (const each of this.blocks.querySelectorAll("button")) each.disabled = !playing;
    if (!playing) {
      this.watch = null;
      this.coming = null;
      this.late = 0;
      this.verdict.textContent = "";
    }
  }

  /** @param {string} name */
  #setNetwork(name) {
    const network = this.app.networks.find((one) => one.name === name);
    if (!network || network === this.network) return;
    this.network = network;
    this.form = network.form;
    this.target = chordsByStep(network.form, this.book);
    this.symbols = symbolsByStep(network.form);
    const steps = this.target.length;
    const canvas = make("canvas", { class: "drawing strip chords", "aria-hidden": "true" });
    this.chords = new ChordStrip(canvas);
    this.chords.begin(this.target, network.form.chords);
    /** @type {BlockStrip[]} */
    this.strips = [];
    const rows = network.blocks.map((/** @type {Block} */ block, /** @type {number} */ at) => {
      const drawing = make("canvas", { class: "drawing strip", "aria-hidden": "true" });
      const strip = new BlockStrip(drawing);
      strip.begin(steps, network.form.stepsPerBar);
      this.strips?.push(strip);
      return make(
        "button",
        {
          type: "button",
          class: "block",
          "aria-label": `${blockName(block)}: make it forget`,
          onclick: () => this.forget(at),
          onfocus: () => this.look(at),
          onpointerenter: () => this.look(at),
        },
        label(`Block ${block.number}`, block.group),
        rowNames(block.cells.length),
        drawing,
      );
    });
    this.blocks.replaceChildren(
      make(
        "div",
        { class: "block" },
        label("Chords", "as they sound"),
        make("span", { class: "row-names" }),
        canvas,
      ),
      ...rows,
    );
    this.focus = 0;
    this.#showPlaying();
    this.explain(UNDISTURBED);
  }

  /** A block is looked at: its numbers are shown. @param {number} at */
  look(at) {
    this.focus = at;
    this.showValues();
  }

  /** @param {any} bar the next one begins */
  bar(bar) {
    this.#setNetwork(bar.network);
    if (bar.disturbed && this.coming && this.form) {
      const place = this.placeOf(bar, 0);
      this.watch = new Watch(this.target ?? [], this.form.stepsPerBar, place, this.coming.length);
      this.coming = null;
    }
    this.#judge();
  }

  /** The step of the form that the network is at. @param {any} bar @param {number} step */
  placeOf(bar, step) {
    const chorus = this.target?.length ?? 1;
    return (bar.barInForm * this.form.stepsPerBar + step - this.late + chorus) % chorus;
  }

  /** @param {{bar: any, step: number}} at */
  step({ bar, step }) {
    if (!this.network || !this.strips || !this.chords || bar.barInForm < 0) return;
    const inside = bar.inside?.[step];
    const [chord] = chordsOf(bar.notes[step], bar.notes[step].length);
    const place = this.placeOf(bar, step);
    this.watch?.add(chord);
    this.chords.put(place, chord);
    if (inside) {
      this.network.blocks.forEach((/** @type {Block} */ { cells }, /** @type {number} */ at) => {
        this.strips?.[at].put(place, {
          states: cells.map((cell) => inside.s[cell]),
          gates: [inside.inputGate[at], inside.forgetGate[at], inside.outputGate[at]],
        });
      });
    }
    this.place = place;
    if (!this.shown) return;
    this.redraw();
    if (step % 2 === 0) this.showValues();
  }

  draw() {
    if (!this.shown) return;
    this.chords?.draw();
    for (const strip of this.strips ?? []) strip.draw();
  }

  showValues() {
    const strip = this.strips?.[this.focus];
    const { place = -1, form } = this;
    const moment = strip?.moments[place];
    if (!strip || !moment || !form) return;
    const bar = Math.floor(place / form.stepsPerBar);
    const step = place % form.stepsPerBar;
    const where = `bar ${bar + 1}, step ${step + 1}, at ${this.symbols?.[place]}`;
    const block = this.network.blocks[this.focus];
    this.values.textContent = `${values(block, moment, where)} ${habit(block, strip.moments)}`;
  }

  /** @param {number} at the block */
  forget(at) {
    const { app, network } = this;
    const block = network.blocks[at];
    app.session.intervene((/** @type {any} */ player) => player.forget(at));
    const reaches = block.reachesChords ?? block.group === "chords";
    this.#disturbed(
      0,
      `${blockName(block)} forgets with the next bar.`,
      ofForgetting(block, reaches),
    );
    const button = this.blocks.children[at + 1];
    button.classList.add("forgot");
    setTimeout(() => button.classList.remove("forgot"), 2500);
  }

  soundWrongChord() {
    const { settings, session } = this.app;
    const symbol = settings.get("inside.chord");
    const length = settings.get("inside.length");
    const steps = length === "bar" ? this.form.stepsPerBar : 1;
    const lowest = this.form.lowestChordNote;
    const classes = this.book.pitchClasses(symbol);
    const chord = Array.from(
      { length: 12 },
      (_, unit) => classes.includes((lowest + unit) % 12) ? 1 : 0,
    );
    session.disturb({ chord, steps });
    this.#disturbed(
      steps,
      `${symbol} sounds with the next bar.`,
      ofWrongChord(symbol, length === "bar" ? "a bar" : "a step"),
    );
  }

  /** @param {number} length steps @param {string} text @param {string} explained */
  #disturbed(length, text, explained) {
    this.watch = null;
    this.coming = { length, text };
    this.verdict.textContent = text;
    this.app.announce(text);
    this.explain(explained);
  }

  #judge() {
    if (!this.watch || this.watch.played.length === 0) return;
    const { state, text, late } = this.watch.verdict();
    if (this.verdict.textContent !== text) this.verdict.textContent = text;
    if (state === "watching") return;
    this.watch = null;
    this.app.announce(text);
    this.late = (this.late + late) % (this.target?.length ?? 1);
    if (late > 0) this.explain(SHIFTED);
    if (state === "lost") this.explain(LOST);
  }

  /** @param {string} text */
  explain(text) {
    this.sees.replaceChildren(make("p", { text }));
  }
}

/** @param {string} name @param {string} kind */
function label(name, kind) {
  return make("span", {}, make("strong", { text: `${name} ` }), make("small", { text: kind }));
}

/** What the lines of a strip are. @param {number} cells */
function rowNames(cells) {
  const names = Array.from({ length: cells }, (_, cell) => `cell ${cell + 1}`);
  const all = [...names, "input", "forget", "output"];
  return make("span", { class: "row-names" }, ...all.map((text) => make("small", { text })));
}
