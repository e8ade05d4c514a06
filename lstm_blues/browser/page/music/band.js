// @ts-check
/**
 * A band: piano, bass and drums by rule, from the chords that the network plays; the rules of
 * lstm_blues/output/band.py, one bar after the other.
 */

import { OCTAVE } from "./timing.js";
import { Walk } from "./walking.js";

/** @typedef {import("./piece.js").Chord} Chord */
/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./scene.js").Struck} Struck */

const [RIDE, PEDAL_HAT, KICK, SNARE] = [51, 44, 36, 38];

const [LOWEST_VOICE, HIGHEST_VOICE] = [52, 71]; // E3 to B4

/** Semitones above a root. */
const [FIFTH, NINTH, FLAT_NINTH, SHARP_NINTH] = [7, 2, 1, 3];

/** Of an altered chord's voicing. */
const VOICES = 4;

const MELODY_VELOCITY = 95;

/** Where the piano plays, in beats of a bar, and for how long. @type {[number, number][][]} */
const COMPING = [
  [[0.0, 1.2], [1.5, 0.4]], // the Charleston
  [[0.5, 0.4], [2.5, 1.0]],
  [[1.5, 0.4], [3.5, 0.4]],
  [[0.0, 0.4], [2.0, 1.4]],
  [[0.0, 1.8], [2.5, 0.4]],
];

/**
 * The network's melody in a bar: accents on strong beats and off them, softer where a phrase ends.
 * @param {Scene} scene
 * @param {number} bar
 * @returns {Struck[]}
 */
export function phrased(scene, bar) {
  const { form, stretch: { melody } } = scene;
  const size = form.stepsPerBar;
  /** @type {Struck[]} */
  const found = [];
  melody.forEach((note, place) => {
    if (Math.floor(note.start / size) !== bar) return;
    const following = melody.at(place + 1) ?? null;
    const step = note.start % size;
    const beat = step / size * scene.beats;
    let velocity = MELODY_VELOCITY - 8;
    if (beat % 1) velocity += 5; // off the beat, as bebop players accent
    else if (form.metre.strongBeats.includes(beat)) velocity += 3;
    if (following !== null && note.pitch > following.pitch) velocity += 4;
    const ends = following === null || following.start > note.end;
    if (ends || note.end - note.start > Math.floor(size / 2)) velocity -= 10;
    const length = scene.at(note.end) - scene.at(note.start);
    const end = scene.at(note.start) + length * (ends ? 0.85 : 0.97);
    const chance = scene.chance(`melody ${step}`, bar);
    found.push(scene.struck(note.pitch, scene.at(note.start), end, velocity, chance));
  });
  return found;
}

/**
 * The four notes that stand for an altered chord above its bass.
 * @param {Set<number>} classes those but the root, of which notes are taken
 * @param {number} root
 */
function keepColours(classes, root) {
  for (const interval of [FIFTH, NINTH, FLAT_NINTH]) {
    const two = interval !== FLAT_NINTH || classes.has((root + SHARP_NINTH) % OCTAVE);
    if (classes.size > VOICES && two) classes.delete((root + interval) % OCTAVE);
  }
}

/**
 * A chord's notes for the piano's middle register, as near as possible to those before; the root
 * is left to the bass where three notes remain.  Of an altered chord no two are a semitone apart
 * where that can be.
 * @param {Scene} scene
 * @param {Chord} chord
 * @param {number[]} before
 */
function voicing(scene, chord, before) {
  const classes = new Set(chord.pitches.map((pitch) => pitch % OCTAVE));
  const parts = scene.parts(chord);
  const rare = parts !== null && scene.book.isRare(parts.quality);
  if (classes.size > 3) {
    classes.delete(scene.root(chord));
    if (rare) keepColours(classes, scene.root(chord));
  }
  /** @type {number[][]} */
  let candidates = [[]];
  for (const one of [...classes].sort((a, b) => a - b)) {
    /** @type {number[]} */
    const places = [];
    for (let pitch = LOWEST_VOICE; pitch <= HIGHEST_VOICE; pitch += 1) {
      if (pitch % OCTAVE === one) places.push(pitch);
    }
    candidates = candidates.flatMap((some) => places.map((pitch) => [...some, pitch]));
  }
  candidates.forEach((pitches) => pitches.sort((a, b) => a - b));
  const old = before.length > 0 ? before : [Math.floor((LOWEST_VOICE + HIGHEST_VOICE) / 2)];
  /** @param {number[]} pitches */
  const width = (pitches) => pitches[pitches.length - 1] - pitches[0];
  const near = candidates.filter((pitches) => width(pitches) <= OCTAVE);
  /** @param {number[]} pitches */
  const moved = (pitches) => {
    const nearest = pitches.map((pitch) => Math.min(...old.map((o) => Math.abs(pitch - o))));
    const sum = nearest.reduce((a, b) => a + b, 0);
    const rubs = pitches.filter((pitch, k) => pitch - pitches[k - 1] === 1).length;
    return [
      rare ? rubs : 0,
      sum + Math.floor(width(pitches) / 2),
      pitches[pitches.length - 1],
      ...pitches,
    ];
  };
  return (near.length > 0 ? near : candidates).reduce((best, pitches) =>
    compare(moved(pitches), moved(best)) < 0 ? pitches : best
  );
}

