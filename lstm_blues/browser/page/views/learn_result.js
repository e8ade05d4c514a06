// @ts-check
/** How learning ended: in words, with the hash and the command that ends in the same bits. */

import { button } from "../controls.js";
import { make } from "../dom.js";
import { barsFile, commandOf } from "../learning/command.js";
import { numbered } from "../learning/numbered.js";
import { noteName } from "../music/chords.js";

/** @typedef {import("../app.js").App} App */
/** @typedef {import("../learning/worker.js").Done} Done */
/** @typedef {import("./learn_choices.js").Chosen} Chosen */

/**
 * @param {App} app
 * @param {Chosen} chosen
 * @param {Done} done
 * @param {number} seconds from the click
 * @returns {{sentence: string, children: Node[]}}
 */
export function result(app, chosen, done, seconds) {
  const { request } = chosen;
  const sentence = inWords(done, seconds);
  const command = commandOf(request, chosen.command, done);
  const same = command === null ? "" : ", which this command prints, too";
  const children = [
    make("h3", { text: done.learned ? "Learned" : done.ended ? "Not learned" : "Stopped" }),
    make("p", { class: "sentence", text: sentence }),
    make(
      "div",
      { class: "actions" },
      button("Listen to it", () => listen(app, chosen, done), { class: "primary" }),
    ),
    make("p", {}, `The weights' SHA-256${same}: `, make("code", { text: done.hash })),
  ];
  if (command !== null) children.push(copied(app, "The command", command));
  if (command !== null && request.bars) {
    const file = barsFile(request.bars, "own", noteName);
    children.push(copied(app, "The file my_music/bars/own.yaml", file));
  }
  return { sentence, children };
}

/** @param {Done} done @param {number} seconds */
function inWords({ learned, ended, phase, steps, recipe, choruses }, seconds) {
  // Of several recipes, the steps are the winner's, the time is that of all.
  const by = recipe ? ` by the recipe “${recipe}”` : "";
  const spent = `${steps.toLocaleString("en")} steps${by} and ${seconds.toFixed(1)} s` +
    (recipe ? " for all recipes" : "");
  if (!learned && !ended) return `It was stopped after ${spent}, before it had learned the form.`;
  if (!learned) return `After ${spent} it has not learned the form.`;
  const stopped = ended || phase !== "melody"
    ? ""
    : " Its melody was stopped before it was learned to the end.";
  return `After ${spent} the frozen network plays ${choruses ?? 100} choruses by itself ` +
    `without a wrong note: it has passed the test of section 3.2.${stopped}`;
}

/** @param {App} app @param {string} name @param {string} text */
function copied(app, name, text) {
  const copy = button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(text);
      app.say(`${name} is in the clipboard.`);
    } catch {
      app.say(
        "The browser does not let this page copy; the text can be marked by hand.",
        "warning",
      );
    }
  }, { "aria-label": `Copy ${name}` });
  return make(
    "div",
    {},
    make("div", { class: "row" }, make("span", { text: name }), copy),
    make("pre", { tabindex: 0, "aria-label": name }, make("code", { text })),
  );
}

/** @param {App} app @param {Chosen} chosen @param {Done} done */
async function listen(app, { request, title }, done) {
  const name = `learned-${request.run}-${request.seed}`;
  const as = `Learned here: ${title}, seed ${request.seed}`;
  try {
    await app.session.useNetwork(numbered(app.networks, { ...done, name, title: as }));
  } catch (error) {
    app.fail(error);
  }
  app.settings.set("tab", "listen");
}
