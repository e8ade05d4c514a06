// @ts-check
/** Random numbers of a text: the very ones of Python's `random.Random(text)`. */

import { MersenneTwister } from "./mersenne.js";
import { sha512 } from "./sha512.js";

export class Chance {
  #spare = NaN;

  /** @param {string} text */
  constructor(text) {
    const plain = new TextEncoder().encode(text);
    // One number, whose lowest bytes come last: the text, then its digest.
    const bytes = new Uint8Array([...plain, ...sha512(plain)]).reverse();
    const first = bytes.findLastIndex((byte) => byte !== 0) + 1;
    const key = new Uint32Array(Math.ceil(first / 4));
    bytes.slice(0, first).forEach((byte, k) => key[k >> 2] |= byte << (8 * (k & 3)));
    this.twister = MersenneTwister.seededByArray(key);
  }

  /** @returns {number} uniform in [0, 1) */
  random() {
    const [high, low] = [this.twister.word() >>> 5, this.twister.word() >>> 6];
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** @param {number} low @param {number} high */
  uniform(low, high) {
    return low + (high - low) * this.random();
  }

  /**
   * @template T
   * @param {readonly T[]} among
   * @returns {T}
   */
  choice(among) {
    const bits = 32 - Math.clz32(among.length);
    let at = among.length;
    while (at >= among.length) at = this.twister.word() >>> (32 - bits);
    return among[at];
  }

  /** @param {number} mean @param {number} deviation */
  gauss(mean, deviation) {
    let z = this.#spare;
    this.#spare = NaN;
    if (Number.isNaN(z)) {
      const angle = this.random() * 2 * Math.PI;
      const radius = Math.sqrt(-2 * Math.log(1 - this.random()));
      z = Math.cos(angle) * radius;
      this.#spare = Math.sin(angle) * radius;
    }
    return mean + z * deviation;
  }
}
