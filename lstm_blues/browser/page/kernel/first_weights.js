// @ts-check
/** A network's first weights, drawn as lstm_blues/network/network.py draws them. */

import { TorchRandom } from "./random.js";
import { sha256 } from "./sha256.js";

/** @import { Layout, Part } from "./network.js" */

/**
 * @typedef {object} First how weights are drawn
 * @property {number} range they are uniform from -range to range
 * @property {Record<string, {input: number[], forget: number[], output: number[]}>} groups the gates'
 *   biases
 * @property {Record<string, number>} units the output units' biases
 */

/**
 * Writes the first weights into a kernel's buffer, whose numbers are zeros.
 * @param {Float64Array} buffer
 * @param {Layout} layout
 * @param {First} first
 * @param {number} seed
 */
export function drawWeights(buffer, layout, first, seed) {
  for (const part of layout.parts) {
    const draws = drawsOf(seed, `${part.isGroup ? "group" : "units"} ${part.name}`);
    const biases = part.isGroup
      ? Object.values(gatesOf(first, part.name))
      : [first.units[part.name]];
    let row = part.weights;
    part.rows.forEach(([, height], matrix) => {
      for (let k = 0; k < height; k += 1) {
        for (const place of part.packed.slice(0, -1)) {
          buffer[row + place] = (2 * draws.rand() - 1) * first.range;
        }
        const bias = biases[matrix] ?? 0;
        buffer[row + part.packed[part.packed.length - 1]] = typeof bias === "number"
          ? bias
          : bias[k];
        row += part.width;
      }
    });
  }
}

/** In the order of their rows. @param {First} first @param {string} group */
function gatesOf(first, group) {
  const { input, forget, output } = first.groups[group];
  return { input, forget, output };
}

/** A part's own random numbers. @param {number} seed @param {string} part */
function drawsOf(seed, part) {
  const digest = sha256(new TextEncoder().encode(`${seed} ${part}`));
  return new TorchRandom(new DataView(digest.buffer).getBigUint64(0) >> 1n);
}

/**
 * The weights as bytes, little-endian, in the order of the network's parameters, zeros where one
 * sees nothing.
 * @param {Float64Array} buffer
 * @param {Layout} layout
 * @returns {Uint8Array}
 */
export function weightBytes(buffer, layout) {
  const rows = layout.parts.flatMap((part) => rowsOf(part));
  const view = new DataView(new ArrayBuffer(8 * layout.sources * rows.length));
  rows.forEach(({ part, at }, row) => {
    part.seen.forEach((source, k) => {
      const number = buffer[at + part.packed[k]];
      view.setFloat64(8 * (row * layout.sources + source), number, true);
    });
  });
  return new Uint8Array(view.buffer);
}

/** @param {Part} part */
function rowsOf(part) {
  const height = part.rows.reduce((sum, [, rows]) => sum + rows, 0);
  return Array.from({ length: height }, (_, k) => ({ part, at: part.weights + k * part.width }));
}
