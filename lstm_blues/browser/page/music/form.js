// @ts-check
/** A form that is typed as text, such as `C7 | F7 | C7 | Dm7 G7`. */

import { PageError } from "../errors.js";

/** @import { FormData as Form, Metre } from "../kernel/network.js" */

/** The most bars of a form that the page learns. */
export const MOST_BARS = 64;

/** Repeats the bar before. */
const REPEAT = "%";

const LOWEST_CHORD_NOTE = 48;
const LOWEST_MELODY_NOTE = 60;
const MELODY_NOTES = 13;

/** Eighths, their triplets, sixteenths and so on, as in lstm_blues/music/reading/grid.py. */
const STEPS_PER_QUARTER = [2, 3, 4, 6, 8, 12, 24];

/**
 * The form of a text: bar lines or line breaks between bars, spaces between the chords of a bar,
 * which share its steps equally; steps are eighths, or as much shorter as that needs.
 * @param {string} text
 * @param {Metre} metre
 * @param {{pitchClasses: (symbol: string) => number[]}} book which chord symbols there are
 * @param {string} [name]
 * @returns {Form}
 * @throws {PageError} one sentence that names the bar and the symbol
 */
export function readForm(text, metre, book, name = "own") {
  /** @type {string[]} */
  const chords = [];
  for (const bar of barsOf(text)) {
    const number = chords.length + 1;
    const symbols = bar.split(/\s+/u).filter((symbol) => symbol !== "");
    if (symbols.length === 0) {
      throw new PageError(`Bar ${number} is empty: write its chords, or % for the bar before.`);
    }
    if (symbols.includes(REPEAT)) {
      if (symbols.length > 1) {
        throw new PageError(`Bar ${number} is “${bar.trim()}”, but % stands for a whole bar.`);
      }
      if (number === 1) throw new PageError("Bar 1 is %, but there is no bar before to repeat.");
      chords.push(chords[number - 2]);
      continue;
    }
    for (const symbol of symbols) requireKnown(symbol, number, book);
    chords.push(symbols.join(" "));
  }
  if (chords.length === 0) throw new PageError("There are no chords yet: write such as C7 | F7.");
  if (chords.length > MOST_BARS) {
    throw new PageError(`There are ${chords.length} bars, but there may be ${MOST_BARS} at most.`);
  }
  return {
    name,
    chords,
    bars: chords.length,
    stepsPerBar: stepsFor(chords, metre),
    lowestChordNote: LOWEST_CHORD_NOTE,
    lowestMelodyNote: LOWEST_MELODY_NOTE,
    metre,
    melodyNotes: MELODY_NOTES,
  };
}

/**
 * The fewest steps per bar that every bar's chords divide.
 * @param {string[]} chords
 * @param {Metre} metre
 */
function stepsFor(chords, { text, quarters }) {
  const counts = chords.map((bar) => bar.split(" ").length);
  const sizes = STEPS_PER_QUARTER.map((steps) => steps * quarters).filter(Number.isInteger);
  const found = sizes.find((size) => counts.every((count) => size % count === 0));
  if (found !== undefined) return found;
  const bar = counts.findIndex((count) => sizes[sizes.length - 1] % count !== 0);
  throw new PageError(
    `Bar ${bar + 1} is “${chords[bar]}”: ${counts[bar]} chords do not share a bar of ${text} ` +
      "equally, in eighths, triplets or shorter steps.",
  );
}

/**
 * A form as text, four bars on a line; a bar that repeats the one before is written out.
 * @param {Form} form
 */
export function writeForm(form) {
  const lines = [];
  for (let bar = 0; bar < form.bars; bar += 4) {
    lines.push(form.chords.slice(bar, bar + 4).join(" | "));
  }
  return lines.join("\n");
}

/**
 * The bars of a text; a line may begin and end with a bar line, and lines may be empty.
 * @param {string} text
 */
function barsOf(text) {
  return text.split(/\r?\n/u).flatMap((line) => {
    const bare = line.trim().replace(/^\|+/u, "").replace(/\|+$/u, "");
    return bare.trim() === "" ? [] : bare.split(/\|+/u);
  });
}

/**
 * @param {string} symbol @param {number} bar
 * @param {{pitchClasses: (symbol: string) => number[]}} book
 */
function requireKnown(symbol, bar, book) {
  try {
    book.pitchClasses(symbol);
  } catch (error) {
    if (!(error instanceof PageError)) throw error;
    throw new PageError(
      `Bar ${bar}: “${symbol}” is not a chord symbol; write such as C, Dm7, F#m7b5, Bb7/D or Cdim.`,
    );
  }
}
