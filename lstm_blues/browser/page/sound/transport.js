// @ts-check
/** Time: bars are made and scheduled on the audio clock a little ahead of what is heard. */

import { secondsOf } from "../music/bar.js";
import { Lateness } from "./lateness.js";
import { OwnClock } from "./own_clock.js";

/** @typedef {import("../music/bar.js").Bar} Bar */
/** @typedef {import("../music/performance.js").Part} Part */
/** @typedef {Bar & {at: number}} TimedBar `at`: seconds on the audio clock */
/** @typedef {{currentTime: number, outputLatency?: number}} Clock */

/** Milliseconds between two looks at the clock. */
const TICK = 20;

/** Seconds from when the first bar is made to its beginning. */
const UPBEAT = 0.15;

/** Seconds of look-ahead, unless somebody waits for an answer. */
const USUAL = 0.8;

/** Seconds between two looks at the clock that are too many, and the most that are allowed for. */
const [HELD_UP, MOST] = [0.2, 2];

/** Seconds that must be left before a bar's beginning for its notes to be scheduled in time. */
const MARGIN = 0.05;

/** Seconds of bars that are kept after they were heard, for those who draw. */
const KEPT = 30;

export class Transport {
  /** Seconds before its beginning at which a bar is made; more where the page was held up. */
  lookAhead = USUAL;
  playing = false;
  /** The bars that were made, the oldest first. @type {TimedBar[]} */
  bars = [];
  lateness = new Lateness();
  /** @type {Map<string, Set<(event: any) => void>>} */
  #listeners = new Map();
  /** @type {{postMessage: (milliseconds: number) => void} | null} */
  #clock = null;
  #end = 0;
  /** The place of the step that was told last. */
  #told = { bar: -1, step: 0 };
  #made = 0;
  /** When the clock was looked at last, and the longest that this page was held up. */
  #looked = Infinity;
  #patience = 0;

  /**
   * @param {() => Clock} clock gives the audio clock
   * @param {() => Bar} source makes the next bar
   * @param {(bar: TimedBar, parts: Part[]) => Iterable<number>} schedule sounds a bar's parts; gives when each note begins
   * @param {(error: unknown) => void} fail is told what went wrong
   */
  constructor(clock, source, schedule, fail) {
    this.clock = clock;
    this.source = source;
    this.schedule = schedule;
    this.fail = fail;
  }

  /**
   * Calls back at each `bar` ({bar}) and `step` ({bar, step, time}) when it is heard, and at `made`
   * ({bar}), `tick` ({now}), `start` and `stop`.
   * @param {"bar" | "step" | "made" | "tick" | "start" | "stop"} event
   * @param {(event: any) => void} listener
   * @returns {() => void} ends it
   */
  on(event, listener) {
    const all = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, all.add(listener));
    return () => all.delete(listener);
  }

  /** @param {string} event @param {any} [what] */
  #tell(event, what = {}) {
    for (const listener of this.#listeners.get(event) ?? []) listener(what);
  }

  /** When a step of a bar is heard, in seconds on the audio clock. @param {TimedBar} bar @param {number} step */
  timeOf(bar, step) {
    return bar.at + secondsOf(bar, step);
  }

  /** Bars that were made since the start. */
  get count() {
    return this.#made;
  }

  /** What is heard now, in seconds on the audio clock. */
  get heard() {
    const clock = this.clock();
    return clock.currentTime - (clock.outputLatency || 0);
  }

  start() {
    if (this.playing) return;
    this.playing = true;
    this.bars = [];
    this.#made = 0;
    this.#told = { bar: -1, step: 0 };
    this.#end = 0;
    this.#looked = Infinity;
    this.#clock ??= this.#worker();
    this.#clock.postMessage(TICK);
    this.#tell("start");
    this.tick();
    this.#draw();
  }

  stop() {
    if (!this.playing) return;
    this.playing = false;
    this.#clock?.postMessage(0);
    this.#tell("stop");
  }

  #worker() {
    if (typeof Worker !== "function") return new OwnClock(() => this.tick());
    const worker = new Worker(new URL("../workers/clock.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", () => this.tick());
    return worker;
  }

  /** Makes the bars that are due, and tells of what is heard. */
  tick() {
    if (!this.playing) return;
    try {
      this.#make();
      this.#tell("tick", { now: this.clock().currentTime });
      this.#catchUp();
    } catch (error) {
      this.stop();
      this.fail(error);
    }
  }

  #make() {
    const now = this.clock().currentTime;
    if (now - this.#looked > HELD_UP) {
      this.#patience = Math.min(MOST, Math.max(this.#patience, now - this.#looked));
    }
    this.#looked = now;
    const ahead = this.lookAhead < USUAL ? this.lookAhead : USUAL + this.#patience;
    while (this.#end < this.clock().currentTime + ahead) {
      const made = this.source();
      const late = this.clock().currentTime + MARGIN - this.#end;
      // The first bar begins when it is made; and a page that was held up goes on where it was.
      if (late > 0) {
        if (this.#made > 0) this.lateness.stalled(late);
        this.#end += late + UPBEAT;
      }
      const bar = { ...made, at: this.#end };
      this.#end += bar.seconds;
      this.bars.push(bar);
      this.#made += 1;
      const times = this.schedule(bar, bar.band);
      this.lateness.scheduled(times, this.clock().currentTime);
      this.#tell("made", { bar });
    }
    const old = this.heard - KEPT;
    while (this.bars.length > 0 && this.bars[0].at + this.bars[0].seconds < old) this.bars.shift();
  }

  /**
   * Schedules further notes of a bar that was made.
   * @param {TimedBar} bar
   * @param {Part} part times in quarter notes of the bar
   */
  add(bar, part) {
    bar.band.push(part);
    this.lateness.scheduled(this.schedule(bar, [part]), this.clock().currentTime);
  }

  #draw() {
    if (!this.playing) return;
    this.tick();
    if (typeof requestAnimationFrame === "function") requestAnimationFrame(() => this.#draw());
  }

  /** Tells of each step that has begun to sound. */
  #catchUp() {
    const now = this.heard;
    for (let place = 0; place < this.bars.length; place += 1) {
      const bar = this.bars[place];
      const number = this.#made - this.bars.length + place;
      if (bar.at > now) break;
      if (number < this.#told.bar) continue;
      let step = number === this.#told.bar ? this.#told.step : 0;
      if (number > this.#told.bar) this.#tell("bar", { bar });
      for (; step < bar.form.stepsPerBar && this.timeOf(bar, step) <= now; step += 1) {
        this.#tell("step", { bar, step, time: this.timeOf(bar, step) });
      }
      this.#told = { bar: number, step };
    }
  }
}
