// @ts-check
/** How late a player's notes come in: he taps along with clicks. */

import { PageError } from "../errors.js";

/** Clicks to tap along with. */
export const CLICKS = 8;
/** Of those, how many taps there must be. */
const NEEDED = 5;
/** Seconds: taps further apart than this, by half of them, tell nothing. */
const LOOSEST = 0.06;

/**
 * The latency: the median of how late the taps are.
 * @param {number[]} clicks seconds
 * @param {number[]} taps seconds, of the same clock
 * @returns {{latency: number, spread: number, taps: number}} seconds; spread: the median distance
 *   from the latency
 * @throws {PageError} for taps that are too few or too loose
 */
export function latencyOf(clicks, taps) {
  const half = (clicks[1] - clicks[0]) / 2;
  const late = clicks.flatMap((click) => {
    const near = taps.map((tap) => tap - click).filter((far) => Math.abs(far) < half);
    return near.length === 0 ? [] : [near.reduce((a, b) => Math.abs(a) < Math.abs(b) ? a : b)];
  });
  if (late.length < NEEDED) {
    throw new PageError(
      `Only ${late.length} of ${clicks.length} clicks were tapped, but ${NEEDED} are needed: tap along with each, with the key or pad you play on.`,
    );
  }
  const latency = median(late);
  const spread = median(late.map((each) => Math.abs(each - latency)));
  if (spread > LOOSEST) {
    throw new PageError(
      `The taps were too uneven to tell the latency: they lie ${
        Math.round(1000 * spread)
      } ms apart; try again.`,
    );
  }
  return { latency, spread, taps: late.length };
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
