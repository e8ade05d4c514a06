// @ts-check
/** The form as a lead sheet: a cell per bar with its chords, the one that sounds, and what is new. */

import { make } from "../dom.js";

/** @typedef {import("../music/bar.js").Bar} Bar */

const MARKS = { library: "", new: "new", broken: "broken" };

export class Sheet {
  constructor() {
    this.element = make("ol", { class: "sheet", "aria-label": "The form, bar by bar" });
    /** @type {HTMLElement[]} */
    this.cells = [];
    this.shown = "";
  }

  /** Lays out a form. @param {import("../kernel/network.js").FormData} form */
  begin(form) {
    const now = JSON.stringify(form.chords);
    if (now === this.shown) return;
    this.shown = now;
    this.cells = form.chords.map((chords) =>
      make(
        "li",
        {},
        make("span", { class: "chord", text: chords }),
        make("span", { class: "kind" }),
      )
    );
    this.element.replaceChildren(...this.cells);
  }

  /** A bar begins to sound. @param {Bar} bar */
  show(bar) {
    this.begin(bar.form);
    this.clear();
    const cell = this.cells[bar.barInForm];
    cell.setAttribute("aria-current", "true");
    const [chords, kind] = cell.children;
    chords.textContent = bar.chords.map(({ symbol }) => symbol).join(" ") || "–";
    kind.textContent = bar.kind === null ? "" : MARKS[bar.kind];
    cell.dataset.kind = bar.kind ?? "";
  }

  /** Nothing sounds. */
  clear() {
    for (const cell of this.cells) cell.removeAttribute("aria-current");
  }
}
