// @ts-check
/** What was played: the latest bars, for Take away. */

/** @typedef {import("./bar.js").Bar} Bar */
/** @typedef {{melody: string, player: string}} Instruments */
/** @typedef {Omit<Bar, "inside"> & {at: number, instruments: Instruments, seed: number}} HistoryBar */

/** Bars that are kept. */
const KEPT = 400;

export class History {
  /** @type {HistoryBar[]} */
  bars = [];

  clear() {
    this.bars = [];
  }

  /**
   * Takes a bar; again the same one is the same.
   * @param {Bar & {at: number}} bar
   * @param {Instruments} instruments
   * @param {number} seed
   */
  add({ inside: _, ...bar }, instruments, seed) {
    if (this.bars.some(({ band }) => band === bar.band)) return;
    this.bars.push({ ...bar, instruments, seed });
    if (this.bars.length > KEPT) this.bars.shift();
  }

  /**
   * The last bars that were heard, from the beginning of a chorus on.
   * @param {number} choruses
   * @param {number} until seconds on the audio clock
   * @returns {HistoryBar[]}
   */
  last(choruses, until) {
    const heard = this.bars.filter(({ at }) => at < until);
    let left = choruses;
    let first = heard.length;
    while (first > 0 && left > 0) {
      first -= 1;
      if (heard[first].barInForm === 0) left -= 1;
      const before = heard[first - 1];
      // Music with another seed or network is another music.
      if (before && before.index + 1 !== heard[first].index) break;
    }
    return heard.slice(first);
  }
}
