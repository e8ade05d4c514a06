// @ts-check
/** MIDI keyboards, by Web MIDI: all that are there, and those that are plugged in later. */

import { PageError } from "../errors.js";

/** @typedef {import("./hands.js").Hands} Hands */

const NOTE_OFF = 0x8;
const NOTE_ON = 0x9;

/**
 * A message of a keyboard.
 * @param {ArrayLike<number>} data
 * @returns {{pitch: number, velocity: number} | null} velocity 0 for a key that comes up; null for
 *   anything but notes
 */
export function noteOf(data) {
  const [status, pitch, velocity] = Array.from(data);
  if (data.length < 3 || pitch > 127 || velocity > 127) return null;
  if (status >> 4 === NOTE_OFF) return { pitch, velocity: 0 };
  return status >> 4 === NOTE_ON ? { pitch, velocity } : null;
}

export class MidiKeyboards {
  /**
   * @param {Hands} hands
   * @param {(names: string[]) => void} changed told which keyboards are there, whenever that changes
   */
  constructor(hands, changed) {
    this.hands = hands;
    this.changed = changed;
    /** @type {any} */
    this.access = null;
    /** What each keyboard holds. @type {Map<string, Set<number>>} */
    this.down = new Map();
  }

  /**
   * Asks for the keyboards and listens to them.
   * @returns {Promise<string[]>} their names
   * @throws {PageError} where the browser has no Web MIDI or does not allow it
   */
  async open() {
    const { requestMIDIAccess } = /** @type {any} */ (navigator);
    if (typeof requestMIDIAccess !== "function") {
      throw new PageError(
        "This browser has no Web MIDI; the computer's keys and the piano on the page play as well.",
      );
    }
    try {
      this.access = await requestMIDIAccess.call(navigator, { sysex: false });
    } catch {
      throw new PageError(
        "The browser does not let this page use MIDI; the computer's keys and the piano on the page play as well.",
      );
    }
    this.access.onstatechange = () => this.attach();
    return this.attach();
  }

  /** Stops listening. */
  close() {
    if (this.access === null) return;
    this.access.onstatechange = null;
    for (const input of this.access.inputs.values()) {
      input.onmidimessage = null;
      this.letGo(input.id);
    }
    this.access = null;
  }

  /** @returns {string[]} the names of what is listened to */
  attach() {
    const names = [];
    for (const input of this.access.inputs.values()) {
      if (input.state === "disconnected") {
        this.letGo(input.id);
        continue;
      }
      names.push(input.name ?? "MIDI keyboard");
      input.onmidimessage = (/** @type {any} */ event) => this.message(input.id, event);
    }
    this.changed(names);
    return names;
  }

  /** @param {string} id @param {{data: ArrayLike<number>, timeStamp: number}} event */
  message(id, { data, timeStamp }) {
    const note = noteOf(data);
    if (note === null) return;
    const down = this.down.get(id) ?? new Set();
    this.down.set(id, down);
    if (down.delete(note.pitch)) this.hands.release(note.pitch, timeStamp);
    if (note.velocity === 0) return;
    down.add(note.pitch);
    this.hands.press(note.pitch, note.velocity, timeStamp);
  }

  /** A keyboard that was pulled out holds nothing. @param {string} id */
  letGo(id) {
    for (const pitch of this.down.get(id) ?? []) this.hands.release(pitch, performance.now());
    this.down.delete(id);
  }
}
