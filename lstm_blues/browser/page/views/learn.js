// @ts-check
/** Watch it learn: a network from random weights to the form, drawn and heard as it grows. */

import { button } from "../controls.js";
import { make } from "../dom.js";
import { Film } from "../learning/film.js";
import { chordTexts, drawRoll, stepsRight } from "../learning/roll.js";
import { LearningWorker } from "../learning/worker.js";
import { chordsByStep } from "../music/encoding.js";
import { onScheme } from "../palette.js";
import { Hear } from "./hear.js";
import { LearnChoices } from "./learn_choices.js";
import { result } from "./learn_result.js";
import { inChoruses, melodyOf, statusOf } from "./learn_words.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../learning/worker.js").Progress} Progress */
/** @typedef {import("../learning/worker.js").Done} Done */
/** @typedef {import("./learn_choices.js").Chosen} Chosen */

/** The numbers that are shown as they grow. */
const FACTS = {
  steps: "Steps",
  speed: "Steps per second",
  resets: "Resets",
  gross: "Gross errors",
  clean: "Longest clean run",
  best: "Best free run",
  melody: "Melody",
};

/** @param {HTMLElement} root @param {App} app */
export function mount(root, app) {
  const view = new LearnView(root, app);
  return { show: () => view.draw(), hide() {} };
}

class LearnView {
  /** @param {HTMLElement} root @param {App} app */
  constructor(root, app) {
    this.app = app;
    this.choices = new LearnChoices(app);
    this.start = button("Start learning", () => this.toggle(), { class: "primary" });
    this.hear = new Hear(app, (on) => this.worker?.hear(on));
    this.status = make("p", { class: "status", role: "status" });
    this.canvas = make("canvas", { class: "drawing roll", role: "img" });
    this.figure = make("figure", {}, this.canvas, legend());
    this.facts = Object.fromEntries(
      Object.keys(FACTS).map((key) => [key, make("dd", { text: "–" })]),
    );
    this.film = make("ol", { class: "film" });
    this.grown = make(
      "section",
      { hidden: true },
      make("h3", { text: "From noise to the form" }),
      this.film,
    );
    this.result = make("section", { class: "result", hidden: true });
    root.append(
      make("h2", { text: "Watch it learn" }),
      make("p", { class: "lead", text: LEAD }),
      this.choices.root,
      make("div", { class: "actions" }, this.start, this.hear.button),
      this.status,
      this.figure,
      make(
        "dl",
        { class: "facts" },
        ...Object.entries(FACTS).map(([key, text]) =>
          make("div", {}, make("dt", { text }), this.facts[key])
        ),
      ),
      this.result,
      this.grown,
    );
    this.pictures = new Film(this.film);
    /** @type {LearningWorker | null} */
    this.worker = null;
    /** @type {Chosen | null} */
    this.chosen = null;
    /** @type {string[]} */
    this.target = [];
    /** @type {string[]} */
    this.played = [];
    this.began = 0;
    this.choices.onChange(() => this.worker === null && this.preview());
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    onScheme(() => this.draw());
    this.preview();
  }

  /** Shows the form that is to be learned, where there is one. */
  preview() {
    const form = this.choices.form;
    this.chosen = null;
    this.played = [];
    this.target = form ? chordsByStep(form, this.choices.book) : [];
    this.form = form;
    this.draw();
  }

  draw() {
    this.figure.hidden = !this.form;
    if (!this.form || this.canvas.clientWidth === 0) return;
    drawRoll(this.canvas, this.played, this.target, this.form);
    this.canvas.setAttribute("aria-label", this.inWords());
    this.pictures.draw();
  }

  /** The drawing as a text. */
  inWords() {
    const all = this.target.length;
    if (this.played.length === 0) return `The form to learn, ${all} steps.`;
    const right = stepsRight(this.played, this.target);
    return `The frozen network's free run: ${right} of ${all} steps are those of the form.`;
  }

  toggle() {
    if (this.worker) {
      this.worker.stop();
      return;
    }
    try {
      this.chosen = this.choices.take();
      this.worker = new LearningWorker(this.chosen.request, {
        progress: (progress) => this.progress(progress),
        done: (done) => this.done(done),
        error: (error) => this.failed(error),
      });
    } catch (error) {
      this.app.fail(error);
      return;
    }
    this.form = this.chosen.form;
    this.target = chordsByStep(this.form, this.choices.book);
    this.played = [];
    this.result.hidden = true;
    this.grown.hidden = false;
    this.pictures.begin(this.target, this.form.stepsPerBar);
    this.began = performance.now();
    if (this.hear.on) this.worker.hear(true);
    this.start.textContent = "Stop";
    this.status.textContent = "Learning …";
    this.app.announce(`Learning ${this.chosen.title}`);
    this.draw();
  }

  /** @param {Progress} progress */
  progress(progress) {
    const { chosen } = this;
    if (!chosen) return;
    const { steps, stepsPerSecond, resets, gross, cleanRun, bestFreeRun, freeRun } = progress;
    const whole = (/** @type {number} */ number) => Math.round(number).toLocaleString("en");
    const chorus = this.target.length;
    const { facts } = this;
    facts.steps.textContent = whole(steps);
    facts.speed.textContent = whole(stepsPerSecond);
    facts.resets.textContent = whole(resets);
    facts.gross.textContent = whole(gross);
    facts.clean.textContent = inChoruses(cleanRun, chorus);
    facts.best.textContent = inChoruses(bestFreeRun, chorus);
    facts.melody.textContent = melodyOf(progress);
    // It begins after the form's first step, which the network is given.
    const chords = chordTexts(freeRun.notes, freeRun.notes.length / chorus);
    this.played = [chords[chorus - 1], ...chords.slice(0, -1)];
    this.pictures.add({ steps, played: this.played });
    this.status.textContent = statusOf(progress);
    this.draw();
    if (progress.network) this.hear.take(progress.network);
  }

  /** @param {Done} done */
  done(done) {
    const { chosen } = this;
    this.ended();
    if (!chosen) return;
    const seconds = (performance.now() - this.began) / 1000;
    this.pictures.add({ steps: done.steps, played: this.played }, true);
    const shown = result(this.app, chosen, done, seconds);
    this.status.textContent = "";
    this.result.replaceChildren(...shown.children);
    this.result.hidden = false;
    this.app.announce(shown.sentence);
  }

  /** @param {unknown} error */
  failed(error) {
    this.ended();
    this.status.textContent = "";
    this.app.fail(error);
  }

  ended() {
    this.worker = null;
    this.start.textContent = "Start learning";
  }
}

const LEAD =
  "A network begins with random weights and hears the form again and again. As it learns, it is " +
  "frozen now and then and plays by itself: from noise to the form. The numbers are the report's " +
  "(sections 3.1 and 3.2), unless you choose others.";

/** What the drawing's marks mean. */
function legend() {
  /** @param {string} kind @param {string} text */
  const entry = (kind, text) => make("span", { class: "legend" }, make("i", { class: kind }), text);
  return make(
    "figcaption",
    {},
    entry("right", "a right step"),
    entry("wrong", "a wrong one"),
    entry("wanted", "the form"),
  );
}
