// @ts-check
/** One disturbance at a time, from when it is asked for to its verdict; new music knows of none. */

import { Watch } from "./watch.js";

/** @typedef {import("./bar.js").Bar} Bar */

export class Aftermath {
  /** Steps that the network is behind the form since its music began. */
  late = 0;
  /** How many steps a disturbance lasts that no bar has yet. @type {number | null} */
  #asked = null;
  /** The bar that has it, which is yet to sound. @type {{bar: Bar, length: number} | null} */
  #made = null;
  /** @type {Watch | null} */
  #watch = null;

  /**
   * @param {string[]} form the chord notes of each step of a chorus, see `chordsByStep`
   * @param {number} stepsPerBar
   */
  constructor(form, stepsPerBar) {
    this.form = form;
    this.stepsPerBar = stepsPerBar;
  }

  /** Something is done to the network before its next bar. @param {number} length steps that it lasts */
  ask(length) {
    this.#asked = length;
    this.#made = null;
    this.#watch = null;
  }

  /** Whether one was asked for that has no verdict yet. */
  get isUnderWay() {
    return this.#asked !== null || this.#made !== null || this.#watch !== null;
  }

  /** A bar was made, and is yet to sound. @param {Bar} bar */
  made(bar) {
    if (bar.disturbed && this.#asked !== null) {
      this.#made = { bar, length: this.#asked };
      this.#asked = null;
    } else if (bar.index === 0) {
      // What was asked of the music before never sounds.
      this.#asked = null;
    }
  }

  /**
   * A bar begins to sound.
   * @param {Bar} bar
   * @returns {import("./watch.js").Verdict | null} of the steps before it, where there is one
   */
  begins(bar) {
    if (bar.index === 0) {
      this.#watch = null;
      this.late = 0;
    }
    if (this.#made?.bar === bar) {
      this.#watch = new Watch(this.form, this.stepsPerBar, this.placeOf(bar, 0), this.#made.length);
      this.#made = null;
      return null;
    }
    const verdict = this.#watch?.verdict() ?? null;
    if (verdict !== null && verdict.state !== "watching") {
      this.#watch = null;
      this.late = (this.late + verdict.late) % this.form.length;
    }
    return verdict;
  }

  /** The chord notes of the next step as they sound. @param {string} chord */
  heard(chord) {
    this.#watch?.add(chord);
  }

  /** The step of the form that the network is at. @param {Bar} bar @param {number} step */
  placeOf(bar, step) {
    const place = bar.barInForm * this.stepsPerBar + step - this.late;
    return (place + this.form.length) % this.form.length;
  }
}
