// @ts-check
/** The choruses that a visitor takes away. */

/** @typedef {import("./session.js").HistoryBar} HistoryBar */

/**
 * The last bars that were heard, from the beginning of a chorus on.
 * @param {HistoryBar[]} history
 * @param {number} choruses
 * @param {number} until seconds on the audio clock
 * @returns {HistoryBar[]}
 */
export function lastChoruses(history, choruses, until) {
  const heard = history.filter(({ at }) => at < until);
  let left = choruses;
  let first = heard.length;
  while (first > 0 && left > 0) {
    first -= 1;
    if (heard[first].barInForm === 0) left -= 1;
    const before = heard[first - 1];
    // A music with another seed or network is another music.
    if (before && before.index + 1 !== heard[first].index) break;
  }
  return heard.slice(first);
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
    const melody = orchestra.describe(bar.instrument).program;
    const programs = { melody, player: melody, chords: 0, bass: 32, drums: 32 };
    return { parts: bar.band, quarters: bar.form.metre.quarters, tempo: bar.tempo, programs };
  });
}
