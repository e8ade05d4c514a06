// @ts-check
/** The settings of the music, each with its default and what it allows. */

import { choice, number } from "../kinds.js";
import { KEYS } from "./chords.js";
import { BANDS } from "./performance.js";

/** Melody instruments by their General MIDI names, as the menu shows them. @type {[string, string][]} */
export const INSTRUMENTS = [
  ["alto sax", "Alto saxophone"],
  ["clarinet", "Clarinet"],
  ["vibraphone", "Vibraphone"],
  ["electric piano 1", "Electric piano"],
];

/** What the settings may be at the most and the least. */
export const BOUNDS = {
  tempo: { min: 40, max: 300 },
  swing: { min: 0.5, max: 0.75 },
  temperature: { min: 0, max: 3 }, // 0: the network's own
  volume: { min: 0, max: 1 },
};

/** A temperature as one reads it. @param {number} temperature */
export const temperatureInWords = (temperature) =>
  temperature === 0 ? "its own" : temperature.toFixed(2);

/** @param {import("../app.js").App} app */
export function declareSettings({ settings, networks, given }) {
  const names = () => networks.map((/** @type {any} */ { name }) => name);
  const first = networks[0]?.name ?? "report";
  settings.declare("network", {
    ...choice("network", first, names),
    // One that was learned here is gone with this visit: no address leads to it.
    write: (name) => given.includes(name) ? name : first,
  });
  settings.declare("seed", number("seed", 1, { min: 0, max: 2 ** 53 - 1, whole: true }));
  settings.declare("tempo", number("tempo", 132, BOUNDS.tempo));
  settings.declare("swing", number("swing", 0.62, BOUNDS.swing));
  settings.declare("key", choice("key", "", ["", ...KEYS]));
  settings.declare("band", choice("band", "trio", BANDS));
  settings.declare("temperature", number("temperature", 0, BOUNDS.temperature));
  const instruments = INSTRUMENTS.map(([name]) => name);
  settings.declare("instrument", choice("instrument", "alto sax", instruments));
  settings.declare("trade.instrument", choice("your instrument", "vibraphone", instruments));
  settings.declare("volume", number("volume", 0.8, BOUNDS.volume));
}

/**
 * How the next bar is played: the settings as they are now.
 * @param {import("../app.js").App} app
 * @returns {import("./bar.js").Playing}
 */
export function playingNow({ settings, networks }) {
  const network = networks.find(({ name }) => name === settings.get("network"));
  const temperature = settings.get("temperature") || (network?.temperature ?? 1);
  return {
    tempo: settings.get("tempo"),
    swing: network?.form.metre.swings ? settings.get("swing") : 0.5,
    band: settings.get("band"),
    key: settings.get("key"),
    sampling: { temperature, topK: 0, greedy: false, voices: 1 },
  };
}
