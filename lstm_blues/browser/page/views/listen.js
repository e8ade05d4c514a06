// @ts-check
/** Listen. */

import { make } from "../dom.js";

/**
 * @param {HTMLElement} root
 * @param {import("../app.js").App} _app
 */
export function mount(root, _app) {
  root.append(make("h2", { text: "Listen" }));
  return { show() {}, hide() {} };
}
