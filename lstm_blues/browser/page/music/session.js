// @ts-check
/** The one thing that plays: Listen, Look inside and Trade all use it. */

import { PageError } from "../errors.js";
import { isSame } from "../kernel/network.js";
import { NetworkPlayer } from "../kernel/player.js";
import { TorchRandom } from "../kernel/random.js";
import { HAS_AUDIO, Output } from "../sound/output.js";
import { Orchestra } from "../sound/samples.js";
import { playersOf, soundBar } from "../sound/stage.js";
import { Transport } from "../sound/transport.js";
import { ChordBook } from "./chords.js";
import { Improviser } from "./improviser.js";
import { History } from "./history.js";
import { declareSettings, playingNow } from "./session_settings.js";

/** @typedef {import("./bar.js").Bar} Bar */

/** @typedef {{nextBar(playing: import("./bar.js").Playing): Bar, seed?: number}} Source */
/** @typedef {{player: any, network: any, book: ChordBook, random: (seed: number) => TorchRandom, seed: number}} Means what a source is made of; the player is its own */

export class Session {
  /** What was played since the start. */
  history = new History();
  /** What makes the bars: the improviser, or what was given to `start`. @type {Source | null} */
  source = null;
  /** @type {import("../sound/stage.js").Players | null} */
  players = null;
  /** Their names, of the melody and of whoever plays along. */
  instruments = { melody: "", player: "" };
  /** What the next bar begins anew with. @type {Source | null} */
  #next = null;
  #wanted = 0;
  #stoppedAt = 0;
  /** Of a network that goes on learning while it plays. @type {Float64Array | null} */
  #weights = null;
  /** @type {(means: Means) => Source} */
  #make = improvising;

