// @ts-check
/**
 * Learning in a worker.  In: {type: "start", ...Order}, {type: "hear", on}, {type: "stop"}.  Out:
 * {type: "progress", ...}, {type: "done", ...} and {type: "error", message}.
 */

import { sentence } from "../errors.js";
import { LearningRun } from "../kernel/learning_run.js";
import { fetchBytes } from "../kernel/module.js";

/** Milliseconds between two messages: six per second. */
const SLICE = 160;

let stopped = false;
let hearing = false;

/** Lets messages in. */
const messages = new MessageChannel();
/** @returns {Promise<void>} */
const pause = () =>
  new Promise((resolve) => {
    messages.port1.onmessage = () => resolve();
    messages.port2.postMessage(null);
  });

/** @param {string} name */
async function dataOf(name) {
  return JSON.parse(new TextDecoder().decode(await fetchBytes(`data/${name}.json`)));
}

/** @param {import("../kernel/learning_run.js").Order} order */
async function start(order) {
  const run = new LearningRun(order, ...await Promise.all([dataOf("learning"), dataOf("music")]));
  await run.begin();
  do {
    postMessage({
      type: "progress",
      ...run.progress(),
      ...(hearing && { network: run.network() }),
    });
    await pause();
  } while (!stopped && await run.goOn(SLICE));
  postMessage({ type: "progress", ...run.progress() });
  postMessage({ type: "done", ...run.result() });
}

addEventListener("message", ({ data }) => {
  if (data.type === "stop") stopped = true;
  if (data.type === "hear") hearing = data.on;
  if (data.type === "start") {
    const { type: _, ...order } = data;
    start(order).catch((error) => postMessage({ type: "error", message: sentence(error) }));
  }
});
