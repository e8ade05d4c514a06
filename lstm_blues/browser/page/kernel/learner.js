// @ts-check
/** A network that learns in the compiled kernel: as lstm_blues/engine/learner.py. */

import { PageError } from "../errors.js";
import { levelsOf, songsOf } from "../music/encoding.js";
import { drawWeights, weightBytes } from "./first_weights.js";
import { Kernel } from "./module.js";
import { rulesOf } from "./rules.js";
import { inHex, sha256 } from "./sha256.js";
import { placeOrder, placeSongs } from "./songs.js";

/** @import { Encoding, FormData, Layout, Library, NetworkData } from "./network.js" */
/** @import { First } from "./first_weights.js" */
/** @import { ChordBook } from "../music/chords.js" */

/**
 * @typedef {object} MelodyRule see `MelodyLearning` in lstm_blues/learning/settings.py
 * @property {number[]} rates
 * @property {number[]} steps
 * @property {number} window
 * @property {number} plateau
 * @property {number} patience
 * @property {number} enough
 */

/**
 * @typedef {object} RunData what is learned and how, see lstm_blues/browser/recipes.py
 * @property {string} name
 * @property {string} title
 * @property {string} command that learns the same outside the browser
 * @property {string} kernel file of its module
 * @property {Layout} layout of its kernel
 * @property {FormData} form
 * @property {Library | null} library
 * @property {Encoding} encoding
 * @property {First} first
 * @property {Record<string, number>} rules
 * @property {Record<string, number>} sampling
 * @property {number | null} unroll steps of BPTT's stretches, 0 for whole episodes; null without it
 * @property {number | null} melodyUnroll the same once the form is learned, 0 for no other
 * @property {number} [episodeSteps] of a recipe: an episode lasts so many, and two choruses
 * @property {number} testChoruses
 * @property {number} stepLimit
 * @property {number} songsInOrder
 * @property {MelodyRule} melody
 */

const REFUSED = "The kernel refuses what it was given to learn.";

export class NetworkLearner {
  /**
   * @param {RunData} run
   * @param {number} seed of the first weights and the songs' order
   * @param {ChordBook} book
   * @param {Kernel} kernel
   */
  constructor(run, seed, book, kernel) {
    this.run = run;
    this.seed = seed;
    this.kernel = kernel;
    const { layout, form, library, encoding } = run;
    const { structs } = layout;
    this.songs = songsOf(form, library, encoding, book);
    this.levels = levelsOf(this.songs, encoding);
    this.rules = rulesOf(run, this.songs.steps);
    this.size = layout.size +
      layout.history * Math.max(this.rules.stretch, this.rules.melody_stretch);
    this.placed = placeSongs(kernel, layout, this.songs, this.levels);
    this.place = {
      buffer: kernel.place(8 * this.size),
      rules: kernel.place(structs.rules.size),
      counters: kernel.place(structs.counters.size),
      losses: kernel.place(16),
      first: kernel.place(layout.units),
      played: kernel.place(8),
    };
    this.free = { steps: 0, notes: 0 };
    drawWeights(this.buffer, layout, run.first, seed);
    kernel.write(
      this.place.rules + structs.rules.fields.sampling[0],
      structs.sampling,
      run.sampling,
    );
    this.#writeSongs();
    // The chords are the same in all songs: only what a melody learns depends on their order.
    if (this.hasMelody && this.rules.melody_together) this.#drawOrder();
  }

  /**
   * @param {RunData} run
   * @param {number} seed
   * @param {ChordBook} book
   * @returns {Promise<NetworkLearner>} before its first step
   */
  static async make(run, seed, book) {
    return new NetworkLearner(run, seed, book, await Kernel.load(run.kernel));
  }

