// @ts-check
/** One segment as a grid: a click begins a note, a drag holds it, keys do both. */

import { make } from "../dom.js";
import { firstStep, lastStep, REST, withNote } from "../music/segments.js";

/** @import { Segment } from "../kernel/network.js" */

/**
 * @typedef {object} GridOptions
 * @property {string} name             what the grid is called
 * @property {number[]} pitches        MIDI note numbers, lowest first
 * @property {number} steps
 * @property {number} perBeat          steps in a beat
 * @property {(pitch: number) => string} noteName
 * @property {string} mark             tells its cells from those of other grids
 * @property {(segment: Segment) => void} change
 * @property {(text: string) => void} announce
 */

/**
 * @param {Segment} segment
 * @param {GridOptions} options
 * @returns {HTMLTableElement}
 */
export function segmentGrid(segment, options) {
  const { pitches, steps, name } = options;
  const rows = [...pitches].reverse().concat(REST);
  const table = make("table", { role: "grid", "aria-label": name, class: "segment-grid" });
  rows.forEach((note, row) => {
    const cells = Array.from(
      { length: steps },
      (_, step) => cell(segment, note, row, step, options),
    );
    const label = note === REST ? "rest" : options.noteName(note);
    table.append(
      make("tr", { role: "row" }, make("th", { scope: "row", text: label }), ...cells),
    );
  });
  const first = table.querySelector(".begins") ?? table.querySelector("td");
  first?.setAttribute("tabindex", "0");
  drag(table, segment, rows, options);
  keys(table, segment, rows, options);
  return table;
}

/**
 * @param {Segment} segment @param {number} note @param {number} row @param {number} step
 * @param {GridOptions} options
 */
function cell({ notes, begins }, note, row, step, { mark, noteName, perBeat }) {
  const on = notes[step] === note;
  const begun = on && begins[step] === 1;
  const state = !on ? "off" : begun ? "begins" : "held";
  const name = note === REST ? "rest" : noteName(note);
  return make("td", {
    role: "gridcell",
    tabindex: -1,
    class: [on ? "on" : "", begun ? "begins" : "", step % perBeat === 0 ? "beat" : ""].join(" "),
    "aria-label": `${name}, step ${step + 1}, ${state}`,
    "aria-selected": String(on),
    "data-row": row,
    "data-step": step,
    "data-place": `${mark}-${row}-${step}`,
  });
}

/**
 * @param {HTMLTableElement} table @param {Segment} segment @param {number[]} rows
 * @param {GridOptions} options
 */
function drag(table, segment, rows, { change }) {
  /** @type {{from: number, to: number, note: number, row: number, moved: boolean} | null} */
  let held = null;

  table.addEventListener("pointerdown", (event) => {
    const at = placeOf(event.target);
    if (!at || event.button !== 0) return;
    held = { from: at.step, to: at.step, note: rows[at.row], row: at.row, moved: false };
    table.setPointerCapture(event.pointerId);
    preview(table, held);
  });
  table.addEventListener("pointermove", (event) => {
    if (!held) return;
    const at = placeOf(document.elementFromPoint(event.clientX, event.clientY));
    if (!at || at.step === held.to) return;
    held.moved = true;
    held.to = Math.max(held.from, at.step);
    preview(table, held);
  });
  table.addEventListener("pointerup", () => {
    if (!held) return;
    const { from, to, note, moved } = held;
    held = null;
    change(moved ? withNote(segment, { from, to, note }) : clicked(segment, from, note));
  });
  table.addEventListener("pointercancel", () => {
    held = null;
    preview(table, null);
  });
}

/**
 * A click: a note begins and lasts as long as what was there; where one begins already, a rest.
 * @param {Segment} segment @param {number} step @param {number} note
 */
function clicked(segment, step, note) {
  const to = lastStep(segment, step);
  const again = segment.notes[step] === note && segment.begins[step] === 1;
  return withNote(segment, { from: step, to, note: again ? REST : note });
}

/** @param {HTMLTableElement} table @param {{from: number, to: number, row: number} | null} held */
function preview(table, held) {
  for (const each of table.querySelectorAll("td")) {
    const at = placeOf(each);
    const within = held && at && at.row === held.row && held.from <= at.step && at.step <= held.to;
    each.classList.toggle("drawn", Boolean(within));
  }
}

/**
 * @param {HTMLTableElement} table @param {Segment} segment @param {number[]} rows
 * @param {GridOptions} options
 */
function keys(table, segment, rows, { change, steps, announce }) {
  table.addEventListener("keydown", (event) => {
    const at = placeOf(event.target);
    if (!at) return;
    const { row, step } = at;
    const last = lastStep(segment, step);
    const first = firstStep(segment, step);
    /** @type {Segment | null} */
    let changed = null;
    if (event.shiftKey && event.key === "ArrowRight" && last + 1 < steps) {
      changed = withNote(segment, { from: first, to: last + 1, note: segment.notes[step] });
    } else if (event.shiftKey && event.key === "ArrowLeft" && last > first) {
      changed = withNote(segment, { from: last, to: last, note: REST });
    } else if (event.key === "Enter" || event.key === " ") {
      changed = clicked(segment, step, rows[row]);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      changed = withNote(segment, { from: first, to: last, note: REST });
    } else if (!event.shiftKey && move(table, row, step, event.key)) {
      event.preventDefault();
    }
    if (!changed) return;
    event.preventDefault();
    change(changed);
    announce("Changed");
  });
}

/** @param {HTMLTableElement} table @param {number} row @param {number} step @param {string} key */
function move(table, row, step, key) {
  const [down, right] =
    { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[
      key
    ] ?? [0, 0];
  const selector = `td[data-row="${row + down}"][data-step="${step + right}"]`;
  const to = /** @type {HTMLElement | null} */ (table.querySelector(selector));
  if (!to || (down === 0 && right === 0)) return false;
  for (const each of table.querySelectorAll("td[tabindex='0']")) {
    each.setAttribute("tabindex", "-1");
  }
  to.setAttribute("tabindex", "0");
  to.focus();
  return true;
}

/** @param {EventTarget | null} target */
function placeOf(target) {
  const found = target instanceof Element ? target.closest("td[data-step]") : null;
  if (!(found instanceof HTMLElement)) return null;
  return { row: Number(found.dataset.row), step: Number(found.dataset.step) };
}
