// @ts-check
/** What is said of a network while it learns. */

import { inMillions } from "../learning/film.js";

/** @typedef {import("../learning/worker.js").Progress} Progress */

/** @param {number} steps @param {number} chorus steps */
export function inChoruses(steps, chorus) {
  if (steps < chorus) return `${Math.round(steps)} of ${chorus} steps`;
  const choruses = Math.floor(steps / chorus);
  return `${choruses.toLocaleString("en")} chorus${choruses === 1 ? "" : "es"}`;
}

/** @param {Progress} progress */
export function statusOf({ learned, round, attempts, steps }) {
  if (learned) {
    return `The form is learned; the melody is being learned: ${inMillions(steps)} steps.`;
  }
  if (round) {
    return `Round ${round}: ${attempts} attempts by different recipes, the best one drawn.`;
  }
  return "Learning …";
}

/** Its cross-entropy, once a window of it was measured, and the least possible. @param {Progress} progress */
export function melodyOf({ melodyLoss, melodyFloor }) {
  if (melodyFloor === undefined) return "–";
  const loss = typeof melodyLoss === "number" ? melodyLoss.toFixed(3) : "…";
  return `${loss} nats per step, floor ${melodyFloor.toFixed(3)}`;
}
