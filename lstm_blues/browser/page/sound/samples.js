// @ts-check
/** The instruments: samples that Python synthesised, decoded by the browser. */

import { fetchFile, fetchJSON } from "../errors.js";

/** @typedef {{pitch: number, buffer: AudioBuffer, loop: [number, number] | null}} Sample loop: seconds */
/** @typedef {{name: string, title: string, program: number, pitched: boolean, gain: number, release: number, samples: {file: string, pitch: number, loop: [number, number] | null}[]}} InstrumentData */

/** Samples per second that files are decoded to. */
const RATE = 44100;

export class Instrument {
  /** @param {InstrumentData} data @param {Sample[]} samples by pitch */
  constructor(data, samples) {
    this.name = data.name;
    this.title = data.title;
    this.program = data.program;
    this.pitched = data.pitched;
    this.gain = data.gain;
    this.release = data.release;
    this.samples = samples;
  }

  /** The sample to play a pitch with: the nearest; of drums its own. @param {number} pitch @returns {Sample | null} */
  sampleFor(pitch) {
    if (!this.pitched) return this.samples.find((sample) => sample.pitch === pitch) ?? null;
    return this.samples.reduce((best, sample) =>
      Math.abs(sample.pitch - pitch) < Math.abs(best.pitch - pitch) ? sample : best
    );
  }
}

export class Orchestra {
  /** @type {Map<string, Promise<Instrument>>} */
  #loading = new Map();

  /** @param {InstrumentData[]} data of samples/samples.json */
  constructor(data) {
    this.data = data;
  }

  static async load() {
    return new Orchestra(await fetchJSON("samples/samples.json"));
  }

  /** @param {string} name @returns {InstrumentData} */
  describe(name) {
    const data = this.data.find((one) => one.name === name);
    if (data === undefined) throw new Error(`no instrument ${name}`);
    return data;
  }

  /** An instrument, loaded once. @param {string} name @returns {Promise<Instrument>} */
  instrument(name) {
    let loading = this.#loading.get(name);
    if (loading === undefined) {
      loading = this.#load(this.describe(name));
      this.#loading.set(name, loading);
      loading.catch(() => this.#loading.delete(name));
    }
    return loading;
  }

  /** @param {InstrumentData} data */
  async #load(data) {
    const decoder = new OfflineAudioContext(1, 1, RATE);
    const samples = await Promise.all(data.samples.map(async ({ file, pitch, loop }) => {
      const bytes = await (await fetchFile(`samples/${file}`)).arrayBuffer();
      return { pitch, loop, buffer: await decoder.decodeAudioData(bytes) };
    }));
    return new Instrument(data, samples);
  }
}
