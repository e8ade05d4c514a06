// @ts-check
/** What every view is given: the data, the settings, the one session that plays, and a voice. */

import { fetchJSON, lacking, PageError, sentence } from "./errors.js";
import { Messages } from "./messages.js";
import { Settings } from "./settings.js";

/** @typedef {any} Data what Python wrote down for the page: of data/music.json and learning.json */

export class App {
  /**
   * @param {Settings} settings
   * @param {Messages} messages
   * @param {any[]} networks see kernel/network.js
   * @param {Data} data
   */
  constructor(settings, messages, networks, data) {
    this.settings = settings;
    this.messages = messages;
    this.networks = networks;
    /** The names of those that the page came with. */
    this.given = networks.map(({ name }) => name);
    this.data = data;
    /** The one thing that plays, see music/session.js. @type {any} */
    this.session = null;
    /** Views that have a list of networks. @type {Set<() => void>} */
    this.networkListeners = new Set();
    const motion = matchMedia("(prefers-reduced-motion: reduce)");
    this.reducedMotion = motion.matches;
    motion.addEventListener("change", () => this.reducedMotion = motion.matches);
  }

  /** Loads all that the views need. @param {HTMLElement} messages where they are shown */
  static async load(messages) {
    const voice = new Messages(messages);
    const { needed, missed } = lacking();
    if (needed.length > 0) throw new PageError(needed.join(" "));
    for (const text of missed) voice.say(text, "warning");
    const names = ["networks", "music", "learning"];
    const [networks, music, learning] = await Promise.all(
      names.map((name) => fetchJSON(`data/${name}.json`)),
    );
    const settings = new Settings();
    settings.refused = refusals(voice);
    settings.fromHash(location.hash);
    return new App(settings, voice, networks, { ...music, ...learning });
  }

  /**
   * A sentence for the visitor.
   * @param {string} message
   * @param {"note" | "warning" | "error"} [kind]
   */
  say(message, kind = "note") {
    this.messages.say(message, kind);
  }

  /** Says what went wrong. @param {unknown} error */
  fail(error) {
    if (!(error instanceof PageError)) console.error(error);
    this.messages.say(sentence(error), "error");
  }

  /** For those who hear the page instead of seeing it. @param {string} text */
  announce(text) {
    this.messages.announce(text);
  }

  /** One more network to listen to; one with the same name is replaced. @param {any} network */
  addNetwork(network) {
    const at = this.networks.findIndex(({ name }) => name === network.name);
    const listed = this.networks[at]?.title === network.title;
    if (at >= 0) this.networks[at] = network;
    else this.networks.push(network);
    if (listed) return;
    for (const listener of this.networkListeners) listener();
  }

  /** Calls back when there is another network. @param {() => void} listener */
  onNetworks(listener) {
    this.networkListeners.add(listener);
  }
}

/**
 * Says what the address gave that is not allowed, all in one message.
 * @param {Messages} voice
 * @returns {(error: PageError) => void}
 */
function refusals(voice) {
  /** @type {HTMLElement | null} */
  let shown = null;
  let text = "The address:";
  return (error) => {
    if (!shown?.isConnected) text = "The address:";
    shown?.remove();
    text += ` ${error.message}`;
    shown = voice.say(text, "error");
  };
}
