// @ts-check
/** Take away: the last choruses as MIDI and as WAV, and the link that gives the same music again. */

import { button, numberField } from "../controls.js";
import { make } from "../dom.js";
import { number } from "../kinds.js";
import { midiFile } from "../music/midi.js";
import { composed, midiBars, titleOf } from "../music/taken.js";
import { recorded, wavFile } from "../sound/record.js";
import { playersOf } from "../sound/stage.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../music/history.js").HistoryBar} HistoryBar */

const MOST = 16;

/**
 * @param {HTMLElement} root
 * @param {App} app
 */
export function mount(root, app) {
  const { session, settings } = app;
  settings.declare("choruses", number("choruses", 4, { min: 1, max: MOST, whole: true }));
  const what = make("p", { "aria-live": "polite" });
  const link = make("input", { type: "text", readonly: true, class: "link", "aria-label": "Link" });
  const linkText = make("p");
  const copyLink = button("Copy link", () => attempt(copy));
  root.append(
    make("h2", { text: "Take away" }),
    make("p", {
      class: "lead",
      text: "The last choruses as files, and a link that plays the same music again, anywhere.",
    }),
    make("h3", { text: "Files" }),
    make(
      "div",
      { class: "controls" },
      numberField(app, "choruses", {
        label: "Last choruses",
        min: 1,
        max: MOST,
      }),
    ),
    what,
    make(
      "div",
      { class: "actions" },
      button("MIDI file", () => attempt(saveMidi), { class: "primary" }),
      button("WAV recording", () => attempt(saveWav)),
    ),
    make("h3", { text: "Link" }),
    linkText,
    make("div", { class: "actions" }, link, copyLink),
  );

  /** @param {() => Promise<void>} act */
  async function attempt(act) {
    try {
      await act();
    } catch (error) {
      app.fail(error);
    }
  }

  async function saveMidi() {
    const bars = await taken();
    const orchestra = await session.orchestra();
    const file = midiFile(titleOf(bars), midiBars(bars, orchestra), bars[0].form.metre);
    save(file, nameOf(bars, "mid"), "audio/midi");
  }

  async function saveWav() {
    const bars = await taken();
    what.textContent = "Recording …";
    try {
      const orchestra = await session.orchestra();
      const sound = await recorded(bars, (bar) => playersOf(orchestra, bar.instruments));
      save(wavFile(sound), nameOf(bars, "wav"), "audio/wav");
    } finally {
      show();
    }
  }

  async function copy() {
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
      app.announce("The link is copied.");
    } catch {
      app.say("The browser refused to copy; the link is selected and can be copied by hand.");
    }
  }

  /** The choruses that were played, or where nothing was, the first ones of the seed. @returns {Promise<HistoryBar[]>} */
  function taken() {
    const count = settings.get("choruses");
    const played = session.history.last(count, session.heardUntil);
    return played.length > 0 ? Promise.resolve(played) : composed(app, count);
  }

  function show() {
    const given = app.given.includes(settings.get("network"));
    link.value = given ? linkOf(settings) : "";
    link.disabled = copyLink.disabled = !given;
    linkText.textContent = given ? IN_LINK : NOT_IN_LINK;
    const count = settings.get("choruses");
    /** @type {HistoryBar[]} */
    const bars = session.history.last(count, session.heardUntil);
    if (bars.length === 0) {
      const some = count === 1 ? "the first chorus" : `the first ${count} choruses`;
      what.textContent = `Nothing was played yet: the files hold ${some} of seed ${
        settings.get("seed")
      }.`;
      return;
    }
    const broken = bars.filter(({ kind }) => kind === "broken").length;
    const fresh = bars.filter(({ kind }) => kind === "new").length;
    const [first, last] = [bars[0], bars[bars.length - 1]];
    what.textContent = `From bar ${first.barInForm + 1} of chorus ${first.chorus} to bar ${
      last.barInForm + 1
    } of chorus ${last.chorus} of seed ${last.seed}: ${bars.length} bar${
      bars.length === 1 ? "" : "s"
    }, ${fresh} of them new, ${broken} broken.`;
  }

  settings.on("*", show);
  session.transport.on("bar", () => visible && show());
  let visible = false;
  return {
    show() {
      visible = true;
      show();
    },
    hide() {
      visible = false;
    },
  };
}

const IN_LINK =
  "Network, seed and settings as they are now, played from the first bar. What was changed on the " +
  "way, done to the network or played along is in the files, not in the link.";

const NOT_IN_LINK =
  "There is no link to a network that was learned here: it is gone when this page is closed. The " +
  "files have its music, and the command beside what was learned learns it again.";

/** What decides the music: in the link even where it is the default. */
const MUSIC = ["network", "seed", "temperature", "tempo", "swing", "key", "band", "instrument"];

/** @param {import("../settings.js").Settings} settings */
function linkOf(settings) {
  const pairs = MUSIC.map((key) => [key, settings.kind(key).write(settings.get(key))]);
  return new URL(`#${new URLSearchParams(pairs)}`, location.href).href;
}

/**
 * @param {HistoryBar[]} bars
 * @param {string} suffix
 */
function nameOf(bars, suffix) {
  const [first, last] = [bars[0], bars[bars.length - 1]];
  return `${first.form.name}_seed${last.seed}_choruses${first.chorus}-${last.chorus}.${suffix}`;
}

/**
 * Gives the visitor a file.
 * @param {Uint8Array<ArrayBuffer>} content
 * @param {string} name
 * @param {string} type
 */
function save(content, name, type) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = make("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
