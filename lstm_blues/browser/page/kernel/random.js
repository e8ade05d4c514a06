// @ts-check
/** Random numbers as torch draws them on the CPU, to the bit. */

import { MersenneTwister } from "../music/mersenne.js";

/** From here on torch takes two words for a whole number. */
const LARGE = 2 ** 28;

export class TorchRandom {
  /** @param {number | bigint} seed a whole number; its low 32 bits count */
  constructor(seed) {
    this.twister = MersenneTwister.seeded(Number(BigInt.asUintN(32, BigInt(seed))));
  }

  /** @returns {number} in [0, 1), as torch.rand in float64 */
  rand() {
    const high = this.twister.word() & 0x1fffff;
    return (high * 2 ** 32 + this.twister.word()) / 2 ** 53;
  }

  /** @param {number} most at most 2^53 @returns {number} from 0 to below it, as torch.randint */
  randint(most) {
    const word = this.twister.word();
    if (most < LARGE) return word % most;
    return Number(((BigInt(word) << 32n) | BigInt(this.twister.word())) % BigInt(most));
  }

  /** One that goes on as this one would. */
  copy() {
    const made = new TorchRandom(0);
    made.twister = this.twister.copy();
    return made;
  }
}
