// @ts-check
/** The least expected cross-entropy of a melody: as `melody_floor` in lstm_blues/music/bars.py. */

import { CHORD_NOTES } from "./encoding.js";

/** @import { Songs } from "./encoding.js" */

/**
 * The loss of an optimal predictor, which knows the bars: it predicts for every unit the share of the
 * segments still possible that have it on.
 * @param {Songs} songs
 * @returns {number} in nats per step
 */
export function melodyFloor({ units, steps, choices, table }) {
  const bar = steps / choices.length;
  let total = 0;
  choices.forEach((count, number) => {
    /** @param {number} row @param {number} step */
    const melody = (row, step) => {
      const first = (row * steps + number * bar + step) * units;
      return table.subarray(first + CHORD_NOTES, first + units);
    };
    for (let segment = 0; segment < count; segment += 1) {
      let possible = Array.from({ length: count }, (_, row) => row);
      for (let step = 0; step < bar; step += 1) {
        const now = melody(segment, step);
        now.forEach((on, unit) => {
          const same = possible.filter((row) => melody(row, step)[unit] === on).length;
          total -= Math.log(same / possible.length) / count;
        });
        possible = possible.filter((row) =>
          melody(row, step).every((on, unit) => on === now[unit])
        );
      }
    }
  });
  return total / steps;
}
