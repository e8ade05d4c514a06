// @ts-check
/** What each bar's melody is: of the library, new in its rhythm, or broken. */

import { decodeMelody } from "./piece.js";

/** @typedef {"library" | "new" | "broken"} Kind */

export class Rhythm {
  /**
   * @param {import("../kernel/network.js").Segment[][]} library the segments of each bar
   * @param {import("../kernel/network.js").FormData} form
   * @param {import("../kernel/network.js").Encoding} encoding
   */
  constructor(library, form, encoding) {
    this.library = library;
    this.form = form;
    this.encoding = encoding;
    this.size = form.stepsPerBar;
    /** Places and lengths of notes. @type {Set<number>} */
    this.notes = new Set();
    for (const segment of library.flat()) this.#add(segment);
    if (encoding.held === "unmarked") this.#join();
  }

  /** @param {number} start @param {number} end */
  #place(start, end) {
    return start * (this.size + 1) + end;
  }

  /** @param {import("../kernel/network.js").Segment} segment */
  #add({ notes, begins }) {
    let start = 0;
    notes.forEach((pitch, step) => {
      const ends = step + 1 === this.size || begins[step + 1];
      // Rests in a row are one.
      if (step > 0 && begins[step] && !(pitch < 0 && notes[step - 1] < 0)) start = step;
      if (ends) this.notes.add(this.#place(start, step + 1));
    });
  }

  /** Two notes of one pitch, one after the other, look like one where nothing marks beginnings. */
  #join() {
    for (let length = 2; length <= this.size; length += 1) {
      for (let start = 0; start + length <= this.size; start += 1) {
        for (let middle = start + 1; middle < start + length; middle += 1) {
          const first = this.notes.has(this.#place(start, middle));
          if (first && this.notes.has(this.#place(middle, start + length))) {
            this.notes.add(this.#place(start, start + length));
          }
        }
      }
    }
  }

  /**
   * What each whole bar of a stretch is.
   * @param {Uint8Array[]} steps from the beginning of a chorus
   * @returns {Kind[]}
   */
  kinds(steps) {
    const { units, begins } = decodeMelody(steps, this.encoding);
    /** @type {Kind[]} */
    const found = [];
    for (let first = 0; first + this.size <= steps.length; first += this.size) {
      const bar = units.slice(first, first + this.size);
      const segments = this.library[found.length % this.form.bars];
      const known = segments.some(({ notes }) =>
        notes.every((pitch, step) => bar[step] === this.#unit(pitch))
      );
      const marks = begins.slice(first, first + this.size);
      found.push(known ? "library" : this.#keeps(bar, marks) ? "new" : "broken");
    }
    return found;
  }

  /** @param {number} pitch */
  #unit(pitch) {
    return pitch < 0 ? this.form.melodyNotes : pitch - this.form.lowestMelodyNote;
  }

  /** @param {number[]} bar @param {boolean[]} begins */
  #keeps(bar, begins) {
    const marked = this.encoding.held !== "unmarked";
    let start = 0;
    for (let step = 1; step <= this.size; step += 1) {
      const cut = step === this.size || bar[step] !== bar[step - 1] || (marked && begins[step]);
      if (!cut) continue;
      if (!this.notes.has(this.#place(start, step))) return false;
      start = step;
    }
    return true;
  }
}
