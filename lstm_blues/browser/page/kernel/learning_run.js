// @ts-check
/** A run that learns, from random weights to its end: as lstm_blues/runs/run.py. */

import { ChordBook } from "../music/chords.js";
import { melodyFloor } from "../music/floor.js";
import { NetworkLearner } from "./learner.js";
import { Race } from "./race.js";
import { MelodySchedule } from "./schedule.js";

/** @import { FormData, Library, NetworkData } from "./network.js" */
/** @import { RunData } from "./learner.js" */

/**
 * @typedef {object} Order what is to be learned
 * @property {string} run name of one of data/learning.json's, or `own`
 * @property {number} seed
 * @property {FormData} [form] of `own`
 * @property {Library} [bars] of `own`: the segments of each bar, for a melody
 * @property {Record<string, number>} [rules] other values, by the kernel's names
 */

/**
 * @typedef {object} Progress
 * @property {number} steps of all attempts
 * @property {number} stepsPerSecond
 * @property {number} gross steps with a gross error
 * @property {number} resets after gross errors
 * @property {number} cleanRun the longest run of steps without one
 * @property {number} bestFreeRun steps
 * @property {{notes: Uint8Array, right: number}} freeRun of one chorus, see `NetworkLearner.freeRun`
 * @property {boolean} learned whether the form is learned
 * @property {"chords" | "melody"} phase
 * @property {number} [melodyRate]
 * @property {number | null} [melodyLoss] of the last window, in nats per step
 * @property {number} [melodyFloor] the least possible
 * @property {string} [recipe]
 * @property {number} [round]
 * @property {number} [attempts]
 */

/** Steps that a slice begins with, before it is known how fast they go. */
const FIRST_CHUNK = 20_000;

export class LearningRun {
  /** @type {NetworkLearner | null} */
  learner = null;
  /** @type {Race | null} */
  race = null;
  /** @type {import("./race.js").Attempt | null} */
  winner = null;
  /** @type {MelodySchedule | null} */
  schedule = null;
  ended = false;
  seconds = 0;
  stepsPerSecond = 0;

  /**
   * @param {Order} order
   * @param {any} learning data/learning.json
   * @param {any} music data/music.json
   */
  constructor(order, learning, music) {
    this.order = order;
    this.learning = learning;
    this.book = new ChordBook(music.qualities, music.spellings);
  }

  /** Before the first step. */
  async begin() {
    const { order, learning, book } = this;
    const { kernels, songsInOrder } = learning;
    if (order.run === "own") {
      const form = /** @type {FormData} */ (order.form);
      const own = { form, library: order.bars ?? null, seed: order.seed, songsInOrder };
      this.race = new Race(learning.own, kernels, own, book);
      await this.race.beginRound();
      return;
    }
    const found = learning.runs.find((/** @type {RunData} */ run) => run.name === order.run);
    const rules = { ...found.rules, ...order.rules };
    /** @type {RunData} */
    const run = { ...found, rules, layout: kernels[found.kernel], songsInOrder };
    this.learner = await NetworkLearner.make(run, order.seed, book);
  }

  /**
   * Learns for about so long.
   * @param {number} milliseconds
   * @returns {Promise<boolean>} whether there is more to learn
   */
  async goOn(milliseconds) {
    const [begun, before] = [performance.now(), this.steps];
    while (!this.ended && performance.now() - begun < milliseconds) {
      if (this.race !== null && this.winner === null) await this.#compete(this.race);
      else if (this.learner !== null) this.#learn(this.learner, milliseconds);
    }
    const seconds = (performance.now() - begun) / 1000;
    this.seconds += seconds;
    if (seconds > 0) this.stepsPerSecond = (this.steps - before) / seconds;
    return !this.ended;
  }

  /** @param {Race} race */
  async #compete(race) {
    const won = race.goOn();
    if (won === undefined) return;
    if (won === null) {
      if (race.isOver) this.ended = true;
      else await race.beginRound();
      return;
    }
    this.winner = won;
    this.learner = won.learner;
    // The others' memory is needed no more.
    this.stepsOfOthers = race.steps - won.learner.counters.steps;
    this.tried = race.attempts.length;
    race.attempts = [won];
    this.#afterChords(won.learner);
  }

  stepsOfOthers = 0;
  tried = 0;

  /** @param {NetworkLearner} learner @param {number} milliseconds */
  #learn(learner, milliseconds) {
    const chunk = Math.ceil(this.stepsPerSecond * milliseconds / 2000) || FIRST_CHUNK;
    const { schedule } = this;
    const count = learner.counters;
    const left = schedule ? schedule.stepsToLook(learner) : learner.run.stepLimit - count.steps;
    const done = learner.learn(Math.min(left, chunk));
    if (!schedule) {
      this.#afterChords(learner);
      return;
    }
    if (done >= left) schedule.look(learner);
    this.ended = schedule.ended || !learner.running;
  }

  /** The melody's turn, or the end, where the chords have had theirs. @param {NetworkLearner} learner */
  #afterChords(learner) {
    const { learned, nonfinite, steps } = learner.counters;
    if (learned && learner.hasMelody) {
      learner.beginMelody();
      this.schedule = new MelodySchedule(learner.run.melody, melodyFloor(learner.songs));
      this.schedule.begin(learner);
    } else {
      this.ended = Boolean(learned || nonfinite) || steps >= learner.run.stepLimit;
    }
  }

  /** The learner that is shown: the winner's, or that which has played longest. */
  get shown() {
    const learner = this.learner ?? this.race?.furthest?.learner;
    if (!learner) throw new Error("The run was not begun.");
    return learner;
  }

  /** Steps of all attempts. */
  get steps() {
    if (this.learner !== null) return this.stepsOfOthers + this.learner.counters.steps;
    return this.race?.steps ?? 0;
  }

  /** @returns {Progress} */
  progress() {
    const learner = this.shown;
    const count = learner.counters;
    const { schedule, race } = this;
    const attempt = this.winner ?? race?.furthest;
    return {
      steps: this.steps,
      stepsPerSecond: this.stepsPerSecond,
      gross: count.gross,
      resets: count.gross_resets,
      cleanRun: count.longest_clean_run,
      bestFreeRun: count.best_free_run,
      freeRun: learner.freeRun(learner.songs.steps),
      learned: count.learned === 1,
      phase: schedule ? "melody" : "chords",
      ...(schedule && {
        melodyRate: learner.melodyRate,
        melodyLoss: schedule.mean,
        melodyFloor: schedule.floor,
      }),
      ...(race && {
        recipe: attempt?.recipe.name,
        round: race.round,
        attempts: this.tried || race.attempts.length,
      }),
    };
  }

  /** How it ended, or where it was stopped. */
  result() {
    const learner = this.shown;
    const { learned, steps } = learner.counters;
    const undecided = this.race !== null && this.winner === null;
    return {
      learned: learned === 1,
      ended: this.ended,
      phase: this.schedule ? "melody" : "chords",
      hash: learner.hash(),
      steps: undecided ? this.steps : steps, // of the winner, or of all attempts
      seconds: this.seconds,
      choruses: learned ? learner.run.testChoruses : 0,
      recipe: this.winner?.recipe.name,
      seed: this.winner?.seed ?? this.order.seed,
      round: this.race?.round,
      attempts: this.race ? this.tried || this.race.attempts.length : undefined,
      network: this.network(),
    };
  }

  /** The network as it is now, to be played. @returns {NetworkData} */
  network() {
    const { form } = this.shown.run;
    return this.shown.network("learned", `Learned here: ${form.name.replaceAll("_", " ")}`);
  }
}
