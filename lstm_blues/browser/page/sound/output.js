// @ts-check
/** The way to the loudspeakers: the browser's audio clock and a mixer on it, where there are any. */

import { PageError } from "../errors.js";
import { Mixer } from "./mixer.js";

/** Whether this browser has Web Audio. */
export const HAS_AUDIO = typeof AudioContext === "function";

/** Seconds that the browser may take to let sound begin. */
const PATIENCE = 2;

export class Output {
  /** @type {AudioContext | null} */
  context = null;
  /** @type {Mixer | null} */
  mixer = null;
  #refused = false;
  /** @type {Promise<void> | null} */
  #resuming = null;

  /**
   * @param {(text: string) => void} warn is told in a sentence where nothing can be heard
   * @param {() => void} halted is told when the browser has halted sound and clock
   * @param {number} [patience] seconds
   */
  constructor(warn, halted, patience = PATIENCE) {
    this.warn = warn;
    this.halted = halted;
    this.patience = patience;
  }

  /** The audio clock; where there is none the music is silent, on the page's own clock. */
  clock() {
    this.#open();
    return this.context ?? { currentTime: performance.now() / 1000 };
  }

  #open() {
    if (!HAS_AUDIO || this.context !== null || this.#refused) return;
    try {
      const context = new AudioContext({ latencyHint: "interactive" });
      this.mixer = new Mixer(context);
      this.context = context;
      context.addEventListener("statechange", () => {
        if (context.state !== "running") this.halted();
      });
    } catch (error) {
      this.#refused = true;
      const why = `The browser gives this page no sound (${reasonOf(error)})`;
      this.warn(`${why}, so the music can be seen, but not heard.`);
    }
  }

  /**
   * Lets the clock run, and with it the sound.
   * @throws {PageError} where the browser does not
   */
  async resume() {
    const { context } = this;
    if (context === null || context.state === "running") return;
    this.#resuming ??= this.#run(context).finally(() => this.#resuming = null);
    await this.#resuming;
  }

  /** @param {AudioContext} context */
  async #run(context) {
    let timer = 0;
    const late = new Promise((_, reject) => {
      const text = `The browser has held the sound back for ${this.patience} seconds, so nothing ` +
        "plays: click on the page and try again.";
      timer = setTimeout(() => reject(new PageError(text)), 1000 * this.patience);
    });
    try {
      await Promise.race([context.resume(), late]);
    } catch (error) {
      if (error instanceof PageError) throw error;
      throw new PageError(`The browser does not let sound begin: ${reasonOf(error)}.`);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** @param {unknown} error */
function reasonOf(error) {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/[.\s]+$/, "");
}
