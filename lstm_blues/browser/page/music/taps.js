// @ts-check
/** Eight clicks, and what a player taps along with them. */

import { PageError } from "../errors.js";
import { CLICKS, latencyOf } from "./calibration.js";

/** @typedef {import("./trade.js").Trade} Trade */

/** Seconds between two clicks, and before the first. */
const APART = 0.6;
const UPBEAT = 0.5;

const OVER =
  "The music began, so the clicks ended before the latency was measured: stop it and try again.";

const CLICK = { pitch: 44, velocity: 115, seconds: 0.1 };

/**
 * Plays the clicks and takes the taps.
 * @param {Trade} trade
 * @param {(click: number) => void} clicked told of each, from 1, as it is heard
 * @returns {Promise<{latency: number, spread: number, taps: number}>} see calibration.js
 * @throws {PageError} for taps that are too few or too loose, and where music begins
 */
export async function tapAlong(trade, clicked) {
  const { session } = trade;
  if (session.playing) trade.stop();
  const context = session.output.clock();
  const { mixer } = session;
  if (mixer === null) {
    throw new PageError("This browser has no Web Audio, so there are no clicks to tap along with.");
  }
  await Promise.all([session.output.resume(), session.tune()]);
  if (session.playing) throw new PageError(OVER);
  mixer.open();
  const begin = context.currentTime + UPBEAT;
  const clicks = Array.from({ length: CLICKS }, (_, n) => begin + n * APART);
  /** @type {number[]} */
  const taps = [];
  trade.tapped = (time) => taps.push(time);
  clicks.forEach((from) => {
    const { pitch, velocity, seconds } = CLICK;
    const note = { pitch, velocity, from, to: from + seconds };
    mixer.play("drums", session.players.drums, note);
  });
  let left = () => {};
  /** @type {Promise<never>} */
  const music = new Promise((_, reject) => {
    left = session.transport.on("start", () => {
      mixer.silence();
      mixer.open();
      reject(new PageError(OVER));
    });
  });
  try {
    for (let click = 0; click <= CLICKS; click++) {
      const until = begin + click * APART - trade.heardAt(performance.now());
      await Promise.race([music, new Promise((resolve) => setTimeout(resolve, 1000 * until))]);
      if (click < CLICKS) clicked(click + 1);
    }
  } finally {
    left();
    trade.tapped = null;
  }
  return latencyOf(clicks, taps);
}
