// @ts-check
/**
 * The network in a trade, step by step: in its turns it plays; in the player's it hears his notes as
 * its own melody input and goes on with its own chords, so that its answer grows out of them.
 *
 * The chords are needed before the player has played: they are looked up ahead, and the network is
 * set back.  They are the same to the bit where no melody reaches the chords, as in the report.
 */

/** @typedef {import("../kernel/player.js").NetworkPlayer} NetworkPlayer */
/** @typedef {import("../kernel/player.js").Sampling} Sampling */

export class Trader {
  /**
   * @param {NetworkPlayer} player
   * @param {() => number} random numbers in [0, 1) for its melody, the same count at every step
   * @param {Uint8Array[]} primer all units of the first steps, which it is given (section 4.2)
   */
  constructor(player, random, primer) {
    this.player = player;
    this.random = random;
    this.primer = primer;
    const [begin, end] = player.layout.sets.melody;
    this.melody = { begin, end };
    player.reset();
    player.notes = primer[0].slice();
    /** The step that it hears next. */
    this.step = 0;
    /** What it heard at each step from `from` on, all units. @type {Uint8Array[]} */
    this.heard = [];
    /** What went on in it at those steps. @type {import("../kernel/player.js").Inside[]} */
    this.inside = [];
    this.from = 0;
  }

  /** Forgets what was heard before a step, but for the latest. @param {number} step */
  forget(step) {
    const old = Math.max(0, Math.min(step, this.step - 1) - this.from);
    this.heard.splice(0, old);
    this.inside.splice(0, old);
    this.from += old;
  }

  /** The melody's units of the step before; none at the first. */
  get before() {
    const { begin, end } = this.melody;
    return this.heard.at(-1)?.slice(begin, end) ?? new Uint8Array(end - begin);
  }

  /**
   * Hears a step: the player's notes, or its own, which nobody else need hear.
   * @param {Uint8Array | null} melody units; null for its own
   * @param {Sampling} sampling of its melody at the next step
   * @returns {Uint8Array} all units that it heard
   */
  hear(melody, sampling) {
    const { player } = this;
    const given = this.step + 1 < this.primer.length;
    const uniform = given
      ? null
      : Array.from({ length: player.draws(sampling) }, () => this.random());
    const { heard } = player.step({
      ...(melody === null ? {} : { heard: melody, set: "melody" }),
      uniform,
      sampling,
    });
    this.step += 1;
    if (given) player.notes = this.primer[this.step].slice();
    this.heard.push(heard);
    this.inside.push(player.inside());
    return heard;
  }

  /**
   * What will sound from the next step on, as far as it is known: the chords, without a melody.
   * @param {number} end step before which to stop
   * @returns {Uint8Array[]} all units of each step
   */
  ahead(end) {
    const { player, melody } = this;
    const kept = player.snapshot();
    const found = [];
    for (let step = this.step; step < end; step++) {
      found.push(player.notes.slice().fill(0, melody.begin, melody.end));
      player.step({ chordsOnly: true });
      if (step + 1 < this.primer.length) player.notes = this.primer[step + 1].slice();
    }
    player.restore(kept);
    return found;
  }
}
