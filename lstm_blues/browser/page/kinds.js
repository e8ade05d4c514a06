// @ts-check
/** The usual kinds of settings, each with its default and what it allows. */

import { PageError } from "./errors.js";

/** @template T @typedef {import("./settings.js").Kind<T>} Kind */

/**
 * A number within bounds.
 * @param {string} name what a visitor reads
 * @param {number} initial
 * @param {{min: number, max: number, whole?: boolean}} bounds
 * @returns {Kind<number>}
 */
export function number(name, initial, { min, max, whole = false }) {
  const refused = (/** @type {string} */ given) => {
    const sort = whole ? "a whole number" : "a number";
    return new PageError(`${name} is ${given}, but must be ${sort} from ${min} to ${max}.`);
  };
  return {
    name,
    initial,
    check(value) {
      const fits = Number.isFinite(value) && min <= value && value <= max;
      if (fits && (!whole || Number.isInteger(value))) return value;
      throw refused(Number.isNaN(value) ? "not a number" : String(value));
    },
    read(text) {
      const value = text.trim() === "" ? NaN : Number(text);
      if (Number.isNaN(value)) throw refused(`“${text}”`);
      return value;
    },
    write: String,
  };
}

/**
 * One of some texts.
 * @param {string} name what a visitor reads
 * @param {string} initial
 * @param {readonly string[] | (() => readonly string[])} values those there are, now
 * @returns {Kind<string>}
 */
export function choice(name, initial, values) {
  return {
    name,
    initial,
    check(value) {
      const known = typeof values === "function" ? values() : values;
      if (known.includes(value)) return value;
      throw new PageError(
        `${name} is “${value}”, but must be one of ${known.filter(Boolean).join(", ")}.`,
      );
    },
    read: (text) => text,
    write: (value) => value,
  };
}

/**
 * Yes or no.
 * @param {string} name what a visitor reads
 * @param {boolean} initial
 * @returns {Kind<boolean>}
 */
export function flag(name, initial) {
  return {
    name,
    initial,
    check: Boolean,
    read(text) {
      if (text === "yes" || text === "no") return text === "yes";
      throw new PageError(`${name} is “${text}”, but must be yes or no.`);
    },
    write: (value) => value ? "yes" : "no",
  };
}

/**
 * Any text up to a length.
 * @param {string} name what a visitor reads
 * @param {string} initial
 * @param {number} most characters
 * @returns {Kind<string>}
 */
export function text(name, initial, most) {
  return {
    name,
    initial,
    check(value) {
      if (value.length <= most) return value;
      throw new PageError(`${name} has ${value.length} characters, but may have ${most}.`);
    },
    read: (given) => given,
    write: (value) => value,
  };
}
