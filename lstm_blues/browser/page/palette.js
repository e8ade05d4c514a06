// @ts-check
/** The colours of style.css for canvases, in whichever scheme the visitor prefers. */

/**
 * @typedef {object} Palette
 * @property {string} paper   behind everything
 * @property {string} sheet   behind a drawing
 * @property {string} ink     text
 * @property {string} muted   lesser text
 * @property {string} line    thin rules
 * @property {string} edge    thicker ones
 * @property {string} network what the network plays
 * @property {string} player  what the visitor plays
 * @property {string} wrong   what is not the form
 * @property {string} serif   the font of chord symbols
 * @property {string} sans    the font of all else
 */

/** @type {Palette | null} */
let known = null;

/** @returns {Palette} */
export function palette() {
  if (known === null) {
    const style = getComputedStyle(document.documentElement);
    const names = ["paper", "sheet", "ink", "muted", "line", "edge", "network", "player", "wrong"];
    const fonts = ["serif", "sans"];
    known = /** @type {any} */ (Object.fromEntries(
      [...names, ...fonts].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
    ));
  }
  return /** @type {Palette} */ (known);
}

/**
 * Calls back when the visitor's scheme has changed.
 * @param {() => void} redraw
 */
export function onScheme(redraw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    known = null;
    redraw();
  });
}
