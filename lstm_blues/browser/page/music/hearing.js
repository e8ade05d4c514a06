// @ts-check
/**
 * A player's notes as the network's melody units, in its own encoding, see music/encoding.py.
 *
 * Where the player is silent, the unit for rests is on if there is one.  Without it the network has
 * never heard silence: the last note is held, whoever played it, and before the first there is none.
 * With `endings` silence has no note on, which tells the end of a note, one step late: that it is to
 * end is not known sooner.
 */

/** @typedef {import("./onsets.js").HeardNote} HeardNote */

const OCTAVE = 12;

/**
 * A pitch moved by octaves into the melody's range; the nearest note where a narrow range lacks it.
 * @param {number} pitch MIDI number
 * @param {number} lowest of the range
 * @param {number} notes in the range
 */
export function folded(pitch, lowest, notes) {
  const highest = lowest + notes - 1;
  if (pitch >= lowest && pitch <= highest) return pitch;
  const up = lowest + ((((pitch - lowest) % OCTAVE) + OCTAVE) % OCTAVE);
  if (up > highest) return pitch < lowest ? lowest : highest;
  // From above the highest of its octaves that fit, from below the lowest.
  return pitch < lowest ? up : up + OCTAVE * Math.floor((highest - up) / OCTAVE);
}

export class Hearing {
  /**
   * @param {object} network see kernel/network.js
   * @param {{lowestMelodyNote: number, melodyNotes: number}} network.form
   * @param {{held: string, rests: boolean}} network.encoding
   */
  constructor({ form, encoding }) {
    this.form = form;
    this.encoding = encoding;
    this.size = form.melodyNotes + Number(encoding.rests) + Number(encoding.held === "begins");
  }

  /** @param {number} pitch MIDI number, as the form is written */
  fold(pitch) {
    return folded(pitch, this.form.lowestMelodyNote, this.form.melodyNotes);
  }

  /**
   * The melody's units of a step.
   * @param {HeardNote} note its pitch as the form is written
   * @param {ArrayLike<number>} before those of the step before
   * @returns {Uint8Array}
   */
  units({ pitch, begins }, before) {
    const { form, encoding, size } = this;
    const units = new Uint8Array(size);
    const marks = encoding.held === "begins";
    if (pitch !== null) units[this.fold(pitch) - form.lowestMelodyNote] = 1;
    else if (encoding.rests) units[form.melodyNotes] = 1;
    else if (encoding.held !== "endings") {
      units.set(Array.from(before).slice(0, form.melodyNotes));
      return units;
    }
    if (marks) units[size - 1] = Number(begins);
    return units;
  }
}