  /** @param {import("../app.js").App} app */
  constructor(app) {
    this.app = app;
    this.book = new ChordBook(app.data.qualities, app.data.spellings);
    declareSettings(app);
    this.output = new Output((text) => app.say(text, "warning"), () => this.#halted());
    this.transport = new Transport(
      () => this.output.clock(),
      () => this.#bar(),
      (bar, parts) => this.#sound(bar, parts),
      (error) => {
        this.#stopped();
        app.fail(error);
      },
    );
    const { settings } = app;
    settings.on("volume", () => this.mixer?.setVolume(settings.get("volume")));
    for (const key of ["instrument", "trade.instrument"]) {
      settings.on(key, () => this.#change(() => this.tune()));
    }
    for (const key of ["network", "seed"]) {
      settings.on(key, () => this.#change(() => this.#begin()));
    }
    // Fetched and decoded before the first click, so that music begins at once.
    Promise.all([this.tune(), this.makeSource()]).catch((error) => app.fail(error));
  }

  get playing() {
    return this.transport.playing;
  }

  /** What sounds; null before the first sound, and where there is none. */
  get mixer() {
    return this.output.mixer;
  }

  /**
   * Begins at the first bar of the seed's music.
   * @param {(means: Means) => Source} [make] what makes the bars; the network alone if nothing else
   */
  async start(make = improvising) {
    if (this.playing) this.stop();
    this.#make = make;
    this.output.clock();
    const [source] = await Promise.all([
      this.makeSource(make),
      this.tune(),
      this.output.resume(),
    ]);
    if (this.playing || this.#make !== make) return;
    this.source = source;
    this.#next = null;
    this.#weights = null;
    this.history.clear();
    this.mixer?.setVolume(this.app.settings.get("volume"));
    this.mixer?.open();
    this.transport.start();
  }

  stop() {
    this.transport.stop();
    this.#stopped();
  }

  #stopped() {
    this.#stoppedAt = this.transport.heard;
    this.mixer?.silence();
  }

  /** Plays, or stops. */
  toggle() {
    if (!this.playing) return this.start();
    this.stop();
  }

  /** The network that plays, or would play. @returns {any} */
  get network() {
    const name = this.app.settings.get("network");
    return this.improviser?.network ?? this.app.networks.find((one) => one.name === name);
  }

  /** The network as it improvises; null while nothing or something else plays. */
  get improviser() {
    return this.source instanceof Improviser ? this.source : null;
  }

  /** The one that plays the next bar. */
  get #upcoming() {
    const next = this.#next ?? this.source;
    return next instanceof Improviser ? next : null;
  }

  /** Does something to the player before the next bar is made. @param {(player: any) => void} change */
  intervene(change) {
    this.#upcoming?.intervene(change);
  }

  /** Sounds another chord for the next bar's first steps. @param {{chord: ArrayLike<number>, steps: number}} wrong */
  disturb(wrong) {
    this.#upcoming?.disturb(wrong);
  }

  /**
   * Plays another network from the next bar on.
   * @param {any} network
   * @param {{follow?: boolean, start?: boolean}} [options] follow: where it is the one that plays,
   *   with other weights, the music goes on; start: begin where nothing plays, or a trade
   */
  async useNetwork(network, { follow = false, start = false } = {}) {
    const playing = this.improviser;
    this.app.addNetwork(network);
    if (this.playing && follow && playing !== null && isSame(playing.network, network)) {
      this.#weights = new Float64Array(network.weights);
      return;
    }
    if (this.playing && playing === null) this.stop();
    if (this.app.settings.get("network") === network.name) await this.#begin();
    else this.app.settings.set("network", network.name);
    if (start && !this.playing) await this.start();
  }

  /** The browser has halted the sound, as when its device is gone: goes on, or says so. */
  async #halted() {
    if (!this.playing) return;
    try {
      await this.output.resume();
    } catch (error) {
      if (!this.playing) return;
      this.stop();
      this.app.fail(error);
    }
  }

  /** Whom one can hear. @returns {Promise<Orchestra>} */
  orchestra() {
    return Orchestra.shared();
  }

  /** What was heard lies before this, in seconds on the audio clock. */
  get heardUntil() {
    return this.playing ? this.transport.heard : this.#stoppedAt;
  }

  /** The instruments as the settings say. */
  async tune() {
    const { settings } = this.app;
    const names = {
      melody: settings.get("instrument"),
      player: settings.get("trade.instrument"),
    };
    if (HAS_AUDIO) this.players = await playersOf(await this.orchestra(), names);
    this.instruments = names;
  }

  /** What makes bars, at its first. @param {(means: Means) => Source} make @returns {Promise<Source>} */
  async makeSource(make = improvising) {
    const { settings, networks } = this.app;
    const name = settings.get("network");
    const network = networks.find((one) => one.name === name);
    if (network === undefined) throw new PageError(`There is no network “${name}”.`);
    return make({
      player: await NetworkPlayer.load(network),
      network,
      book: this.book,
      random: (seed) => new TorchRandom(seed),
      seed: settings.get("seed"),
    });
  }

  async #begin() {
    if (!this.playing) return;
    this.#wanted += 1;
    const wanted = this.#wanted;
    const next = await this.makeSource(this.#make);
    if (wanted === this.#wanted) this.#next = next;
  }

  /** @param {() => Promise<unknown>} change */
  async #change(change) {
    try {
      await change();
    } catch (error) {
      this.app.fail(error);
    }
  }

  /** The next bar, with the settings as they are now. @returns {Bar} */
  #bar() {
    if (this.#next !== null) {
      this.source = this.#next;
      this.#next = null;
      this.#weights = null;
    }
    const { source } = this;
    const weights = this.#weights;
    this.#weights = null;
    if (weights !== null) this.intervene((player) => player.setWeights(weights));
    if (source === null) throw new Error("nothing plays");
    return source.nextBar(playingNow(this.app));
  }

  /**
   * @param {Bar & {at: number}} bar
   * @param {import("./performance.js").Part[]} parts
   */
  #sound(bar, parts) {
    const { mixer, players, instruments } = this;
    if (bar.index >= 0) this.history.add(bar, instruments, this.source?.seed ?? 0);
    if (mixer === null || players === null) return [];
    return soundBar(mixer, players, bar, parts, bar.at);
  }
}

/** @param {Means} means */
const improvising = ({ player, network, book, random, seed }) =>
  new Improviser(player, network, book, random, seed);
