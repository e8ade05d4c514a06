// @ts-check
/** What can go wrong for a visitor, in one sentence each. */

/** An error whose message is a whole sentence for the visitor. */
export class PageError extends Error {}

/**
 * The sentence to show for anything that was thrown.
 * @param {unknown} error
 * @returns {string}
 */
export function sentence(error) {
  if (error instanceof PageError) return error.message;
  const text = error instanceof Error ? error.message : String(error);
  return `Something went wrong that this page did not foresee: ${text.replace(/[.\s]*$/, "")}.`;
}

/**
 * What this browser lacks that the page cannot do without or only in part.
 * @param {typeof globalThis} [scope]
 * @returns {{needed: string[], missed: string[]}} sentences: without those `needed` nothing works
 */
export function lacking(scope = globalThis) {
  const needed = [];
  const missed = [];
  if (typeof scope.WebAssembly !== "object") {
    needed.push("This browser has no WebAssembly, which the network runs in.");
  } else if (!WebAssembly.validate(SIMD)) {
    needed.push("This browser's WebAssembly has no SIMD instructions, which the network needs.");
  }
  if (typeof scope.AudioContext !== "function") {
    missed.push("This browser has no Web Audio, so the music can be seen, but not heard.");
  }
  if (typeof scope.Worker !== "function") {
    missed.push("This browser has no workers, so no network can be watched as it learns.");
  }
  return { needed, missed };
}

/** The smallest module with an instruction on 128 bits: v128.const and drop. */
const SIMD = new Uint8Array([
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 23, 1, 21, 0, 253, 12],
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 26, 11],
]);

/**
 * The JSON of a file of the page's own.
 * @param {string} path relative to the page
 * @returns {Promise<any>}
 */
export async function fetchJSON(path) {
  return (await fetchFile(path)).json();
}

/**
 * A file of the page's own.
 * @param {string} path relative to the page
 * @returns {Promise<Response>}
 * @throws {PageError} where it cannot be had
 */
export async function fetchFile(path) {
  let response;
  try {
    response = await fetch(path);
  } catch {
    throw new PageError(`The file ${path} could not be loaded: the server does not answer.`);
  }
  if (!response.ok) {
    throw new PageError(
      `The file ${path} could not be loaded: the server said ${response.status}.`,
    );
  }
  return response;
}
