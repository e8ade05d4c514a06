// @ts-check
/** A bass that walks, by rule: where it plays, and what, see lstm_blues/output/walking.py. */

import { cheapest, place } from "./bass_line.js";

/** @typedef {import("./piece.js").Chord} Chord */
/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./scene.js").Struck} Struck */
/** @typedef {{chord: Chord, time: number, end: number, strength: number, chance: import("./chance.js").Chance, anew: boolean}} Due a note that is due, in quarter notes of the stretch; anew: its chord begins whatever came before */

/** MIDI note numbers, E1 to D3. */
const REGISTER = Array.from({ length: 23 }, (_, above) => 28 + above);

/** Quarter notes that a chord's lowest note waits for the next beat at most. */
const PATIENCE = 0.5;

/** Share of the time until the next note is due that a note sounds. */
const LENGTH = 0.92;

/** A bass player, bar after bar, who remembers the last notes and where the line leads. */
export class Walk {
  /** @type {number[]} */
  #played = [];
  /** @type {number | null} */
  #aim = null;
  /** @type {number | null} the beginning of the chord before */
  #chord = null;

  /** A stretch begins: its first chord is a new one. */
  begin() {
    this.#chord = null;
  }

  /** Another who goes on alike. */
  copy() {
    const other = new Walk();
    other.#played = this.#played;
    other.#aim = this.#aim;
    other.#chord = this.#chord;
    return other;
  }

  /**
   * What it plays in a bar of a stretch; bars come one after the other.
   * @param {Scene} scene
   * @param {number} bar
   * @returns {Struck[]}
   */
  bar(scene, bar) {
    const due = dueIn(scene, bar);
    if (due.length === 0) return [];
    const places = this.#places(scene, [...due, ...ahead(scene, bar)]);
    if (this.#aim !== null && places[0].costs.has(this.#aim)) {
      places[0].costs = new Map([[this.#aim, 0]]);
    }
    const line = cheapest(places, this.#played);
    this.#aim = line.at(due.length) ?? null;
    this.#played = [...this.#played, ...line.slice(0, due.length)].slice(-2);
    this.#chord = due[due.length - 1].chord.start;
    return due.map(({ time, end, strength, chance }, at) =>
      scene.struck(line[at], time, end, strength > 1 ? 84 : 78, chance)
    );
  }

  /** @param {Scene} scene @param {Due[]} due */
  #places(scene, due) {
    const begins = due.map(({ chord, anew }, at) =>
      anew || chord.start !== (at > 0 ? due[at - 1].chord.start : this.#chord)
    );
    return due.map(({ chord, chance, strength }, at) => {
      const next = due.at(at + 1);
      const leads = next !== undefined && (begins[at + 1] || next.strength > 1);
      const towards = leads ? scene.lowest(next.chord) : null;
      return place(scene, REGISTER, chord, chance, { begins: begins[at], strength, towards });
    });
  }
}

/**
 * The notes of a bar: on its beats, and where chords begin that cannot wait for one.
 * @param {Scene} scene
 * @param {number} bar
 * @returns {Due[]}
 */
function dueIn(scene, bar) {
  /** @type {Due[]} */
  const found = [];
  for (let beat = 0; beat < scene.beats; beat += 1) {
    const now = bar * scene.bar + beat * scene.beat;
    if (now >= scene.end - 1e-6) break;
    const after = now + scene.beat;
    const chord = scene.chord(now);
    const late = hurried(scene, now, after);
    const times = [now, ...late.map(({ start }) => scene.at(start)), after];
    /** @param {number} at */
    const played = (at) => ({
      time: times[at],
      end: times[at] + LENGTH * (times[at + 1] - times[at]),
      anew: false,
    });
    if (chord !== null) {
      const isStrong = scene.form.metre.strongBeats.includes(beat);
      const strength = beat === 0 ? 2 : Number(isStrong);
      found.push({ chord, ...played(0), strength, chance: scene.chance(`bass ${beat}`, bar) });
    }
    late.forEach((one, at) => {
      const chance = scene.chance(`bass step ${one.start - bar * scene.form.stepsPerBar}`, bar);
      found.push({ chord: one, ...played(at + 1), strength: 0, chance });
    });
  }
  return found;
}

/**
 * The chords that begin between two beats and cannot wait for the second one.
 * @param {Scene} scene
 * @param {number} now
 * @param {number} after
 */
function hurried(scene, now, after) {
  return scene.chordsBetween(now, after).filter(({ start, end }) =>
    scene.written(end) <= after + 1e-6 || after - scene.written(start) > PATIENCE + 1e-6
  );
}

/**
 * The first note of the next bar, where there is one; a stretch's last bar leads to its beginning.
 * @param {Scene} scene
 * @param {number} bar
 * @returns {Due[]}
 */
function ahead(scene, bar) {
  const now = (bar + 1) * scene.bar;
  const anew = now >= scene.end - 1e-6;
  const chord = scene.chord(anew ? 0 : now);
  if (chord === null) return [];
  return [{
    chord,
    time: now,
    end: now,
    strength: 2,
    chance: scene.chance("bass 0", bar + 1),
    anew,
  }];
}
