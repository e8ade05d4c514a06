// @ts-check
/** A bar as it is played and shown: chords, melody and band, from the units that sound. */

import { Performance } from "./performance.js";
import { chordsOf, melodyOf } from "./piece.js";
import { Rhythm } from "./rhythm.js";
import { Scene } from "./scene.js";
import { quartersOf } from "./timing.js";

/** @typedef {import("./performance.js").Part} Part */
/** @typedef {{temperature: number, topK: number, greedy: boolean, voices: number}} Sampling */

/**
 * How the next bar is played.
 * @typedef {object} Playing
 * @property {number} tempo quarter notes per minute
 * @property {number} swing
 * @property {import("./performance.js").BandName} band
 * @property {string} key one of `KEYS`, or "" for the form's own
 * @property {Sampling} sampling
 * @property {((bar: number) => boolean) | null} [own] whether the network has the melody of a bar; null: always
 * @property {Uint8Array[] | null} [heard] the melody's units of the bar before, as someone else played them
 */

/**
 * @typedef {object} Bar
 * @property {number} index of all, from 0
 * @property {number} chorus from 1
 * @property {number} barInForm from 0
 * @property {string} network its name
 * @property {import("../kernel/network.js").FormData} form in the key that sounds
 * @property {number} semitones that the key moves the network's notes up
 * @property {number} tempo
 * @property {number} swing
 * @property {number} seconds that it lasts
 * @property {{symbol: string, pitches: number[], start: number, end: number}[]} chords steps of the bar
 * @property {{pitch: number, start: number, end: number, own: boolean}[]} melody steps of the bar; an end may lie beyond it
 * @property {import("./rhythm.js").Kind | null} kind null where the melody is someone else's
 * @property {Part[]} band times in quarter notes of the bar
 * @property {Uint8Array[]} notes the units that sound at each step, which the network hears
 * @property {any[]} inside what goes on in the network at each step
 * @property {boolean} own whether the network has the melody
 * @property {boolean} [disturbed] whether it is the first after something was done to the network
 */

/**
 * A stretch of music: whole choruses over whose end no note is held, or what is known of it.
 * @typedef {object} Known
 * @property {number} first bar of all, from 0
 * @property {Uint8Array[]} steps the units that sound at each step
 * @property {Uint8Array[]} said the same without a melody that is not the network's own
 * @property {boolean[]} own for each bar whether its melody is the network's
 * @property {any[]} inside for each step what goes on in the network
 */

export class BarMaker {
  #performance = new Performance();

  /**
   * @param {any} network see kernel/network.js
   * @param {import("./chords.js").ChordBook} book
   * @param {number} seed of what the band leaves to chance
   */
  constructor(network, book, seed) {
    this.network = network;
    this.book = book;
    this.seed = seed;
    this.rhythm = new Rhythm(network.library ?? [], network.form, network.encoding);
  }

  /** A stretch begins. */
  begin() {
    this.#performance.begin();
  }

  /**
   * The bars of a stretch, asked for one after the other.
   * @param {Known} known
   * @param {number} bar of the stretch, from 0
   * @param {Playing} playing
   * @returns {Bar}
   */
  bar({ first, steps, said, own, inside }, bar, playing) {
    const { book, network: { form, encoding, name } } = this;
    const { form: moved, semitones } = book.inKey(form, playing.key);
    const stretch = {
      form: moved,
      steps: steps.length,
      chords: chordsOf(steps, moved, book),
      melody: melodyOf(said, moved, encoding),
    };
    const scene = new Scene(stretch, playing, this.seed, first, book);
    const [begin, end] = [bar * form.stepsPerBar, (bar + 1) * form.stepsPerBar];
    const index = first + bar;
    return {
      index,
      chorus: Math.floor(index / form.bars) + 1,
      barInForm: index % form.bars,
      network: name,
      form: moved,
      semitones,
      tempo: playing.tempo,
      swing: playing.swing,
      seconds: form.metre.quarters * 60 / playing.tempo,
      chords: within(stretch.chords, begin, end),
      melody: stretch.melody.filter(({ start }) => begin <= start && start < end)
        .map((note) => ({ ...note, start: note.start - begin, end: note.end - begin, own: true })),
      kind: own[bar] && this.network.library ? this.rhythm.kinds(said)[bar] : null,
      band: this.#performance.bar(scene, playing.band, bar),
      notes: steps.slice(begin, end),
      inside: inside.slice(begin, end),
      own: own[bar],
    };
  }
}

/**
 * What sounds within steps, cut at them and counted from the first.
 * @template {{start: number, end: number}} T
 * @param {T[]} notes
 * @param {number} begin
 * @param {number} end
 * @returns {T[]}
 */
function within(notes, begin, end) {
  return notes.filter((note) => note.start < end && begin < note.end).map((note) => ({
    ...note,
    start: Math.max(note.start, begin) - begin,
    end: Math.min(note.end, end) - begin,
  }));
}

/**
 * Seconds from a bar's beginning to one of its steps.
 * @param {Bar} bar
 * @param {number} step
 */
export function secondsOf(bar, step) {
  return quartersOf(step, bar.form, bar.swing) * 60 / bar.tempo;
}
