// @ts-check
/** Hear it: the network sounds as it learns, until the visitor stops it or turns to something else. */

import { button } from "../controls.js";

/** @typedef {import("../app.js").App} App */

/** The name of the network as it learns: see kernel/learning_run.js. */
const GROWING = "learned";

export class Hear {
  /** Whether it is wanted. */
  on = false;
  /** Whether it has taken over what plays, and whether it is about to. */
  #following = false;
  #taking = false;

  /** @param {App} app @param {(on: boolean) => void} wanted is told whether networks are wanted */
  constructor(app, wanted) {
    this.app = app;
    this.wanted = wanted;
    this.button = button("Hear it", () => this.toggle(), { "aria-pressed": "false" });
    app.session.transport.on("stop", () => this.#following && !this.#taking && this.#turn(false));
    app.settings.on("network", (name) => {
      if (this.#following && name !== GROWING) this.#turn(false);
    });
  }

  toggle() {
    this.#turn(!this.on);
    const { session } = this.app;
    if (!this.on && session.improviser?.network.name === GROWING) session.stop();
  }

  /** The first takes over what plays, the others go on with it. @param {any} network as it is now */
  async take(network) {
    if (!this.on || this.#taking) return;
    const { session } = this.app;
    const start = !this.#following;
    this.#following = true;
    this.#taking = start;
    try {
      await session.useNetwork(network, { follow: true, start });
      if (start && !this.on) session.stop();
    } catch (error) {
      this.#turn(false);
      this.app.fail(error);
    } finally {
      this.#taking = false;
    }
  }

  /** @param {boolean} on */
  #turn(on) {
    this.on = on;
    this.#following = false;
    this.button.setAttribute("aria-pressed", String(on));
    this.wanted(on);
  }
}
