// @ts-check
/** The one thing that plays. */

export class Session {
  /** @param {import("../app.js").App} app */
  constructor(app) {
    this.app = app;
  }
}
