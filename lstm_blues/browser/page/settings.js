// @ts-check
/** The one state of all controls: defaults, checks, undo, and the address that gives it again. */

import { PageError } from "./errors.js";

/**
 * What a setting may be; `kinds.js` has the usual ones.
 * @template T
 * @typedef {object} Kind
 * @property {string} name               what a visitor reads
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
    /** @type {{before: Map<string, any>, at: number}[]} */
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
    this.setAll({ [key]: value });
  }

  /**
   * Sets some at once, which one undo takes back.
   * @param {Record<string, any>} given
   * @throws {PageError} where any of them is not allowed; then none is set
   */
  setAll(given) {
    const checked = Object.entries(given)
      .map(([key, value]) => /** @type {[string, any]} */ ([key, this.kind(key).check(value)]))
      .filter(([key, value]) => !Object.is(value, this.values.get(key)));
    this.#remember(checked.map(([key]) => key).filter((key) => !this.kind(key).lasting));
    for (const [key, value] of checked) this.#put(key, value);
  }

  /** @param {string} key */
  reset(key) {
    this.set(key, this.initial(key));
  }

  /** Whether there is anything to undo. */
  get canUndo() {
    return this.changes.length > 0;
  }

  /** Takes the last change back. @returns {string[]} the names of what was changed */
  undo() {
    const before = this.changes.pop()?.before ?? new Map();
    for (const [key, value] of before) this.#put(key, value);
    return [...before.keys()].map((key) => this.kind(key).name);
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

  /** @param {string[]} keys that are about to be changed together */
  #remember(keys) {
    if (keys.length === 0) return;
    const last = this.changes.at(-1);
    const now = Date.now();
    const same = last?.before.size === keys.length && keys.every((key) => last.before.has(key));
    const apart = keys.some((key) => this.kind(key).apart);
    if (last && same && !apart && now - last.at < ONE_CHANGE) last.at = now;
    else this.changes.push({ before: new Map(keys.map((key) => [key, this.get(key)])), at: now });
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
