// @ts-check
/** Standard MIDI Files of what was played: the bytes that `python -m lstm_blues.compose` writes. */

import { rounded, TICKS_PER_QUARTER } from "./timing.js";

/** @typedef {import("./performance.js").Role} Role */
/** @typedef {{parts: import("./performance.js").Part[], quarters: number, tempo: number, programs: Record<Role, number>}} PlayedBar */
/** @typedef {{tick: number, on: boolean, pitch: number, velocity: number}} Event */

const [DRUM_CHANNEL, PAN] = [9, 10];
const CLOCKS_PER_QUARTER = 24;

/** From -1, left, to 1, right. @type {Record<Role, number>} */
export const PANS = { melody: 0, player: 0, chords: -0.35, bass: 0.1, drums: 0.35 };

/** A track's events as they stand in the file. */
class Track {
  /** @type {number[]} */
  bytes = [];
  #status = -1;

  /**
   * @param {number} wait ticks since the last event
   * @param {number} status
   * @param {number[]} data
   */
  event(wait, status, data) {
    this.#number(wait);
    // A status that is the last event's need not be said again.
    if (status !== this.#status) this.bytes.push(status);
    this.bytes.push(...data);
    this.#status = status;
  }

  /** @param {number} wait @param {number} kind @param {number[]} data */
  meta(wait, kind, data) {
    this.#number(wait);
    this.bytes.push(0xff, kind);
    this.#number(data.length);
    this.bytes.push(...data);
    this.#status = -1;
  }

  /** A number of any length. @param {number} value */
  #number(value) {
    const groups = [value & 0x7f];
    for (let rest = value >>> 7; rest > 0; rest >>>= 7) groups.unshift(0x80 | (rest & 0x7f));
    this.bytes.push(...groups);
  }
}

/** @param {number} value @param {number} size */
const bigEndian = (value, size) =>
  Array.from({ length: size }, (_, k) => Math.floor(value / 256 ** (size - 1 - k)) & 0xff);

/** @param {string} text */
const ascii = (text) => [...text].map((sign) => Math.min(sign.charCodeAt(0), 255));

/**
 * @param {string} title
 * @param {PlayedBar[]} bars
 * @param {import("../kernel/network.js").Metre} metre
 * @returns {Uint8Array<ArrayBuffer>} the file
 */
export function midiFile(title, bars, metre) {
  const begins = [0];
  for (const { quarters } of bars) {
    begins.push(begins[begins.length - 1] + ticks(quarters));
  }
  const tracks = [head(title, bars, begins, metre)];
  const names = [...new Set(bars.flatMap(({ parts }) => parts.map(({ name }) => name)))];
  let channel = 0;
  for (const name of names) {
    const part = bars.flatMap(({ parts }) => parts).find((one) => one.name === name);
    const drums = part?.role === "drums";
    tracks.push(track(name, bars, begins, drums ? DRUM_CHANNEL : channel));
    if (!drums) channel += channel + 1 === DRUM_CHANNEL ? 2 : 1;
  }
  const file = [...ascii("MThd"), ...bigEndian(6, 4)];
  for (const number of [1, tracks.length, TICKS_PER_QUARTER]) file.push(...bigEndian(number, 2));
  const whole = [new Uint8Array(file)];
  for (const { bytes } of tracks) {
    whole.push(new Uint8Array([...ascii("MTrk"), ...bigEndian(bytes.length, 4)]));
    whole.push(new Uint8Array(bytes));
  }
  const size = whole.reduce((sum, { length }) => sum + length, 0);
  const joined = new Uint8Array(size);
  let at = 0;
  for (const some of whole) {
    joined.set(some, at);
    at += some.length;
  }
  return joined;
}

/** @param {number} quarters */
const ticks = (quarters) => rounded(quarters * TICKS_PER_QUARTER);

/**
 * Title, tempo and metre, and every other tempo that comes.
 * @param {string} title
 * @param {PlayedBar[]} bars
 * @param {number[]} begins
 * @param {import("../kernel/network.js").Metre} metre
 */
function head(title, bars, begins, metre) {
  const made = new Track();
  made.meta(0, 0x03, ascii(title));
  let [now, tempo] = [0, 0];
  bars.forEach((bar, place) => {
    if (bar.tempo === tempo) return;
    tempo = bar.tempo;
    made.meta(begins[place] - now, 0x51, bigEndian(rounded(60e6 / tempo), 3));
    now = begins[place];
    if (place === 0) {
      const clocks = CLOCKS_PER_QUARTER * metre.beat;
      made.meta(0, 0x58, [metre.numerator, Math.log2(metre.denominator), clocks, 8]);
    }
  });
  made.meta(0, 0x2f, []);
  return made;
}

/**
 * @param {string} name
 * @param {PlayedBar[]} bars
 * @param {number[]} begins
 * @param {number} channel
 */
function track(name, bars, begins, channel) {
  const made = new Track();
  made.meta(0, 0x03, ascii(name));
  let [now, program] = [0, -1];
  /** @type {Event[]} */
  let waiting = [];
  /** How the last note of each pitch ends. @type {Map<number, Event>} */
  const ends = new Map();
  /** @param {number} until */
  const write = (until) => {
    waiting.sort(inOrder);
    const ready = waiting.filter(({ tick }) => tick <= until);
    waiting = waiting.slice(ready.length);
    for (const { tick, on, pitch, velocity } of ready) {
      made.event(tick - now, (on ? 0x90 : 0x80) | channel, [pitch, velocity]);
      now = tick;
    }
  };
  bars.forEach(({ parts, programs }, place) => {
    const part = parts.find((one) => one.name === name);
    if (part === undefined) return;
    if (programs[part.role] !== program) {
      if (program >= 0) write(begins[place]);
      const first = program < 0;
      program = programs[part.role];
      const wait = first ? 0 : Math.max(0, begins[place] - now);
      made.event(wait, 0xc0 | channel, [program]);
      now += wait;
      const pan = PANS[part.role];
      if (first && pan && name.includes("(")) {
        made.event(0, 0xb0 | channel, [PAN, rounded(64 + pan * 63)]);
      }
    }
    for (const { pitch, start, end, velocity } of part.notes) {
      const [from, to] = [start, end].map((time) => Math.max(0, begins[place] + ticks(time)));
      const off = { tick: to, on: false, pitch, velocity: 0 };
      waiting.push({ tick: from, on: true, pitch, velocity }, off);
      // Where key, tempo or music were changed, the bar before could not know of this one.
      const before = ends.get(pitch);
      if (before !== undefined) before.tick = Math.min(before.tick, from);
      ends.set(pitch, off);
    }
  });
  write(Infinity);
  made.meta(Math.max(0, begins[bars.length] - now), 0x2f, []);
  return made;
}

/** Ends before beginnings, then by pitch and velocity. @param {Event} a @param {Event} b */
function inOrder(a, b) {
  return a.tick - b.tick || Number(a.on) - Number(b.on) || a.pitch - b.pitch ||
    a.velocity - b.velocity;
}
