// @ts-check
/** What a band sees of a stretch of music, and how its players strike their notes. */

import { Chance } from "./chance.js";
import { OCTAVE, quartersOf, rounded, swung } from "./timing.js";

/** @typedef {import("./piece.js").Chord} Chord */
/** @typedef {{pitch: number, start: number, end: number, velocity: number}} Struck times in quarter notes from the stretch's beginning */
/** @typedef {{form: import("../kernel/network.js").FormData, chords: Chord[], melody: import("./piece.js").Note[], steps: number}} Stretch */

/** Seconds: the standard deviation of when a player plays. */
const LOOSENESS = 0.008;

/**
 * Share of the shortest time between two notes that a player is early or late at most: no note
 * comes before one that is written before it.
 */
const LEEWAY = 0.4;

/** What the players see: a stretch's chords and beats, in quarter notes. */
export class Scene {
  /**
   * @param {Stretch} stretch
   * @param {import("./timing.js").Timing} timing
   * @param {number | bigint} seed
   * @param {number} barsBefore bars of the music before this stretch
   * @param {import("./chords.js").ChordBook} book
   */
  constructor(stretch, timing, seed, barsBefore, book) {
    this.stretch = stretch;
    this.timing = timing;
    this.seed = seed;
    this.barsBefore = barsBefore;
    this.book = book;
    const { form } = stretch;
    this.form = form;
    this.bar = form.metre.quarters;
    this.beat = form.metre.beat;
    this.beats = form.metre.beats;
    this.end = this.at(stretch.steps);
    this.leeway = LEEWAY * shortest(form, timing.swing);
  }

  /** When a step begins. @param {number} step */
  at(step) {
    return quartersOf(step, this.form, this.timing.swing);
  }

  /**
   * When so many beats of a bar have passed: with the swing of the melody's quarter notes; where
   * eighths come in threes, halves of a beat are two of these.
   * @param {number} bar
   * @param {number} beats
   */
  time(bar, beats) {
    return bar * this.bar +
      swung(this.writtenBeat(beats) * this.beat, this.form, this.timing.swing);
  }

  /**
   * Where in its bar that time is written, in beats: halves are thirds where eighths come in threes.
   * @param {number} beats
   */
  writtenBeat(beats) {
    const whole = Math.floor(beats);
    const part = beats - whole;
    return whole + (this.form.metre.swings || part !== 0.5 ? part : 2 / 3);
  }

  /** When a step begins without swing. @param {number} step */
  written(step) {
    return step / this.form.stepsPerBar * this.bar;
  }

  /**
   * The chords that begin after a time and before another.
   * @param {number} time
   * @param {number} until
   * @returns {Chord[]}
   */
  chordsBetween(time, until) {
    const [first, last] = [time, until].map((at) => at / this.bar * this.form.stepsPerBar);
    return this.stretch.chords.filter(({ start }) => first + 1e-6 < start && start < last - 1e-6);
  }

  /** The chord that sounds, or sounded last. @param {number} time @returns {Chord | null} */
  chord(time) {
    const step = time / this.bar * this.form.stepsPerBar;
    return this.stretch.chords.findLast((chord) => chord.start <= step + 1e-6) ?? null;
  }

  /** @param {string} player @param {number} bar */
  chance(player, bar) {
    return new Chance(`${this.seed} ${player} ${this.barsBefore + bar}`);
  }

  /** A chord's symbol in parts; null where notes have none and stand by their names. @param {Chord} chord */
  parts({ symbol }) {
    return symbol.includes(".") ? null : this.book.read(symbol);
  }

  /** The pitch class of a chord's root; of notes without a symbol the lowest. @param {Chord} chord */
  root(chord) {
    return this.parts(chord)?.root ?? Math.min(...chord.pitches) % OCTAVE;
  }

  /**
   * The pitch class that a bass player plays where a chord begins: E for C/E.
   * @param {Chord} chord
   */
  lowest(chord) {
    return this.parts(chord)?.bass ?? this.root(chord);
  }

  /**
   * A note, played as loosely as people do, within the stretch.
   * @param {number} pitch
   * @param {number} start
   * @param {number} end
   * @param {number} velocity
   * @param {Chance} chance
   * @returns {Struck}
   */
  struck(pitch, start, end, velocity, chance) {
    const drawn = chance.gauss(0, LOOSENESS) * this.timing.tempo / 60;
    const late = Math.min(Math.max(drawn, -this.leeway), this.leeway);
    const begin = Math.min(Math.max(start + late, 0), this.end);
    const loud = rounded(velocity + chance.uniform(-4, 4));
    const last = Math.min(Math.max(end, begin + 0.05), this.end);
    return { pitch, start: begin, end: last, velocity: Math.min(127, Math.max(1, loud)) };
  }
}

/**
 * Ends notes of a part, those of each pitch in time, where another of their pitch begins: a key
 * that is struck again was let go before.
 * @param {Struck[]} notes
 * @param {Struck[]} following those that come after them
 */
export function letGo(notes, following) {
  /** @type {Map<number, number>} */
  const begins = new Map();
  for (const note of [...notes, ...following].reverse()) {
    note.end = Math.min(note.end, begins.get(note.pitch) ?? note.end);
    begins.set(note.pitch, note.start);
  }
}

/**
 * The shortest time between two notes, in quarter notes: whatever is written stands on a step or on
 * an eighth note.
 * @param {import("../kernel/network.js").FormData} form
 * @param {number} swing
 */
function shortest({ metre, stepsPerBar }, swing) {
  const eighths = 2 * metre.quarters;
  let [whole, part] = [eighths, stepsPerBar];
  while (part > 0) [whole, part] = [part, whole % part];
  const grid = metre.quarters / (eighths * stepsPerBar / whole);
  return metre.swings ? grid * (1 - swing) / (1 - 0.5) : grid;
}
