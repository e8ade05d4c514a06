// @ts-check
/** What was played in a trade, bar by bar, in words. */

import { make } from "../dom.js";
import { pitchName } from "../input/piano.js";

/** @typedef {import("../sound/transport.js").TimedBar} TimedBar */

const SHOWN = 24;

export class TradeWords {
  constructor() {
    this.list = make("ol", { class: "played" });
    this.element = make(
      "details",
      {},
      make("summary", { text: "What was played, in words" }),
      make("p", { text: "As the network heard it, the newest bar first." }),
      this.list,
    );
  }

  clear() {
    this.list.replaceChildren();
  }

  /** A bar has ended. @param {TimedBar} bar @param {boolean} players */
  add(bar, players) {
    const notes = bar.melody.map(({ pitch }) => pitchName(pitch)).join(" ");
    const chords = bar.chords.map(({ symbol }) => symbol).join(" ");
    const who = players ? "you" : "the network";
    const text = `Bar ${bar.index + 1}, ${chords}, ${who}: ${notes || "nothing"}.`;
    this.list.prepend(make("li", { text }));
    while (this.list.children.length > SHOWN) this.list.lastElementChild?.remove();
  }
}