  #writeSongs() {
    const { choices, rows, steps } = this.songs;
    const songs = { song_steps: steps, bars: choices.length, segments: rows };
    const order = { songs_in_order: this.placed.count, by_episode: 0, tested: 1, given: 1 };
    const values = { ...this.rules, ...songs, ...order };
    this.kernel.write(this.place.rules, this.run.layout.structs.rules, values);
  }

  #drawOrder() {
    placeOrder(this.kernel, this.placed, this.songs.choices, this.run.songsInOrder, this.seed);
    this.#writeSongs();
  }

  /** A view of all that it learns by; void once more is placed in the memory. */
  get buffer() {
    return this.kernel.doubles(this.place.buffer, this.size);
  }

  get hasMelody() {
    return this.run.library !== null;
  }

  /** @returns {Record<string, number>} where it stands, by the names of `Counters` in Python */
  get counters() {
    return this.kernel.read(this.place.counters, this.run.layout.structs.counters);
  }

  /** Cross-entropies of the chords and of the melody, summed over all steps, in nats. */
  get losses() {
    return this.kernel.doubles(this.place.losses, 2).slice();
  }

  get melodyRate() {
    return this.rules.melody_rate;
  }

  set melodyRate(rate) {
    this.rules.melody_rate = rate;
    this.#writeSongs();
  }

  /** Whether there is more to learn in this phase. */
  get running() {
    const { nonfinite, learned, melody } = this.counters;
    return !(nonfinite || (learned && !melody));
  }

  /**
   * Learns for so many steps, fewer when learned; a stretch of BPTT goes on to its end.
   * @param {number} steps
   * @returns {number} how many were made
   */
  learn(steps) {
    const { placed, place } = this;
    const done = this.kernel.exports.learn(
      ...[place.buffer, placed.levels, placed.table, placed.sounds, placed.picks, placed.barOf, 0],
      ...[place.rules, place.counters, place.losses, BigInt(steps)],
    );
    if (done < 0n) throw new PageError(REFUSED);
    return Number(done);
  }

  /** From here on the melody is learned, from the start of a song. */
  beginMelody() {
    if (this.placed.count === 1) this.#drawOrder();
    this.kernel.exports.begin_melody(this.place.buffer, this.place.counters);
  }

  /**
   * Freezes the weights as they are and plays the form: chords alone, from zero state and the first
   * step, each fed back as the next input.
   * @param {number} steps
   * @returns {{notes: Uint8Array, right: number}} the chord units that were played at steps 1, 2 and
   *   so on, flat; and how many steps came before the first wrong chord note
   */
  freeRun(steps) {
    const { units, sets } = this.run.layout;
    if (steps > this.free.steps) this.free = { steps, notes: this.kernel.place(steps * units) };
    const right = this.#play(steps, false, this.free.notes);
    const [low, high] = sets.chords;
    const all = this.kernel.bytes(this.free.notes, steps * units);
    const notes = new Uint8Array(steps * (high - low));
    for (let step = 0; step < steps; step += 1) {
      const first = step * units + low;
      notes.set(all.subarray(first, first + high - low), step * (high - low));
    }
    return { notes, right };
  }

  /** Steps of a free run before the first wrong chord note. @param {number} most */
  stepsHeld(most) {
    return this.#play(most, true, 0);
  }

  /** @param {number} steps @param {boolean} stopAtWrong @param {number} notes where they go */
  #play(steps, stopAtWrong, notes) {
    const { kernel, placed, place } = this;
    const { units, sets, structs } = this.run.layout;
    const [low, high] = sets.chords;
    kernel.bytes(place.first, units).set(this.songs.table.subarray(low, high), low);
    const sampling = place.rules + structs.rules.fields.sampling[0];
    const right = kernel.exports.free_run(
      ...[place.buffer, place.first, placed.levels, placed.table, BigInt(this.songs.steps), 1n],
      ...[BigInt(steps), BigInt(stopAtWrong), sampling, 0, 1n, notes, 0, place.played],
    );
    return Number(right);
  }

  /** SHA-256 of the weights: `python -m lstm_blues.train` prints the same. @returns {string} */
  hash() {
    return inHex(sha256(weightBytes(this.buffer, this.run.layout)));
  }

  /**
   * The network as it is now, for `NetworkPlayer.load`.
   * @param {string} name
   * @param {string} title
   * @returns {NetworkData}
   */
  network(name, title) {
    const { kernel, layout, form, encoding, library } = this.run;
    return {
      name,
      title,
      origin: "the network that this page learned",
      kernel,
      layout,
      weights: this.buffer.slice(0, layout.weights),
      levels: this.levels,
      form,
      encoding,
      library,
    };
  }
}
