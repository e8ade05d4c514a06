// @ts-check
/** Listen: the network improvises for as long as one likes. */

import { button, numberField, select, slider } from "../controls.js";
import { make } from "../dom.js";
import { BOUNDS, INSTRUMENTS, temperatureInWords } from "../music/session_settings.js";
import { KEYS } from "../music/chords.js";
import { onScheme } from "../palette.js";
import { Roll } from "./roll.js";
import { Sheet } from "./sheet.js";
import { Words } from "./words.js";

/** @typedef {import("../app.js").App} App */

/** @type {[string, string][]} */
const BANDS = [
  ["none", "None: as the network plays"],
  ["comp", "Piano"],
  ["trio", "Piano, bass and drums"],
];

/** Seeds that a new music is drawn from. */
const SEEDS = 100_000;

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mount(root, app) {
  const { session } = app;
  const canvas = make("canvas", {
    class: "drawing roll",
    role: "img",
    "aria-label": "Piano roll of the melody with its chords; the same in words is below it.",
  });
  const [roll, sheet, words] = [
    new Roll(canvas, () => app.reducedMotion),
    new Sheet(),
    new Words(),
  ];
  const now = make("p", { class: "now" });
  const { controls, refresh } = makeControls(app);
  root.append(
    make("h2", { text: "Listen" }),
    make("p", {
      class: "lead",
      text:
        "The network improvises over its form and never ends. A bar that is in none of its training songs is marked: new, or broken where its rhythm is not the songs' either.",
    }),
    make("div", { class: "actions" }, playButton(app), newMusic(app), now),
    sheet.element,
    canvas,
    words.element,
    make("h3", { text: "How it plays" }),
    controls,
  );

  let visible = false;
  const { transport } = session;
  /** Lays out the form of the network that is chosen, in the key that is chosen. */
  const layOut = () => {
    if (session.playing) return;
    const name = app.settings.get("network");
    const network = app.networks.find((one) => one.name === name);
    if (network) sheet.begin(session.book.inKey(network.form, app.settings.get("key")).form);
    now.textContent = "";
  };
  const begin = () => {
    layOut();
    if (!session.playing) roll.draw([], 0);
  };
  const frame = () => {
    if (!visible || !session.playing) return;
    roll.draw(transport.bars, transport.heard);
    requestAnimationFrame(frame);
  };
  transport.on("start", () => {
    words.clear();
    requestAnimationFrame(frame);
  });
  transport.on("bar", (/** @type {{bar: import("../music/bar.js").Bar}} */ { bar }) => {
    if (bar.index < 0) return;
    words.add(bar);
    if (!visible) return;
    sheet.show(bar);
    now.textContent = `Chorus ${bar.chorus}, bar ${bar.barInForm + 1} of ${bar.form.bars}`;
  });
  transport.on("stop", () => {
    sheet.clear();
    layOut();
  });
  for (const key of ["network", "key"]) app.settings.on(key, begin);
  app.onNetworks(refresh);
  onScheme(() => roll.draw(transport.bars, transport.heard));
  return {
    show() {
      visible = true;
      refresh();
      begin();
      requestAnimationFrame(frame);
    },
    hide() {
      visible = false;
    },
  };
}

/** @param {App} app */
function playButton(app) {
  const { session } = app;
  const play = button("Play", async () => {
    try {
      await session.toggle();
    } catch (error) {
      app.fail(error);
    }
  }, { class: "primary", id: "play", "aria-keyshortcuts": "Space" });
  const show = () => play.textContent = session.playing ? "Stop" : "Play";
  session.transport.on("start", show);
  session.transport.on("stop", show);
  show();
  return play;
}

/** Another seed, which can be undone. @param {App} app */
function newMusic(app) {
  return button("New music", () => {
    app.settings.set("seed", Math.floor(Math.random() * SEEDS));
    app.announce(`Seed ${app.settings.get("seed")}, from the next bar on.`);
  }, { title: "Another seed, from the next bar on" });
}

/** @param {App} app */
function makeControls(app) {
  const percent = (/** @type {number} */ share) => `${Math.round(share * 100)} %`;
  const network = select(app, "network", {
    label: "Network",
    options: () => app.networks.map(({ name, title }) => [name, title]),
  });
  /** @type {[string, string][]} */
  const keys = [
    ["", "The form's own"],
    ...KEYS.map((key) => /** @type {[string, string]} */ ([key, key])),
  ];
  const controls = make(
    "div",
    { class: "controls" },
    network,
    slider(app, "tempo", {
      label: "Tempo",
      ...BOUNDS.tempo,
      step: 1,
      show: (tempo) => `${tempo} per min`,
    }),
    slider(app, "swing", { label: "Swing", ...BOUNDS.swing, step: 0.01, show: percent }),
    select(app, "key", { label: "Key", options: keys }),
    select(app, "band", { label: "Band", options: BANDS }),
    select(app, "instrument", { label: "Melody on", options: INSTRUMENTS }),
    slider(app, "temperature", {
      label: "Temperature",
      ...BOUNDS.temperature,
      step: 0.05,
      show: temperatureInWords,
    }),
    slider(app, "volume", { label: "Volume", ...BOUNDS.volume, step: 0.01, show: percent }),
    numberField(app, "seed", { label: "Seed", min: 0, max: Number.MAX_SAFE_INTEGER }),
  );
  return { controls, refresh: () => network.refresh() };
}
