// @ts-check
/** Look inside: states and gates of every block beside the music, and what a disturbance does. */

import { button } from "../controls.js";
import { make, perFrame } from "../dom.js";
import { blocksOf, isSame } from "../kernel/network.js";
import { chordTexts } from "../learning/roll.js";
import { ChordBook } from "../music/chords.js";
import { chordsByStep, symbolsByStep } from "../music/encoding.js";
import { onScheme } from "../palette.js";
import { Disturbance } from "./disturb.js";
import { BlockStrip, ChordStrip } from "./inside_strips.js";
import { blockName, habit, values } from "./inside_words.js";

/** @typedef {import("../app.js").App} App */
/** @import { BlockData as Block } from "../kernel/network.js" */

const LEAD =
  "The network's memory, live. Press a block and it forgets; let it hear a wrong chord; and see whether " +
  "the form comes back, comes back shifted, or stays lost.";

/** Milliseconds for which a block that forgets is marked. */
const MARKED = 2500;

/** @param {HTMLElement} root @param {App} app */
export function mount(root, app) {
  const view = new InsideView(root, app);
  return { show: () => view.show(), hide: () => view.hide() };
}

class InsideView {
  /** @param {HTMLElement} root @param {App} app */
  constructor(root, app) {
    this.app = app;
    this.book = new ChordBook(app.data.qualities, app.data.spellings);
    this.disturbance = new Disturbance(app, this.book);
    this.play = button("Play", () => this.toggle(), { class: "primary" });
    /** The network's memory blocks. @type {Block[]} */
    this.memory = [];
    this.blocks = make("div", { class: "blocks" });
    this.values = make("p", { class: "values" });
    root.append(
      make("h2", { text: "Look inside" }),
      make("p", { class: "lead", text: LEAD }),
      make("div", { class: "controls disturb" }, this.play, ...this.disturbance.controls),
      ...this.disturbance.words,
      this.blocks,
      this.values,
    );
    this.redraw = perFrame(() => this.draw());
    this.shown = false;
    /** @type {any} */
    this.network = null;
    /** The block whose numbers are shown. */
    this.focus = 0;
    this.place = -1;
    new ResizeObserver(this.redraw).observe(this.blocks);
    onScheme(this.redraw);
    this.#follow();
  }

  show() {
    this.shown = true;
    const { session, settings } = this.app;
    if (!session.playing || !this.network) this.#setNetwork(settings.get("network"));
    this.#showPlaying();
    this.draw();
  }

  hide() {
    this.shown = false;
  }

  async toggle() {
    try {
      await this.app.session.toggle();
    } catch (error) {
      this.app.fail(error);
    }
  }

  #follow() {
    const { session, settings } = this.app;
    session.transport.on(
      "made",
      (/** @type {any} */ { bar }) => this.disturbance.aftermath.made(bar),
    );
    session.transport.on("bar", (/** @type {any} */ { bar }) => this.bar(bar));
    session.transport.on("step", (/** @type {any} */ at) => this.step(at));
    for (const event of ["start", "stop"]) session.transport.on(event, () => this.#showPlaying());
    settings.on("network", (name) => session.playing || this.#setNetwork(name));
  }

  #showPlaying() {
    const { playing } = this.app.session;
    this.play.textContent = playing ? "Stop" : "Play";
    this.disturbance.enable(playing);
    for (const each of this.blocks.querySelectorAll("button")) each.disabled = !playing;
  }

  /** @param {string} name */
  #setNetwork(name) {
    const network = this.app.networks.find((one) => one.name === name);
    if (!network || (this.network && isSame(this.network, network))) return;
    this.network = network;
    this.form = network.form;
    this.target = chordsByStep(network.form, this.book);
    this.symbols = symbolsByStep(network.form);
    this.memory = blocksOf(network.layout);
    this.disturbance.begin(network.form, this.target);
    const canvas = make("canvas", { class: "drawing strip chords", "aria-hidden": "true" });
    this.chords = new ChordStrip(canvas);
    this.chords.begin(this.target, network.form.chords);
    /** @type {BlockStrip[]} */
    this.strips = [];
    this.blocks.replaceChildren(
      make(
        "div",
        { class: "block" },
        label("Chords", "as they sound"),
        make("span", { class: "row-names" }),
        canvas,
      ),
      ...this.memory.map((block, at) => this.#block(block, at)),
    );
    this.focus = 0;
    this.values.textContent = "";
    this.#showPlaying();
  }

  /** Begins to draw anew. */
  #clear() {
    const { target = [], form } = this;
    this.chords?.begin(target, form.chords);
    for (const strip of this.strips ?? []) strip.begin(target.length, form.stepsPerBar);
  }

  /** @param {Block} block @param {number} at among all */
  #block(block, at) {
    const drawing = make("canvas", { class: "drawing strip", "aria-hidden": "true" });
    const strip = new BlockStrip(drawing);
    strip.begin(this.target?.length ?? 1, this.form.stepsPerBar);
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
  }

  /** @param {number} at the block */
  forget(at) {
    if (!this.disturbance.allowed) return;
    this.disturbance.forget(this.memory[at], at);
    const { classList } = this.blocks.children[at + 1];
    classList.add("forgot");
    setTimeout(() => classList.remove("forgot"), MARKED);
  }

  /** A block is looked at: its numbers are shown. @param {number} at */
  look(at) {
    this.focus = at;
    this.showValues();
  }

  /** @param {any} bar begins */
  bar(bar) {
    this.#setNetwork(bar.network);
    const { aftermath } = this.disturbance;
    const { late } = aftermath;
    this.disturbance.bar(bar);
    if (bar.index === 0 || aftermath.late !== late) this.#clear();
  }

  /** @param {{bar: any, step: number}} at */
  step({ bar, step }) {
    if (!this.network || !this.strips || !this.chords || bar.barInForm < 0) return;
    const [chord] = chordTexts(bar.notes[step], bar.notes[step].length);
    const { aftermath } = this.disturbance;
    // Where the network is late since a disturbance, it is drawn late.
    const place = aftermath.placeOf(bar, step);
    this.place = place;
    aftermath.heard(chord);
    this.chords.put(place, chord);
    const inside = bar.inside?.[step];
    if (inside) {
      this.memory.forEach(({ cells }, at) => {
        this.strips?.[at].put(place, {
          states: cells.map((cell) => inside.s[cell]),
          gates: [inside.inputGate[at], inside.forgetGate[at], inside.outputGate[at]],
        });
      });
    }
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
    const { place, form } = this;
    const moment = strip?.moments[place];
    if (!strip || !moment || !form) return;
    const bar = Math.floor(place / form.stepsPerBar);
    const step = place % form.stepsPerBar;
    const where = `bar ${bar + 1}, step ${step + 1}, at ${this.symbols?.[place]}`;
    const block = this.memory[this.focus];
    this.values.textContent = `${values(block, moment, where)} ${habit(block, strip.moments)}`;
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
