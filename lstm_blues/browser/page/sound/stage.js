// @ts-check
/** Musicians on their instruments: bars of struck notes become sound. */

/** @typedef {import("./mixer.js").Mixer} Mixer */
/** @typedef {import("../music/performance.js").Role} Role */
/** @typedef {import("../music/performance.js").Part} Part */
/** @typedef {import("./samples.js").Instrument} Instrument */
/** @typedef {Record<Role, Instrument>} Players the instrument of each */

/** What a band plays on. */
const BAND_INSTRUMENTS = { chords: "piano", bass: "acoustic bass", drums: "drums" };

/**
 * The instruments of a band, of the melody, and of whoever plays along.
 * @param {import("./samples.js").Orchestra} orchestra
 * @param {{melody: string, player: string}} chosen names
 * @returns {Promise<Players>}
 */
export async function playersOf(orchestra, chosen) {
  const names = { ...chosen, ...BAND_INSTRUMENTS };
  const loaded = await Promise.all(
    Object.entries(names).map(async ([role, name]) => [role, await orchestra.instrument(name)]),
  );
  return Object.fromEntries(loaded);
}

/**
 * Sounds parts of a bar.
 * @param {Mixer} mixer
 * @param {Players} players
 * @param {{tempo: number}} bar
 * @param {Part[]} parts
 * @param {number} at when it begins, in seconds on the audio clock
 * @returns {number[]} when each note begins
 */
export function soundBar(mixer, players, bar, parts, at) {
  const quarter = 60 / bar.tempo;
  return parts.flatMap(({ role, notes }) =>
    notes.map(({ pitch, velocity, start, end }) => {
      const [from, to] = [at + start * quarter, at + end * quarter];
      mixer.play(role, players[role], { pitch, velocity, from, to });
      return from;
    })
  );
}
