// @ts-check
/** A bar of clicks before the first: it is no part of the music. */

/** Of a hi-hat on every beat, louder on the first. */
const CLICK = { pitch: 44, first: 120, other: 95, quarters: 0.2 };

/**
 * @param {{name: string, form: import("../kernel/network.js").FormData}} network
 * @param {import("./bar.js").Playing} playing
 * @returns {import("./bar.js").Bar} number -1
 */
export function countIn({ name, form }, { tempo, swing }) {
  const { beats, beat, quarters } = form.metre;
  const clicks = Array.from({ length: beats }, (_, n) => ({
    pitch: CLICK.pitch,
    start: n * beat,
    end: n * beat + CLICK.quarters,
    velocity: n === 0 ? CLICK.first : CLICK.other,
  }));
  return {
    ...{ index: -1, chorus: 0, barInForm: -1, network: name, form, semitones: 0 },
    ...{ tempo, swing, seconds: quarters * 60 / tempo },
    ...{ chords: [], melody: [], kind: null, notes: [], inside: [], own: false },
    band: [{ role: "drums", name: "count-in", notes: clicks }],
  };
}
