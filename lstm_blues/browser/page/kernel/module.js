// @ts-check
/** The kernel's modules of WebAssembly, and the memory that each works on. */

import { PageError } from "../errors.js";

const ALIGNMENT = 64;
const WORDS = 65536;

/** @type {Map<string, Promise<WebAssembly.Module>>} */
const compiled = new Map();

/**
 * A module of the page, compiled once.
 * @param {string} path below the page, such as `kernels/chords.wasm`
 * @returns {Promise<WebAssembly.Module>}
 */
function compile(path) {
  let module = compiled.get(path);
  if (module === undefined) {
    module = fetchBytes(path).then((bytes) => WebAssembly.compile(bytes));
    module.catch(() => compiled.delete(path));
    compiled.set(path, module);
  }
  return module;
}

/**
 * A file of the page, from a page and from a worker alike.
 * @param {string} path below the page
 * @returns {Promise<ArrayBuffer>}
 * @throws {PageError} where it cannot be had
 */
export async function fetchBytes(path) {
  let response;
  try {
    response = await fetch(new URL(`../${path}`, import.meta.url));
  } catch {
    throw new PageError(`The file ${path} could not be loaded: the server does not answer.`);
  }
  if (!response.ok) {
    const why = `the server said ${response.status}`;
    throw new PageError(`The file ${path} could not be loaded: ${why}.`);
  }
  return response.arrayBuffer();
}

/**
 * @typedef {object} Struct what Python says of a struct of the kernel
 * @property {number} size in bytes
 * @property {Record<string, [number, "float64" | "int64" | "struct"]>} fields offset and kind of each
 */

/** One instance of a module with its own memory, in which arrays are laid out once. */
export class Kernel {
  /** @param {WebAssembly.Instance} instance */
  constructor(instance) {
    /** @type {Record<string, any>} */
    this.exports = instance.exports;
    this.end = this.exports.__heap_base.value;
  }

  /** @param {string} path of its module @returns {Promise<Kernel>} */
  static async load(path) {
    return new Kernel(await WebAssembly.instantiate(await compile(path), {}));
  }

  /** Bytes of zeros in the memory; the views that were taken before are void. @param {number} bytes */
  place(bytes) {
    const at = Math.ceil(this.end / ALIGNMENT) * ALIGNMENT;
    this.end = at + bytes;
    const missing = this.end - this.exports.memory.buffer.byteLength;
    if (missing > 0) {
      try {
        this.exports.memory.grow(Math.ceil(missing / WORDS));
      } catch {
        throw new PageError("There is not enough memory for this network and its songs.");
      }
    }
    return at;
  }

  /** @param {number} at @param {number} length @returns {Float64Array<ArrayBuffer>} a view */
  doubles(at, length) {
    return new Float64Array(this.exports.memory.buffer, at, length);
  }

  /** @param {number} at @param {number} length @returns {BigInt64Array<ArrayBuffer>} a view */
  wholes(at, length) {
    return new BigInt64Array(this.exports.memory.buffer, at, length);
  }

  /** @param {number} at @param {number} length @returns {Uint8Array<ArrayBuffer>} a view */
  bytes(at, length) {
    return new Uint8Array(this.exports.memory.buffer, at, length);
  }

  /**
   * Writes the fields of a struct that are given.
   * @param {number} at
   * @param {Struct} struct
   * @param {Record<string, number | boolean>} values
   */
  write(at, struct, values) {
    const view = new DataView(this.exports.memory.buffer);
    for (const [name, value] of Object.entries(values)) {
      const [offset, kind] = struct.fields[name];
      if (kind === "float64") view.setFloat64(at + offset, Number(value), true);
      else view.setBigInt64(at + offset, BigInt(value), true);
    }
  }

  /**
   * The fields of a struct.
   * @param {number} at
   * @param {Struct} struct
   * @returns {Record<string, number>}
   */
  read(at, struct) {
    const view = new DataView(this.exports.memory.buffer);
    /** @type {Record<string, number>} */
    const found = {};
    for (const [name, [offset, kind]] of Object.entries(struct.fields)) {
      if (kind === "float64") found[name] = view.getFloat64(at + offset, true);
      else if (kind === "int64") found[name] = Number(view.getBigInt64(at + offset, true));
    }
    return found;
  }
}
