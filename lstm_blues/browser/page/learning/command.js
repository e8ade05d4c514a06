// @ts-check
/** The command that learns the same, outside the browser. */

/** @typedef {import("./worker.js").Request} Request */
/** @typedef {import("./worker.js").Done} Done */

/**
 * The command that ends in the same bits; null where a run was stopped at which none stops, such as
 * amid attempts by several recipes or amid the melody.
 * @param {Request} request
 * @param {string} command of its run
 * @param {Done} done
 */
export function commandOf(request, command, { ended, phase, steps }) {
  const whole = nativeCommand(request, command);
  if (ended) return whole;
  if (request.run === "own" || phase === "melody" || steps === 0) return null;
  return `${whole} run.step_limit=${steps}`;
}

/**
 * @param {Request} request
 * @param {string} command of its run
 */
export function nativeCommand({ form, bars, seed }, command) {
  const own = form
    ? [
      `'form.chords=[${form.chords.map((bar) => `"${bar}"`).join(",")}]'`,
      `form.name=${form.name}`,
      `form.bars=${form.bars}`,
      `form.steps_per_bar=${form.stepsPerBar}`,
      `form.metre=${form.metre.text}`,
      ...(bars ? ["bars=own"] : []),
    ]
    : [];
  return [command, `seed=${seed}`, ...own].join(" ");
}

/**
 * Bars as a bar library, to be kept as a YAML file.
 * @param {{notes: number[], begins: number[]}[][]} bars
 * @param {string} name
 * @param {(pitch: number) => string} noteName
 */
export function barsFile(bars, name, noteName) {
  const lines = bars.map((segments) =>
    `  - [${segments.map((segment) => `[${writtenNotes(segment, noteName)}]`).join(", ")}]`
  );
  return [`name: ${name}`, "scale: []", "bars:", ...lines, ""].join("\n");
}

/**
 * Notes with their shares of the bar, such as `Eb4:1/8, r:1/4`.
 * @param {{notes: number[], begins: number[]}} segment
 * @param {(pitch: number) => string} noteName
 */
function writtenNotes({ notes, begins }, noteName) {
  const starts = notes.map((_, step) => step).filter((step) => step === 0 || begins[step]);
  return starts.map((start, place) => {
    const length = (starts[place + 1] ?? notes.length) - start;
    const pitch = notes[start];
    return `${pitch < 0 ? "r" : noteName(pitch)}:${length}/${notes.length}`;
  }).join(", ");
}
