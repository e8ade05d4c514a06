// The kernel as WebAssembly, learning: in Node.js and in a browser's worker alike.
//
//   node learn.mjs FOLDER STEPS    learns twice so many steps with what `python -m
//                                  lstm_blues.webassembly` wrote to FOLDER, and prints as JSON the
//                                  steps and seconds of the second half, and a hash of the network

const ARGUMENTS = [
  "buffer", "levels", "table", "sounds", "picks", "bar_of", "uniform", "rules", "counters", "losses",
];

// kernel, image: the bytes of kernel.wasm and memory.bin; description: memory.json.
export async function learnTwice(kernel, image, description, steps) {
  const { instance } = await WebAssembly.instantiate(kernel, {});
  const { memory, learn, __heap_base } = instance.exports;
  const base = Math.ceil(__heap_base.value / 64) * 64;
  const missing = base + image.length - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
  new Uint8Array(memory.buffer, base).set(image);
  const { arrays } = description;
  const places = ARGUMENTS.map((name) => (arrays[name].length ? base + arrays[name].offset : 0));
  learn(...places, BigInt(steps));
  const begun = performance.now();
  const done = Number(learn(...places, BigInt(steps)));
  const seconds = (performance.now() - begun) / 1000;
  const { offset, length } = arrays.buffer;
  const network = new Uint8Array(memory.buffer).slice(base + offset, base + offset + length);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", network));
  const hex = [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { steps: done, seconds, hash: hex };
}

if (typeof process !== "undefined") {
  const { readFile } = await import("node:fs/promises");
  const [folder, steps] = process.argv.slice(2);
  const read = (name) => readFile(`${folder}/${name}`);
  const description = JSON.parse(await read("memory.json"));
  const [kernel, image] = [await read("kernel.wasm"), await read("memory.bin")];
  console.log(JSON.stringify(await learnTwice(kernel, image, description, Number(steps))));
}
