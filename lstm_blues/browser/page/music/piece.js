// @ts-check
/** What was played, read as chords and notes, see lstm_blues/music/piece.py. */

import { CHORD_NOTES, symbolsByStep } from "./encoding.js";

/** @import { Encoding, FormData as Form } from "../kernel/network.js" */
/** @typedef {{pitch: number, start: number, end: number}} Note MIDI number and steps */
/** @typedef {{symbol: string, pitches: number[], start: number, end: number}} Chord */

/** Choruses in which a note may be held over every chorus's end. */
const LONGEST_STRETCH = 32;

/**
 * The chords in time; one lasts for as long as none of its notes changes, and no longer than its
 * chorus.  Steps of silence have no chord.
 * @param {Uint8Array[]} steps
 * @param {Form} form
 * @param {import("./chords.js").ChordBook} book
 * @returns {Chord[]}
 */
export function chordsOf(steps, form, book) {
  const symbols = symbolsByStep(form);
  const chorus = form.bars * form.stepsPerBar;
  /** @type {Chord[]} */
  const found = [];
  let before = "";
  steps.forEach((units, step) => {
    const harmony = units.subarray(0, CHORD_NOTES);
    const now = harmony.join("");
    const last = found.at(-1);
    if (now === before && step % chorus !== 0) {
      if (last !== undefined && last.end === step) last.end = step + 1;
      return;
    }
    before = now;
    /** @type {number[]} */
    const pitches = [];
    harmony.forEach((on, unit) => {
      if (on) pitches.push(form.lowestChordNote + unit);
    });
    if (pitches.length === 0) return;
    const symbol = book.name(pitches, [symbols[step % chorus], ...symbols]);
    found.push({ symbol, pitches, start: step, end: step + 1 });
  });
  return found;
}

/**
 * The melody's notes by start and pitch; of several voices all.
 * @param {Uint8Array[]} steps
 * @param {Form} form
 * @param {Encoding} encoding
 * @returns {Note[]}
 */
export function melodyOf(steps, form, encoding) {
  /** @type {Note[]} */
  const found = [];
  for (let unit = 0; unit < form.melodyNotes; unit += 1) {
    const at = CHORD_NOTES + unit;
    /** @type {Note | null} */
    let open = null;
    steps.forEach((units, step) => {
      const anew = encoding.held === "begins" && units[units.length - 1] > 0;
      if (open !== null && (!units[at] || anew)) {
        open.end = step;
        open = null;
      }
      if (units[at] && open === null) {
        open = { pitch: form.lowestMelodyNote + unit, start: step, end: steps.length };
        found.push(open);
      }
    });
  }
  if (encoding.held === "endings") {
    // The mark of a note's end is a step of that note.
    for (const note of found) {
      if (note.end < steps.length && isSilent(steps[note.end])) note.end += 1;
    }
  }
  return found.sort((a, b) => a.start - b.start || a.pitch - b.pitch);
}

/** @param {Uint8Array} units */
function isSilent(units) {
  return units.subarray(CHORD_NOTES).every((on) => !on);
}

/**
 * Whether a stretch of music may end after these steps, which fill whole choruses.
 * @param {Uint8Array[]} steps
 * @param {Uint8Array} following the step after them, in which a note that goes on shows
 * @param {Form} form
 * @param {Encoding} encoding
 */
export function endsStretch(steps, following, form, encoding) {
  const end = steps.length;
  if (following.length === CHORD_NOTES) return true; // no melody
  if (end >= LONGEST_STRETCH * form.bars * form.stepsPerBar) return true;
  const melody = melodyOf([...steps, following], form, encoding);
  if (melody.some((note) => note.start < end && end < note.end)) return false;
  return !encoding.rests || melody.some((note) => note.end >= end);
}

/**
 * The melody's unit at each step, -1 before the first note, and where notes begin.
 * @param {Uint8Array[]} steps
 * @param {Encoding} encoding
 * @returns {{units: number[], begins: boolean[]}}
 */
export function decodeMelody(steps, encoding) {
  /** @type {number[]} */
  const units = [];
  /** @type {boolean[]} */
  const begins = [];
  let held = -1;
  let sounded = true;
  steps.forEach((all, step) => {
    const marks = encoding.held === "begins";
    const on = all.subarray(CHORD_NOTES, all.length - Number(marks));
    const before = held;
    const unit = on.indexOf(1);
    const sounds = unit >= 0;
    if (sounds) held = unit;
    let begun = step === 0 || held !== before;
    if (marks && all[all.length - 1]) begun = true;
    if (encoding.held === "endings" && sounds && !sounded) begun = true;
    if (encoding.rests && held >= on.length - 1) begun = false;
    units.push(held);
    begins.push(begun && held >= 0);
    sounded = sounds;
  });
  return { units, begins };
}
