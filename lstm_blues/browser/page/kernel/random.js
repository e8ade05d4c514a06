// @ts-check
/** Random numbers as torch draws them on the CPU, to the bit. */

import { MersenneTwister } from "../music/mersenne.js";

/** From so many values on torch takes 64 random bits for one. */
const MANY = 2 ** 28;

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

  /** @param {number} most @returns {number} a whole number from 0 to below it, as torch.randint */
  randint(most) {
    if (most < MANY) return this.twister.word() % most;
    const high = BigInt(this.twister.word()) << 32n;
    return Number((high | BigInt(this.twister.word())) % BigInt(most));
  }

  /** One that goes on as this one would. */
  copy() {
    const made = new TorchRandom(0);
    made.twister = this.twister.copy();
    return made;
  }
}
