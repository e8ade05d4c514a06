// @ts-check
/** The notes that a player plays, from the key that goes down to what the network hears of them. */

import { Tracker } from "./tracker.js";

/**
 * @typedef {object} Performed
 * @property {number} id
 * @property {number} pitch MIDI number, as played
 * @property {number} pressed in seconds, as the player meant it: less the latency
 * @property {number} released Infinity while it is held
 * @property {number | null} step where the network hears it; null while that is open, or if never
 */

/**
 * What the network hears of a step.
 * @typedef {object} HeardNote
 * @property {number | null} pitch as played; null for silence
 * @property {boolean} begins whether it begins there
 */

/** Notes that are kept to look at. */
const KEPT = 256;

export class Onsets {
  /** @param {(step: number) => import("./tracker.js").GridStep} grid */
  constructor(grid) {
    this.tracker = new Tracker(grid);
    /** @type {Performed[]} */
    this.notes = [];
    this.made = 0;
    /** The note that went on at the last step that was decided. @type {Performed | null} */
    this.current = null;
    this.silent = false;
  }

  /** Listens from a step on, as at the beginning of a turn. @param {number} step */
  begin(step) {
    this.tracker.begin(step);
    this.current = null;
    this.silent = false;
  }

  /** @param {number} pitch @param {number} time seconds, less the latency @returns {Performed} */
  press(pitch, time) {
    const note = { id: this.made++, pitch, pressed: time, released: Infinity, step: null };
    this.notes.push(note);
    if (this.notes.length > KEPT) this.notes.shift();
    return note;
  }

  /** Has the tracker take a note, in a turn of the player. @param {Performed} note */
  hear(note) {
    this.tracker.onset(note.pressed, note.id);
  }

  /** @param {number} pitch @param {number} time seconds, less the latency */
  release(pitch, time) {
    const note = this.notes.findLast((each) => each.pitch === pitch && each.released === Infinity);
    if (note) note.released = Math.max(time, note.pressed);
  }

  /**
   * Decides the next step, at its closing: the note that was struck there, else the one that is
   * still held, else silence.
   * @param {boolean} [last] of the turn
   * @returns {HeardNote}
   */
  close(last = false) {
    const { tracker } = this;
    const step = tracker.next;
    const closes = tracker.closing(step, last);
    const { onset } = tracker.close();
    const struck = this.notes.find(({ id }) => id === onset?.id);
    if (struck) {
      struck.step = step;
      [this.current, this.silent] = [struck, false];
      return { pitch: struck.pitch, begins: true };
    }
    if (this.current !== null && this.current.released >= closes) {
      return { pitch: this.current.pitch, begins: false };
    }
    const begins = !this.silent;
    [this.current, this.silent] = [null, true];
    return { pitch: null, begins };
  }
}
