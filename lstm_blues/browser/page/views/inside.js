// @ts-check
/** Look inside. */

import { make } from "../dom.js";

/**
 * @param {HTMLElement} root
 * @param {import("../app.js").App} _app
 */
export function mount(root, _app) {
  root.append(make("h2", { text: "Look inside" }));
  return { show() {}, hide() {} };
}
