// @ts-check
/** The segments of each bar, edited by clicking: notes up and down, steps to the right. */

import { button } from "../controls.js";
import { make } from "../dom.js";
import { noteName } from "../music/chords.js";
import {
  emptyBars,
  MOST_SEGMENTS,
  readBars,
  REST,
  silence,
  withBar,
  writeBars,
} from "../music/segments.js";
import { segmentGrid } from "./segment_grid.js";

/** @typedef {import("../app.js").App} App */
/** @import { Segment } from "../kernel/network.js" */
/** @import { FormData as Form } from "../kernel/network.js" */

/** What a library that is read from `data/music.json` has. @typedef {{form: string, bars: Segment[][]}} Library */

export class Editor {
  /** @param {App} app its setting "learn.bars" is the melody, as text, "" for none */
  constructor(app) {
    this.app = app;
    /** @type {Form | null} */
    this.form = null;
    this.bar = 0;
    this.picker = make("div", { class: "bar-picker", role: "group", "aria-label": "Bars" });
    this.segments = make("div", { class: "segments" });
    this.begin = make("div", { class: "actions" });
    this.root = make("div", { class: "editor" }, this.begin, this.picker, this.segments);
    app.settings.on("learn.bars", () => this.draw());
  }

  /** The form whose bars these are; what does not fit it is kept, unseen, for another. @param {Form | null} form */
  setForm(form) {
    this.form = form;
    this.bar = 0;
    this.draw();
  }

  /** The segments of each bar; null without a form. @returns {Segment[][] | null} */
  get bars() {
    return this.form && readBars(this.app.settings.get("learn.bars"), this.form);
  }

  /** Whether there is any note. */
  get hasNotes() {
    return this.bars?.some((bar) => bar.some(({ notes }) => notes.some((note) => note !== REST))) ??
      false;
  }

  draw() {
    const { form, bars } = this;
    this.root.hidden = !form;
    if (!form || !bars) return;
    this.#drawBeginnings(form);
    this.picker.replaceChildren(...bars.map((segments, bar) => {
      const silent = segments.every(({ notes }) => notes.every((note) => note === REST));
      return button("", () => this.#go(bar), {
        "aria-pressed": String(bar === this.bar),
        "aria-label": `Bar ${bar + 1}, ${form.chords[bar]}${silent ? ", silent" : ""}`,
        class: silent ? "silent" : "",
      });
    }));
    [...this.picker.children].forEach((each, bar) =>
      each.append(
        make("small", { text: String(bar + 1) }),
        make("span", { class: "chord", text: form.chords[bar] }),
      )
    );
    const focus = this.segments.contains(document.activeElement)
      ? /** @type {HTMLElement} */ (document.activeElement).dataset.place
      : undefined;
    this.segments.replaceChildren(
      ...bars[this.bar].map((segment, which) => this.#segment(form, segment, which)),
      this.#more(form, bars),
    );
    const again = this.segments.querySelector(`[data-place="${focus}"]`);
    if (again instanceof HTMLElement) again.focus();
  }

  /** @param {number} bar */
  #go(bar) {
    this.bar = bar;
    this.draw();
    /** @type {HTMLElement} */ (this.picker.children[bar]).focus();
  }

  /** @param {Form} form @param {Segment} segment @param {number} which */
  #segment(form, segment, which) {
    const name = `Bar ${this.bar + 1}, segment ${which + 1}`;
    const grid = segmentGrid(segment, {
      name,
      pitches: Array.from({ length: form.melodyNotes }, (_, unit) => form.lowestMelodyNote + unit),
      steps: form.stepsPerBar,
      perBeat: form.stepsPerBar / form.metre.beats,
      noteName,
      mark: `${which}`,
      change: (changed) => this.#put(which, changed),
      announce: (text) => this.app.announce(text),
    });
    const remove = button("Remove", () => this.#put(which, null), {
      "aria-label": `Remove ${name}`,
      hidden: (this.bars?.[this.bar].length ?? 1) < 2,
    });
    return make(
      "figure",
      {},
      make("figcaption", { class: "row" }, make("strong", { text: name }), remove),
      grid,
    );
  }

  /** @param {Form} form @param {Segment[][]} bars */
  #more(form, bars) {
    return button("Add a segment", () => this.#put(bars[this.bar].length, silence(form)), {
      disabled: bars[this.bar].length >= MOST_SEGMENTS,
    });
  }

  /** Puts a segment of the bar, or takes it away. @param {number} which @param {Segment | null} segment */
  #put(which, segment) {
    const { form, bars, bar, app: { settings } } = this;
    if (!form || !bars) return;
    const changed = [...bars[bar]];
    changed.splice(which, 1, ...(segment ? [segment] : []));
    settings.set("learn.bars", withBar(settings.get("learn.bars"), bar, changed, form));
  }

  /** @param {Segment[][]} bars */
  #change(bars) {
    if (this.form) this.app.settings.set("learn.bars", writeBars(bars, this.form));
  }

  /** The bundled libraries that fit the form, and silence. @param {Form} form */
  #drawBeginnings(form) {
    const libraries = /** @type {[string, Library][]} */ (Object.entries(this.app.data.bars));
    const fitting = libraries.filter(([, { bars }]) => this.#fit(bars, form));
    this.begin.replaceChildren(
      make("span", { text: "Begin from" }),
      ...fitting.map(([name, { bars }]) => button(name, () => this.#change(bars))),
      button("silence", () => this.#change(emptyBars(form))),
    );
  }

  /** @param {Segment[][]} bars @param {Form} form */
  #fit(bars, form) {
    const top = form.lowestMelodyNote + form.melodyNotes;
    return bars.length === form.bars &&
      bars.every((bar) =>
        bar.length <= MOST_SEGMENTS && bar.every(({ notes }) =>
          notes.length === form.stepsPerBar &&
          notes.every((note) => note === REST || (form.lowestMelodyNote <= note && note < top))
        )
      );
  }
}
