// @ts-check
/** Segments of melody for each bar, as a short text that fits an address, and what changes them. */

import { PageError } from "../errors.js";

/** @import { FormData as Form, Segment } from "../kernel/network.js" */

export const REST = -1;
const REST_SIGN = "_";
const HELD_SIGN = "-";
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Segments that a bar may have. */
export const MOST_SEGMENTS = 4;

/**
 * A letter per note that begins, from the lowest one on, `_` for a rest, `-` for a step more; `*`
 * between segments, `.` between bars.
 * @param {Segment[][]} bars
 * @param {Form} form
 */
export function writeBars(bars, form) {
  return bars.map((segments) =>
    segments.map(({ notes, begins }) =>
      notes.map((note, step) => {
        if (step > 0 && !begins[step]) return HELD_SIGN;
        return note === REST ? REST_SIGN : LETTERS[note - form.lowestMelodyNote];
      }).join("")
    ).join("*")
  ).join(".");
}

/**
 * @param {string} text of `writeBars`
 * @param {Form} form
 * @returns {Segment[][]}
 * @throws {PageError} where it does not fit the form
 */
export function readBars(text, form) {
  const bars = text.split(".").map((bar) => bar.split("*").map((one) => readSegment(one, form)));
  if (bars.length !== form.bars || bars.some((bar) => bar.length > MOST_SEGMENTS)) {
    throw new PageError(
      `The melody has segments for ${bars.length} bars, but the form has ${form.bars}.`,
    );
  }
  return bars;
}

/** @param {string} text @param {Form} form @returns {Segment} */
function readSegment(text, form) {
  /** @type {number[]} */
  const notes = [];
  /** @type {number[]} */
  const begins = [];
  for (const sign of text) {
    const held = sign === HELD_SIGN && notes.length > 0;
    const place = LETTERS.indexOf(sign);
    if (!held && sign !== REST_SIGN && (place < 0 || place >= form.melodyNotes)) {
      throw new PageError(`The melody has “${sign}”, which is no note of it.`);
    }
    notes.push(held ? notes[notes.length - 1] : place < 0 ? REST : form.lowestMelodyNote + place);
    begins.push(held ? 0 : 1);
  }
  if (notes.length !== form.stepsPerBar) {
    throw new PageError(
      `A bar of the melody has ${notes.length} steps, but the form's have ${form.stepsPerBar}.`,
    );
  }
  return { notes, begins };
}

/** A segment of silence. @param {Form} form @returns {Segment} */
export function silence({ stepsPerBar }) {
  const begins = Array.from({ length: stepsPerBar }, (_, step) => step === 0 ? 1 : 0);
  return { notes: Array(stepsPerBar).fill(REST), begins };
}

/** Two silent segments per bar. @param {Form} form @returns {Segment[][]} */
export function emptyBars(form) {
  return form.chords.map(() => [silence(form), silence(form)]);
}

/**
 * A segment in which a note or a rest begins at a step and lasts up to another; what was begun
 * within is gone, what lasted beyond begins again after it.
 * @param {Segment} segment
 * @param {{from: number, to: number, note: number}} put `to` is the last step of it
 * @returns {Segment}
 */
export function withNote(segment, { from, to, note }) {
  const notes = [...segment.notes];
  const begins = [...segment.begins];
  for (let step = from; step <= to; step++) [notes[step], begins[step]] = [note, 0];
  begins[from] = 1;
  if (to + 1 < notes.length) begins[to + 1] = 1;
  return joined({ notes, begins });
}

/** Up to which step the note at a step lasts. @param {Segment} segment @param {number} step */
export function lastStep({ begins }, step) {
  let last = step;
  while (last + 1 < begins.length && !begins[last + 1]) last += 1;
  return last;
}

/** At which step the note at a step begins. @param {Segment} segment @param {number} step */
export function firstStep({ begins }, step) {
  let first = step;
  while (first > 0 && !begins[first]) first -= 1;
  return first;
}

/** Rests that follow one another are one. @param {Segment} segment @returns {Segment} */
function joined({ notes, begins }) {
  const kept = begins.map((begun, step) =>
    step > 0 && notes[step] === REST && notes[step - 1] === REST ? 0 : begun
  );
  kept[0] = 1;
  return { notes, begins: kept };
}
