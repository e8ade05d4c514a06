// @ts-check
/** A network that learns in a worker of its own, seen from the page. */

import { PageError } from "../errors.js";

/**
 * What is to be learned.
 * @typedef {object} Request
 * @property {string} run    a run of data/learning.json, or "own"
 * @property {number} seed
 * @property {import("../kernel/network.js").FormData} [form] of "own"
 * @property {{notes: number[], begins: number[]}[][]} [bars] of "own": the segments of each bar
 */

/**
 * How far it is.
 * @typedef {object} Progress
 * @property {number} steps
 * @property {number} stepsPerSecond
 * @property {number} gross        gross errors
 * @property {number} resets
 * @property {number} cleanRun     steps of the longest run without a gross error
 * @property {number} bestFreeRun  steps
 * @property {{notes: Uint8Array, right: number}} freeRun what the frozen network plays by itself:
 *   units of each step, flat
 * @property {boolean} learned     the chords
 * @property {number | null} [melodyLoss] of the melody's last window, in nats per step
 * @property {number} [melodyFloor] the least possible
 * @property {number} [round]
 * @property {number} [attempts]
 * @property {any} [network] to play, where it was asked for
 */

/**
 * How it ended.
 * @typedef {object} Done
 * @property {boolean} learned
 * @property {boolean} ended   by itself; false where it was stopped
 * @property {"chords" | "melody"} phase that it was in
 * @property {string} hash     SHA-256 of all that it learned by
 * @property {number} steps
 * @property {any} network     to play, see kernel/network.js
 * @property {string} [recipe] of "own"
 * @property {number} [choruses] of the test that it passed
 */

/**
 * @typedef {object} Listener
 * @property {(progress: Progress) => void} progress
 * @property {(done: Done) => void} done
 * @property {(error: PageError) => void} error
 */

export class LearningWorker {
  /**
   * @param {Request} request
   * @param {Listener} listener
   * @throws {PageError} where the browser has no workers
   */
  constructor(request, listener) {
    if (typeof Worker !== "function") {
      throw new PageError(
        "This browser has no workers, so no network can be watched as it learns.",
      );
    }
    this.worker = new Worker(new URL("../workers/learn.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => {
      if (data.type === "progress") listener.progress(data);
      if (data.type === "done") listener.done(data);
      if (data.type === "error") listener.error(new PageError(data.message));
      if (data.type !== "progress") this.worker.terminate();
    });
    this.worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.worker.terminate();
      listener.error(new PageError(`Learning ended: ${event.message || "its worker failed"}.`));
    });
    this.worker.postMessage({ type: "start", ...request });
  }

  /** Ends it where it stands; it is still told how it ended. */
  stop() {
    this.worker.postMessage({ type: "stop" });
  }

  /** Whether the network of each progress is wanted, too. @param {boolean} on */
  hear(on) {
    this.worker.postMessage({ type: "hear", on });
  }
}
