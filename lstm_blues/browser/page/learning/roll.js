// @ts-check
/** What a frozen network plays by itself, drawn against the form: right and wrong steps told apart. */

import { fitted } from "../dom.js";
import { palette } from "../palette.js";

/** Steps of fewer pixels than this are too narrow for crosses: wrong notes are thin instead. */
const CROSSED = 4;

/** Notes of a chord's range. */
const ROWS = 12;

/**
 * The chord notes of each step, see `chordsByStep`, of flat units.
 * @param {ArrayLike<number>} notes
 * @param {number} units of a step
 * @param {number} [first] of the chord units
 * @returns {string[]}
 */
export function chordTexts(notes, units, first = 0) {
  const found = [];
  for (let at = first; at + ROWS <= notes.length; at += units) {
    let chord = "";
    for (let unit = 0; unit < ROWS; unit++) chord += notes[at + unit] > 0 ? "1" : "0";
    found.push(chord);
  }
  return found;
}

/**
 * How many of a chorus's steps are those of the form, wherever they stand.
 * @param {string[]} played
 * @param {string[]} target
 */
export function stepsRight(played, target) {
  return target.filter((chord, step) => played[step] === chord).length;
}

/**
 * Draws one chorus: the form as outlines, right steps filled, wrong ones crossed out.
 * @param {HTMLCanvasElement} canvas
 * @param {string[]} played may be empty
 * @param {string[]} target the form
 * @param {{chords?: string[], stepsPerBar: number}} form its symbols are written where there is room
 */
export function drawRoll(canvas, played, target, { chords = [], stepsPerBar }) {
  const { context, width, height } = fitted(canvas);
  const colours = palette();
  const head = chords.length > 0 ? 22 : 0;
  const foot = chords.length > 0 ? 9 : 4;
  const column = width / target.length;
  const row = (height - head - foot) / ROWS;
  const gap = column > CROSSED ? 0.8 : 0;
  drawBars(context, {
    width,
    height,
    head,
    column,
    stepsPerBar,
    bars: target.length / stepsPerBar,
  });
  drawSymbols(context, chords, column * stepsPerBar, head);
  for (let step = 0; step < target.length; step++) {
    const [wanted, heard] = [target[step], played[step]];
    const right = heard === wanted;
    const x = step * column;
    for (let note = 0; note < ROWS; note++) {
      const y = head + (ROWS - 1 - note) * row;
      const [expected, sounds] = [wanted[note] === "1", heard?.[note] === "1"];
      if (sounds && right) {
        context.fillStyle = colours.network;
        context.fillRect(x, y + 0.5, column - gap, Math.max(row - 1, 0.8));
      } else if (sounds && column < CROSSED) {
        context.fillStyle = colours.wrong;
        context.fillRect(x, y + row / 4, column, Math.max(row / 2, 0.8));
      } else if (sounds) {
        context.strokeStyle = colours.wrong;
        context.lineWidth = Math.min(1.5, column / 4);
        context.beginPath();
        context.moveTo(x + 1, y + 1);
        context.lineTo(x + column - 1, y + row - 1);
        context.moveTo(x + column - 1, y + 1);
        context.lineTo(x + 1, y + row - 1);
        context.stroke();
      } else if (expected) {
        context.fillStyle = colours.edge;
        context.fillRect(x, y + row / 2 - 0.5, column + 0.3, 1);
      }
    }
    if (heard !== undefined) {
      context.fillStyle = right ? colours.network : colours.wrong;
      const [top, thick] = right ? [height - foot + 2, foot - 3] : [height - foot / 2 - 0.5, 1.5];
      context.fillRect(x, top, column + 0.3, thick);
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{width: number, height: number, head: number, column: number, stepsPerBar: number,
 *   bars: number}} place
 */
function drawBars(context, { height, head, column, stepsPerBar, bars }) {
  context.strokeStyle = palette().line;
  context.lineWidth = 1;
  for (let bar = 1; bar < bars; bar++) {
    const x = Math.round(bar * stepsPerBar * column) + 0.5;
    context.beginPath();
    context.moveTo(x, head > 0 ? 4 : 0);
    context.lineTo(x, height);
    context.stroke();
  }
}

/**
 * Writes the symbols of each bar above it, smaller where bars are narrow; those that have no room are
 * left out, and where none has any the bars are numbered.
 * @param {CanvasRenderingContext2D} context
 * @param {string[]} chords
 * @param {number} bar its width
 * @param {number} head height
 */
export function drawSymbols(context, chords, bar, head) {
  if (head === 0) return;
  context.textBaseline = "middle";
  if (bar < NARROW) return drawNumbers(context, chords.length, bar, head);
  const { ink, serif } = palette();
  context.fillStyle = ink;
  context.font = `600 ${Math.min(15, Math.max(10, bar / 3.4))}px ${serif}`;
  let free = 0;
  chords.forEach((text, place) => {
    const symbols = text.trim().split(/\s+/u);
    symbols.forEach((symbol, part) => {
      const x = (place + part / symbols.length) * bar + 2;
      if (x < free) return;
      context.fillText(symbol, x, head / 2);
      free = x + context.measureText(symbol).width + 1;
    });
  });
}

/** Bars of fewer pixels than this have no room for symbols. */
const NARROW = 24;

/**
 * @param {CanvasRenderingContext2D} context @param {number} bars
 * @param {number} bar its width @param {number} head height
 */
function drawNumbers(context, bars, bar, head) {
  const { muted, sans } = palette();
  context.fillStyle = muted;
  context.font = `11px ${sans}`;
  const every = Math.max(1, Math.ceil(22 / bar));
  for (let place = 0; place < bars; place += every) {
    context.fillText(String(place + 1), place * bar + 3, head / 2);
  }
}
