// @ts-check
/** Ticks for the transport: browsers slow the timers of pages in the background, not those of workers. */

let timer = 0;

addEventListener("message", ({ data }) => {
  clearInterval(timer);
  if (data > 0) timer = setInterval(() => postMessage("tick"), data);
});
