// @ts-check
/** What is done to the network, and whether the form comes back: a sentence as it turns out. */

import { button, radios, select } from "../controls.js";
import { make } from "../dom.js";
import { choice } from "../kinds.js";
import { Aftermath } from "../music/aftermath.js";
import { chordUnits } from "../music/encoding.js";
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
/** @typedef {import("../music/bar.js").Bar} Bar */
/** @import { BlockData as Block, FormData as Form } from "../kernel/network.js" */

/** Chords that may be sounded; the first are far from the report's form. */
const CHORDS = ["F#7", "Db7", "Ab7", "Ebm7", "Bdim", "E7", "C", "F7", "G7"];

export class Disturbance {
  aftermath = new Aftermath([], 1);

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
    this.#clear();
  }

  #clear() {
    if (this.form && this.target) {
      this.aftermath = new Aftermath(this.target, this.form.stepsPerBar);
    }
    this.#hush();
  }

  #hush() {
    this.verdict.textContent = "";
    this.sees.textContent = UNDISTURBED;
  }

  /** Whether anything can be disturbed. @param {boolean} playing */
  enable(playing) {
    this.sound.disabled = !playing;
    if (!playing) this.#clear();
  }

  /** A bar begins to sound; the first one is other music. @param {Bar} bar */
  bar(bar) {
    const { aftermath, app } = this;
    const verdict = aftermath.begins(bar);
    if (bar.index === 0 && app.session.improviser !== null && !aftermath.isUnderWay) this.#hush();
    if (verdict === null) return;
    const { state, text, late } = verdict;
    if (this.verdict.textContent !== text) this.verdict.textContent = text;
    if (state === "watching") return;
    app.announce(text);
    if (late > 0) this.sees.textContent = SHIFTED;
    if (state === "lost") this.sees.textContent = LOST;
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
    this.aftermath.ask(steps);
    this.verdict.textContent = text;
    this.sees.textContent = explained;
    this.app.announce(text);
  }
}
