// @ts-check
/** The notes that a player plays, from the key that goes down to what the network hears of them. */

import { Tracker } from "./tracker.js";

/**
 * @typedef {object} Performed
 * @property {number} id
 * @property {number} pitch MIDI number, as played
 * @property {number} pressed in seconds, as the player meant it: less the latency
 * @property {number} released Infinity while it is held
 * @property {number | null} step where the network heard it begin
 */

/**
 * What is heard at a step.
 * @typedef {object} HeardNote
 * @property {number | null} pitch as played; null for silence
 * @property {boolean} begins whether the note, or the silence, begins there
 */

/** Notes that are kept to look at. */
const KEPT = 256;

export class Onsets {
  /** @param {(step: number) => import("./tracker.js").GridStep} grid */
  constructor(grid) {
    this.tracker = new Tracker(grid);
    /** The latest, in the order in which they were played. @type {Performed[]} */
    this.notes = [];
    this.made = 0;
    /** What was heard at the step before. @type {Performed | null | undefined} */
    this.current = undefined;
  }

  /** Listens from a step on, as at the beginning of a turn. @param {number} step */
  begin(step) {
    this.tracker.begin(step);
    this.current = undefined;
  }

  /**
   * @param {number} pitch
   * @param {number} time seconds, less the latency
   * @returns {Performed}
   */
  press(pitch, time) {
    const note = { id: this.made++, pitch, pressed: time, released: Infinity, step: null };
    this.notes.push(note);
    if (this.notes.length > KEPT) this.notes.shift();
    this.tracker.onset(time, note.id);
    return note;
  }

  /**
   * @param {number} pitch
   * @param {number} time seconds, less the latency
   * @returns {Performed | null} the note that ends
   */
  release(pitch, time) {
    const note = this.notes.findLast((each) => each.pitch === pitch && each.released === Infinity);
    if (note === undefined) return null;
    note.released = Math.max(time, note.pressed);
    return note;
  }

  /**
   * Decides the next step, at its closing: the note that was struck there, else the latest that is
   * still held, else silence.
   * @returns {HeardNote}
   */
  close() {
    const { tracker, current } = this;
    const step = tracker.next;
    const closes = tracker.closing(step);
    const { onset } = tracker.close();
    const struck = this.notes.find(({ id }) => id === onset?.id);
    if (struck) struck.step = step;
    const waiting = new Set(tracker.waiting.map(({ id }) => id));
    this.current = struck ??
      this.notes.findLast(({ id, pressed, released }) =>
        pressed < closes && closes <= released && !waiting.has(id)
      ) ?? null;
    return { pitch: this.current?.pitch ?? null, begins: this.current !== current };
  }
}
