// @ts-check
/** A piano on the page: for the mouse, for fingers, and for the keyboard's arrows and Enter. */

import { make } from "../dom.js";
import { noteName } from "../music/chords.js";
import { OCTAVE } from "../music/timing.js";
import { VELOCITY } from "./hands.js";

/** @typedef {import("./hands.js").Hands} Hands */

const BLACK = new Set([1, 3, 6, 8, 10]);

/** A note's name with its octave, in musical signs. @param {number} pitch */
export function pitchName(pitch) {
  return noteName(pitch).replace("#", "♯").replace("b", "♭");
}

/**
 * The white keys that a piano needs to hold a range, from one white key to another.
 * @param {number} lowest
 * @param {number} highest
 */
export function pitches(lowest, highest) {
  const first = BLACK.has(lowest % OCTAVE) ? lowest - 1 : lowest;
  const last = BLACK.has(highest % OCTAVE) ? highest + 1 : highest;
  return Array.from({ length: last - first + 1 }, (_, k) => first + k);
}

export class Piano {
  /**
   * @param {Hands} hands
   * @param {number} lowest MIDI numbers
   * @param {number} highest
   */
  constructor(hands, lowest, highest) {
    this.hands = hands;
    /** The pitch that each pointer, or key of the keyboard, holds. @type {Map<number | string, number>} */
    this.down = new Map();
    /** @type {Map<number, HTMLElement>} */
    this.keys = new Map();
    this.element = make("div", { class: "piano", role: "group", "aria-label": "Piano" });
    this.element.dataset.keys = "";
    let white = 0;
    for (const pitch of pitches(lowest, highest)) {
      const black = BLACK.has(pitch % OCTAVE);
      const key = make(
        "button",
        { type: "button", class: black ? "black" : "white", tabindex: pitch === lowest ? 0 : -1 },
        make("span", { class: "unseen", text: pitchName(pitch) }),
        make("span", { class: "label", "aria-hidden": "true" }),
      );
      key.dataset.pitch = String(pitch);
      key.style.gridColumn = black ? `${2 * white} / span 2` : `${2 * white + 1} / span 2`;
      if (!black) white += 1;
      this.keys.set(pitch, key);
      this.element.append(key);
    }
    this.element.style.setProperty("--columns", String(2 * white));
    this.#listen();
  }

  /** Tells apart what lies beside the melody's range. @param {number} lowest @param {number} highest */
  range(lowest, highest) {
    for (const [pitch, key] of this.keys) {
      key.classList.toggle("beside", pitch < lowest || pitch > highest);
    }
  }

  /** Writes on the keys. @param {Map<number, string>} labels by pitch */
  label(labels) {
    for (const [pitch, key] of this.keys) {
      const label = /** @type {HTMLElement} */ (key.querySelector(".label"));
      label.textContent = labels.get(pitch) ?? "";
    }
  }

  /** Shows that a pitch sounds, whoever plays it. @param {number} pitch @param {boolean} sounds */
  show(pitch, sounds) {
    this.keys.get(pitch)?.classList.toggle("down", sounds);
  }

  /** Lets go of everything. */
  releaseAll() {
    for (const id of [...this.down.keys()]) this.#release(id, performance.now());
  }

  #listen() {
    const { element } = this;
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const pitch = this.#pitchAt(event);
      if (pitch === null) return;
      // The pointer may slide on to other keys.
      if (event.target instanceof Element && event.target.hasPointerCapture?.(event.pointerId)) {
        event.target.releasePointerCapture(event.pointerId);
      }
      this.#press(event.pointerId, pitch, event.timeStamp);
    });
    element.addEventListener("pointermove", (event) => {
      if (!this.down.has(event.pointerId)) return;
      const pitch = this.#pitchAt(event);
      if (pitch === this.down.get(event.pointerId) || pitch === null) return;
      this.#press(event.pointerId, pitch, event.timeStamp);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      addEventListener(name, (event) => {
        const { pointerId, timeStamp } = /** @type {PointerEvent} */ (event);
        this.#release(pointerId, timeStamp);
      });
    }
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    element.addEventListener("keydown", (event) => this.#keyDown(event));
    element.addEventListener("keyup", (event) => this.#release(event.key, event.timeStamp));
    element.addEventListener("focusout", (event) => {
      for (const key of ["Enter", " "]) this.#release(key, event.timeStamp);
    });
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    const pitch = this.#pitchOf(event.target);
    if (pitch === null) return;
    const moves = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };
    const move = /** @type {Record<string, number>} */ (moves)[event.key];
    if (move !== undefined) {
      const next = this.keys.get(pitch + move);
      if (next) {
        this.keys.get(pitch)?.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      }
    } else if (event.key === "Enter" || event.key === " ") {
      if (!event.repeat) this.#press(event.key, pitch, event.timeStamp);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** @param {number | string} id @param {number} pitch @param {number} time */
  #press(id, pitch, time) {
    this.#release(id, time);
    this.down.set(id, pitch);
    this.hands.press(pitch, VELOCITY, time);
  }

  /** @param {number | string} id @param {number} time */
  #release(id, time) {
    const pitch = this.down.get(id);
    if (pitch === undefined) return;
    this.down.delete(id);
    this.hands.release(pitch, time);
  }

  /** @param {PointerEvent} event */
  #pitchAt({ clientX, clientY }) {
    return this.#pitchOf(document.elementFromPoint(clientX, clientY));
  }

  /** @param {EventTarget | null} target */
  #pitchOf(target) {
    if (!(target instanceof Element) || !this.element.contains(target)) return null;
    const key = /** @type {HTMLElement | null} */ (target.closest("[data-pitch]"));
    return key === null ? null : Number(key.dataset.pitch);
  }
}
