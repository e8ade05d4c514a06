// @ts-check
/**
 * SHA-256 (FIPS 180-4): first weights are drawn by it, and what was learned is told by it.  The
 * browser's own is there for pages from https: alone.
 */

/** The first 32 bits after the point of a root of the n-th prime, as the standard defines them. */
const [CONSTANTS, START] = (() => {
  /** @type {number[]} */
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) {
    if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  }
  /** @param {number} root */
  const bits = (root) => Math.floor((root - Math.floor(root)) * 2 ** 32);
  return [
    primes.map((prime) => bits(Math.cbrt(prime))),
    primes.slice(0, 8).map(Math.sqrt).map(bits),
  ];
})();

/** @param {number} word @param {number} by */
const turned = (word, by) => (word >>> by) | (word << (32 - by));

/**
 * @param {Uint8Array} message
 * @returns {Uint8Array} 32 bytes
 */
export function sha256(message) {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(message.length) * 8n);
  const state = Int32Array.from(START, (word) => word | 0);
  const w = new Int32Array(64);
  for (let first = 0; first < padded.length; first += 64) {
    for (let t = 0; t < 16; t += 1) w[t] = view.getInt32(first + 4 * t);
    for (let t = 16; t < 64; t += 1) {
      const [late, early] = [w[t - 2], w[t - 15]];
      const one = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
      const two = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
      w[t] = one + w[t - 7] + two + w[t - 16];
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t += 1) {
      const mixed = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
      const one = (h + mixed + ((e & f) ^ (~e & g)) + CONSTANTS[t] + w[t]) | 0;
      const two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, k) => state[k] += word);
  }
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, k) => digest.setInt32(4 * k, word));
  return new Uint8Array(digest.buffer);
}

/** @param {Uint8Array} bytes @returns {string} two hexadecimal digits for each */
export function inHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
