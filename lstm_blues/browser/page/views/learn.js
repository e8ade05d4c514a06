// @ts-check
/** Watch it learn. */

import { make } from "../dom.js";

/**
 * @param {HTMLElement} root
 * @param {import("../app.js").App} _app
 */
export function mount(root, _app) {
  root.append(make("h2", { text: "Watch it learn" }));
  return { show() {}, hide() {} };
}
