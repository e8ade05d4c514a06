// @ts-check
/** What the player's hands do, whatever they play on: keys that go down and come up again. */

/**
 * @typedef {object} Hands who is told
 * @property {(pitch: number, velocity: number, time: number) => void} press MIDI numbers, and
 *   milliseconds as of `performance.now()`
 * @property {(pitch: number, time: number) => void} release
 */

/** The velocity of keys that do not tell how hard they are pressed. */
export const VELOCITY = 90;

/** Counts who holds a pitch, so that two keyboards that hold the same one do not cut each other. */
export class OneSound {
  /** @param {Hands} hands */
  constructor(hands) {
    this.hands = hands;
    /** @type {Map<number, number>} */
    this.held = new Map();
  }

  /** @param {number} pitch @param {number} velocity @param {number} time */
  press(pitch, velocity, time) {
    const held = this.held.get(pitch) ?? 0;
    this.held.set(pitch, held + 1);
    if (held > 0) this.hands.release(pitch, time);
    this.hands.press(pitch, velocity, time);
  }

  /** @param {number} pitch @param {number} time */
  release(pitch, time) {
    const held = this.held.get(pitch) ?? 0;
    if (held <= 1) this.held.delete(pitch);
    else this.held.set(pitch, held - 1);
    if (held === 1) this.hands.release(pitch, time);
  }
}
