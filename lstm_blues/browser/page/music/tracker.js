// @ts-check
/**
 * Performed onsets to steps: what the report calls temporal noise (section 2.2), met online.
 *
 * The tempo is the transport's.  The tracker follows four things about the player, each an average
 * that forgets: `offset`, how late he is, in seconds; `swing`, how much longer his first half of
 * the beat is than the band's, in beats (both by a Kalman filter that also draws them back to the
 * band's); `spread`, the standard deviation of his onsets, in seconds; and `habits`, how often he
 * plays on each place in the beat.
 *
 * A step is decided when it closes: half way to the next one as the player plays them.  The onsets
 * that wait are then matched to the steps that are open as a whole, so that an early note is not
 * taken for a second one on the step before; what fits no step, such as a grace note, is left out.
 */

import { match } from "./match.js";

/** @typedef {import("./match.js").Onset} Onset */
/**
 * @typedef {object} GridStep
 * @property {number} time seconds at which the band plays the step
 * @property {number} lean seconds by which it is later where the first half of the beat is longer
 *   by a whole beat: 0 on the beat, and where nothing swings
 * @property {number} place in the beat, 0 on it
 */
/** @typedef {{onset: Onset | null, left: Onset[]}} Decision a step's onset, and those left out */

/** Standard deviations: of offset, in seconds, and swing, in beats, among players. */
const OFFSETS = 0.02;
const SWINGS = 0.05;
/** What remains of offset and swing from one note to the next. */
const KEPT = 0.97;
const SPREAD = { first: 0.03, least: 0.015, most: 0.1, rate: 0.08 };
const HABIT = { onBeat: 0.75, offBeat: 0.5, least: 0.05, most: 0.95, rate: 0.06 };
/** Steps after the one that closes which an onset may be meant for. */
const AHEAD = 3;

export class Tracker {
  /** @param {(step: number) => GridStep} grid steps count on over bars and choruses */
  constructor(grid) {
    this.grid = grid;
    this.offset = 0;
    this.swing = 0;
    this.spread = SPREAD.first;
    /** Variances of offset and swing, and their covariance. */
    this.variance = [OFFSETS ** 2, SWINGS ** 2, 0];
    /** The share of the steps at a place in the beat that he plays on. @type {Map<number, number>} */
    this.habits = new Map();
    /** @type {Onset[]} */
    this.waiting = [];
    this.next = 0;
  }

  /** Listens from a step on, as at the beginning of a turn. @param {number} step */
  begin(step) {
    this.next = step;
    this.waiting = [];
  }

  /** When the player would play a step, in seconds. @param {number} step */
  expected(step) {
    const { time, lean } = this.grid(step);
    return time + this.offset + lean * this.swing;
  }

  /**
   * When a step is decided: half way to the next one as the player plays them; where it is the last
   * of a turn, without waiting for one who is late, since an answer begins with the next.
   * @param {number} step
   * @param {boolean} [last]
   */
  closing(step, last = false) {
    const closes = (this.expected(step) + this.expected(step + 1)) / 2;
    return last ? closes - Math.max(this.offset, 0) : closes;
  }

  /**
   * Takes a note; false where it comes too early for the first step that is listened to.
   * @param {number} time in seconds, less the latency of the input
   * @param {number} id
   */
  onset(time, id) {
    if (time < this.closing(this.next - 1)) return false;
    this.waiting.push({ time, id });
    this.waiting.sort((a, b) => a.time - b.time);
    return true;
  }

  /** Decides the next step, at its closing. @returns {Decision} */
  close() {
    const step = this.next;
    const now = this.closing(step);
    const places = this.places(step, now);
    const at = places.indexOf(0);
    const open = this.expected(step);
    this.next = step + 1;
    this.learnHabit(step, at >= 0);
    if (at < 0) {
      // More than a step early for the next one.
      const left = this.waiting.filter(({ time }, i) => places[i] < 0 && time < open);
      this.waiting = this.waiting.filter((onset) => !left.includes(onset));
      return { onset: null, left };
    }
    const [left, onset] = [this.waiting.slice(0, at), this.waiting[at]];
    this.waiting = this.waiting.slice(at + 1);
    this.follow(step, onset.time, now);
    return { onset, left };
  }

  /** The step of each onset that waits, from `first`, or -1. @param {number} first @param {number} now */
  places(first, now) {
    if (this.waiting.length === 0) return [];
    const latest = this.waiting[this.waiting.length - 1].time;
    let steps = AHEAD;
    while (this.expected(first + steps - AHEAD + 1) < latest) steps++;
    const near = this.expected(first + 1) - this.expected(first);
    return match(this.waiting, steps, ({ time }, k) => this.cost(time, first + k, now), near);
  }

  /**
   * How unlikely an onset is at a step against no onset there so far: its negative logarithm.
   * @param {number} time
   * @param {number} step
   * @param {number} now
   */
  cost(time, step, now) {
    const far = (time - this.expected(step)) / this.spread;
    const habit = this.habit(step);
    // A note of this step may still come; the logistic function stands for the normal one.
    const due = habit / (1 + Math.exp((-1.7 * (now - this.expected(step))) / this.spread));
    return (far * far) / 2 - Math.log(habit / (1 - due));
  }

  /** @param {number} step */
  habit(step) {
    const { place } = this.grid(step);
    return this.habits.get(place) ?? (place === 0 ? HABIT.onBeat : HABIT.offBeat);
  }

  /** @param {number} step @param {boolean} played */
  learnHabit(step, played) {
    const now = this.habit(step);
    const moved = now + HABIT.rate * (Number(played) - now);
    const kept = Math.min(HABIT.most, Math.max(HABIT.least, moved));
    this.habits.set(this.grid(step).place, kept);
  }

  /**
   * Follows the player by the onset of a step, less sure where it could be a neighbour's.
   * @param {number} step
   * @param {number} time
   * @param {number} now
   */
  follow(step, time, now) {
    this.offset *= KEPT;
    this.swing *= KEPT;
    const kept = KEPT * KEPT;
    const offsets = this.variance[0] * kept + OFFSETS ** 2 * (1 - kept);
    const swings = this.variance[1] * kept + SWINGS ** 2 * (1 - kept);
    const both = this.variance[2] * kept;
    const { error, squared } = this.errors(step, time, now);
    const { lean } = this.grid(step);
    const forOffset = offsets + lean * both;
    const forSwing = both + lean * swings;
    const sum = forOffset + lean * forSwing + this.spread ** 2;
    this.offset += (forOffset / sum) * error;
    this.swing += (forSwing / sum) * error;
    this.variance = [
      offsets - (forOffset * forOffset) / sum,
      swings - (forSwing * forSwing) / sum,
      both - (forOffset * forSwing) / sum,
    ];
    const spread = Math.sqrt(this.spread ** 2 + SPREAD.rate * (squared - this.spread ** 2));
    this.spread = Math.min(SPREAD.most, Math.max(SPREAD.least, spread));
  }

  /** The mean error and squared error over a step and its neighbours, by how likely each is. */
  errors(/** @type {number} */ step, /** @type {number} */ time, /** @type {number} */ now) {
    const own = this.cost(time, step, now);
    let [sum, error, squared] = [0, 0, 0];
    for (const each of [step - 1, step, step + 1]) {
      const likely = Math.exp(own - this.cost(time, each, now));
      const far = time - this.expected(each);
      sum += likely;
      error += likely * far;
      squared += likely * far * far;
    }
    return { error: error / sum, squared: squared / sum };
  }
}
