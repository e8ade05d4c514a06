// @ts-check
/** Whose turn it is, in words, colour, shape and beats; and, for those who listen, said once. */

import { make } from "../dom.js";

/** @typedef {import("../music/duet.js").Duet} Duet */
/** @typedef {import("../sound/transport.js").TimedBar} TimedBar */

export class TurnSign {
  /** @param {(text: string) => void} announce */
  constructor(announce) {
    this.announce = announce;
    this.who = make("strong", { class: "who", text: "Press Start, or the space bar" });
    this.what = make("span", { class: "what", text: "A bar of clicks counts you in." });
    this.bars = make("span", { class: "turn-bars", "aria-hidden": "true" });
    this.beats = make("span", { class: "beats", "aria-hidden": "true" });
    this.element = make("div", { class: "turn" }, this.who, this.what, this.bars, this.beats);
    this.element.dataset.who = "nobody";
  }

  /** Nobody plays. */
  clear() {
    this.element.dataset.who = "nobody";
    this.who.textContent = "Press Start, or the space bar";
    this.what.textContent = "A bar of clicks counts you in.";
    this.bars.replaceChildren();
    this.beats.replaceChildren();
  }

  /** A bar begins. @param {Duet} duet @param {TimedBar} bar */
  bar(duet, bar) {
    const { beats } = bar.form.metre;
    this.beats.replaceChildren(...Array.from({ length: beats }, () => make("i")));
    const turn = duet.turns.at(bar.index);
    const next = duet.turns.at(bar.index + 1);
    if (turn === null) {
      this.element.dataset.who = "nobody";
      this.who.textContent = "Count-in";
      this.what.textContent = next?.who === "player" ? "You begin." : "The network begins.";
      this.announce(`Count-in. ${this.what.textContent}`);
      return;
    }
    const place = bar.index - turn.first;
    const players = turn.who === "player";
    this.element.dataset.who = turn.who;
    this.who.textContent = players ? "● Your turn" : "◆ The network";
    const chords = bar.chords.map(({ symbol }) => symbol).join(" ");
    const last = place === turn.bars - 1;
    const then = players ? "then the network" : "then you";
    this.what.textContent = `bar ${place + 1} of ${turn.bars}, ${chords}${last ? `, ${then}` : ""}`;
    this.bars.replaceChildren(...Array.from({ length: turn.bars }, (_, n) => {
      return make("i", { class: n < place ? "past" : n === place ? "now" : "" });
    }));
    const length = `${turn.bars} bars`;
    if (place === 0) this.announce(players ? `Your turn: ${length}.` : "The network answers.");
    if (last && !players) this.announce("You are next.");
  }

  /** A step is heard. @param {TimedBar} bar @param {number} step */
  step(bar, step) {
    const { metre, stepsPerBar } = bar.form;
    const beat = Math.floor(step * metre.beats / stepsPerBar);
    [...this.beats.children].forEach((dot, n) => dot.classList.toggle("now", n === beat));
  }
}
