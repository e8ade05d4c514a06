// @ts-check
/** What the kernel's rules are for songs of a certain length. */

/** @import { RunData } from "./learner.js" */

/** Choruses of an episode, at least. */
const LEAST_CHORUSES = 2;

/**
 * The rules of a run as they are for songs of so many steps.
 * @param {RunData} run
 * @param {number} steps
 * @returns {Record<string, number>}
 */
export function rulesOf(run, steps) {
  const rules = { ...run.rules };
  rules.test_steps = run.testChoruses * steps;
  if (run.episodeSteps !== undefined) {
    rules.episode_choruses = Math.max(LEAST_CHORUSES, Math.ceil(run.episodeSteps / steps));
  }
  if (run.unroll !== null) {
    rules.stretch = run.unroll || rules.episode_choruses * steps;
    rules.melody_stretch = run.melodyUnroll || rules.stretch;
  }
  return rules;
}
