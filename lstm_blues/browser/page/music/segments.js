// @ts-check
/** Segments of melody for each bar, as a short text that fits an address, and what changes them. */

/** @import { FormData as Form, Segment } from "../kernel/network.js" */

export const REST = -1;
const REST_SIGN = "_";
const HELD_SIGN = "-";
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Segments that a bar may have. */
export const MOST_SEGMENTS = 4;

/** Between bars, and between segments. */
const [NEXT_BAR, NEXT_SEGMENT] = [".", "*"];

/**
 * A letter per note that begins, from the lowest one on, `_` for a rest, `-` for a step more; `*`
 * between segments, `.` between bars.
 * @param {Segment[][]} bars
 * @param {Form} form
 */
export function writeBars(bars, form) {
  return bars.map((segments) => writeBar(segments, form)).join(NEXT_BAR);
}

/** @param {Segment[]} segments @param {Form} form */
function writeBar(segments, form) {
  return segments.map(({ notes, begins }) =>
    notes.map((note, step) => {
      if (step > 0 && !begins[step]) return HELD_SIGN;
      return note === REST ? REST_SIGN : LETTERS[note - form.lowestMelodyNote];
    }).join("")
  ).join(NEXT_SEGMENT);
}

/**
 * The segments of each bar of a form; a bar is silent that the text does not have, or that does not
 * fit the form.
 * @param {string} text of `writeBars`
 * @param {Form} form
 * @returns {Segment[][]}
 */
export function readBars(text, form) {
  const texts = text.split(NEXT_BAR);
  return form.chords.map((_, bar) => readBar(texts[bar] ?? "", form) ?? silentBar(form));
}

/**
 * The text with another bar; all others stay as they are, also those beyond the form.
 * @param {string} text
 * @param {number} bar from 0
 * @param {Segment[]} segments
 * @param {Form} form
 */
export function withBar(text, bar, segments, form) {
  const texts = text === "" ? [] : text.split(NEXT_BAR);
  while (texts.length < form.bars) texts.push(writeBar(silentBar(form), form));
  texts[bar] = writeBar(segments, form);
  return texts.join(NEXT_BAR);
}

/** @param {string} text @param {Form} form @returns {Segment[] | null} null where it does not fit */
function readBar(text, form) {
  const segments = text.split(NEXT_SEGMENT).map((one) => readSegment(one, form));
  const fit = segments.filter((one) => one !== null);
  return fit.length === segments.length && fit.length <= MOST_SEGMENTS ? fit : null;
}

/** @param {string} text @param {Form} form @returns {Segment | null} */
function readSegment(text, form) {
  /** @type {number[]} */
  const notes = [];
  /** @type {number[]} */
  const begins = [];
  for (const sign of text) {
    const held = sign === HELD_SIGN && notes.length > 0;
    const place = LETTERS.indexOf(sign);
    if (!held && sign !== REST_SIGN && (place < 0 || place >= form.melodyNotes)) return null;
    notes.push(held ? notes[notes.length - 1] : place < 0 ? REST : form.lowestMelodyNote + place);
    begins.push(held ? 0 : 1);
  }
  return notes.length === form.stepsPerBar ? { notes, begins } : null;
}

/** A segment of silence. @param {Form} form @returns {Segment} */
export function silence({ stepsPerBar }) {
  const begins = Array.from({ length: stepsPerBar }, (_, step) => step === 0 ? 1 : 0);
  return { notes: Array(stepsPerBar).fill(REST), begins };
}

/** @param {Form} form */
const silentBar = (form) => [silence(form), silence(form)];

/** Two silent segments per bar. @param {Form} form @returns {Segment[][]} */
export function emptyBars(form) {
  return form.chords.map(() => silentBar(form));
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
