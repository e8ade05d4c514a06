// @ts-check
/** The songs in the order in which a learner hears them: as lstm_blues/music/stream.py. */

import { TorchRandom } from "./random.js";

/** @import { Kernel } from "./module.js" */
/** @import { Layout } from "./network.js" */
/** @import { Songs } from "../music/encoding.js" */

/**
 * Where the songs lie in a kernel's memory.
 * @typedef {object} PlacedSongs
 * @property {number} levels
 * @property {number} table
 * @property {number} sounds
 * @property {number} barOf
 * @property {number} picks
 * @property {number} count how many songs are in order
 */

/**
 * Writes the songs into a kernel's memory: the first of them alone, until `placeOrder`.
 * @param {Kernel} kernel
 * @param {Layout} layout
 * @param {Songs} songs
 * @param {[number[], number[]]} levels
 * @returns {PlacedSongs}
 */
export function placeSongs(kernel, layout, songs, levels) {
  const { units, inputs, inputPlaces } = layout;
  const { steps, rows, table } = songs;
  const bars = songs.choices.length;
  const place = {
    levels: kernel.place(16 * units),
    table: kernel.place(8 * rows * steps * units),
    sounds: kernel.place(8 * rows * steps * inputs),
    barOf: kernel.place(8 * steps),
    picks: kernel.place(8 * bars),
    count: 1,
  };
  kernel.doubles(place.levels, 2 * units).set(levels.flat());
  kernel.doubles(place.table, table.length).set(table);
  const sounds = kernel.doubles(place.sounds, rows * steps * inputs);
  for (let row = 0; row < rows * steps; row += 1) {
    for (let unit = 0; unit < units; unit += 1) {
      sounds[row * inputs + inputPlaces[unit]] = levels[table[row * units + unit]][unit];
    }
  }
  const barOf = kernel.wholes(place.barOf, steps);
  for (let step = 0; step < steps; step += 1) {
    barOf[step] = BigInt(Math.floor((step * bars) / steps));
  }
  return place;
}

/**
 * Draws songs, with repetition, and writes their order into the memory.
 * @param {Kernel} kernel
 * @param {PlacedSongs} place
 * @param {number[]} choices segments of each bar
 * @param {number} count how many songs
 * @param {number} seed
 */
export function placeOrder(kernel, place, choices, count, seed) {
  const bars = choices.length;
  place.picks = kernel.place(8 * count * bars);
  place.count = count;
  const picks = new Int32Array(kernel.bytes(place.picks, 8 * count * bars).buffer, place.picks);
  const random = new TorchRandom(seed);
  choices.forEach((most, bar) => {
    for (let song = 0; song < count; song += 1) {
      picks[2 * (song * bars + bar)] = random.randint(most);
    }
  });
}
