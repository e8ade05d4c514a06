// @ts-check
/** The space bar plays and stops, wherever it has no other use. */

const TAKEN = "button, input, select, textarea, summary, a, [data-keys]";

/** @param {import("../app.js").App} app */
export function spaceBar(app) {
  addEventListener("keydown", (event) => {
    const taken = event.target instanceof Element && event.target.closest(TAKEN) !== null;
    if (event.key !== " " || event.repeat || taken || event.defaultPrevented) return;
    event.preventDefault();
    Promise.resolve(app.session.toggle()).catch((error) => app.fail(error));
  });
}
