// @ts-check
/** The Mersenne Twister MT19937, which both Python's `random` and torch draw from. */

const SIZE = 624;
const SHIFT = 397;

export class MersenneTwister {
  constructor() {
    this.words = new Uint32Array(SIZE);
    this.at = SIZE;
  }

  /**
   * Seeded by one number, as torch does it.
   * @param {number} seed its low 32 bits count
   */
  static seeded(seed) {
    const made = new MersenneTwister();
    made.#fill(seed >>> 0);
    return made;
  }

  /**
   * Seeded by many words, as Python does it.
   * @param {Uint32Array} key the lowest word first
   */
  static seededByArray(key) {
    const made = new MersenneTwister();
    const words = made.words;
    made.#fill(19650218);
    let i = 1;
    let j = 0;
    for (let k = Math.max(SIZE, key.length); k > 0; k -= 1) {
      const last = words[i - 1] ^ (words[i - 1] >>> 30);
      words[i] = (words[i] ^ Math.imul(last, 1664525)) + key[j] + j;
      i += 1;
      j = (j + 1) % key.length;
      if (i >= SIZE) {
        words[0] = words[SIZE - 1];
        i = 1;
      }
    }
    for (let k = SIZE - 1; k > 0; k -= 1) {
      const last = words[i - 1] ^ (words[i - 1] >>> 30);
      words[i] = (words[i] ^ Math.imul(last, 1566083941)) - i;
      i += 1;
      if (i >= SIZE) {
        words[0] = words[SIZE - 1];
        i = 1;
      }
    }
    words[0] = 0x80000000;
    return made;
  }

  /** @param {number} seed */
  #fill(seed) {
    const words = this.words;
    words[0] = seed;
    for (let i = 1; i < SIZE; i += 1) {
      const last = words[i - 1] ^ (words[i - 1] >>> 30);
      words[i] = Math.imul(last, 1812433253) + i;
    }
    this.at = SIZE;
  }

  #twist() {
    const words = this.words;
    for (let i = 0; i < SIZE; i += 1) {
      const both = (words[i] & 0x80000000) | (words[(i + 1) % SIZE] & 0x7fffffff);
      words[i] = words[(i + SHIFT) % SIZE] ^ (both >>> 1) ^ (both & 1 ? 0x9908b0df : 0);
    }
    this.at = 0;
  }

  /** @returns {number} the next 32 random bits */
  word() {
    if (this.at >= SIZE) this.#twist();
    let word = this.words[this.at];
    this.at += 1;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /** A generator that goes on as this one would. */
  copy() {
    const made = new MersenneTwister();
    made.words.set(this.words);
    made.at = this.at;
    return made;
  }
}
