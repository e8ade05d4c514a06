// @ts-check
/** Choruses as files have them. */

import { History } from "./history.js";
import { playingNow } from "./session_settings.js";

/** @typedef {import("./history.js").HistoryBar} HistoryBar */

/**
 * The first choruses of the seed's music, not heard.
 * @param {import("../app.js").App} app
 * @param {number} choruses
 * @returns {Promise<HistoryBar[]>}
 */
export async function composed(app, choruses) {
  const { session, settings } = app;
  await session.tune();
  const source = await session.makeSource();
  const history = new History();
  let at = 0;
  do {
    const bar = { ...source.nextBar(playingNow(app)), at };
    history.add(bar, session.instruments, settings.get("seed"));
    at += bar.seconds;
  } while (history.bars.length < choruses * history.bars[0].form.bars);
  return history.bars;
}

/**
 * The title of the music, as `compose` gives it.
 * @param {HistoryBar[]} bars
 */
export function titleOf(bars) {
  const { form: { name }, seed } = bars[0];
  const words = name.replaceAll("_", " ");
  const kind = name.includes("blues") ? "Blues" : words[0].toUpperCase() + words.slice(1);
  return `${kind} ${seed}.1`;
}

/**
 * Bars as a MIDI file has them.
 * @param {HistoryBar[]} bars
 * @param {import("../sound/samples.js").Orchestra} orchestra
 * @returns {import("./midi.js").PlayedBar[]}
 */
export function midiBars(bars, orchestra) {
  return bars.map((bar) => {
    const melody = orchestra.describe(bar.instruments.melody).program;
    const player = orchestra.describe(bar.instruments.player).program;
    const programs = { melody, player, chords: 0, bass: 32, drums: 32 };
    return { parts: bar.band, quarters: bar.form.metre.quarters, tempo: bar.tempo, programs };
  });
}
