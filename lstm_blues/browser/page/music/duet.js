// @ts-check
/**
 * A trade: bars of the network and of the player in turn, over chords and a band that never stop.
 *
 * A source of bars, see music/session.js.  The player's bars, and the first of the network's, are
 * made without a melody; what the player plays is heard step by step, and half a step before its
 * turn the network draws all of it and its first bars get their melody.
 */

import { PageError } from "../errors.js";
import { BarMaker } from "./bar.js";
import { countIn } from "./count_in.js";
import { Hearing } from "./hearing.js";
import { primerOf } from "./improviser.js";
import { Onsets } from "./onsets.js";
import { CHORD_NOTES } from "./encoding.js";
import { modulo, quartersOf } from "./timing.js";
import { Trader } from "./trader.js";
import { Turns } from "./turns.js";

/** @typedef {import("./bar.js").Bar} Bar */
/** @typedef {import("./bar.js").Playing} Playing */
/** @typedef {import("../sound/transport.js").TimedBar} TimedBar */
/** @typedef {import("./performance.js").Part} Part */

/** Turns after which a bar is forgotten. */
const KEPT = 3;

/** Seconds before its turn at which the network has heard all: more where the page is held up. */
const LAST_CALL = { least: 0.05, spare: 0.03, most: 0.25 };

/** What remains, tick by tick, of the longest wait for one. */
const WAIT_KEPT = 0.995;

/** Steps to swing by to tell how far one leans. */
const LEAN = 0.1;

export class Duet {
  /**
   * @param {any} means see music/session.js
   * @param {object} choices
   * @param {import("./turns.js").Length} choices.length of a turn
   * @param {import("./turns.js").Who} choices.first who begins
   * @throws {PageError} for a network without a melody
   */
  constructor({ player, network, book, random, seed }, { length, first }) {
    const { form, layout, library, title } = network;
    if (!library || !layout.sets.melody) {
      throw new PageError(`“${title}” plays chords alone: trade with a network that has a melody.`);
    }
    this.network = network;
    this.form = form;
    this.seed = seed;
    this.turns = new Turns({ length, first, chorus: form.bars });
    const primer = primerOf(network, book, random(seed));
    const numbers = random(seed);
    // Whoever begins, the chords are given for a step; the melody only to the network.
    if (first === "player") primer.splice(1);
    if (first === "player") primer[0].fill(0, CHORD_NOTES);
    this.trader = new Trader(player, () => numbers.rand(), primer);
    this.hearing = new Hearing(network);
    this.onsets = new Onsets((step) => this.grid(step));
    this.maker = new BarMaker(network, book, seed);
    /** Makes bars again, whose melody is known only then. */
    this.again = new BarMaker(network, book, seed);
    /** Bars that were made and have a time, by their number. @type {Map<number, TimedBar>} */
    this.bars = new Map();
    this.index = -1;
    /** How each of them is played. @type {Map<number, Playing>} */
    this.playings = new Map();
    /** @type {Playing | null} */
    this.playing = null;
    /** When the last tick was, and how long one waited for it of late, in seconds. */
    this.ticked = Infinity;
    this.wait = 0;
    /**
     * Is told of each note that is heard, and as what.
     * @type {(event: {played: number, pitch: number}) => void}
     */
    this.heard = () => {};
    this.onsets.begin(0);
  }

