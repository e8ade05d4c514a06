// @ts-check
/** Whether the form comes back after a disturbance, at its place or shifted (section 3.2). */

/**
 * @typedef {object} Verdict
 * @property {"watching" | "undisturbed" | "back" | "lost"} state
 * @property {number} steps   wrong steps so far, or until the form was back
 * @property {number} late    steps that the form is behind its place; of "back" alone
 * @property {string} text    a sentence
 */

/** Choruses after which a form that has not come back is called lost. */
const LOST_AFTER = 4;

export class Watch {
  /**
   * @param {string[]} form the chord notes of each step of a chorus, see `chordsByStep`
   * @param {number} stepsPerBar
   * @param {number} place the step of the form at which the disturbance begins
   * @param {number} [length] steps that the disturbance itself lasts, which are not counted
   */
  constructor(form, stepsPerBar, place, length = 0) {
    this.form = form;
    this.stepsPerBar = stepsPerBar;
    this.place = place;
    this.length = length;
    /** @type {string[]} */
    this.played = [];
  }

  /** The chord notes of the next step as they were played. @param {string} chord */
  add(chord) {
    this.played.push(chord);
  }

  /** @returns {Verdict} */
  verdict() {
    const { form, played } = this;
    const steps = played.length - this.length;
    if (steps >= form.length) {
      const late = this.#late();
      if (late !== null) return this.#back(late);
    }
    const { length } = this;
    const wrong = played.filter((chord, step) => step >= length && !this.#right(chord, step, 0));
    if (steps >= LOST_AFTER * form.length) {
      const text = `The form has not come back in ${LOST_AFTER} choruses: it is lost so far.`;
      return { state: "lost", steps: wrong.length, late: 0, text };
    }
    const text = wrong.length === 0
      ? `Nothing wrong so far, ${this.#length(Math.max(steps, 0))} on.`
      : `Wrong in ${wrong.length} of ${steps} steps so far; a whole chorus must be right before ` +
        "the form is back.";
    return { state: "watching", steps: wrong.length, late: 0, text };
  }

  /** How far the last chorus that was played is behind the form; null where it is not the form. */
  #late() {
    const { form, played } = this;
    for (let late = 0; late < form.length; late++) {
      let all = true;
      for (let step = played.length - form.length; all && step < played.length; step++) {
        all = this.#right(played[step], step, late);
      }
      if (all) return late;
    }
    return null;
  }

  /** @param {number} late @returns {Verdict} */
  #back(late) {
    const { form, played } = this;
    let since = played.length;
    while (since > 0 && this.#right(played[since - 1], since - 1, late)) since -= 1;
    if (since <= this.length && late === 0) {
      const text = this.length > 0
        ? "The form went on right after what it heard, at its place."
        : "The form went on without one wrong chord.";
      return { state: "undisturbed", steps: 0, late, text };
    }
    const ahead = form.length - late;
    const shift = late === 0
      ? "at its place"
      : late <= ahead
      ? `shifted: ${this.#length(late)} late`
      : `shifted: ${this.#length(ahead)} early`;
    const when = since === 0 ? "at once" : `after ${this.#length(since)}`;
    return { state: "back", steps: since, late, text: `The form came back ${when}, ${shift}.` };
  }

  /** @param {string} chord @param {number} step @param {number} late */
  #right(chord, step, late) {
    const { length } = this.form;
    return chord === this.form[(this.place + step - late + length) % length];
  }

  /** @param {number} steps in words: "3 bars", "1 bar and 2 steps" */
  #length(steps) {
    const bars = Math.floor(steps / this.stepsPerBar);
    const left = steps % this.stepsPerBar;
    const parts = [
      ...(bars > 0 ? [`${bars} bar${bars === 1 ? "" : "s"}`] : []),
      ...(left > 0 || bars === 0 ? [`${left} step${left === 1 ? "" : "s"}`] : []),
    ];
    return parts.join(" and ");
  }
}
