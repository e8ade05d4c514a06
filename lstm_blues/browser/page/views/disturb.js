// @ts-check
/** What is done to the network, and whether the form comes back: a sentence as it turns out. */

import { button, radios, select } from "../controls.js";
import { make } from "../dom.js";
import { choice } from "../kinds.js";
import { chordUnits } from "../music/encoding.js";
import { Watch } from "../music/watch.js";
import {
  blockName,
  LOST,
  ofForgetting,
  ofWrongChord,
  SHIFTED,
  TRADING,
  UNDISTURBED,
} from "./inside_words.js";

/** @typedef {import("../app.js").App} App */
/** @import { BlockData as Block, FormData as Form } from "../kernel/network.js" */

/** Chords that may be sounded; the first are far from the report's form. */
const CHORDS = ["F#7", "Db7", "Ab7", "Ebm7", "Bdim", "E7", "C", "F7", "G7"];

export class Disturbance {
  /** Steps that the network is behind the form since it began. */
  late = 0;
  /** One whose effect is watched. @type {Watch | null} */
  #watch = null;
  /** How many steps one lasts that takes effect with the next bar. @type {number | null} */
  #coming = null;

  /** @param {App} app @param {import("../music/chords.js").ChordBook} book */
  constructor(app, book) {
    this.app = app;
    this.book = book;
    app.settings.declare("inside.chord", choice("The wrong chord", CHORDS[0], CHORDS));
    app.settings.declare("inside.length", choice("Its length", "step", ["step", "bar"]));
    this.sound = button("Sound it", () => this.soundWrongChord());
    this.controls = [
      select(app, "inside.chord", {
        label: "A wrong chord",
        options: CHORDS.map((symbol) => [symbol, symbol]),
      }),
      radios(app, "inside.length", {
        label: "Heard for",
        options: [["step", "one step"], ["bar", "one bar"]],
      }),
      this.sound,
    ];
    this.verdict = make("p", { class: "verdict" });
    this.sees = make("p");
    this.words = [this.verdict, make("div", { class: "sees" }, this.sees)];
  }

  /** @param {Form} form @param {string[]} target see `chordsByStep` */
  begin(form, target) {
    this.form = form;
    this.target = target;
    this.sees.textContent = UNDISTURBED;
  }

  /** Whether anything can be disturbed. @param {boolean} playing */
  enable(playing) {
    this.sound.disabled = !playing;
    if (playing) return;
    this.#watch = null;
    this.#coming = null;
    this.late = 0;
    this.verdict.textContent = "";
    this.sees.textContent = UNDISTURBED;
  }

  /** A bar begins. @param {any} bar @param {number} place its first step in the form */
  bar(bar, place) {
    if (bar.disturbed && this.#coming !== null && this.form && this.target) {
      this.#watch = new Watch(this.target, this.form.stepsPerBar, place, this.#coming);
      this.#coming = null;
    }
    this.#judge();
  }

  /** The chord of a step has sounded. @param {string} chord */
  heard(chord) {
    this.#watch?.add(chord);
  }

  /** Whether the network improvises, and can be disturbed; says so where it cannot. */
  get allowed() {
    if (this.app.session.improviser !== null) return true;
    this.verdict.textContent = TRADING;
    this.app.announce(TRADING);
    return false;
  }

  /** @param {Block} block @param {number} number among all */
  forget(block, number) {
    this.app.session.intervene((/** @type {any} */ player) => player.forget(number));
    const reaches = block.group === "chords";
    this.#said(0, `${blockName(block)} forgets with the next bar.`, ofForgetting(block, reaches));
  }

  soundWrongChord() {
    const { app, book, form } = this;
    if (!form || !this.allowed) return;
    const symbol = app.settings.get("inside.chord");
    const bar = app.settings.get("inside.length") === "bar";
    const chord = chordUnits(symbol, form, book);
    const steps = bar ? form.stepsPerBar : 1;
    app.session.disturb({ chord, steps });
    const explained = ofWrongChord(symbol, bar ? "a bar" : "a step");
    this.#said(steps, `${symbol} sounds with the next bar.`, explained);
  }

  /** @param {number} steps that it lasts @param {string} text @param {string} explained */
  #said(steps, text, explained) {
    this.#watch = null;
    this.#coming = steps;
    this.verdict.textContent = text;
    this.sees.textContent = explained;
    this.app.announce(text);
  }

  #judge() {
    if (!this.#watch || this.#watch.played.length === 0) return;
    const { state, text, late } = this.#watch.verdict();
    if (this.verdict.textContent !== text) this.verdict.textContent = text;
    if (state === "watching") return;
    this.#watch = null;
    this.app.announce(text);
    this.late = (this.late + late) % (this.target?.length ?? 1);
    if (late > 0) this.sees.textContent = SHIFTED;
    if (state === "lost") this.sees.textContent = LOST;
  }
}
