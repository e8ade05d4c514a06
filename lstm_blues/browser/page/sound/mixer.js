// @ts-check
/** Sound: samples on the audio clock, each musician at a place in the room, and a limiter. */

/** @typedef {import("../music/performance.js").Role} Role */
/** @typedef {import("./samples.js").Instrument} Instrument */

/** From -1, left, to 1, right, and how loud beside the others. @type {Record<Role, {pan: number, gain: number}>} */
export const PLACES = {
  melody: { pan: 0, gain: 1.0 },
  player: { pan: 0, gain: 1.0 },
  chords: { pan: -0.35, gain: 0.75 },
  bass: { pan: 0.1, gain: 1.1 },
  drums: { pan: 0.35, gain: 0.6 },
};

/** What makes a trio about -16 LUFS at full volume. */
const WHOLE = 1.8;

const LOUDEST = 127;

/** Seconds in which what still sounds dies away when all is stopped. */
const FADE = 0.04;

export class Mixer {
  /** @type {Set<AudioScheduledSourceNode>} */
  #sounding = new Set();
  /** @type {Map<Role, AudioNode>} */
  #places = new Map();

  /** @param {BaseAudioContext} context */
  constructor(context) {
    this.context = context;
    this.master = context.createGain();
    this.limiter = context.createDynamicsCompressor();
    this.limiter.threshold.value = -4;
    this.limiter.knee.value = 0;
    this.limiter.ratio.value = 20;
    this.limiter.attack.value = 0.002;
    this.limiter.release.value = 0.12;
    const whole = context.createGain();
    whole.gain.value = WHOLE;
    this.out = context.createGain();
    this.master.connect(whole).connect(this.limiter).connect(this.out).connect(context.destination);
    for (const [role, { pan, gain }] of Object.entries(PLACES)) {
      const place = context.createStereoPanner();
      place.pan.value = pan;
      const level = context.createGain();
      level.gain.value = gain;
      level.connect(place).connect(this.master);
      this.#places.set(/** @type {Role} */ (role), level);
    }
  }

  /** @param {number} volume from 0 to 1; acts at once */
  setVolume(volume) {
    this.master.gain.setTargetAtTime(volume ** 2, this.context.currentTime, 0.02);
  }

  /**
   * Sounds a note.
   * @param {Role} role
   * @param {Instrument} instrument
   * @param {{pitch: number, velocity: number, from: number, to: number}} note times on the audio clock
   */
  play(role, instrument, { pitch, velocity, from, to }) {
    const begin = Math.max(from, this.context.currentTime);
    this.#begin(role, instrument, pitch, velocity, begin)?.(Math.max(to, begin + 0.01));
  }

  /**
   * Sounds a note at once, for as long as its key is down.
   * @param {Role} role
   * @param {Instrument} instrument
   * @param {number} pitch
   * @param {number} velocity
   * @returns {() => void} lets it go
   */
  press(role, instrument, pitch, velocity) {
    const letGo = this.#begin(role, instrument, pitch, velocity, this.context.currentTime);
    return () => letGo?.(this.context.currentTime);
  }

  /**
   * @param {Role} role
   * @param {Instrument} instrument
   * @param {number} pitch
   * @param {number} velocity
   * @param {number} begin
   * @returns {((at: number) => void) | null} lets the note go
   */
  #begin(role, instrument, pitch, velocity, begin) {
    const sample = instrument.sampleFor(pitch);
    if (sample === null) return null;
    const source = this.context.createBufferSource();
    source.buffer = sample.buffer;
    if (instrument.pitched) source.playbackRate.value = 2 ** ((pitch - sample.pitch) / 12);
    if (sample.loop !== null) {
      source.loop = true;
      [source.loopStart, source.loopEnd] = sample.loop;
    }
    const level = this.context.createGain();
    level.gain.setValueAtTime((velocity / LOUDEST) ** 2 * instrument.gain, begin);
    source.connect(level).connect(/** @type {AudioNode} */ (this.#places.get(role)));
    this.#sounding.add(source);
    source.onended = () => {
      this.#sounding.delete(source);
      source.disconnect();
      level.disconnect();
    };
    source.start(begin);
    const { release } = instrument;
    return (at) => {
      if (release === 0) return; // it rings until it has died away
      level.gain.setTargetAtTime(0, at, release / 3);
      source.stop(at + 2 * release);
    };
  }

  /** Stops all that sounds or is to sound. */
  silence() {
    const now = this.context.currentTime;
    this.out.gain.cancelScheduledValues(now);
    this.out.gain.setTargetAtTime(0, now, FADE / 4);
    for (const source of this.#sounding) source.stop(now + FADE);
  }

  /** Lets be heard what comes from now on. */
  open() {
    const now = this.context.currentTime;
    this.out.gain.cancelScheduledValues(now);
    this.out.gain.setTargetAtTime(1, now, FADE / 8);
  }

  /** Notes that sound or are to sound. */
  get voices() {
    return this.#sounding.size;
  }
}
