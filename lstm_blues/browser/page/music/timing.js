// @ts-check
/** When steps sound: tempo and swing. */

/** @typedef {{tempo: number, swing: number}} Timing quarter notes per minute; share of a quarter that its first half lasts */
/** @import { FormData as Form } from "../kernel/network.js" */

export const OCTAVE = 12;

/** What MIDI files count. */
export const TICKS_PER_QUARTER = 480;

/**
 * When a step begins, in quarter notes from the start.
 * @param {number} step
 * @param {Form} form
 * @param {number} swing
 */
export function quartersOf(step, form, swing) {
  return swung(step * form.metre.quarters / form.stepsPerBar, form, swing);
}

/**
 * When sounds what is written so many quarter notes from the start, in the same unit.
 * @param {number} written
 * @param {Form} form
 * @param {number} swing
 */
export function swung(written, form, swing) {
  const quarter = Math.floor(written);
  const part = written - quarter;
  if (!form.metre.swings) return quarter + part;
  if (part < 0.5) return quarter + part * (swing / 0.5);
  return quarter + (swing + (part - 0.5) * (1 - swing) / (1 - 0.5));
}

/**
 * A number rounded as Python does it: halves to the even neighbour.
 * @param {number} value
 */
export function rounded(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

/**
 * The rest of a division, never negative.
 * @param {number} value
 * @param {number} by
 */
export function modulo(value, by) {
  return ((value % by) + by) % by;
}
