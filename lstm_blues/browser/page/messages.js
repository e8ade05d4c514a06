// @ts-check
/** Sentences for the visitor: seen in a strip below the parts, or only heard. */

import { byId, make } from "./dom.js";

export class Messages {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
  }

  /**
   * Shows a sentence until it is closed; the same one only once.
   * @param {string} text
   * @param {"note" | "warning" | "error"} kind
   * @returns {HTMLElement} what is shown
   */
  say(text, kind) {
    for (const shown of this.root.children) {
      if (shown instanceof HTMLElement && shown.dataset.text === text) shown.remove();
    }
    const role = kind === "error" ? "alert" : "status";
    const message = make(
      "div",
      { class: `message ${kind}`, role, "data-text": text },
      make("p", { text }),
      make("button", {
        type: "button",
        text: "×",
        "aria-label": "Close this message",
        onclick: () => message.remove(),
      }),
    );
    this.root.append(message);
    while (this.root.children.length > MOST) this.root.children[0].remove();
    return message;
  }

  /** Lets screen readers say a text. @param {string} text */
  announce(text) {
    byId("announcements").textContent = text;
  }
}

/** Messages that are shown at once. */
const MOST = 3;
