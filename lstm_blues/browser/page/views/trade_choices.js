// @ts-check
/** What can be chosen of a trade, and of the network and the band that play in it. */

import { numberField, radios, select, slider } from "../controls.js";
import { make } from "../dom.js";
import { choice, number } from "../kinds.js";
import { KEYS } from "../music/chords.js";
import { BANDS } from "../music/performance.js";
import { BOUNDS, INSTRUMENTS, temperatureInWords } from "../music/session_settings.js";
import { LENGTHS } from "../music/turns.js";

/** @typedef {import("../app.js").App} App */

/** Milliseconds. */
export const LATENCIES = { min: -50, max: 300 };

/** The settings of a trade. @param {App} app */
export function declare({ settings }) {
  settings.declare("trade.length", choice("turns", "fours", LENGTHS));
  settings.declare("trade.first", choice("who begins", "network", ["network", "player"]));
  const latency = number("latency", 0, { ...LATENCIES, whole: true });
  settings.declare("trade.latency", { ...latency, personal: true });
}

/** The controls. @param {App} app */
export function choices(app) {
  const network = select(app, "network", {
    label: "Network",
    options: () =>
      app.networks.filter(({ library, name }) => library || name === app.settings.get("network"))
        .map(({ library, name, title }) => [name, library ? title : `${title}: chords alone`]),
  });
  app.onNetworks(network.refresh);
  const percent = (/** @type {number} */ value) => `${Math.round(100 * value)} %`;
  return make(
    "div",
    {},
    make(
      "div",
      { class: "controls" },
      radios(app, "trade.length", {
        label: "Turns",
        options: [["fours", "Fours"], ["eights", "Eights"], ["chorus", "Choruses"]],
      }),
      radios(app, "trade.first", {
        label: "Who begins",
        options: [["network", "The network"], ["player", "You"]],
      }),
      select(app, "trade.instrument", { label: "Your instrument", options: INSTRUMENTS }),
      numberField(app, "trade.latency", { label: "Latency in ms", ...LATENCIES }),
    ),
    make(
      "details",
      {},
      make("summary", { text: "The network and its band" }),
      make(
        "div",
        { class: "controls" },
        network,
        slider(app, "tempo", { label: "Tempo", ...BOUNDS.tempo, step: 1 }),
        slider(app, "swing", { label: "Swing", ...BOUNDS.swing, step: 0.01, show: percent }),
        slider(app, "temperature", {
          label: "Temperature",
          ...BOUNDS.temperature,
          step: 0.1,
          show: temperatureInWords,
        }),
        select(app, "key", {
          label: "Key",
          options: [
            ["", "The form's own"],
            ...KEYS.map((key) => /** @type {[string, string]} */ ([key, key])),
          ],
        }),
        select(app, "band", {
          label: "Band",
          options: BANDS.map((
            band,
          ) => [band, { none: "Chords alone", comp: "Piano", trio: "Trio" }[band]]),
        }),
      ),
    ),
  );
}
