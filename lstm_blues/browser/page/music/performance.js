// @ts-check
/** A stretch as it is played, bar by bar: who plays which note, when and how loud. */

import { Band, phrased } from "./band.js";
import { letGo } from "./scene.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./scene.js").Struck} Struck */
/** @typedef {"none" | "comp" | "trio"} BandName */
/** @typedef {"melody" | "player" | "chords" | "bass" | "drums"} Role player: whoever plays along */
/** @typedef {{role: Role, name: string, notes: Struck[]}} Part times in quarter notes from the bar's beginning */

const CHORD_VELOCITY = 60;
const MELODY_VELOCITY = 95;

/** @type {readonly BandName[]} */
export const BANDS = ["none", "comp", "trio"];

/** The musicians of a piece; of a stretch they read the whole and give out bar after bar. */
export class Performance {
  #band = new Band();

  /** Another stretch begins. */
  begin() {
    this.#band.begin();
  }

  /**
   * What is played in a bar; bars come one after the other.
   * @param {Scene} scene
   * @param {BandName} band
   * @param {number} bar of the stretch
   * @returns {Part[]}
   */
  bar(scene, band, bar) {
    const parts = band === "none" ? evenly(scene, bar) : this.#byRule(scene, band, bar);
    const begin = bar * scene.bar;
    for (const { notes } of parts) {
      for (const note of notes) {
        note.start -= begin;
        note.end -= begin;
      }
    }
    return parts;
  }

  /**
   * @param {Scene} scene
   * @param {BandName} band
   * @param {number} bar
   * @returns {Part[]}
   */
  #byRule(scene, band, bar) {
    const parts = strike(this.#band, scene, band, bar);
    // Players know what they play next: they let go of a note in time to strike it again.
    const ahead = this.#band.copy();
    const latest = Math.max(...parts.flatMap(({ notes }) => notes.map(({ end }) => end)));
    const following = parts.map(() => /** @type {Struck[]} */ ([]));
    for (let next = bar + 1; next * scene.bar < scene.end; next += 1) {
      if (latest <= next * scene.bar - scene.leeway) break;
      strike(ahead, scene, band, next).forEach(({ notes }, place) =>
        following[place].push(...notes)
      );
    }
    parts.forEach(({ notes }, place) => letGo(notes, following[place]));
    return parts;
  }
}

/**
 * What a band strikes in a bar, before notes make room for one another.
 * @param {Band} players
 * @param {Scene} scene
 * @param {BandName} band
 * @param {number} bar
 * @returns {Part[]}
 */
function strike(players, scene, band, bar) {
  /** @type {Part[]} */
  const parts = [
    { role: "melody", name: "melody (by the network)", notes: phrased(scene, bar) },
    {
      role: "chords",
      name: "piano (by rule, from the network's chords)",
      notes: players.comping(scene, bar),
    },
  ];
  if (band === "trio") {
    parts.push({ role: "bass", name: "bass (by rule)", notes: players.walk.bar(scene, bar) });
    const drums = players.drumming(scene, bar);
    parts.push({ role: "drums", name: "drums (by rule)", notes: drums });
  }
  return parts;
}

/**
 * Chords and melody as the network plays them.
 * @param {Scene} scene
 * @param {number} bar
 * @returns {Part[]}
 */
function evenly(scene, bar) {
  const { stretch: { chords, melody }, form } = scene;
  const [first, last] = [bar * form.stepsPerBar, (bar + 1) * form.stepsPerBar];
  /** @param {number} velocity @returns {(note: import("./piece.js").Note) => Struck} */
  const struck = (velocity) => ({ pitch, start, end }) => ({
    pitch,
    start: scene.at(start),
    end: scene.at(end),
    velocity,
  });
  /** @param {{start: number}} note */
  const here = ({ start }) => first <= start && start < last;
  const harmony = chords.filter(here).flatMap(({ pitches, start, end }) =>
    pitches.map((pitch) => ({ pitch, start, end }))
  );
  return [
    { role: "chords", name: "chords", notes: harmony.map(struck(CHORD_VELOCITY)) },
    { role: "melody", name: "melody", notes: melody.filter(here).map(struck(MELODY_VELOCITY)) },
  ];
}
