// @ts-check
/**
 * Attempts by different recipes and seeds, in rounds, until one learns the form: as
 * lstm_blues/runs/portfolio.py and race.py.
 */

import { PageError } from "../errors.js";
import { Chance } from "../music/chance.js";
import { hasRests, melodyUnits } from "../music/encoding.js";
import { NetworkLearner } from "./learner.js";

/** @import { ChordBook } from "../music/chords.js" */
/** @import { RunData } from "./learner.js" */
/** @import { FormData, Layout, Library } from "./network.js" */

/**
 * @typedef {Omit<RunData, "kernel" | "layout" | "form" | "library" | "title" | "command"> &
 *   {words: string, kernels: Record<string, string>}} Recipe
 */

/**
 * @typedef {object} Portfolio
 * @property {Recipe[]} recipes
 * @property {number} roundSteps steps that an attempt gets in a round, on average
 * @property {number} stepLimit of all attempts together
 * @property {string} command
 */

/**
 * @typedef {object} Attempt
 * @property {Recipe} recipe
 * @property {number} seed
 * @property {number} begun the round in which it began, from 1
 * @property {number} weights of its network: the work of a step
 * @property {number} before steps that it had made when the present round began
 * @property {NetworkLearner} learner
 */

/** Steps between two looks at the others. */
const CHUNK = 20_000;

export class Race {
  /**
   * @param {Portfolio} portfolio
   * @param {Record<string, Layout>} kernels by file
   * @param {{form: FormData, library: Library | null, seed: number, songsInOrder: number}} own
   * @param {ChordBook} book
   */
  constructor(portfolio, kernels, own, book) {
    this.portfolio = portfolio;
    this.kernels = kernels;
    this.own = own;
    this.book = book;
    this.round = 0;
    /** @type {Attempt[]} */
    this.attempts = [];
    /** The numbers of those that may still win this round. @type {number[]} */
    this.waiting = [];
    /** @type {number | null} */
    this.best = null;
  }

  /** @param {Attempt} attempt the work of the present round */
  static work({ learner, before, weights }) {
    return (learner.counters.steps - before) * weights;
  }

  /** @param {Attempt} attempt steps up to which it may learn in this round */
  allowed({ begun, weights }) {
    const { recipes, roundSteps } = this.portfolio;
    const first = this.attempts.slice(0, recipes.length);
    const shared = roundSteps * first.reduce((sum, each) => sum + each.weights, 0);
    return (this.round - begun + 1) * Math.floor(shared / (first.length * weights));
  }

  /** Steps of all attempts. */
  get steps() {
    return this.attempts.reduce((sum, { learner }) => sum + learner.counters.steps, 0);
  }

  /** The attempt that has played longest. @returns {Attempt | undefined} */
  get furthest() {
    /** @param {Attempt} attempt */
    const far = ({ learner }) => learner.counters.best_free_run;
    return this.attempts.reduce(
      (best, each) => far(each) > far(best) ? each : best,
      this.attempts[0],
    );
  }

  /** One more attempt by each recipe; all go on for as much work again. */
  async beginRound() {
    for (const attempt of this.attempts) attempt.before = attempt.learner.counters.steps;
    this.round += 1;
    const seed = attemptSeed(this.own.seed, this.round);
    for (const recipe of this.portfolio.recipes) {
      const run = runOf(recipe, this.kernels, this.own, this.portfolio.command);
      const learner = await NetworkLearner.make(run, seed, this.book);
      const weights = weightsOf(run.layout);
      this.attempts.push({ recipe, seed, begun: this.round, weights, before: 0, learner });
    }
    this.waiting = this.attempts.map((_, number) => number);
    this.best = null;
  }

  /**
   * Goes on with the attempt that has done the least work, for some steps.
   * @returns {Attempt | null | undefined} the winner; null where the round ended without one;
   *   undefined where it goes on
   */
  goOn() {
    const { attempts } = this;
    /** @param {number} a @param {number} b */
    const earlier = (a, b) => Race.work(attempts[a]) - Race.work(attempts[b]) || a - b;
    this.waiting.sort(earlier);
    const number = this.waiting[0];
    if (number === undefined || (this.best !== null && earlier(this.best, number) < 0)) {
      return this.best === null ? null : attempts[this.best];
    }
    const attempt = attempts[number];
    const { learner } = attempt;
    const left = this.allowed(attempt) - learner.counters.steps;
    if (left > 0 && learner.running) learner.learn(Math.min(left, CHUNK));
    if (learner.counters.learned) {
      this.waiting.shift();
      if (this.best === null || earlier(number, this.best) < 0) this.best = number;
    } else if (left <= 0 || !learner.running) {
      this.waiting.shift();
    }
    return undefined;
  }

  /** Whether all attempts together have had their steps. */
  get isOver() {
    const allowed = this.attempts.reduce((sum, attempt) => sum + this.allowed(attempt), 0);
    return allowed >= this.portfolio.stepLimit;
  }
}

/** The seed of the attempts begun in a round: the run's own in the first. @param {number} seed @param {number} round */
export function attemptSeed(seed, round) {
  return round === 1 ? seed : new Chance(`${seed} ${round}`).twister.word() >>> 1;
}

/** Weights that reach the chord units. @param {Layout} layout */
export function weightsOf({ parts }) {
  return parts.filter(({ reachesChords }) => reachesChords).reduce(
    (sum, { seen, rows }) => sum + seen.length * rows.reduce((all, [, height]) => all + height, 0),
    0,
  );
}

/**
 * The run of a recipe for a form and its bars.
 * @param {Recipe} recipe
 * @param {Record<string, Layout>} kernels
 * @param {{form: FormData, library: Library | null, songsInOrder: number}} own
 * @param {string} command
 * @returns {RunData}
 * @throws {PageError} for a melody that the page has no kernel for
 */
function runOf(recipe, kernels, { form, library, songsInOrder }, command) {
  const encoding = { ...recipe.encoding, rests: library !== null && hasRests(library) };
  const units = library === null ? 0 : melodyUnits(encoding, form.melodyNotes);
  const kernel = recipe.kernels[units];
  if (kernel === undefined) {
    throw new PageError(
      `The melody has ${form.melodyNotes} different notes, but the page learns melodies of 13.`,
    );
  }
  const layout = kernels[kernel];
  return {
    ...recipe,
    title: form.name,
    command,
    kernel,
    layout,
    form,
    library,
    encoding,
    songsInOrder,
  };
}
