// @ts-check
/** Ticks where the browser has no workers: slower in the background. */

/** Stands in for the worker of workers/clock.js. */
export class OwnClock {
  /** @param {() => void} tick */
  constructor(tick) {
    this.tick = tick;
    this.timer = 0;
  }

  /** @param {number} milliseconds 0 to stop */
  postMessage(milliseconds) {
    clearInterval(this.timer);
    if (milliseconds > 0) this.timer = setInterval(this.tick, milliseconds);
  }
}
