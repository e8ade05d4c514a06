// @ts-check
/** Random numbers as torch draws them on the CPU, to the bit. */

import { MersenneTwister } from "../music/mersenne.js";

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

  /** @param {number} most below 2^28 @returns {number} from 0 to below it, as torch.randint */
  randint(most) {
    return this.twister.word() % most;
  }
}
