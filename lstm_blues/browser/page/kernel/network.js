// @ts-check
/** A network as the page is told of it: what Python writes to data/networks.json. */

import { fetchBytes } from "./module.js";

/** @import { Struct } from "./module.js" */

/**
 * @typedef {object} Metre
 * @property {string} text such as `4/4`
 * @property {number} numerator
 * @property {number} denominator
 * @property {number} quarters quarter notes of a bar
 * @property {number} beat quarter notes of a beat
 * @property {number} beats of a bar
 * @property {number[]} strongBeats from 0
 * @property {boolean} swings
 */

/**
 * @typedef {object} FormData one chorus
 * @property {string} name
 * @property {string[]} chords symbols of each bar
 * @property {number} bars
 * @property {number} stepsPerBar
 * @property {number} lowestChordNote MIDI note number
 * @property {number} lowestMelodyNote MIDI note number
 * @property {Metre} metre
 * @property {number} melodyNotes
 */

/**
 * @typedef {object} Encoding how notes stand at the units
 * @property {"on_off" | "standardised"} inputs
 * @property {"unmarked" | "endings" | "begins"} held
 * @property {boolean} rests
 */

/** @typedef {{notes: number[], begins: number[]}} Segment per step: MIDI or -1, and 1 at beginnings */

/** @typedef {Segment[][]} Library the segments of each bar */

/**
 * @typedef {object} Part a group of memory blocks or a set of output units
 * @property {string} name
 * @property {boolean} isGroup
 * @property {boolean} reachesChords
 * @property {[string, number][]} rows its matrices of weights and how many rows each has
 * @property {number[]} seen places in [x; y; 1] of what it sees, the bias last
 * @property {number[]} packed where those stand in a row
 * @property {number} width numbers in a row
 * @property {number} weights where they begin in the buffer
 */

/**
 * @typedef {object} Layout what lies where in a kernel's buffer; see browser/kernels.py
 * @property {number} units
 * @property {number} sources
 * @property {Record<string, [number, number]>} sets
 * @property {number} inputs
 * @property {number[]} inputPlaces
 * @property {number} cells with padding
 * @property {number[]} cellPlaces
 * @property {number} gates with padding
 * @property {{name: string, blocks: number, cells: number, firstBlock: number, firstCell: number,
 *   firstGate: number}[]} groups
 * @property {Part[]} parts
 * @property {number} weights
 * @property {number} size
 * @property {number} history
 * @property {number} s
 * @property {number} y
 * @property {{rules: Struct, counters: Struct, sampling: Struct}} structs
 */

/** @typedef {{group: string, number: number, cells: number[]}} BlockData a memory block */

/**
 * @typedef {object} NetworkData
 * @property {string} name
 * @property {string} title what the menu shows
 * @property {string} origin where it comes from, in words
 * @property {string} kernel file of its module
 * @property {Layout} layout
 * @property {string | Float64Array} weights file of its weights, or those themselves
 * @property {[number[], number[]]} levels what is heard of each unit that is off, and that is on
 * @property {FormData} form
 * @property {Encoding} encoding
 * @property {number} [temperature] that it is best drawn with
 * @property {Library | null} library the bars that it learned from; null without a melody
 */

/** The order of `Encoding.held` in the kernel. */
export const HELD = ["unmarked", "endings", "begins"];

/**
 * A network's weights.
 * @param {NetworkData} network
 * @returns {Promise<Float64Array>}
 */
export async function weightsOf(network) {
  if (typeof network.weights !== "string") return network.weights;
  return new Float64Array(await fetchBytes(network.weights));
}

/**
 * Whether two networks differ by their weights alone.
 * @param {NetworkData} one
 * @param {NetworkData} other
 */
export function isSame(one, other) {
  const rest = (/** @type {NetworkData} */ { name, kernel, form, library }) =>
    JSON.stringify([name, kernel, form, library]);
  return rest(one) === rest(other);
}

/**
 * The memory blocks in their order.
 * @param {Layout} layout
 * @returns {BlockData[]}
 */
export function blocksOf(layout) {
  return layout.groups.flatMap(({ name, blocks, cells, firstCell }) =>
    Array.from({ length: blocks }, (_, block) => ({
      group: name,
      number: block + 1,
      cells: Array.from({ length: cells }, (_, cell) => firstCell + block * cells + cell),
    }))
  );
}