/** Which of two lists comes first. @param {number[]} a @param {number[]} b */
function compare(a, b) {
  const place = a.findIndex((value, k) => value !== b[k]);
  return place < 0 ? 0 : a[place] - b[place];
}

/**
 * Where in a bar the piano plays, in beats, when and for how many beats: by a pattern, and where a
 * chord begins that the pattern leaves out or comes late for.
 * @param {Scene} scene
 * @param {number} bar
 * @param {import("./chance.js").Chance} chance
 * @returns {[number, number, number][]}
 */
function places(scene, bar, chance) {
  /** @type {[number, number, number][]} */
  const inside = chance.choice(COMPING).filter(([beat]) => beat < scene.beats)
    .map(([beat, length]) => [scene.writtenBeat(beat), scene.time(bar, beat), length]);
  const size = scene.form.stepsPerBar;
  for (const chord of scene.stretch.chords) {
    if (Math.floor(chord.start / size) !== bar) continue;
    const [beat, end] = [chord.start, chord.end].map((step) =>
      (step - bar * size) / size * scene.beats
    );
    // Where a chord begins on a beat, the piano may come before it; off the beat it does not.
    const early = beat % 1 ? 0 : 0.5;
    const sounds = inside.some(([b]) => beat - 1e-6 <= b && b < end - 1e-6);
    const near = beat === 0 ||
      inside.some(([b]) => -early - 1e-6 <= b - beat && b - beat <= 0.5 + 1e-6);
    if (!(sounds && near)) inside.push([beat, scene.at(chord.start), 0.9]);
  }
  return inside.sort(compare);
}

/** The players of a piece, stretch after stretch; they remember where their hands are. */
export class Band {
  /** @type {number[]} */
  #voices = [];
  /** The bass player. */
  walk = new Walk();

  /** A stretch begins: its first chord is a new one. */
  begin() {
    this.walk.begin();
  }

  /** Others who go on alike. */
  copy() {
    const other = new Band();
    other.#voices = this.#voices;
    other.walk = this.walk.copy();
    return other;
  }

  /**
   * A piano that comps: chords off the beat, voices led, softer than the melody; none sounds on
   * where another chord comes.
   * @param {Scene} scene
   * @param {number} bar
   * @returns {Struck[]}
   */
  comping(scene, bar) {
    /** @type {Struck[]} */
    const found = [];
    const chance = scene.chance("piano", bar);
    for (const [beat, time, length] of places(scene, bar, chance)) {
      const chord = scene.chord(bar * scene.bar + beat * scene.beat);
      if (chord === null || time >= scene.end) continue;
      this.#voices = voicing(scene, chord, this.#voices);
      const velocity = beat % 1 ? 62 : 56;
      const over = scene.at(chord.end);
      const end = Math.min(time + length * scene.beat, over > time ? over : Infinity);
      found.push(...this.#voices.map((p) => scene.struck(p, time, end, velocity, chance)));
    }
    return found;
  }

  /**
   * Ride cymbal and hi-hat: ding, ding-a-ding; the hat on the weak beats.
   * @param {Scene} scene
   * @param {number} bar
   * @returns {Struck[]}
   */
  drumming(scene, bar) {
    /** @type {Struck[]} */
    const found = [];
    const strong = scene.form.metre.strongBeats;
    const chance = scene.chance("drums", bar);
    for (let beat = 0; beat < scene.beats; beat += 1) {
      const isStrong = strong.includes(beat);
      /** @type {[number, number, number][]} */
      const hits = [[RIDE, beat, isStrong ? 70 : 78]];
      if (!isStrong) {
        hits.push([PEDAL_HAT, beat, 66]);
        if (chance.random() < 0.85) hits.push([RIDE, beat + 0.5, 56]);
      } else if (beat === 0) {
        hits.push([KICK, 0, 38]);
      }
      if (chance.random() < 0.08) hits.push([SNARE, beat + 0.5, 40]);
      for (const [drum, place, velocity] of hits) {
        const time = scene.time(bar, place);
        if (time < scene.end - 1e-6) {
          found.push(scene.struck(drum, time, time + 0.2, velocity, chance));
        }
      }
    }
    return found;
  }
}
