// @ts-check
/** The shell: loads what is needed, mounts a part when it is first shown, and keeps the address. */

import { App } from "./app.js";
import { byId } from "./dom.js";
import { sentence } from "./errors.js";
import { spaceBar } from "./input/space.js";
import { choice } from "./kinds.js";
import { Messages } from "./messages.js";
import { tabs } from "./tabs.js";

/**
 * A view of the page: `export function mount(root, app)` of its module makes it.
 * @typedef {object} View
 * @property {() => void} [show] it comes into sight
 * @property {() => void} [hide] it goes out of sight
 */

/** @type {Record<string, () => Promise<{mount: (root: HTMLElement, app: App) => View}>>} */
const PARTS = {
  listen: () => import("./views/listen.js"),
  inside: () => import("./views/inside.js"),
  learn: () => import("./views/learn.js"),
  trade: () => import("./views/trade.js"),
  take: () => import("./views/take_away.js"),
};

/** Milliseconds between two changes of the address: browsers refuse too many. */
const ADDRESS_EVERY = 300;

async function start() {
  const app = await App.load(byId("messages"));
  const { Session } = await import("./music/session.js");
  app.session = new Session(app);
  spaceBar(app);
  Object.assign(globalThis, { app }); // for the browser's console
  const parts = tabs(byId("tabs"), (name) => app.settings.set("tab", name));
  app.settings.declare("tab", { ...choice("tab", "listen", parts.names), lasting: true });

  /** @type {Map<string, View>} */
  const mounted = new Map();
  let shown = "";
  async function show(/** @type {string} */ name) {
    if (shown === name) return;
    mounted.get(shown)?.hide?.();
    shown = name;
    parts.show(name);
    try {
      if (!mounted.has(name)) {
        const { mount } = await PARTS[name]();
        if (!mounted.has(name)) mounted.set(name, mount(byId(`part-${name}`), app) ?? {});
      }
      if (shown === name) mounted.get(name)?.show?.();
    } catch (error) {
      app.fail(error);
    }
  }
  app.settings.on("tab", show);
  keepAddress(app);
  offerUndo(app);
  await show(app.settings.get("tab"));
  document.body.dataset.ready = "yes";
}

/** Writes the settings to the address, and takes those of an address that is gone to. @param {App} app */
function keepAddress(app) {
  let waiting = 0;
  function write() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      history.replaceState(null, "", `#${app.settings.toHash()}`);
    }, ADDRESS_EVERY);
  }
  app.settings.on("*", write);
  // What was refused of it does not stay there.
  if (location.hash !== "") write();
  addEventListener("hashchange", () => app.settings.fromHash(location.hash));
}

/** What has an undo of its own, of what is typed. */
const TYPED = "textarea, input:not([type=range], [type=radio], [type=checkbox])";

/** The button and the keys that undo. @param {App} app */
function offerUndo(app) {
  const undo = /** @type {HTMLButtonElement} */ (byId("undo"));
  const update = () => undo.disabled = !app.settings.canUndo;
  function act() {
    const names = app.settings.undo();
    update();
    if (names.length > 0) app.announce(`Undone: ${names.join(" and ")}`);
  }
  app.settings.on("*", update);
  undo.addEventListener("click", act);
  addEventListener("keydown", (event) => {
    const typing = event.target instanceof Element && event.target.matches(TYPED);
    const asked = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key === "z";
    if (!asked || typing || event.defaultPrevented) return;
    event.preventDefault();
    act();
  });
}

document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault();
  byId("parts").focus();
});
start().catch((error) => {
  console.error(error);
  new Messages(byId("messages")).say(sentence(error), "error");
});
