// Calls functions of a kernel built as WebAssembly on an image of its memory, as main.c does:
//
//   node run.mjs MODULE IMAGE CALLS RESULT
import { readFileSync, writeFileSync } from "node:fs";

const [module, image, calls, result] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(readFileSync(module), {});
const kernel = instance.exports;
kernel._initialize?.();
const { memory } = kernel;

const bytes = readFileSync(image);
const base = Math.ceil(kernel.__heap_base.value / 64) * 64;
const missing = Math.ceil((base + bytes.length - memory.buffer.byteLength) / 65536);
if (missing > 0) memory.grow(missing);
new Uint8Array(memory.buffer).set(bytes, base);

const arrays = [];
const argument = (word) => {
  if (word === "-") return 0;
  if (!word.startsWith("@")) return BigInt(word);
  const [array, offset] = word.slice(1).split("+").map(Number);
  return base + arrays[array] + offset;
};
for (const line of readFileSync(calls, "utf8").split("\n")) {
  const [name, ...words] = line.split(" ").filter((word) => word);
  if (name === "array") arrays.push(Number(words[0]));
  else if (name) console.log(String(kernel[name](...words.map(argument))));
}
writeFileSync(result, new Uint8Array(memory.buffer, base, bytes.length));
