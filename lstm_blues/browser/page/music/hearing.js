// @ts-check
/**
 * A player's notes as the network's melody units, in its own encoding, see music/encoding.py.
 *
 * Where the player is silent, the unit for rests is on if there is one.  Without it the network has
 * never heard silence: the last note is held, whoever played it; before the player's first note of
 * a turn it hears what it would play itself, though nobody else does.  So it does wherever silence
 * lasts longer than a bar: a long one leaves it at a loss (docs/guide/page.md gives the figures).
 *
 * With `endings` the end of a note has no note on; it is heard one step late, as it is not foreseen.
 */

import { melodyUnits } from "./encoding.js";
import { modulo, OCTAVE } from "./timing.js";

/** @import { Encoding } from "../kernel/network.js" */
/** @typedef {import("./onsets.js").HeardNote} HeardNote */

/**
 * A pitch moved by octaves into the melody's range; its nearest end where a narrow range lacks it.
 * @param {number} pitch MIDI number
 * @param {number} lowest of the range
 * @param {number} notes in the range
 */
export function folded(pitch, lowest, notes) {
  const highest = lowest + notes - 1;
  if (pitch >= lowest && pitch <= highest) return pitch;
  const up = lowest + modulo(pitch - lowest, OCTAVE);
  if (up > highest) return pitch < lowest ? lowest : highest;
  // From below the lowest of its octaves that fit, from above the highest.
  return pitch < lowest ? up : up + OCTAVE * Math.floor((highest - up) / OCTAVE);
}

export class Hearing {
  /**
   * @param {{form: {lowestMelodyNote: number, melodyNotes: number, stepsPerBar: number},
   *   encoding: Pick<Encoding, "held" | "rests">}} network see kernel/network.js
   */
  constructor({ form, encoding }) {
    this.form = form;
    this.encoding = encoding;
    this.size = melodyUnits(encoding, form.melodyNotes);
    /** Steps since the player was last heard. */
    this.silent = 0;
    this.begin();
  }

  /** A turn of the player begins. */
  begin() {
    this.silent = this.encoding.rests ? 0 : Infinity;
  }

  /** @param {number} pitch MIDI number, in the key that the form is written in */
  fold(pitch) {
    return folded(pitch, this.form.lowestMelodyNote, this.form.melodyNotes);
  }

  /**
   * The melody's units of a step.
   * @param {HeardNote} note its pitch in the key that the form is written in
   * @param {Uint8Array} before those of the step before
   * @returns {Uint8Array | null} null: the network hears its own
   */
  units({ pitch, begins }, before) {
    const { form, encoding, size } = this;
    this.silent = pitch === null ? this.silent + 1 : 0;
    if (this.silent > form.stepsPerBar) return null;
    const units = new Uint8Array(size);
    if (pitch !== null) units[this.fold(pitch) - form.lowestMelodyNote] = 1;
    else if (encoding.held === "endings" && begins) return units;
    else if (encoding.rests) units[form.melodyNotes] = 1;
    else if (encoding.held !== "endings") units.set(before.subarray(0, form.melodyNotes));
    const marked = encoding.held === "begins" && (pitch !== null || encoding.rests);
    if (marked) units[size - 1] = Number(begins);
    return units;
  }
}
