// @ts-check
/** Controls bound to settings, each with a label and a way back to its default. */

import { make, uniqueId } from "./dom.js";

/** @typedef {import("./app.js").App} App */

/**
 * A slider that shows its value.
 * @param {App} app
 * @param {string} key
 * @param {{label: string, min: number, max: number, step: number,
 *   show?: (value: number) => string}} options
 */
export function slider(app, key, { label, min, max, step, show = String }) {
  const id = uniqueId(key);
  const input = make("input", { type: "range", id, min, max, step });
  const output = make("output", { for: id });
  const field = labelled(app, key, label, id, () => show(app.settings.initial(key)), input, output);
  follow(app, key, (value) => {
    input.value = String(value);
    input.setAttribute("aria-valuetext", show(value));
    output.textContent = show(value);
  });
  input.addEventListener("input", () => change(app, key, Number(input.value)));
  return field;
}

/**
 * A number that is typed.
 * @param {App} app
 * @param {string} key
 * @param {{label: string, min: number, max: number, step?: number}} options
 */
export function numberField(app, key, { label, min, max, step = 1 }) {
  const id = uniqueId(key);
  const input = make("input", { type: "number", id, min, max, step, inputmode: "numeric" });
  const field = labelled(app, key, label, id, () => String(app.settings.initial(key)), input);
  follow(app, key, (value) => input.value = String(value));
  input.addEventListener("change", () => {
    change(app, key, input.value === "" ? NaN : Number(input.value));
    input.value = String(app.settings.get(key));
  });
  return field;
}

/**
 * A list to choose one text from.
 * @param {App} app
 * @param {string} key
 * @param {{label: string, options: [value: string, shown: string][] |
 *   (() => [value: string, shown: string][])}} choices a function where they may change: see
 *   `refresh` of what is returned
 * @returns {HTMLElement & {refresh: () => void}}
 */
export function select(app, key, { label, options }) {
  const id = uniqueId(key);
  const input = make("select", { id });
  const listed = () => typeof options === "function" ? options() : options;
  const initial = () => {
    const value = app.settings.initial(key);
    return listed().find(([one]) => one === value)?.[1] ?? value;
  };
  const field = labelled(app, key, label, id, initial, input);
  const refresh = () => {
    const now = listed();
    input.replaceChildren(...now.map(([value, text]) => make("option", { value, text })));
    input.value = app.settings.get(key);
  };
  follow(app, key, refresh);
  input.addEventListener("change", () => change(app, key, input.value));
  return Object.assign(field, { refresh });
}

/**
 * A few texts of which one is chosen, side by side.
 * @param {App} app
 * @param {string} key
 * @param {{label: string, options: [value: string, shown: string][]}} choices
 */
export function radios(app, key, { label, options }) {
  const name = uniqueId(key);
  const inputs = options.map(([value]) => make("input", { type: "radio", name, value }));
  const field = make(
    "fieldset",
    { class: "field radios" },
    make("legend", { text: label }),
    make(
      "div",
      { class: "row" },
      ...options.map(([, shown], place) => make("label", {}, inputs[place], ` ${shown}`)),
    ),
  );
  follow(app, key, (value) => {
    for (const input of inputs) input.checked = input.value === value;
  });
  for (const input of inputs) input.addEventListener("change", () => change(app, key, input.value));
  return field;
}

/**
 * A box to tick.
 * @param {App} app
 * @param {string} key
 * @param {{label: string}} options
 */
export function tick(app, key, { label }) {
  const input = make("input", { type: "checkbox" });
  follow(app, key, (value) => input.checked = value);
  input.addEventListener("change", () => change(app, key, input.checked));
  return make("label", { class: "field tick" }, input, ` ${label}`);
}

/**
 * A button.
 * @param {string} text
 * @param {() => void | Promise<void>} act
 * @param {Record<string, any>} [attributes]
 */
export function button(text, act, attributes = {}) {
  return make("button", { type: "button", text, onclick: () => act(), ...attributes });
}

/**
 * @param {App} app @param {string} key @param {string} label @param {string} id
 * @param {() => string} initial its default, as it is shown
 * @param {...HTMLElement} inputs
 */
function labelled(app, key, label, id, initial, ...inputs) {
  const reset = button("↺", () => app.settings.reset(key), {
    class: "reset",
    title: `${label}: back to “${initial()}”`,
    "aria-label": `Reset ${label}`,
  });
  follow(app, key, (value) => reset.hidden = value === app.settings.initial(key));
  return make(
    "div",
    { class: "field" },
    make("label", { for: id, text: label }),
    make("div", { class: "row" }, ...inputs, reset),
  );
}

/** @param {App} app @param {string} key @param {(value: any) => void} show */
function follow(app, key, show) {
  app.settings.on(key, show);
  show(app.settings.get(key));
}

/** @param {App} app @param {string} key @param {any} value */
function change(app, key, value) {
  try {
    app.settings.set(key, value);
  } catch (error) {
    app.fail(error);
  }
}
