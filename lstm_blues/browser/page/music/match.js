// @ts-check
/** Onsets matched to steps as a whole: in order, at most one per step, at the least cost. */

/** @typedef {{time: number, id: number}} Onset seconds; whose it is */

/** Seconds within which the first of two onsets is a grace note of the second. */
const GRACE = 0.08;

/** What it costs to leave out an onset, in squared standard deviations over two. */
const GRACE_NOTE = 3;
const AFTER_GRACE = 6;
const CROWDED = 9;

/**
 * The step of each onset, counted from 0, or -1 for none: increasing, at the least sum of costs.
 * @param {Onset[]} onsets in the order of their times
 * @param {number} steps how many there are to choose from
 * @param {(onset: Onset, step: number) => number} cost of an onset on a step
 * @param {number} near seconds within which onsets crowd: only these, and grace notes, are left out
 * @returns {number[]}
 */
export function match(onsets, steps, cost, near) {
  /** For the onsets so far, by how many steps may be taken by them. */
  let best = Array.from(
    { length: steps + 1 },
    () => ({ cost: 0, places: /** @type {number[]} */ ([]) }),
  );
  for (let i = 0; i < onsets.length; i++) {
    const none = costOfNone(onsets, i, near);
    const ways = best.map((way) => ({ cost: way.cost + none, places: [...way.places, -1] }));
    for (let step = 0; step < steps; step++) {
      const on = best[step].cost + cost(onsets[i], step);
      if (on < ways[step + 1].cost) {
        ways[step + 1] = { cost: on, places: [...best[step].places, step] };
      }
      if (ways[step].cost < ways[step + 1].cost) ways[step + 1] = ways[step];
    }
    best = ways;
  }
  return best[steps].places;
}

/** @param {Onset[]} onsets @param {number} i @param {number} near */
function costOfNone(onsets, i, near) {
  const before = onsets[i].time - (onsets[i - 1]?.time ?? -Infinity);
  const after = (onsets[i + 1]?.time ?? Infinity) - onsets[i].time;
  if (after < GRACE) return GRACE_NOTE;
  if (before < GRACE) return AFTER_GRACE;
  return Math.min(before, after) < near ? CROWDED : Infinity;
}
