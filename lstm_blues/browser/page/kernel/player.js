// @ts-check
/** A frozen network that plays, one step at a time: as lstm_blues/playing/player.py. */

import { PageError } from "../errors.js";
import { Kernel } from "./module.js";
import { blocksOf, HELD, weightsOf } from "./network.js";

/** @import { NetworkData } from "./network.js" */

/**
 * @typedef {object} Sampling how melody notes are drawn; the defaults are section 4.2's
 * @property {number} [temperature]
 * @property {number} [topK] 0 for all
 * @property {boolean} [greedy]
 * @property {number} [voices]
 */

/**
 * @typedef {object} Played
 * @property {Uint8Array} heard the notes that the network got, 1 or 0 for each unit
 * @property {Uint8Array} notes those that it plays at the next step
 * @property {Float64Array} outputs the probability of each note at the next step
 * @property {Float64Array} logits
 */

/** @typedef {{s: Float64Array, y: Float64Array, notes: Uint8Array}} Snapshot */

/**
 * @typedef {object} Inside of one step: s, y and cellInput of every cell, the gates of every block
 * @property {Float64Array} s
 * @property {Float64Array} y
 * @property {Float64Array} inputGate
 * @property {Float64Array} forgetGate
 * @property {Float64Array} outputGate
 * @property {Float64Array} cellInput
 */

const MOST_DRAWS = 32;

export class NetworkPlayer {
  /**
   * @param {NetworkData} network
   * @param {Kernel} kernel
   * @param {Float64Array} weights
   */
  constructor(network, kernel, weights) {
    const layout = network.layout;
    const { units, cells, gates, structs } = layout;
    this.network = network;
    this.layout = layout;
    this.kernel = kernel;
    const place = {
      weights: kernel.place(8 * layout.weights),
      levels: kernel.place(16 * units),
      s: kernel.place(8 * cells),
      y: kernel.place(8 * cells),
      heard: kernel.place(units),
      sampling: kernel.place(structs.sampling.size),
      uniform: kernel.place(8 * MOST_DRAWS),
      notes: kernel.place(units),
      logits: kernel.place(8 * units),
      outputs: kernel.place(8 * units),
      gates: kernel.place(8 * gates),
      inputs: kernel.place(8 * cells),
    };
    this.place = place;
    kernel.doubles(place.weights, layout.weights).set(weights.subarray(0, layout.weights));
    kernel.doubles(place.levels, 2 * units).set(network.levels.flat());
    this.view = {
      s: kernel.doubles(place.s, cells),
      y: kernel.doubles(place.y, cells),
      heard: kernel.bytes(place.heard, units),
      uniform: kernel.doubles(place.uniform, MOST_DRAWS),
      notes: kernel.bytes(place.notes, units),
      logits: kernel.doubles(place.logits, units),
      outputs: kernel.doubles(place.outputs, units),
      gates: kernel.doubles(place.gates, gates),
      inputs: kernel.doubles(place.inputs, cells),
    };
    /** What it hears next, where it isn't told otherwise. */
    this.notes = new Uint8Array(units);
  }

  /** @param {NetworkData} network @returns {Promise<NetworkPlayer>} from zero state and silence */
  static async load(network) {
    const [kernel, weights] = await Promise.all([Kernel.load(network.kernel), weightsOf(network)]);
    return new NetworkPlayer(network, kernel, weights);
  }

  /** Other weights, and the same state: of a network that goes on learning. @param {Float64Array} weights */
  setWeights(weights) {
    const count = this.layout.weights;
    this.kernel.doubles(this.place.weights, count).set(weights.subarray(0, count));
  }

  /** Zero state and silence. */
  reset() {
    this.view.s.fill(0);
    this.view.y.fill(0);
    this.notes = new Uint8Array(this.layout.units);
  }

  /** Random numbers that a step takes. @param {Sampling} [sampling] */
  draws(sampling = {}) {
    return (sampling.voices ?? 1) + Number(this.network.encoding.held === "begins");
  }

  /**
   * Plays one step.
   * @param {object} [options]
   * @param {ArrayLike<number> | null} [options.heard] notes from outside, for all units or those of
   *   `set`; null for the network's own
   * @param {string | null} [options.set] `chords` or `melody`
   * @param {ArrayLike<number> | null} [options.uniform] numbers in [0, 1) for the melody's draws, as
   *   many as `draws` says; null: no melody is played
   * @param {Sampling} [options.sampling]
   * @param {boolean} [options.chordsOnly] compute nothing that doesn't reach the chord units; then
   *   only `restore` brings the melody's blocks back
   * @returns {Played}
   * @throws {PageError} for outputs that no note can be drawn from
   */
  step({ heard = null, set = null, uniform = null, sampling = {}, chordsOnly = false } = {}) {
    const { layout, place, view } = this;
    view.heard.set(this.notes);
    if (heard !== null) view.heard.set(heard, set === null ? 0 : layout.sets[set][0]);
    if (uniform !== null) view.uniform.set(uniform);
    const held = HELD.indexOf(this.network.encoding.held);
    const { temperature = 1, topK = 0, greedy = false, voices = 1 } = sampling;
    const options = { temperature, top_k: topK, greedy, voices, held };
    this.kernel.write(place.sampling, layout.structs.sampling, options);
    const fine = this.kernel.exports.play_step(
      ...[place.weights, place.levels, 1n, place.s, place.y, place.heard],
      ...[chordsOnly ? 0n : 1n, place.sampling, uniform === null ? 0 : place.uniform],
      ...[BigInt(this.draws(sampling)), place.notes, place.logits, place.outputs],
      ...[place.gates, place.inputs],
    );
    if (!fine) {
      throw new PageError(
        "The melody's outputs sum to zero or are not finite: no note can be drawn.",
      );
    }
    this.notes = view.notes.slice();
    return {
      heard: view.heard.slice(),
      notes: this.notes.slice(),
      outputs: view.outputs.slice(),
      logits: view.logits.slice(),
    };
  }

  /** @returns {Snapshot} where it stands, to come back to */
  snapshot() {
    return { s: this.view.s.slice(), y: this.view.y.slice(), notes: this.notes.slice() };
  }

  /** @param {Snapshot} snapshot */
  restore({ s, y, notes }) {
    this.view.s.set(s);
    this.view.y.set(y);
    this.notes = notes.slice();
  }

  /** @returns {Inside} what went on in the blocks at the last step */
  inside() {
    const { layout, view } = this;
    /** @param {Float64Array} of */
    const byCell = (of) => Float64Array.from(layout.cellPlaces, (place) => of[place]);
    /** @param {number} gate */
    const byBlock = (gate) =>
      Float64Array.from(layout.groups.flatMap(({ blocks, firstGate }) => {
        const first = firstGate + gate * blocks;
        return [...view.gates.subarray(first, first + blocks)];
      }));
    return {
      s: byCell(view.s),
      y: byCell(view.y),
      inputGate: byBlock(0),
      forgetGate: byBlock(1),
      outputGate: byBlock(2),
      cellInput: byCell(view.inputs),
    };
  }

  /** Sets the states of a block's cells to zero. @param {number} block among all, from 0 */
  forget(block) {
    for (const cell of blocksOf(this.layout)[block].cells) {
      this.view.s[this.layout.cellPlaces[cell]] = 0;
    }
  }
}
