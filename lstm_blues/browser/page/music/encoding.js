// @ts-check
/**
 * A form and its bars as units (section 2.2): as lstm_blues/music/encoding.py, form.py and songs.py.
 */

import { modulo } from "./timing.js";

/** @import { Encoding, FormData, Library, Segment } from "../kernel/network.js" */
/** @import { ChordBook } from "./chords.js" */

export const CHORD_NOTES = 12;

/** Units of a melody. @param {Pick<Encoding, "rests" | "held">} encoding @param {number} notes */
export function melodyUnits({ rests, held }, notes) {
  return notes + Number(rests) + Number(held === "begins");
}

/** Whether any segment has a rest. @param {Library} library */
export function hasRests(library) {
  return library.some((segments) => segments.some(({ notes }) => notes.includes(-1)));
}

/**
 * @typedef {object} Songs what a network hears
 * @property {number} units
 * @property {number} steps of a song
 * @property {number[]} choices segments of each bar; one bar for chords alone
 * @property {number} rows how many segments a bar has at most
 * @property {Uint8Array} table what is on when each bar has its segment v, (rows, steps, units)
 */

/**
 * The songs of a form, and of its bars where there are some.
 * @param {FormData} form
 * @param {Library | null} library
 * @param {Encoding} encoding
 * @param {ChordBook} book
 * @returns {Songs}
 */
export function songsOf(form, library, encoding, book) {
  const steps = form.bars * form.stepsPerBar;
  const units = CHORD_NOTES + (library ? melodyUnits(encoding, form.melodyNotes) : 0);
  const choices = library ? library.map((segments) => segments.length) : [1];
  const rows = Math.max(...choices);
  const table = new Uint8Array(rows * steps * units);
  symbolsByStep(form).forEach((symbol, step) => {
    const chord = chordUnits(symbol, form, book);
    for (let row = 0; row < rows; row += 1) table.set(chord, (row * steps + step) * units);
  });
  library?.forEach((segments, bar) =>
    segments.forEach((segment, row) => {
      const first = (row * steps + bar * form.stepsPerBar) * units + CHORD_NOTES;
      segmentUnits(segment, form, encoding).forEach((on, step) =>
        table.set(on, first + step * units)
      );
    })
  );
  return { units, steps, choices, rows, table };
}

/**
 * The chord symbol that sounds at each step of a chorus.
 * @param {FormData} form
 * @returns {string[]}
 */
export function symbolsByStep(form) {
  return form.chords.flatMap((bar) => {
    const symbols = bar.trim().split(/\s+/u);
    const length = form.stepsPerBar / symbols.length;
    return symbols.flatMap((symbol) => Array(length).fill(symbol));
  });
}

/**
 * The chord units of a symbol, the lowest first.
 * @param {string} symbol
 * @param {FormData} form
 * @param {Pick<ChordBook, "pitchClasses">} book
 * @returns {Uint8Array}
 */
export function chordUnits(symbol, form, book) {
  const units = new Uint8Array(CHORD_NOTES);
  for (const pitch of book.pitchClasses(symbol)) {
    units[modulo(pitch - form.lowestChordNote, CHORD_NOTES)] = 1;
  }
  return units;
}

/**
 * The chord notes of each step as text of twelve 0s and 1s, that of the lowest unit first.
 * @param {FormData} form
 * @param {Pick<ChordBook, "pitchClasses">} book
 * @returns {string[]}
 */
export function chordsByStep(form, book) {
  return symbolsByStep(form).map((symbol) => chordUnits(symbol, form, book).join(""));
}

/**
 * The melody's units at each step of a bar.
 * @param {Segment} segment
 * @param {FormData} form
 * @param {Encoding} encoding
 * @returns {Uint8Array[]}
 */
export function segmentUnits({ notes, begins }, form, encoding) {
  const count = melodyUnits(encoding, form.melodyNotes);
  return notes.map((note, step) => {
    const on = new Uint8Array(count);
    const last = step + 1 === notes.length || begins[step + 1] === 1;
    const ends = encoding.held === "endings" && last && note >= 0;
    if (!ends) on[note < 0 ? form.melodyNotes : note - form.lowestMelodyNote] = 1;
    if (encoding.held === "begins") on[count - 1] = begins[step];
    return on;
  });
}

/**
 * What a network hears of each unit that is off, and that is on: with standardised inputs of mean 0
 * and standard deviation 1 over all songs.
 * @param {Songs} songs
 * @param {Encoding} encoding
 * @returns {[number[], number[]]}
 */
export function levelsOf({ units, steps, choices, table }, encoding) {
  if (encoding.inputs === "on_off") return [Array(units).fill(0), Array(units).fill(1)];
  const bar = steps / choices.length;
  const common = choices.reduce((all, count) => (all / divisor(all, count)) * count, 1);
  /** @type {[number[], number[]]} */
  const levels = [[], []];
  for (let unit = 0; unit < units; unit += 1) {
    let on = 0;
    choices.forEach((count, number) => {
      for (let row = 0; row < count; row += 1) {
        for (let step = number * bar; step < (number + 1) * bar; step += 1) {
          on += table[(row * steps + step) * units + unit] * (common / count);
        }
      }
    });
    // The quotient of whole numbers is rounded once, as Python's fraction is.
    const mean = on / (common * steps);
    const deviation = Math.sqrt(mean * (1 - mean));
    const scale = deviation > 0 ? 1 / deviation : 1;
    levels[0].push((0 - mean) * scale);
    levels[1].push((1 - mean) * scale);
  }
  return levels;
}

/** The greatest common divisor. @param {number} a @param {number} b @returns {number} */
function divisor(a, b) {
  return b === 0 ? a : divisor(b, a % b);
}
