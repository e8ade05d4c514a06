// @ts-check
/** When the melody is learned (section 4.2): as lstm_blues/learning/schedule.py. */

/** @import { MelodyRule, NetworkLearner } from "./learner.js" */

export class MelodySchedule {
  /**
   * @param {MelodyRule} rule
   * @param {number} floor the least possible cross-entropy, in nats per step
   */
  constructor(rule, floor) {
    this.rule = rule;
    this.floor = floor;
    /** Which of the rates is in use, and at which of the melody's steps it came into use. */
    this.rate = 0;
    this.since = 0;
    /** The least mean cross-entropy of a window at this rate. @type {number | null} */
    this.best = null;
    /** Flat windows in a row. */
    this.flat = 0;
    /** The learner's loss and its steps at this rate at the end of the last window. */
    this.loss = 0;
    this.seen = 0;
    /** The last window's mean, in nats per step. @type {number | null} */
    this.mean = null;
    this.ended = false;
  }

  /** The form is learned: count from here. @param {NetworkLearner} learner */
  begin(learner) {
    this.loss = learner.losses[1];
  }

  /** Steps until `look` wants to be called. @param {NetworkLearner} learner */
  stepsToLook(learner) {
    const done = learner.counters.melody_steps - this.since;
    return Math.min(this.seen + this.rule.window, this.rule.steps[this.rate]) - done;
  }

  /** At the end of a window: goes on, takes the next rate, or ends. @param {NetworkLearner} learner */
  look(learner) {
    const { rule } = this;
    const steps = learner.counters.melody_steps;
    const loss = learner.losses[1];
    const done = steps - this.since;
    let spent = done >= rule.steps[this.rate];
    if (done - this.seen >= rule.window) {
      const mean = (loss - this.loss) / (done - this.seen);
      [this.loss, this.seen, this.mean] = [loss, done, mean];
      const flat = this.best !== null && mean > this.best - rule.plateau;
      this.flat = flat ? this.flat + 1 : 0;
      this.best = this.best === null ? mean : Math.min(mean, this.best);
      spent ||= this.flat >= rule.patience;
      if (mean < this.floor + rule.enough) {
        this.ended = true;
        return;
      }
    }
    if (!spent) return;
    if (this.rate + 1 === rule.rates.length) {
      this.ended = true;
      return;
    }
    this.rate += 1;
    [this.since, this.best, this.flat, this.loss, this.seen] = [steps, null, 0, loss, 0];
    learner.melodyRate = rule.rates[this.rate];
  }
}
