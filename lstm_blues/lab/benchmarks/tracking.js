// @ts-check
/** Performances from standard input to the steps of their onsets, as the page hears them. */
import { readFileSync } from "node:fs";
import { Tracker } from "../../browser/page/music/tracker.js";

/** @typedef {{times: number[], leans: number[], places: number[], onsets: number[]}} Performance */

/** @param {Performance} performance @returns {number[]} a step per onset, -1 for none */
function track({ times, leans, places, onsets }) {
  const size = times.length - 1;
  const length = times[size];
  const tracker = new Tracker((step) => {
    const place = ((step % size) + size) % size;
    const time = times[place] + Math.floor(step / size) * length;
    return { time, lean: leans[place], place: places[place] };
  });
  const steps = onsets.map(() => -1);
  let heard = 0;
  const last = onsets[onsets.length - 1] + 2 * (times[1] - times[0]);
  for (let step = 0; tracker.expected(step - 1) < last; step++) {
    // Online: what has not sounded when the step closes is not known.
    const closes = tracker.closing(step);
    while (heard < onsets.length && onsets[heard] < closes) tracker.onset(onsets[heard], heard++);
    const { onset } = tracker.close();
    if (onset) steps[onset.id] = step;
  }
  return steps;
}

const performances = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(performances.map(track)));
