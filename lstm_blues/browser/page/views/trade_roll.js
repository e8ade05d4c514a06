// @ts-check
/** The last two turns drawn: bars from left to right, the player's notes and the network's. */

import { fitted } from "../dom.js";
import { modulo } from "../music/timing.js";
import { palette } from "../palette.js";

/** @typedef {import("../music/duet.js").Duet} Duet */
/** @typedef {import("../sound/transport.js").TimedBar} TimedBar */
/** @typedef {import("../palette.js").Palette} Palette */

/** Pixels: the line that tells whose turn it is, and that with the chords below. */
const HEAD = 22;
const CHORDS = 20;
const EDGE = 4;

export class TradeRoll {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
  }

  /**
   * @param {Duet | null} duet
   * @param {number} now seconds on the audio clock, as heard
   */
  draw(duet, now) {
    if (this.canvas.clientWidth === 0) return;
    const { context, width, height } = fitted(this.canvas);
    const colours = palette();
    const bar = duet?.barAt(now) ?? null;
    if (duet === null || bar === null) return this.#invite(context, width, height, colours);
    const turn = duet.turns.at(Math.max(bar.index, 0));
    if (turn === null) return;
    const first = Math.max(0, turn.first - turn.bars);
    const count = 2 * turn.bars;
    const { lowestMelodyNote, melodyNotes } = duet.network.form;
    const lowest = lowestMelodyNote + bar.semitones - 1;
    const row = (height - HEAD - CHORDS - EDGE) / (melodyNotes + 2);
    const view = {
      context,
      colours,
      height,
      row,
      wide: width / count,
      x: (/** @type {number} */ index) => (index - first) * width / count,
      y: (/** @type {number} */ pitch) => height - EDGE - (pitch - lowest + 1) * row,
    };
    for (let index = first; index < first + count; index++) this.#bar(view, duet, index);
    for (const note of duet.onsets.notes) this.#performed(view, duet, note);
    this.#place(view, bar, now, first);
  }

  /** @param {CanvasRenderingContext2D} context @param {number} width @param {number} height @param {Palette} colours */
  #invite(context, width, height, colours) {
    context.fillStyle = colours.muted;
    context.font = `italic 1rem ${colours.serif}`;
    context.textAlign = "center";
    context.fillText("What you and the network play appears here.", width / 2, height / 2);
  }

  /** @param {any} view @param {Duet} duet @param {number} index */
  #bar({ context, colours, height, row, wide, x, y }, duet, index) {
    const players = duet.turns.isPlayers(index);
    const left = x(index);
    context.globalAlpha = 0.08;
    context.fillStyle = players ? colours.player : colours.network;
    context.fillRect(left, 0, wide, height);
    context.globalAlpha = 1;
    const begins = duet.turns.at(index)?.first === index;
    context.strokeStyle = begins ? colours.ink : colours.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(left + 0.5, begins ? 0 : HEAD);
    context.lineTo(left + 0.5, height);
    context.stroke();
    const bar = duet.bars.get(index);
    context.textAlign = "left";
    context.fillStyle = colours.ink;
    if (begins) {
      context.font = `600 0.8rem ${colours.sans}`;
      context.fillText(players ? "● You" : "◆ Network", left + 6, 15);
    }
    if (bar === undefined) return;
    context.font = `600 0.85rem ${colours.serif}`;
    bar.chords.forEach(({ symbol, start, end }) => {
      const [from, room] = [start, end - start].map((n) => n * wide / bar.form.stepsPerBar);
      if (context.measureText(symbol).width > room - 3) return;
      context.fillText(symbol, left + from + 4, HEAD + 14);
    });
    const step = wide / bar.form.stepsPerBar;
    for (const { pitch, start, end, own } of bar.melody) {
      const [from, size] = [left + start * step, Math.max((end - start) * step - 2, 3)];
      context.fillStyle = own ? colours.network : colours.player;
      if (own) context.fillRect(from, y(pitch), size, row - 1);
      else pill(context, from, y(pitch), size, row - 1);
    }
  }

  /**
   * A tick where the player struck a note, and an outline where the network did not hear it.
   * @param {any} view
   * @param {Duet} duet
   * @param {import("../music/onsets.js").Performed} note
   */
  #performed({ context, colours, row, wide, x, y }, duet, { pitch, pressed, released, step }) {
    const bar = duet.barAt(pressed);
    if (bar === null || bar.index < 0) return;
    const at = (/** @type {number} */ time) => x(bar.index) + (time - bar.at) / bar.seconds * wide;
    const left = at(pressed);
    if (left < 0) return;
    const { lowestMelodyNote, melodyNotes } = duet.network.form;
    const low = lowestMelodyNote + bar.semitones - 1;
    const shown = low + modulo(pitch - low, 12);
    const inside = pitch >= low && pitch <= low + melodyNotes + 1 ? pitch : shown;
    context.strokeStyle = colours.player;
    context.lineWidth = 1.5;
    context.beginPath();
    if (step === null) {
      const size = Math.max(4, Math.min(at(released), left + wide / 2) - left);
      context.setLineDash([3, 2]);
      context.strokeRect(left, y(inside), size, row - 1);
      context.setLineDash([]);
    } else {
      context.moveTo(left, y(inside) - 4);
      context.lineTo(left, y(inside) + row + 3);
      context.stroke();
    }
  }

  /** @param {any} view @param {TimedBar} bar @param {number} now @param {number} first */
  #place({ context, colours, height, wide, x }, bar, now, first) {
    const part = Math.min(1, (now - bar.at) / bar.seconds);
    const left = Math.max(0, x(Math.max(bar.index, first)) + (bar.index < 0 ? 0 : part * wide));
    context.fillStyle = colours.ink;
    context.fillRect(left - 1, 0, 2, height);
  }
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} wide @param {number} high */
function pill(context, x, y, wide, high) {
  context.beginPath();
  context.roundRect(x, y, wide, high, Math.min(high, wide) / 2);
  context.fill();
}
