// @ts-check
/** A piano roll that goes by in time: the melody's notes, the chords above them, and what is new. */

import { fitted } from "../dom.js";
import { palette } from "../palette.js";
import { secondsOf } from "../music/bar.js";

/** @typedef {import("../sound/transport.js").TimedBar} TimedBar */

/** Height of the chords' row and of the marks' row, in pixels. */
const [CHORDS, MARKS] = [30, 18];

/** Where the music is now, as a share of the width. */
const NOW = 0.74;

/** Seconds that a wide drawing shows, and one as narrow as a phone. */
const [WIDE, NARROW] = [9, 4.5];

export class Roll {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => boolean} still whether it moves by whole bars instead of gliding
   */
  constructor(canvas, still) {
    this.canvas = canvas;
    this.still = still;
    this.low = 60;
    this.high = 72;
  }

  /**
   * @param {TimedBar[]} bars in time
   * @param {number} heard seconds on the audio clock
   */
  draw(bars, heard) {
    if (this.canvas.clientWidth === 0) return;
    const { context, width, height } = fitted(this.canvas);
    const colours = palette();
    const perSecond = width / (width > 600 ? WIDE : NARROW);
    let origin = heard;
    if (this.still()) {
      const bar = bars.findLast(({ at }) => at <= heard);
      if (bar) origin = bar.at;
    }
    /** @param {number} time */
    const x = (time) => NOW * width * (this.still() ? 0.5 : 1) + (time - origin) * perSecond;
    this.#fit(bars);
    const row = (height - CHORDS - MARKS) / (this.high - this.low + 1);
    for (const bar of bars) {
      const [left, right] = [x(bar.at), x(bar.at + bar.seconds)];
      if (right < 0 || left > width) continue;
      context.fillStyle = colours.line;
      context.fillRect(Math.round(left), 0, 1, height);
      this.#mark(context, bar, left, right, height, colours);
      this.#chords(context, bar, x, colours);
      this.#notes(context, bar, x, row, heard, colours);
    }
    context.fillStyle = colours.ink;
    context.fillRect(Math.round(x(heard)), 0, 2, height - MARKS);
  }

  /** Makes room for the notes. @param {TimedBar[]} bars */
  #fit(bars) {
    const last = bars.at(-1);
    if (!last) return;
    const { lowestMelodyNote: low, melodyNotes } = last.form;
    this.low = low - 1;
    this.high = low + melodyNotes;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {TimedBar} bar
   * @param {number} left
   * @param {number} right
   * @param {number} height
   * @param {import("../palette.js").Palette} colours
   */
  #mark(context, bar, left, right, height, colours) {
    if (bar.kind === null || bar.kind === "library") return;
    context.fillStyle = bar.kind === "new" ? colours.network : colours.wrong;
    context.globalAlpha = 0.1;
    context.fillRect(left + 1, 0, right - left - 1, height);
    context.globalAlpha = 1;
    context.font = `600 12px ${colours.sans}`;
    context.fillText(bar.kind, left + 6, height - 5);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {TimedBar} bar
   * @param {(time: number) => number} x
   * @param {import("../palette.js").Palette} colours
   */
  #chords(context, bar, x, colours) {
    context.fillStyle = colours.ink;
    context.font = `600 17px ${colours.serif}`;
    for (const { symbol, start } of bar.chords) {
      context.fillText(symbol, x(bar.at + secondsOf(bar, start)) + 6, 21);
    }
  }

  /**
   * Filled are the network's notes, open ones are those of whoever plays along.
   * @param {CanvasRenderingContext2D} context
   * @param {TimedBar} bar
   * @param {(time: number) => number} x
   * @param {number} row
   * @param {number} heard
   * @param {import("../palette.js").Palette} colours
   */
  #notes(context, bar, x, row, heard, colours) {
    for (const { pitch, start, end, own } of bar.melody) {
      const [from, to] = [start, end].map((step) => bar.at + secondsOf(bar, step));
      const top = CHORDS + (this.high - pitch) * row + 1;
      context.globalAlpha = from > heard ? 0.45 : 1;
      context.fillStyle = own ? colours.network : colours.player;
      context.strokeStyle = colours.player;
      context.beginPath();
      context.roundRect(
        x(from) + 1,
        top,
        Math.max(3, x(to) - x(from) - 3),
        Math.max(3, row - 2),
        3,
      );
      if (own) context.fill();
      else context.stroke();
    }
    context.globalAlpha = 1;
  }
}
