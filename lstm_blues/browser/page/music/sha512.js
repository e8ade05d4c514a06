// @ts-check
/** SHA-512 (FIPS 180-4) of short texts, 64-bit words in halves: Python seeds its random numbers by it. */

/** The 64 bits after the point of the roots of primes, as the standard defines its constants. */
const [CONSTANTS, START] = (() => {
  /** @type {bigint[]} */
  const primes = [];
  for (let n = 2n; primes.length < 80; n += 1n) {
    if (primes.every((prime) => n % prime !== 0n)) primes.push(n);
  }
  return [halves(primes, 3n), halves(primes.slice(0, 8), 2n)];
})();

/**
 * High and low halves of the roots of primes, one after the other.
 * @param {bigint[]} primes
 * @param {bigint} degree 2n or 3n
 */
function halves(primes, degree) {
  return Uint32Array.from(primes.flatMap((prime) => {
    const scaled = prime << (64n * degree);
    let found = 0n;
    for (let bit = 1n << 68n; bit > 0n; bit >>= 1n) {
      if ((found | bit) ** degree <= scaled) found |= bit;
    }
    return [Number((found >> 32n) & 0xffffffffn), Number(found & 0xffffffffn)];
  }));
}

/** The lower half of a word turned to the right. @param {number} high @param {number} low @param {number} by */
function turned(high, low, by) {
  return by < 32 ? (low >>> by) | (high << (32 - by)) : (high >>> (by - 32)) | (low << (64 - by));
}

/** The lower half of one of the standard's functions. @param {number} h @param {number} l @param {number} a @param {number} b @param {number} c */
const three = (h, l, a, b, c) => turned(h, l, a) ^ turned(h, l, b) ^ turned(h, l, c);

/** The upper half of a sum, given its lower halves' sum. @param {number} low */
const carry = (low) => Math.floor(low / 2 ** 32);

/**
 * The message schedule: 16 words, and 64 made of them.
 * @param {DataView} view
 * @param {number} first byte
 * @param {Uint32Array} w halves of words
 */
function schedule(view, first, w) {
  for (let k = 0; k < 32; k += 1) w[k] = view.getUint32(first + 4 * k);
  for (let t = 32; t < 160; t += 2) {
    const [h, l, eh, el] = [w[t - 4], w[t - 3], w[t - 30], w[t - 29]];
    const late = (turned(h, l, 19) ^ turned(h, l, 61) ^ turned(h, l, 6)) >>> 0;
    const early = (turned(eh, el, 1) ^ turned(eh, el, 8) ^ turned(eh, el, 7)) >>> 0;
    const low = late + w[t - 13] + early + w[t - 31];
    const lateHigh = (turned(l, h, 19) ^ turned(l, h, 61) ^ (h >>> 6)) >>> 0;
    const earlyHigh = (turned(el, eh, 1) ^ turned(el, eh, 8) ^ (eh >>> 7)) >>> 0;
    w[t] = lateHigh + w[t - 14] + earlyHigh + w[t - 32] + carry(low);
    w[t + 1] = low;
  }
}

/**
 * A block of the message.
 * @param {Uint32Array} state halves of eight words
 * @param {Uint32Array} w of `schedule`
 */
function compress(state, w) {
  const v = state.slice();
  for (let t = 0; t < 160; t += 2) {
    const [ah, al, bh, bl, ch, cl] = [v[0], v[1], v[2], v[3], v[4], v[5]];
    const [eh, el, fh, fl, gh, gl] = [v[8], v[9], v[10], v[11], v[12], v[13]];
    const low = v[15] + (three(eh, el, 14, 18, 41) >>> 0) + (((el & fl) ^ (~el & gl)) >>> 0) +
      CONSTANTS[t + 1] + w[t + 1];
    const high = v[14] + (three(el, eh, 14, 18, 41) >>> 0) + (((eh & fh) ^ (~eh & gh)) >>> 0) +
      CONSTANTS[t] + w[t] + carry(low);
    const most = (three(ah, al, 28, 34, 39) >>> 0) + (((al & bl) ^ (al & cl) ^ (bl & cl)) >>> 0);
    const mostHigh = (three(al, ah, 28, 34, 39) >>> 0) +
      (((ah & bh) ^ (ah & ch) ^ (bh & ch)) >>> 0);
    const [dh, dl] = [v[6], v[7]];
    v.copyWithin(2, 0, 14);
    const one = (low % 2 ** 32) + most;
    const four = (low % 2 ** 32) + dl;
    v[1] = one;
    v[0] = (high % 2 ** 32) + mostHigh + carry(one);
    v[9] = four;
    v[8] = (high % 2 ** 32) + dh + carry(four);
  }
  for (let k = 0; k < 16; k += 2) {
    const low = state[k + 1] + v[k + 1];
    state[k] = state[k] + v[k] + carry(low);
    state[k + 1] = low;
  }
}

/**
 * @param {Uint8Array} message
 * @returns {Uint8Array} 64 bytes
 */
export function sha512(message) {
  const padded = new Uint8Array(Math.ceil((message.length + 17) / 128) * 128);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 4, message.length * 8);
  const state = START.slice();
  const w = new Uint32Array(160);
  for (let first = 0; first < padded.length; first += 128) {
    schedule(view, first, w);
    compress(state, w);
  }
  const digest = new DataView(new ArrayBuffer(64));
  state.forEach((half, k) => digest.setUint32(4 * k, half));
  return new Uint8Array(digest.buffer);
}
