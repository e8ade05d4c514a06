// @ts-check
/** What one sees inside, in sentences, and where the report says it. */

/** @typedef {import("./inside_strips.js").Moment} Moment */
/** @import { BlockData as Block } from "../kernel/network.js" */

/** @param {Block} block such as "Block 2 of the chords" */
export function blockName({ group, number }) {
  return `Block ${number} of the ${group}`;
}

/** A gate is called open above this. */
const OPEN = 0.9;

/** A gate is called shut below this. */
const SHUT = 0.1;

/**
 * A block's numbers at a step.
 * @param {Block} block @param {Moment} moment @param {string} where
 */
export function values(block, { states, gates: [input, forget, output] }, where) {
  const two = (/** @type {number} */ number) => number.toFixed(2).replace("-", "−");
  return `${blockName(block)}, ${where}: states ${states.map(two).join(", ")}; input gate ` +
    `${two(input)}, forget gate ${two(forget)}, output gate ${two(output)}.`;
}

/**
 * What a block did in the last chorus.
 * @param {Block} block
 * @param {(Moment | undefined)[]} moments by place in the form
 */
export function habit(block, moments) {
  const seen = moments.filter((moment) => moment !== undefined);
  if (seen.length < moments.length / 2) return "";
  const share = (/** @type {(moment: Moment) => boolean} */ test) =>
    Math.round((100 * seen.filter(test).length) / seen.length);
  const keeps = share(({ gates }) => gates[1] > OPEN);
  const clears = share(({ gates }) => gates[1] < SHUT);
  const name = blockName(block);
  if (keeps >= 50) {
    return `${name} remembers: its forget gate lets more than nine tenths of the states pass in ` +
      `${keeps} % of the steps. ${CEC}`;
  }
  if (clears >= 25) {
    return `${name} clears itself: in ${clears} % of the steps its forget gate is shut. ${FORGET}`;
  }
  return `${name} remembers for some steps at a time: its forget gate is above ${OPEN} in ${keeps} ` +
    `% of the steps and below ${SHUT} in ${clears} %. ${FORGET}`;
}

const CEC =
  "Section 2.1: such cells are “Constant Error Carousels”, whose gates control the flow of " +
  "information in and out.";

const FORGET =
  "Section 2.1: “a forget gate learns to reset a memory cell when its content is obsolete”.";

/**
 * What is to be expected when a block forgets.
 * @param {Block} block
 * @param {boolean} reaches whether its cells have an effect on the chords
 */
export function ofForgetting(block, reaches) {
  return reaches
    ? `${
      blockName(block)
    } forgets: a part of what told the network its place in the form is gone, and ` +
      "only the chords that it hears can tell it again. Section 3.3 promises “any number of continuing " +
      "cycles”, but of a network that nobody disturbs."
    : `${blockName(block)} forgets its melody, but “melody information does not reach the cell ` +
      "blocks responsible for processing chords” (section 4.1): the form cannot be hurt.";
}

/** What is to be expected of a wrong chord. @param {string} symbol @param {string} length */
export function ofWrongChord(symbol, length) {
  return `The network hears ${symbol} for ${length} in place of its own chord. Section 4.3 says that ` +
    "melodies never “drift” away from the form, for “the chord changes always bring it back”; here " +
    "it is the chords themselves that are wrong.";
}

/** What is said while it is no improviser. */
export const TRADING =
  "While you trade, nothing is done to the network: press Stop and then Play here, and it plays alone.";

/** What is seen before anything is disturbed. */
export const UNDISTURBED =
  "Every strip is a memory block over one chorus, new steps over the old ones. From the top: the states " +
  "of its cells, up where they are positive and down where they are negative; below them its input, " +
  "forget and output gates, tall where they are open (section 2.1). What comes again in every chorus is " +
  "the form, remembered.";

/** What is seen when the form is back elsewhere. */
export const SHIFTED =
  "The network has found the form again from what it hears, at another place. From here on it is drawn " +
  "where it is; Stop and Play begin anew.";

/** What is seen when the form is gone. */
export const LOST =
  "What the network hears now, it never heard in training, and nothing that it plays leads back: it was " +
  "only ever shown the form itself. Stop and Play begin anew.";
