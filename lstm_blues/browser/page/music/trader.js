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
/** @typedef {import("./turns.js").Turns} Turns */

export class Trader {
  /**
   * @param {NetworkPlayer} player from zero state
   * @param {object} options
   * @param {Turns} options.turns
   * @param {() => number} options.random numbers in [0, 1) for its melody
   * @param {Uint8Array} options.chords units of the form's first step, which it is given
   * @param {number} options.stepsPerBar
   */
  constructor(player, { turns, random, chords, stepsPerBar }) {
    this.player = player;
    this.turns = turns;
    this.random = random;
    this.stepsPerBar = stepsPerBar;
    [this.first, this.size] = player.layout.sets.melody;
    player.reset();
    player.notes.set(chords, player.layout.sets.chords[0]);
    /** The step that it hears next. */
    this.step = 0;
    /** What sounded at the step before: its melody units. */
    this.before = new Uint8Array(this.size);
    /** What it heard, a step after the other, since `heardFrom`. @type {Uint8Array[]} */
    this.heard = [];
  }

  /** Whose turn a step is. @param {number} step */
  isPlayers(step) {
    return this.turns.isPlayers(Math.floor(step / this.stepsPerBar));
  }

  /**
   * The chord units of a bar that has not been played, one step after the other.
   * @param {number} bar
   * @returns {Uint8Array[]}
   */
  chordsOf(bar) {
    const { player, stepsPerBar } = this;
    const [first, size] = player.layout.sets.chords;
    const kept = player.snapshot();
    const found = [];
    const begin = bar * stepsPerBar;
    if (this.step > begin) throw new Error(`bar ${bar} has begun`);
    for (let step = this.step; step < begin + stepsPerBar; step++) {
      if (step >= begin) found.push(player.notes.slice(first, first + size));
      player.step({ chordsOnly: true });
    }
    player.restore(kept);
    return found;
  }

  /**
   * Hears a step of the player's.
   * @param {Uint8Array} melody units
   * @param {Sampling} sampling of the answer's first note, where the next step is the network's
   */
  hear(melody, sampling) {
    const { player } = this;
    const answers = !this.isPlayers(this.step + 1);
    const uniform = answers ? this.#uniform(sampling) : null;
    const { heard } = player.step({ heard: melody, set: "melody", uniform, sampling });
    this.#went(heard);
    return heard;
  }

  /**
   * Plays the rest of the network's bar.
   * @param {Sampling} sampling
   * @returns {Uint8Array[]} the units that sound, one step after the other
   */
  play(sampling) {
    const found = [];
    do {
      if (this.isPlayers(this.step)) throw new Error(`step ${this.step} is the player's`);
      const { heard } = this.player.step({ uniform: this.#uniform(sampling), sampling });
      this.#went(heard);
      found.push(heard);
    } while (this.step % this.stepsPerBar !== 0);
    return found;
  }

  /** @param {Sampling} sampling */
  #uniform(sampling) {
    return Array.from({ length: this.player.draws(sampling) }, () => this.random());
  }

  /** @param {Uint8Array} heard */
  #went(heard) {
    this.step += 1;
    this.before = heard.slice(this.first, this.first + this.size);
  }
}
