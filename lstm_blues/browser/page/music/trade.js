// @ts-check
/** A trade as it is played: hands, clock and sound brought together around a duet. */

import { Duet } from "./duet.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("./onsets.js").Performed} Performed */
/** @typedef {import("../sound/transport.js").TimedBar} TimedBar */

const VELOCITY_AT_LEAST = 30;

/** How what the player plays is called in files. */
const PART = "melody (by the player)";

export class Trade {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.session = app.session;
    /** What sounds under the player's fingers, and what becomes of it. @type {Map<number, () => void>} */
    this.sounding = new Map();
    /** The notes' velocities, by id. @type {Map<number, number>} */
    this.velocities = new Map();
    /** Is told of every key. @type {(pitch: number, down: boolean) => void} */
    this.shown = () => {};
    /** Takes the times of the keys that go down, instead of the duet. @type {((time: number) => void) | null} */
    this.tapped = null;
    const { transport } = this.session;
    transport.on("made", (/** @type {any} */ { bar }) => this.duet?.timed(bar));
    transport.on("tick", (/** @type {any} */ { now }) => this.#tick(now));
  }

  /** The duet that plays; null while nothing or something else does. @returns {Duet | null} */
  get duet() {
    const { source, playing } = this.session;
    return playing && source instanceof Duet ? source : null;
  }

  /** Begins with a count-in. */
  async start() {
    const { settings } = this.app;
    await this.session.start((/** @type {any} */ means) =>
      new Duet(means, { length: settings.get("trade.length"), first: settings.get("trade.first") })
    );
  }

  stop() {
    this.session.stop();
  }

  /** Seconds until a note that is played is known, after what it is played to was heard. */
  get latency() {
    return this.app.settings.get("trade.latency") / 1000;
  }

  /**
   * What is heard at a moment, on the audio clock.
   * @param {number} time milliseconds, as of `performance.now()`
   */
  heardAt(time) {
    const context = /** @type {AudioContext} */ (this.session.transport.clock());
    const stamp = context.getOutputTimestamp?.();
    if (stamp?.performanceTime && stamp.contextTime) {
      return stamp.contextTime + (time - stamp.performanceTime) / 1000;
    }
    const since = (performance.now() - time) / 1000;
    return context.currentTime - (context.outputLatency || 0) - since;
  }

  /** @param {number} pitch @param {number} velocity @param {number} time milliseconds */
  press(pitch, velocity, time) {
    const { output, players, playing } = this.session;
    output.clock(); // there is a mixer from now on, even before anything has played
    output.resume().catch((/** @type {unknown} */ error) => this.app.fail(error));
    const { mixer } = output;
    if (mixer !== null && players !== null) {
      if (!playing) mixer.open();
      const loud = Math.max(VELOCITY_AT_LEAST, velocity);
      this.sounding.get(pitch)?.();
      this.sounding.set(pitch, mixer.press("player", players.player, pitch, loud));
    }
    this.shown(pitch, true);
    if (this.tapped !== null) {
      this.tapped(this.heardAt(time));
      return;
    }
    const note = this.duet?.onsets.press(pitch, this.heardAt(time) - this.latency);
    if (note) this.velocities.set(note.id, velocity);
  }

  /** @param {number} pitch @param {number} time milliseconds */
  release(pitch, time) {
    this.sounding.get(pitch)?.();
    this.sounding.delete(pitch);
    this.shown(pitch, false);
    const { duet } = this;
    const note = duet?.onsets.release(pitch, this.heardAt(time) - this.latency);
    if (duet && note) this.#remember(duet, note);
  }

  /** @param {number} now seconds on the audio clock */
  #tick(now) {
    const late = now - this.heardAt(performance.now()) + this.latency;
    this.duet?.tick(now, late, (bar, part) => this.session.transport.add(bar, part));
  }

  /** Adds a note to its bar, so that it can be taken away. @param {Duet} duet @param {Performed} note */
  #remember(duet, { id, pitch, pressed, released }) {
    const velocity = this.velocities.get(id) ?? 0;
    this.velocities.delete(id);
    let bar = duet.barAt(pressed);
    // The first note often comes a little before its bar, while the count-in sounds.
    if (bar !== null && bar.index < 0) bar = duet.barAt(released);
    if (bar === null || bar.index < 0) return;
    let part = bar.band.find(({ role }) => role === "player");
    if (part === undefined) {
      part = { role: "player", name: PART, notes: [] };
      bar.band.push(part);
    }
    const { at, tempo } = bar;
    const quarters = (/** @type {number} */ time) => (time - at) * tempo / 60;
    const start = bar.index === 0 ? Math.max(0, quarters(pressed)) : quarters(pressed);
    part.notes.push({ pitch, velocity, start, end: quarters(released) });
  }
}
