// @ts-check
/** Drawings of the last chorus, a column per step at its place in the form; new ones replace old. */

import { fitted } from "../dom.js";
import { drawSymbols } from "../learning/roll.js";
import { palette } from "../palette.js";

/**
 * What went on in one block at one step.
 * @typedef {{states: number[], gates: [input: number, forget: number, output: number]}} Moment
 */

/** Height of a gate's line by that of a cell's. */
const GATE = 0.65;

/** Columns after the newest one that are left empty, so that it is seen where the music is. */
const GAP = 2;

/**
 * What went on at each place of the form; the newest over what was there a chorus ago.
 * @template T
 */
class Strip {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** By place in the form. @type {(T | undefined)[]} */
    this.moments = [];
    this.now = -1;
  }

  /** @param {number} steps of a chorus */
  clear(steps) {
    this.moments = Array(steps).fill(undefined);
    this.now = -1;
  }

  /** @param {number} place @param {T} moment */
  put(place, moment) {
    this.moments[place] = moment;
    this.now = place;
    for (let gap = 1; gap <= GAP; gap++) {
      this.moments[(place + gap) % this.moments.length] = undefined;
    }
  }
}

/**
 * Draws the states of a block's cells, up for positive ones, and its gates, from the top.
 * @extends {Strip<Moment>}
 */
export class BlockStrip extends Strip {
  stepsPerBar = 8;

  /** @param {number} steps of a chorus @param {number} stepsPerBar */
  begin(steps, stepsPerBar) {
    this.clear(steps);
    this.stepsPerBar = stepsPerBar;
  }

  draw() {
    if (this.canvas.clientWidth === 0) return;
    const { context, width, height } = fitted(this.canvas);
    const { moments } = this;
    const column = width / moments.length;
    drawBarLines(context, column * this.stepsPerBar, width, height);
    const cells = moments.find((moment) => moment)?.states.length ?? 2;
    const row = height / (cells + 3 * GATE);
    const most = Math.max(1, ...moments.flatMap((one) => one?.states.map(Math.abs) ?? []));
    const colours = palette();
    moments.forEach((moment, place) => {
      if (!moment) return;
      const [x, wide] = [place * column, Math.max(column - 0.4, 0.6)];
      moment.states.forEach((state, cell) => {
        const size = (state / most) * (row / 2 - 1);
        context.fillStyle = state >= 0 ? colours.network : colours.player;
        context.fillRect(x, (cell + 0.5) * row - Math.max(size, 0), wide, Math.abs(size) + 0.5);
      });
      context.fillStyle = colours.muted;
      moment.gates.forEach((gate, which) => {
        const base = (cells + (which + 1) * GATE) * row - 1;
        const size = gate * (GATE * row - 2);
        context.fillRect(x, base - size, wide, size + 0.5);
      });
    });
    drawPlace(context, this.now, column, height);
  }
}

/**
 * Draws the chords that sounded, with the form's symbols above and what was wrong marked below.
 * @extends {Strip<string>}
 */
export class ChordStrip extends Strip {
  /** @type {string[]} */
  target = [];
  /** @type {string[]} */
  chords = [];

  /** @param {string[]} target the form, see `chordsByStep` @param {string[]} chords per bar */
  begin(target, chords) {
    this.clear(target.length);
    this.target = target;
    this.chords = chords;
  }

  draw() {
    if (this.canvas.clientWidth === 0) return;
    const { context, width, height } = fitted(this.canvas);
    const column = width / this.target.length;
    const bar = width / this.chords.length;
    const [head, foot] = [20, 7];
    const row = (height - head - foot) / 12;
    drawBarLines(context, bar, width, height);
    drawSymbols(context, this.chords, bar, head);
    const colours = palette();
    this.moments.forEach((chord, place) => {
      if (chord === undefined) return;
      const right = chord === this.target[place];
      context.fillStyle = right ? colours.network : colours.wrong;
      const wide = Math.max(column - 0.4, 0.6);
      for (let note = 0; note < 12; note++) {
        if (chord[note] !== "1") continue;
        const y = head + (11 - note) * row;
        context.fillRect(place * column, right ? y : y + row / 4, wide, right ? row : row / 2);
      }
      if (!right) context.fillRect(place * column, height - foot + 2, wide, foot - 3);
    });
    drawPlace(context, this.now, column, height);
  }
}

/**
 * @param {CanvasRenderingContext2D} context @param {number} bar its width
 * @param {number} width @param {number} height
 */
function drawBarLines(context, bar, width, height) {
  context.fillStyle = palette().line;
  for (let x = bar; x < width - 1; x += bar) context.fillRect(Math.round(x), 0, 1, height);
}

/**
 * @param {CanvasRenderingContext2D} context @param {number} place @param {number} column
 * @param {number} height
 */
function drawPlace(context, place, column, height) {
  if (place < 0) return;
  context.fillStyle = palette().ink;
  context.fillRect((place + 1) * column, 0, 1.5, height);
}
