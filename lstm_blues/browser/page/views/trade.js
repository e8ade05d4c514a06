// @ts-check
/** Trade: the visitor and the network play in turn. */

import { button } from "../controls.js";
import { make } from "../dom.js";
import { sentence } from "../errors.js";
import { OneSound } from "../input/hands.js";
import { firstC, Keys } from "../input/keys.js";
import { MidiKeyboards } from "../input/midi_in.js";
import { Piano, pitchName } from "../input/piano.js";
import { tapAlong } from "../music/taps.js";
import { Trade } from "../music/trade.js";
import { onScheme } from "../palette.js";
import { choices, declare, LATENCIES } from "./trade_choices.js";
import { TradeRoll } from "./trade_roll.js";
import { TurnSign } from "./trade_turn.js";
import { TradeWords } from "./trade_words.js";

/** @typedef {import("../app.js").App} App */

/** Semitones of the piano beside the melody's range. */
const BESIDE = 5;

/** @param {HTMLElement} root @param {App} app */
export function mount(root, app) {
  declare(app);
  const { settings, session } = app;
  const trade = new Trade(app);
  const hands = new OneSound(trade);
  const sign = new TurnSign((text) => app.announce(text));
  const words = new TradeWords();
  const canvas = make("canvas", {
    class: "drawing trade-roll",
    role: "img",
    "aria-label": "What you and the network played; the same in words below",
  });
  const roll = new TradeRoll(canvas);
  const folded = make("p", { class: "folded" });

  const start = button("Start", () => trade.duet ? trade.stop() : begin(), { class: "primary" });
  async function begin() {
    try {
      await trade.start();
    } catch (error) {
      app.fail(error);
    }
  }

  const midi = new MidiKeyboards(hands, (names) => {
    const many = names.length > 0 ? names.join(" and ") : "none is connected yet";
    midiState.textContent = `MIDI keyboards: ${many}.`;
  });
  const midiState = make("p", { class: "midi-state", role: "status" });
  const useMidi = button("Use a MIDI keyboard", async () => {
    try {
      await midi.open();
    } catch (error) {
      midiState.textContent = sentence(error);
    }
  });

  const taps = make("p", { class: "taps", role: "status" });
  const calibrate = button("Set the latency", async () => {
    calibrate.disabled = true;
    taps.textContent = "Tap along with eight clicks, on any key that plays.";
    try {
      const found = await tapAlong(trade, (click) => taps.textContent = `Click ${click} of 8`);
      const latency = Math.round(1000 * found.latency);
      settings.set("trade.latency", Math.max(LATENCIES.min, Math.min(LATENCIES.max, latency)));
      taps.textContent = `Your notes come in ${latency} ms late; that is allowed for from now on.`;
    } catch (error) {
      taps.textContent = sentence(error);
    } finally {
      calibrate.disabled = false;
    }
  });

  const keyboard = make("div", { class: "keyboard" });
  /** @type {Piano | null} */
  let piano = null;
  const keys = new Keys(hands, 60, label);
  const octave = make("output", { text: "0" });
  async function label() {
    octave.textContent = keys.shift > 0 ? `+${keys.shift}` : String(keys.shift);
    piano?.label(await keys.labels());
  }
  function lay() {
    const network = app.networks.find(({ name }) => name === settings.get("network"));
    const { lowestMelodyNote: lowest, melodyNotes } = network.form;
    piano?.releaseAll();
    keys.first = firstC(lowest);
    piano = new Piano(hands, lowest - BESIDE, lowest + melodyNotes - 1 + BESIDE);
    piano.range(lowest, lowest + melodyNotes - 1);
    keyboard.replaceChildren(piano.element);
    label();
  }
  trade.shown = (pitch, down) => piano?.show(pitch, down);
  settings.on("network", lay);
  for (const key of ["trade.length", "trade.first"]) {
    settings.on(key, () => trade.duet && begin());
  }
  const octaves = make(
    "div",
    { class: "actions octaves" },
    make("span", { text: "The computer's keys play too." }),
    make(
      "span",
      { class: "row" },
      "Octave",
      button("−", () => keys.moveBy(-1), { "aria-label": "An octave lower", title: "Key -" }),
      octave,
      button("+", () => keys.moveBy(1), { "aria-label": "An octave higher", title: "Key =" }),
    ),
  );

  root.append(
    make("h2", { text: "Trade" }),
    make("p", {
      class: "lead",
      text: "Play in turn with the network over chords that never stop: it hears your notes as " +
        "its own melody, and its answer grows out of them.",
    }),
    sign.element,
    make("div", { class: "actions" }, start, useMidi, calibrate),
    midiState,
    taps,
    canvas,
    keyboard,
    folded,
    octaves,
    make("p", { class: "trade-legend", text: LEGEND }),
    choices(app),
    words.element,
  );
  lay();

  let shown = false;
  const draw = () => roll.draw(trade.duet, session.playing ? session.transport.heard : 0);
  function animate() {
    if (!shown || trade.duet === null) return draw();
    if (app.reducedMotion) return;
    draw();
    requestAnimationFrame(animate);
  }
  const { transport } = session;
  /** @type {any} */
  let last = null;
  transport.on("start", () => {
    start.textContent = trade.duet ? "Stop" : "Start";
    words.clear();
    last = null;
    animate();
  });
  transport.on("stop", () => {
    start.textContent = "Start";
    sign.clear();
    draw();
  });
  transport.on("bar", (/** @type {any} */ { bar }) => {
    const { duet } = trade;
    if (duet === null) return;
    duet.heard = ({ pitch, played }) => {
      if (pitch === played) return;
      folded.textContent = `Your ${
        pitchName(played)
      } lies outside the melody's range: the network hears ${pitchName(pitch)}.`;
    };
    if (last !== null && last.index >= 0) words.add(last, duet.turns.isPlayers(last.index));
    last = bar;
    sign.bar(duet, bar);
  });
  transport.on("step", (/** @type {any} */ { bar, step }) => {
    if (trade.duet === null) return;
    sign.step(bar, step);
    if (app.reducedMotion && shown) draw();
  });
  onScheme(draw);
  addEventListener("resize", draw);

  /** @type {() => void} */
  let deaf = () => {};
  return {
    show() {
      shown = true;
      const stop = keys.listen(window);
      addEventListener("keydown", space, true);
      deaf = () => {
        stop();
        removeEventListener("keydown", space, true);
      };
      animate();
    },
    hide() {
      shown = false;
      deaf();
      piano?.releaseAll();
    },
  };

  /** The space bar starts and stops the trade, not the network alone. @param {KeyboardEvent} event */
  function space(event) {
    const taken = event.target instanceof Element &&
      event.target.closest("button, input, select, textarea, summary, [data-keys]");
    if (event.code !== "Space" || event.repeat || taken) return;
    event.preventDefault();
    start.click();
  }
}

const LEGEND = "● rounded, in rust: you, with a tick where you struck the key; dashed where the " +
  "network did not hear it. ◆ square, in blue: the network.";
