// @ts-check
/** The music in words: a line per bar, for those who cannot see the roll. */

import { make } from "../dom.js";
import { noteName } from "../music/chords.js";

/** @typedef {import("../music/bar.js").Bar} Bar */

/** Bars that are kept. */
const LINES = 24;

/** @param {Bar} bar */
export function inWords(bar) {
  const chords = bar.chords.map(({ symbol }) => symbol).join(" ") || "no chord";
  const own = bar.melody.map(({ pitch }) => noteName(pitch)).join(" ") || "no new note";
  const kind = bar.kind === null || bar.kind === "library" ? "" : `, ${bar.kind}`;
  return `Chorus ${bar.chorus}, bar ${bar.barInForm + 1}: ${chords}; ${own}${kind}`;
}

/** A list that grows, the newest bar first. */
export class Words {
  constructor() {
    this.list = make("ol", { class: "words", reversed: true });
    this.element = make(
      "details",
      {},
      make("summary", { text: "The music in words" }),
      this.list,
    );
  }

  /** @param {Bar} bar */
  add(bar) {
    this.list.prepend(make("li", { text: inWords(bar) }));
    while (this.list.children.length > LINES) this.list.lastChild?.remove();
  }

  clear() {
    this.list.replaceChildren();
  }
}
