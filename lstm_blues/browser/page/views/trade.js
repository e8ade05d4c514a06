// @ts-check
/** Trade. */

import { make } from "../dom.js";

/**
 * @param {HTMLElement} root
 * @param {import("../app.js").App} _app
 */
export function mount(root, _app) {
  root.append(make("h2", { text: "Trade" }));
  return { show() {}, hide() {} };
}