  /** The bar that comes next; the first is the count-in. @param {Playing} playing @returns {Bar} */
  nextBar(playing) {
    this.playing = playing;
    const index = this.index++;
    if (index < 0) return countIn(this.network, playing);
    this.playings.set(index, playing);
    if (!this.turns.isPlayers(index) && this.#isAt(index)) this.#playTurn();
    if (this.#stretchOf(index) === index) this.maker.begin();
    return { ...this.#bar(this.maker, index), own: !this.turns.isPlayers(index) };
  }

  /** Is told when a bar that was made begins. @param {TimedBar} bar */
  timed(bar) {
    this.bars.set(bar.index, bar);
    const old = bar.index - KEPT * this.turns.bars;
    this.bars.delete(old);
    this.playings.delete(old);
  }

  /** The bar that sounds at a time. @param {number} time seconds on the audio clock @returns {TimedBar | null} */
  barAt(time) {
    const begun = [...this.bars.values()].filter(({ at }) => at <= time);
    return begun.length === 0 ? null : begun.reduce((a, b) => b.at > a.at ? b : a);
  }

  /**
   * Goes on to what is due: hears the steps that have closed, and answers.
   * @param {number} now seconds on the audio clock
   * @param {number} latency seconds until a note of the player comes in
   * @param {(bar: TimedBar, part: Part) => void} add sounds further notes of a bar
   */
  tick(now, latency, add) {
    const { trader, turns, form } = this;
    this.wait = Math.max(now - this.ticked, WAIT_KEPT * this.wait);
    this.ticked = now;
    while (this.playing !== null && turns.isPlayers(this.#barOf(trader.step))) {
      const { step } = trader;
      if (!this.bars.has(this.#barOf(step)) || now < this.#due(step, latency)) return;
      this.#hear(step);
      if (turns.isPlayers(this.#barOf(trader.step))) continue;
      const first = this.#barOf(trader.step);
      this.#playTurn();
      for (let index = first; index * form.stepsPerBar < trader.step; index++) {
        const bar = this.bars.get(index);
        if (bar !== undefined) this.#giveMelody(bar, add);
      }
    }
  }

  /** When a step must be heard: when all notes for it have come in, if it can wait. */
  #due(/** @type {number} */ step, /** @type {number} */ latency) {
    const closes = this.onsets.tracker.closing(step) + latency;
    const answers = !this.turns.isPlayers(this.#barOf(step + 1));
    if (!answers) return closes;
    const { least, spare, most } = LAST_CALL;
    const call = Math.min(most, Math.max(least, this.wait + spare));
    return Math.min(closes, this.grid(step + 1).time - call);
  }

  /** @param {number} step */
  #hear(step) {
    const note = this.onsets.close();
    const bar = /** @type {TimedBar} */ (this.bars.get(this.#barOf(step)));
    const written = note.pitch === null ? null : note.pitch - bar.semitones;
    const units = this.hearing.units({ ...note, pitch: written }, this.trader.before);
    const notes = this.trader.hear(units, /** @type {Playing} */ (this.playing).sampling);
    const pitch = written === null ? null : this.hearing.fold(written) + bar.semitones;
    const place = step % this.form.stepsPerBar;
    bar.notes[place] = notes;
    bar.inside[place] = this.trader.inside.at(-1);
    if (pitch !== null) {
      const last = bar.melody.at(-1);
      if (!note.begins && last?.end === place) last.end = place + 1;
      else bar.melody.push({ pitch, start: place, end: place + 1, own: false });
    }
    if (note.pitch !== null && pitch !== null && note.begins) {
      this.heard({ played: note.pitch, pitch });
    }
  }

  /** The network plays all of its turn, which then is known; the player's comes next. */
  #playTurn() {
    const { trader } = this;
    const { sampling } = /** @type {Playing} */ (this.playing);
    do trader.hear(null, sampling); while (!this.turns.isPlayers(this.#barOf(trader.step)));
    this.onsets.begin(trader.step);
    this.hearing.begin();
  }

  /** @param {TimedBar} bar @param {(bar: TimedBar, part: Part) => void} add */
  #giveMelody(bar, add) {
    const { melody, kind, band, notes, inside } = this.#bar(this.again, bar.index);
    Object.assign(bar, { kind, notes, inside });
    bar.melody.push(...melody);
    const part = band.find(({ role }) => role === "melody");
    if (part) add(bar, part);
  }

  /**
   * A bar from what is known: what was heard, then the chords ahead, one bar further for a bass that
   * walks towards them.
   * @param {BarMaker} maker
   * @param {number} index
   */
  #bar(maker, index) {
    const { trader, form, turns } = this;
    const size = form.stepsPerBar;
    const first = this.#stretchOf(index);
    trader.forget(first * size);
    const past = first * size - trader.from;
    const steps = [...trader.heard, ...trader.ahead((index + 2) * size)].slice(past);
    const own = Array.from({ length: Math.ceil(steps.length / size) }, (_, bar) => {
      return !turns.isPlayers(first + bar) && trader.step >= (first + bar + 1) * size;
    });
    const said = steps.map((units, step) =>
      own[Math.floor(step / size)] ? units : units.slice().fill(0, CHORD_NOTES)
    );
    const known = { first, steps, said, own, inside: trader.inside.slice(past) };
    return maker.bar(known, index - first, /** @type {Playing} */ (this.playings.get(index)));
  }

  /** When the band plays a step, see tracker.js. @param {number} step @returns {import("./tracker.js").GridStep} */
  grid(step) {
    const { form, bars } = this;
    const index = this.#barOf(step);
    const known = bars.get(index) ?? this.#nearest(index);
    const place = modulo(step, form.stepsPerBar);
    const quarter = 60 / known.tempo;
    const time = known.at + known.seconds * (index - known.index) +
      quartersOf(place, form, known.swing) * quarter;
    const more = quartersOf(place, form, 0.5 + LEAN) - quartersOf(place, form, 0.5);
    const beat = (place * form.metre.quarters / form.stepsPerBar) % form.metre.beat;
    return { time, lean: more / LEAN * quarter, place: beat };
  }

  /** @param {number} index @returns {TimedBar} */
  #nearest(index) {
    const made = [...this.bars.values()];
    if (made.length === 0) throw new Error("no bar has a time yet");
    return made.reduce((a, b) => Math.abs(b.index - index) < Math.abs(a.index - index) ? b : a);
  }

  /** @param {number} step */
  #barOf(step) {
    return Math.floor(step / this.form.stepsPerBar);
  }

  /** Whether the network stands at the beginning of a bar. @param {number} index */
  #isAt(index) {
    return this.trader.step === index * this.form.stepsPerBar;
  }

  /** The first bar of the stretch that a bar is in: whole choruses and whole turns. @param {number} index */
  #stretchOf(index) {
    const { bars: turn } = this.turns;
    let bars = this.form.bars;
    while (bars % turn !== 0) bars += this.form.bars;
    return index - index % bars;
  }
}
