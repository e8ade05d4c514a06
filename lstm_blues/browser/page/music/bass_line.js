// @ts-check
/**
 * The line of a walking bass: of those that lead through some places one that costs little; the
 * costs of lstm_blues/output/bass_line.py.
 */

import { modulo, OCTAVE } from "./timing.js";

/** @typedef {import("./piece.js").Chord} Chord */
/** @typedef {{costs: Map<number, number>, chord: Set<number>, begins: boolean}} Place costs by MIDI number; pitch classes; whether the chord begins there for the bass */

/** What a move costs, by its semitones; the last entry is for all that are larger. */
const MOVES = [6, 1, 0, 0, 1, 2, 5, 3, 12, 12, 30, 40, 26, 60];
const MOVES_TO_BEGIN = [6, 0, 0, 3, 3, 1, 6, 2, 12, 12, 30, 40, 26, 60];

const [STEP, LEAP] = [2, 5];
const [THRICE, RETURN, TURN] = [100, 3, 2];
const [REACHED, LEFT] = [3, 40];
const [END, AT_END] = [2, 2];
const BY_CHANCE = 5;
const [FIFTH, PASSING] = [7, [2, 5, 9]];
const APPROACHES = [-1, 1, 2];
const KEPT = 12;

/**
 * A place, and what each note costs there.
 * @param {import("./scene.js").Scene} scene
 * @param {number[]} register that the bass plays, MIDI numbers
 * @param {Chord} chord
 * @param {import("./chance.js").Chance} chance draws what notes cost by chance
 * @param {object} where
 * @param {boolean} where.begins whether the chord begins there for the bass
 * @param {number} where.strength 2 where a bar begins, 1 on its other strong beats, 0 elsewhere
 * @param {number | null} where.towards the pitch class that a line leads to
 * @returns {Place}
 */
export function place(scene, register, chord, chance, { begins, strength, towards }) {
  const classes = new Set(chord.pitches.map((pitch) => pitch % OCTAVE));
  const [lowest, root] = [scene.lowest(chord), scene.root(chord)];
  /** @type {Map<number, number>} */
  const costs = new Map();
  /** @param {number} pitch @param {number} cost */
  const add = (pitch, cost) => {
    const one = modulo(pitch, OCTAVE);
    if (!costs.has(one)) costs.set(one, cost);
  };
  if (begins) {
    add(lowest, 0);
  } else if (strength > 1) {
    add(lowest, 0);
    if (classes.has((root + FIFTH) % OCTAVE)) add(root + FIFTH, 2);
    for (const one of classes) add(one, 3);
  } else {
    add(lowest, 1);
    for (const one of classes) add(one, 0);
    for (const above of PASSING) add(root + above, 1 + 2 * strength);
    for (const by of towards === null ? [] : APPROACHES) add(Number(towards) + by, 1);
  }
  /** @type {Map<number, number>} */
  const own = new Map();
  register.forEach((note, at) => {
    const byChance = Math.floor(BY_CHANCE * chance.random());
    const cost = costs.get(note % OCTAVE);
    const atEnd = at < END || at >= register.length - END;
    if (cost !== undefined) own.set(note, cost + byChance + (atEnd ? AT_END : 0));
  });
  return { costs: own, chord: classes, begins };
}

/**
 * A line, one note per place, that costs little after the notes that were played last.
 * @param {Place[]} places
 * @param {number[]} played
 * @returns {number[]}
 */
export function cheapest(places, played) {
  /** @type {[number, number[]][]} */
  let lines = [[0, played]];
  /** @type {Set<number> | null} */
  let before = null;
  for (const to of places) {
    /** @type {[number, number[]][]} */
    const longer = [];
    for (const [cost, line] of lines) {
      for (const [note, own] of to.costs) {
        longer.push([cost + own + move(line, note, to, before), [...line, note]]);
      }
    }
    lines = longer.sort(([a], [b]) => a - b).slice(0, KEPT);
    before = to.chord;
  }
  return lines[0][1].slice(played.length);
}

/**
 * What it costs to go on to a note of the next place from a line.
 * @param {number[]} line
 * @param {number} note
 * @param {Place} to
 * @param {Set<number> | null} chord with which the line's last note sounds
 */
function move(line, note, to, chord) {
  const last = line.at(-1);
  if (last === undefined) return 0;
  const by = note - last;
  const size = Math.abs(by);
  const moves = to.begins ? MOVES_TO_BEGIN : MOVES;
  let cost = moves[Math.min(size, moves.length - 1)];
  const steps = size > 0 && size <= STEP;
  if (chord !== null && !chord.has(last % OCTAVE) && !steps) cost += LEFT;
  if (!to.chord.has(note % OCTAVE) && size > STEP) cost += REACHED;
  const old = line.at(-2);
  if (old !== undefined) {
    const before = last - old;
    if (note === old) cost += by ? RETURN : THRICE;
    if (by * before && (by * before < 0) !== (Math.abs(before) >= LEAP)) cost += TURN;
  }
  return cost;
}
