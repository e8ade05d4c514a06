// @ts-check
/** A series of small rolls: what the network played as it learned, from noise to the form. */

import { make } from "../dom.js";
import { onScheme } from "../palette.js";
import { drawRoll, stepsRight } from "./roll.js";

/** @typedef {{steps: number, played: string[]}} Moment */

/** Pictures that are kept; of more, the one that stands closest between its neighbours goes. */
const MOST = 12;

/** Steps grow by so much from one picture to the next. */
const APART = 1.35;

export class Film {
  /** @param {HTMLElement} root a list */
  constructor(root) {
    this.root = root;
    /** @type {Moment[]} */
    this.moments = [];
    /** @type {string[]} */
    this.target = [];
    this.stepsPerBar = 8;
    onScheme(() => this.draw());
    new ResizeObserver(() => this.draw()).observe(root);
  }

  /** Begins anew. @param {string[]} target @param {number} stepsPerBar */
  begin(target, stepsPerBar) {
    [this.target, this.stepsPerBar, this.moments] = [target, stepsPerBar, []];
    this.root.replaceChildren();
  }

  /** Takes a picture where it is time for one. @param {Moment} moment @param {boolean} [last] */
  add(moment, last = false) {
    const before = this.moments.at(-1);
    const same = before?.played.join() === moment.played.join();
    if (!last && before && (same || moment.steps < before.steps * APART)) return;
    if (last && before?.steps === moment.steps) return;
    this.moments.push(moment);
    if (this.moments.length > MOST) this.moments.splice(closest(this.moments), 1);
    this.root.replaceChildren(...this.moments.map((one) => this.#picture(one)));
    this.draw();
  }

  draw() {
    const canvases = this.root.querySelectorAll("canvas");
    this.moments.forEach(({ played }, place) => {
      if (canvases[place]?.clientWidth > 0) {
        drawRoll(canvases[place], played, this.target, { stepsPerBar: this.stepsPerBar });
      }
    });
  }

  /** @param {Moment} moment */
  #picture({ steps, played }) {
    const right = stepsRight(played, this.target);
    const words = `${inMillions(steps)} steps: ${right} of ${this.target.length} right`;
    return make(
      "li",
      {},
      make("canvas", { class: "drawing small-roll", "aria-hidden": "true" }),
      make("span", { text: words }),
    );
  }
}

/**
 * The moment whose neighbours are nearest to each other, by the ratio of their steps.
 * @param {Moment[]} moments
 */
function closest(moments) {
  let [found, least] = [1, Infinity];
  for (let place = 1; place < moments.length - 1; place++) {
    const ratio = moments[place + 1].steps / Math.max(moments[place - 1].steps, 1);
    if (ratio < least) [found, least] = [place, ratio];
  }
  return found;
}

/** @param {number} steps such as "0.3 M" */
export function inMillions(steps) {
  const millions = steps / 1e6;
  return steps === 0 ? "0" : `${millions.toFixed(millions < 1 ? 2 : 1)} M`;
}
