// @ts-check
/**
 * The network as a musician, bar by bar.
 *
 * It plans ahead until a chorus ends over which it holds no note, since the band reads ahead; bars
 * are given out one by one, and what comes after a change is planned again from the bar's snapshot.
 */

import { BarMaker } from "./bar.js";
import { CHORD_NOTES, chordUnits, segmentUnits, symbolsByStep } from "./encoding.js";
import { endsStretch } from "./piece.js";

/** @typedef {import("./bar.js").Sampling} Sampling */
/** @typedef {import("./bar.js").Playing} Playing */
/** @typedef {import("./bar.js").Bar} Bar */

/** Steps of a training song that the network is given (section 4.2). */
const PRIMER = 8;

export class Improviser {
  /** The stretch that is planned: what sounds, and where each of its bars begins. */
  #plan = { first: 0, steps: empty(), inside: anything(), own: flags(), marks: anything() };
  #complete = false;
  #sampling = "";
  /** @type {((player: any) => void)[]} */
  #interventions = [];
  /** @type {{chord: ArrayLike<number>, steps: number} | null} */
  #wrong = null;

  /**
   * @param {any} player a NetworkPlayer of the network
   * @param {any} network see kernel/network.js
   * @param {import("./chords.js").ChordBook} book
   * @param {(seed: number) => any} random makes torch's generator of a seed
   * @param {number} seed of all that is drawn
   */
  constructor(player, network, book, random, seed) {
    this.player = player;
    this.network = network;
    this.book = book;
    this.seed = seed;
    this.index = 0;
    this.maker = new BarMaker(network, book, seed);
    this.primer = primerOf(network, book, random(seed));
    this.random = random(seed);
    player.reset();
  }

  /** @param {(player: any) => void} change is done to the player before the next bar */
  intervene(change) {
    this.#interventions.push(change);
  }

  /** Sounds another chord for the next bar's first steps. @param {{chord: ArrayLike<number>, steps: number}} wrong */
  disturb(wrong) {
    this.#wrong = wrong;
  }

  /**
   * @param {Playing} playing
   * @returns {Bar}
   */
  nextBar(playing) {
    const own = playing.own ?? (() => true);
    if (playing.heard && this.index > 0) this.#hear(playing.heard, playing.sampling);
    if (this.#ended()) this.#beginStretch();
    const { first } = this.#plan;
    const disturbed = this.#interventions.length > 0 || this.#wrong !== null;
    this.#cut(this.index - first, playing.sampling, own);
    if (!this.#complete) this.#extend(playing.sampling, own);
    const bar = this.maker.bar({ ...this.#plan, said: this.#said() }, this.index - first, playing);
    this.index += 1;
    return { ...bar, disturbed };
  }

  /** Whether the stretch ends with what is planned, and all of it was given out. */
  #ended() {
    const { form, encoding } = this.network;
    const { steps, first } = this.#plan;
    const given = (this.index - first) * form.stepsPerBar;
    return steps.length > 0 && given === steps.length &&
      (first + this.#plan.marks.length) % form.bars === 0 &&
      endsStretch(this.#said(), this.#next(), form, encoding);
  }

  #beginStretch() {
    const first = this.index;
    this.#plan = { first, steps: [], inside: [], own: [], marks: [] };
    this.#complete = false;
    this.maker.begin();
  }

  /** What sounds, without the melody of bars that are not the network's own. */
  #said() {
    const size = this.network.form.stepsPerBar;
    return this.#plan.steps.map((units, step) => {
      if (this.#plan.own[Math.floor(step / size)]) return units;
      const chords = new Uint8Array(units.length);
      chords.set(units.subarray(0, CHORD_NOTES));
      return chords;
    });
  }

  /** Plays the bar before again with the melody that was heard in it. @param {Uint8Array[]} heard @param {Sampling} sampling */
  #hear(heard, sampling) {
    const bar = this.index - 1 - this.#plan.first;
    const own = this.#plan.own[bar];
    this.#return(bar);
    this.#playBar(sampling, own, heard);
  }

  /** Forgets what was planned from a bar on. @param {number} bar of the stretch */
  #return(bar) {
    const { steps, inside, own, marks } = this.#plan;
    if (bar >= marks.length) return;
    this.#complete = false;
    this.player.restore(marks[bar].player);
    this.random = marks[bar].random.copy();
    const step = bar * this.network.form.stepsPerBar;
    steps.length = step;
    inside.length = step;
    own.length = bar;
    marks.length = bar;
  }

