// @ts-check
/** Whose turn a bar is. */

/** @typedef {"player" | "network"} Who */
/** @typedef {"fours" | "eights" | "chorus"} Length of a turn */
/** @typedef {{who: Who, first: number, bars: number}} Turn its first bar, and how many it has */

export const LENGTHS = /** @type {const} */ (["fours", "eights", "chorus"]);

export class Turns {
  /**
   * @param {object} choices
   * @param {Length} choices.length
   * @param {Who} choices.first who begins
   * @param {number} choices.chorus bars in the form
   */
  constructor({ length, first, chorus }) {
    this.bars = { fours: 4, eights: 8, chorus }[length];
    this.first = first;
  }

  /** @param {number} bar from 0; before that nobody plays @returns {Turn | null} */
  at(bar) {
    if (bar < 0) return null;
    const turn = Math.floor(bar / this.bars);
    const who = (turn % 2 === 0) === (this.first === "player") ? "player" : "network";
    return { who, first: turn * this.bars, bars: this.bars };
  }

  /** @param {number} bar */
  isPlayers(bar) {
    return this.at(bar)?.who === "player";
  }

  /** Whether a bar is the last of its turn. @param {number} bar */
  isLast(bar) {
    const turn = this.at(bar);
    return turn !== null && bar === turn.first + turn.bars - 1;
  }
}
