// @ts-check
/** SHA-512 (FIPS 180-4) of short texts: Python seeds its random numbers by it. */

const MASK = (1n << 64n) - 1n;

/** The 64 bits after the point of a root of the n-th prime, as the standard defines its constants. */
const [CONSTANTS, START] = (() => {
  /** @type {bigint[]} */
  const primes = [];
  for (let n = 2n; primes.length < 80; n += 1n) {
    if (primes.every((prime) => n % prime !== 0n)) primes.push(n);
  }
  return [primes.map((p) => root(p, 3n)), primes.slice(0, 8).map((p) => root(p, 2n))];
})();

/**
 * @param {bigint} prime
 * @param {bigint} degree 2n or 3n
 */
function root(prime, degree) {
  const scaled = prime << (64n * degree);
  let found = 0n;
  for (let bit = 1n << 68n; bit > 0n; bit >>= 1n) {
    if ((found | bit) ** degree <= scaled) found |= bit;
  }
  return found & MASK;
}

/** @param {bigint} word @param {bigint} by */
const turned = (word, by) => ((word >> by) | (word << (64n - by))) & MASK;

/**
 * @param {Uint8Array} message
 * @returns {Uint8Array} 64 bytes
 */
export function sha512(message) {
  const padded = new Uint8Array(Math.ceil((message.length + 17) / 128) * 128);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  const state = [...START];
  for (let first = 0; first < padded.length; first += 128) {
    const w = Array.from({ length: 16 }, (_, k) => view.getBigUint64(first + 8 * k));
    for (let t = 16; t < 80; t += 1) {
      const [late, early] = [w[t - 2], w[t - 15]];
      const one = turned(late, 19n) ^ turned(late, 61n) ^ (late >> 6n);
      const two = turned(early, 1n) ^ turned(early, 8n) ^ (early >> 7n);
      w.push((one + w[t - 7] + two + w[t - 16]) & MASK);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 80; t += 1) {
      const mixed = turned(e, 14n) ^ turned(e, 18n) ^ turned(e, 41n);
      const one = h + mixed + ((e & f) ^ (~e & MASK & g)) + CONSTANTS[t] + w[t];
      const two = (turned(a, 28n) ^ turned(a, 34n) ^ turned(a, 39n)) +
        ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) & MASK, c, b, a, (one + two) & MASK];
    }
    [a, b, c, d, e, f, g, h].forEach((word, k) => state[k] = (state[k] + word) & MASK);
  }
  const digest = new DataView(new ArrayBuffer(64));
  state.forEach((word, k) => digest.setBigUint64(8 * k, word));
  return new Uint8Array(digest.buffer);
}