  /**
   * Drops what is no longer so, from a bar on.
   * @param {number} bar of the stretch
   * @param {Sampling} sampling
   * @param {(bar: number) => boolean} own
   */
  #cut(bar, sampling, own) {
    const now = JSON.stringify(sampling);
    if (now !== this.#sampling || this.#interventions.length > 0 || this.#wrong !== null) {
      this.#return(bar);
    }
    this.#sampling = now;
    const { first } = this.#plan;
    const other = this.#plan.own.findIndex((is, at) => at >= bar && is !== own(first + at));
    if (other >= 0) this.#return(other);
    for (const change of this.#interventions) change(this.player);
    this.#interventions = [];
  }

  /**
   * Plans until the stretch ends.
   * @param {Sampling} sampling
   * @param {(bar: number) => boolean} own
   */
  #extend(sampling, own) {
    const { form, encoding } = this.network;
    const { marks, first } = this.#plan;
    do this.#playBar(sampling, own(first + marks.length), null); while (
      (first + marks.length) % form.bars !== 0 ||
      !endsStretch(this.#said(), this.#next(), form, encoding)
    );
    this.#complete = true;
  }

  /** The notes of the next step. @returns {Uint8Array} */
  #next() {
    const { first, steps } = this.#plan;
    const step = first * this.network.form.stepsPerBar + steps.length;
    return step < this.primer.length ? this.primer[step] : this.player.notes;
  }

  /**
   * Plays a bar.
   * @param {Sampling} sampling
   * @param {boolean} own whether the network hears its own melody
   * @param {Uint8Array[] | null} heard the melody that it hears instead
   */
  #playBar(sampling, own, heard) {
    const { player, primer, network: { form } } = this;
    const { steps, inside, first } = this.#plan;
    this.#plan.marks.push({ player: player.snapshot(), random: this.random.copy() });
    this.#plan.own.push(own);
    for (let place = 0; place < form.stepsPerBar; place += 1) {
      const step = first * form.stepsPerBar + steps.length;
      const notes = Uint8Array.from(this.#next());
      if (heard !== null) notes.set(heard[place], CHORD_NOTES);
      else if (!own) notes.fill(0, CHORD_NOTES);
      if (this.#wrong !== null && place < this.#wrong.steps) notes.set(this.#wrong.chord);
      steps.push(notes);
      let uniform = null;
      if (step >= primer.length - 1 && this.network.library !== null) {
        uniform = Float64Array.from({ length: player.draws(sampling) }, () => this.random.rand());
      }
      player.step({ heard: notes, uniform, sampling });
      inside.push(player.inside());
    }
    this.#wrong = null;
  }
}

/** @returns {Uint8Array[]} */
const empty = () => [];
/** @returns {any[]} */
const anything = () => [];
/** @returns {boolean[]} */
const flags = () => [];

/**
 * The first steps of a training song, by seed.
 * @param {any} network
 * @param {import("./chords.js").ChordBook} book
 * @param {any} random
 * @returns {Uint8Array[]}
 */
export function primerOf({ form, encoding, library }, book, random) {
  const songs = (library ?? []).reduce(
    (/** @type {bigint} */ product, /** @type {any[]} */ bar) => product * BigInt(bar.length),
    1n,
  );
  let song = BigInt(random.randint(Number(songs)));
  /** @type {Uint8Array[]} */
  const steps = [];
  for (const segments of library ?? []) {
    const count = BigInt(segments.length);
    steps.push(...segmentUnits(segments[Number(song % count)], form, encoding));
    song /= count;
  }
  return symbolsByStep(form).slice(0, PRIMER).map((symbol, step) =>
    Uint8Array.from([...chordUnits(symbol, form, book), ...(steps[step] ?? [])])
  );
}
