// @ts-check
/** Recordings: bars played again offline, by the same mixer, as WAV. */

import { PageError } from "../errors.js";
import { Mixer } from "./mixer.js";
import { soundBar } from "./stage.js";

/** @typedef {import("../music/history.js").HistoryBar} HistoryBar */

const RATE = 44100;

/** Seconds before the first note and after the last bar. */
const [BEFORE, AFTER] = [0.1, 2];

/**
 * What bars sound like.
 * @param {HistoryBar[]} bars
 * @param {(bar: HistoryBar) => Promise<import("./stage.js").Players>} players
 * @returns {Promise<AudioBuffer>} in stereo
 * @throws {PageError} where the browser has no Web Audio
 */
export async function recorded(bars, players) {
  if (typeof OfflineAudioContext !== "function") {
    throw new PageError(
      "This browser has no Web Audio, so nothing can be recorded; the MIDI file has the same notes.",
    );
  }
  const seconds = bars.reduce((sum, bar) => sum + bar.seconds, BEFORE + AFTER);
  const context = new OfflineAudioContext(2, Math.ceil(seconds * RATE), RATE);
  const mixer = new Mixer(context);
  let at = BEFORE;
  for (const bar of bars) {
    soundBar(mixer, await players(bar), bar, bar.band, at);
    at += bar.seconds;
  }
  return context.startRendering();
}

/**
 * A WAV file, 16 bits.
 * @param {AudioBuffer} sound
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function wavFile(sound) {
  const { numberOfChannels: channels, length, sampleRate } = sound;
  const size = 2 * channels * length;
  const view = new DataView(new ArrayBuffer(44 + size));
  const text = (/** @type {number} */ at, /** @type {string} */ letters) =>
    [...letters].forEach((letter, k) => view.setUint8(at + k, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + size, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * 2 * channels, true);
  view.setUint16(32, 2 * channels, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, size, true);
  for (let channel = 0; channel < channels; channel += 1) {
    sound.getChannelData(channel).forEach((value, k) => {
      const whole = Math.round(Math.max(-1, Math.min(1, value)) * 32767);
      view.setInt16(44 + 2 * (k * channels + channel), whole, true);
    });
  }
  return new Uint8Array(view.buffer);
}
