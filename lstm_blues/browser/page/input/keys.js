// @ts-check
/**
 * The computer's keyboard as two manuals: z s x d c … from a C on, q 2 w 3 e … from the C above.
 * Where a key lies counts, not what is written on it.
 */

import { OCTAVE } from "../music/timing.js";
import { VELOCITY } from "./hands.js";

/** @typedef {import("./hands.js").Hands} Hands */

const LOWER = [
  ...["KeyZ", "KeyS", "KeyX", "KeyD", "KeyC", "KeyV", "KeyG", "KeyB", "KeyH", "KeyN", "KeyJ"],
  ...["KeyM", "Comma", "KeyL", "Period", "Semicolon", "Slash"],
];
const UPPER = [
  ...["KeyQ", "Digit2", "KeyW", "Digit3", "KeyE", "KeyR", "Digit5", "KeyT", "Digit6", "KeyY"],
  ...["Digit7", "KeyU", "KeyI", "Digit9", "KeyO", "Digit0", "KeyP"],
];
const SIGNS = { Comma: ",", Period: ".", Semicolon: ";", Slash: "/" };

/** Semitones above the lower manual's C. @type {Map<string, number>} */
export const PLACES = new Map([
  ...LOWER.map((code, place) => /** @type {[string, number]} */ ([code, place])),
  ...UPPER.map((code, place) => /** @type {[string, number]} */ ([code, place + OCTAVE])),
]);

/** Octaves that the manuals may be moved by. */
export const SHIFTS = { least: -3, most: 3 };

const SHIFT_KEYS = /** @type {Record<string, number>} */ ({ Minus: -1, Equal: 1 });

/** The C nearest to the lowest melody note: the lower manual's first key. @param {number} lowest */
export function firstC(lowest) {
  return OCTAVE * Math.round(lowest / OCTAVE);
}

export class Keys {
  /**
   * @param {Hands} hands
   * @param {number} first MIDI number of the lower manual's C
   * @param {(shift: number) => void} [shifted] told when the octave is changed by a key
   */
  constructor(hands, first, shifted = () => {}) {
    this.hands = hands;
    this.first = first;
    this.shifted = shifted;
    this.shift = 0;
    /** The pitch of every key that is down. @type {Map<string, number>} */
    this.down = new Map();
  }

  /** Listens, until the function that is returned is called. @param {EventTarget} target */
  listen(target) {
    const [down, up] = [this.press.bind(this), this.release.bind(this)];
    const away = () => this.releaseAll(performance.now());
    target.addEventListener("keydown", /** @type {any} */ (down));
    target.addEventListener("keyup", /** @type {any} */ (up));
    target.addEventListener("blur", away);
    return () => {
      target.removeEventListener("keydown", /** @type {any} */ (down));
      target.removeEventListener("keyup", /** @type {any} */ (up));
      target.removeEventListener("blur", away);
      away();
    };
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const place = PLACES.get(event.code);
    const octaves = SHIFT_KEYS[event.code];
    if (place === undefined && octaves === undefined) return;
    event.preventDefault();
    if (event.repeat || this.down.has(event.code)) return;
    if (place === undefined) {
      this.moveBy(octaves);
      return;
    }
    const pitch = this.first + OCTAVE * this.shift + place;
    this.down.set(event.code, pitch);
    this.hands.press(pitch, VELOCITY, event.timeStamp);
  }

  /** @param {KeyboardEvent} event */
  release(event) {
    const pitch = this.down.get(event.code);
    if (pitch === undefined) return;
    this.down.delete(event.code);
    this.hands.release(pitch, event.timeStamp);
  }

  /** @param {number} time milliseconds */
  releaseAll(time) {
    for (const pitch of this.down.values()) this.hands.release(pitch, time);
    this.down.clear();
  }

  /** Moves both manuals. @param {number} octaves */
  moveBy(octaves) {
    const moved = Math.min(SHIFTS.most, Math.max(SHIFTS.least, this.shift + octaves));
    if (moved === this.shift) return;
    this.shift = moved;
    this.shifted(moved);
  }

  /**
   * What is written on the keys that play each pitch, as far as the browser tells; else as on an
   * American keyboard.
   * @returns {Promise<Map<number, string>>}
   */
  async labels() {
    /** @type {Map<string, string> | undefined} */
    const layout = await /** @type {any} */ (navigator).keyboard?.getLayoutMap?.().catch(() => {});
    const labels = new Map();
    for (const [code, place] of PLACES) {
      const pitch = this.first + OCTAVE * this.shift + place;
      const label = layout?.get(code) ?? /** @type {any} */ (SIGNS)[code] ?? code.slice(-1);
      labels.set(pitch, [...(labels.has(pitch) ? [labels.get(pitch)] : []), label].join(" "));
    }
    return labels;
  }
}

/** Whether letters go into what has the focus. @param {EventTarget | null} target */
function isTyping(target) {
  if (!(target instanceof Element)) return false;
  return target.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=range])");
}
