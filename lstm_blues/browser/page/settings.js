// @ts-check
/** The one state of all controls: defaults, checks, undo, and the address that gives it again. */

import { PageError } from "./errors.js";

/**
 * What a setting may be; `kinds.js` has the usual ones.
 * @template T
 * @typedef {object} Kind
 * @property {T} initial                 the default
 * @property {(value: T) => T} check     the value to keep, or a PageError that says what is allowed
 * @property {(text: string) => T} read  from the address
 * @property {(value: T) => string} write to the address
 * @property {boolean} [personal]        of the visitor's machine: the address neither gives nor takes it
 * @property {boolean} [lasting]         its changes are not undone, as those of the part that is shown
 * @property {boolean} [apart]           each of its changes is undone by itself, however quick
 */

/** Changes of one setting that follow one another within this many milliseconds are undone as one. */
const ONE_CHANGE = 800;

export class Settings {
  constructor() {
    /** @type {Map<string, Kind<any>>} */
    this.kinds = new Map();
    /** @type {Map<string, any>} */
    this.values = new Map();
    /** @type {Map<string, Set<(value: any) => void>>} */
    this.listeners = new Map();
    /** @type {{key: string, before: any, at: number}[]} */
    this.changes = [];
    /** From the address, of settings that no view has declared yet. @type {Map<string, string>} */
    this.waiting = new Map();
    /** Told of what the address gave that is not allowed. @type {(error: PageError) => void} */
    this.refused = () => {};
  }

  /**
   * A view says which settings it has; a value from the address that waits for it is taken.
   * @param {string} key
   * @param {Kind<any>} kind
   */
  declare(key, kind) {
    if (this.kinds.has(key)) return;
    this.kinds.set(key, kind);
    this.values.set(key, kind.initial);
    const text = this.waiting.get(key);
    this.waiting.delete(key);
    if (text !== undefined) this.#take(key, text);
  }

  /** @param {string} key @returns {any} */
  get(key) {
    if (!this.kinds.has(key)) throw new Error(`no setting ${key}`);
    return this.values.get(key);
  }

  /** @param {string} key @returns {any} its default */
  initial(key) {
    return this.kind(key).initial;
  }

  /**
   * @param {string} key
   * @param {any} value
   * @throws {PageError} where it is not allowed
   */
  set(key, value) {
    const { check, lasting } = this.kind(key);
    const checked = check(value);
    const before = this.values.get(key);
    if (Object.is(checked, before)) return;
    if (!lasting) this.#remember(key, before);
    this.#put(key, checked);
  }

  /** @param {string} key */
  reset(key) {
    this.set(key, this.initial(key));
  }

  /** Whether there is anything to undo. */
  get canUndo() {
    return this.changes.length > 0;
  }

  /** Takes the last change back; returns its key, or null. */
  undo() {
    const last = this.changes.pop();
    if (!last) return null;
    this.#put(last.key, last.before);
    return last.key;
  }

  /**
   * Calls back with every new value.
   * @param {string} key or "*" for all
   * @param {(value: any) => void} listener
   * @returns {() => void} ends it
   */
  on(key, listener) {
    const all = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, all.add(listener));
    return () => all.delete(listener);
  }

  /** All settings that are not at their default, as the part of an address after "#". */
  toHash() {
    const pairs = [...this.waiting];
    for (const [key, kind] of this.kinds) {
      if (kind.personal) continue;
      const text = kind.write(this.values.get(key));
      if (text !== kind.write(kind.initial)) pairs.push([key, text]);
    }
    return new URLSearchParams(pairs).toString();
  }

  /**
   * Takes the settings of an address; those it does not give return to their defaults.
   * @param {string} hash with or without "#"
   */
  fromHash(hash) {
    const given = new Map(new URLSearchParams(hash.replace(/^#/, "")));
    this.waiting.clear();
    this.changes.length = 0;
    for (const [key, kind] of this.kinds) {
      if (!given.has(key) && !kind.personal) this.#put(key, kind.initial);
    }
    for (const [key, text] of given) {
      if (this.kinds.has(key)) this.#take(key, text);
      else this.waiting.set(key, text);
    }
  }

  /** @param {string} key @param {any} before */
  #remember(key, before) {
    const last = this.changes.at(-1);
    const now = Date.now();
    const apart = this.kind(key).apart ?? false;
    if (!apart && last?.key === key && now - last.at < ONE_CHANGE) last.at = now;
    else this.changes.push({ key, before, at: now });
  }

  /** @param {string} key @param {string} text */
  #take(key, text) {
    const kind = this.kind(key);
    try {
      this.#put(key, kind.check(kind.read(text)));
    } catch (error) {
      if (!(error instanceof PageError)) throw error;
      this.refused(error);
    }
  }

  /** @param {string} key @param {any} value */
  #put(key, value) {
    if (Object.is(this.values.get(key), value)) return;
    this.values.set(key, value);
    for (const name of [key, "*"]) {
      for (const listener of this.listeners.get(name) ?? []) listener(value);
    }
  }

  /** @param {string} key @returns {Kind<any>} what was declared */
  kind(key) {
    const kind = this.kinds.get(key);
    if (!kind) throw new Error(`no setting ${key}`);
    return kind;
  }
}
