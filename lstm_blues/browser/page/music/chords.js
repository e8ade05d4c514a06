// @ts-check
/** Chord symbols (section 2.2): a chord is a set of pitch classes. */

import { PageError } from "../errors.js";
import { modulo, OCTAVE } from "./timing.js";

/** @typedef {{signs: string[], intervals: number[], usual: boolean}} Quality the signs of a quality, semitones above its root, and whether notes without a symbol are named by it */
/** @typedef {{whole: Record<string, string>, parts: [string, string][]}} Spellings how else qualities are written: whole ones, and patterns of their parts with what stands for them */
/** @typedef {{root: number, rootName: string, quality: string, bass: number | null, bassName: string | null}} ChordSymbol */
/** @typedef {{semitones: number, letters: number}} Interval how far music is moved up: semitones, and letters that notes are spelled by */

const NOTE_NAMES = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];

const LETTERS = "CDEFGAB";

const NATURALS = [0, 2, 4, 5, 7, 9, 11];

/** Names of keys; a form's key is the root of its first chord. */
export const KEYS = ["C", "Db", "D", "Eb", "E", "F", "F#", "Gb", "G", "Ab", "A", "Bb", "B"];

/**
 * The pitch class of a note name without octave, such as `Eb`.
 * @param {string} name
 */
function classOf(name) {
  const alter = { "": 0, "#": 1, "b": -1 }[name.slice(1)] ?? 0;
  return modulo(NATURALS[LETTERS.indexOf(name[0])] + alter, OCTAVE);
}

/**
 * The name of a MIDI note number with its octave; 60 is `C4`.
 * @param {number} pitch
 */
export function noteName(pitch) {
  return `${NOTE_NAMES[pitch % OCTAVE]}${Math.floor(pitch / OCTAVE) - 1}`;
}

/** @param {string} name */
const plain = (name) => {
  /** @type {Record<string, string>} */
  const signs = { "∆": "Δ", "△": "Δ", "Ø": "ø", "−": "-", "♯": "#", "♭": "b" };
  return name.replace(/[∆△Ø−♯♭]/gu, (sign) => signs[sign]);
};

/**
 * What follows a root without brackets and commas, `7b9#5` for `7(b9,#5)`, and `7b9` for `7-9`.
 * @param {string} quality
 */
function bare(quality) {
  const added = plain(quality).replace(/^\((?=[#b]\d)/u, "(add");
  const signs = added.replace(/\(([^()]+)\)/gu, "$1").replaceAll(",", "");
  return signs.replace(/(\d)-(?=\d)/gu, "$1b").replace(/(\d)\+(?=\d)/gu, "$1#");
}

export class ChordBook {
  /** @type {Map<string, Quality>} */
  #bySign = new Map();
  /** @type {Map<string, number[]>} */
  #known = new Map();

  /** @type {Map<string, string | undefined>} */
  #written = new Map();

  /**
   * @param {Quality[]} qualities of two with the same notes the first gives the name
   * @param {Spellings} [spellings]
   */
  constructor(qualities, spellings = { whole: {}, parts: [] }) {
    this.qualities = qualities;
    this.whole = new Map(Object.entries(spellings.whole));
    this.parts = spellings.parts.map((
      [pattern, sign],
    ) => /** @type {const} */ ([new RegExp(pattern, "gu"), sign]));
    for (const quality of qualities) {
      for (const sign of quality.signs) this.#bySign.set(sign, quality);
    }
  }

  /**
   * The sign of a quality as it is written, without brackets; undefined for none.
   * @param {string} written
   */
  #signOf(written) {
    if (!this.#written.has(written)) {
      const spelled = this.parts.reduce((text, [part, sign]) => text.replace(part, sign), written);
      const tried = [written, this.whole.get(written), spelled, this.whole.get(spelled)];
      const known = tried.find((one) =>
        one !== undefined && this.#bySign.has(one) && (one !== "" || written === "")
      );
      this.#written.set(written, known);
    }
    return this.#written.get(written);
  }

  /**
   * A symbol, such as `Gm7` or `C/E`, in parts.
   * @param {string} text
   * @returns {ChordSymbol}
   */
  read(text) {
    const symbol = text.trim();
    const match = /^[A-G][#♯b♭]?/u.exec(symbol);
    if (match === null) {
      throw new PageError(`chord symbol '${symbol}' must begin with a note name from A to G.`);
    }
    const rootName = plain(match[0]);
    let sign = bare(symbol.slice(match[0].length));
    let bassName = null;
    if (this.#signOf(sign) === undefined && sign.includes("/")) {
      const cut = sign.lastIndexOf("/");
      bassName = plain(sign.slice(cut + 1));
      sign = sign.slice(0, cut);
      if (!/^[A-G][#b]?$/u.test(bassName)) {
        throw new PageError(
          `chord symbol '${symbol}' has '${bassName}', which is not a note, as bass.`,
        );
      }
    }
    const quality = this.#bySign.get(this.#signOf(sign) ?? "?");
    if (quality === undefined) {
      const usual = this.qualities.filter((each) => each.usual);
      const known = usual.map(({ signs }) => `'${signs[0]}'`).join(", ");
      throw new PageError(
        `chord symbol '${symbol}' has the unknown quality '${sign}'; known are ${known}, and ` +
          "altered ones such as '7alt', '7#5#9' and '13b9'.",
      );
    }
    const bass = bassName === null ? null : classOf(bassName);
    return { root: classOf(rootName), rootName, quality: quality.signs[0], bass, bassName };
  }

  /** Whether a quality is altered or extended further than usual ones are. @param {string} sign */
  isRare(sign) {
    return this.#bySign.get(sign)?.usual === false;
  }

  /**
   * The pitch classes of a symbol, 0 for C, in order; a bass note joins them.
   * @param {string} symbol
   */
  pitchClasses(symbol) {
    let found = this.#known.get(symbol);
    if (found === undefined) {
      const { root, quality, bass } = this.read(symbol);
      const intervals = this.#bySign.get(quality)?.intervals ?? [];
      const classes = new Set(intervals.map((interval) => (root + interval) % OCTAVE));
      if (bass !== null) classes.add(bass);
      found = [...classes].sort((a, b) => a - b);
      this.#known.set(symbol, found);
    }
    return found;
  }

  /**
   * A symbol for some pitches: the first of the `known` that fits, else the most usual one on the
   * lowest note, else the note names; no others than usual ones.
   * @param {number[]} pitches MIDI note numbers
   * @param {string[]} [known]
   */
  name(pitches, known = []) {
    const classes = [...new Set(pitches.map((pitch) => pitch % OCTAVE))].sort((a, b) => a - b);
    if (classes.length === 0) return "-";
    const wanted = classes.join();
    const match = known.find((symbol) => this.pitchClasses(symbol).join() === wanted);
    if (match !== undefined) return match;
    const lowest = Math.min(...pitches) % OCTAVE;
    /** @type {[number, number, string][]} */
    const fits = [];
    for (const root of classes) {
      this.qualities.forEach(({ signs, intervals, usual }, rank) => {
        if (!usual) return;
        const own = [...new Set(intervals.map((interval) => (root + interval) % OCTAVE))];
        if (own.sort((a, b) => a - b).join() === wanted) {
          fits.push([Number(root !== lowest), rank, NOTE_NAMES[root] + signs[0]]);
        }
      });
    }
    fits.sort((a, b) => a[0] - b[0] || a[1] - b[1] || (a[2] < b[2] ? -1 : 1));
    if (fits.length > 0) return fits[0][2];
    const byPitch = [...pitches].sort((a, b) => a - b);
    return byPitch.map((pitch) => NOTE_NAMES[pitch % OCTAVE]).join(".");
  }

  /**
   * A symbol, moved; its quality is written as it was.
   * @param {string} symbol
   * @param {Interval} by
   */
  moved(symbol, by) {
    const text = symbol.trim();
    const { rootName, bassName } = this.read(text);
    let quality = text.slice(rootName.length);
    let bass = "";
    if (bassName !== null) {
      quality = quality.slice(0, quality.lastIndexOf("/"));
      bass = `/${movedName(bassName, by)}`;
    }
    return movedName(rootName, by) + quality + bass;
  }

  /**
   * The shorter way from a form's key to another.
   * @param {import("../kernel/network.js").FormData} form
   * @param {string} key one of `KEYS`
   * @returns {Interval}
   */
  intervalTo(form, key) {
    const old = this.read(form.chords[0].trim().split(/\s+/u)[0]);
    const letters = modulo(LETTERS.indexOf(key[0]) - LETTERS.indexOf(old.rootName[0]), 7);
    const semitones = modulo(classOf(key) - old.root, OCTAVE);
    return semitones > OCTAVE / 2
      ? { semitones: semitones - OCTAVE, letters: letters - 7 }
      : { semitones, letters };
  }

  /**
   * A form in a key, and how far that is above its own.
   * @param {import("../kernel/network.js").FormData} form
   * @param {string} key one of `KEYS`, or "" for the form's own
   */
  inKey(form, key) {
    if (key === "") return { form, semitones: 0 };
    const by = this.intervalTo(form, key);
    return { form: this.movedForm(form, by), semitones: by.semitones };
  }

  /**
   * A form, moved, units and all.
   * @param {import("../kernel/network.js").FormData} form
   * @param {Interval} by
   * @returns {import("../kernel/network.js").FormData}
   */
  movedForm(form, by) {
    const chords = form.chords.map((bar) =>
      bar.trim().split(/\s+/u).map((symbol) => this.moved(symbol, by)).join(" ")
    );
    const [lowestChordNote, lowestMelodyNote] = [form.lowestChordNote, form.lowestMelodyNote]
      .map((note) => note + by.semitones);
    return { ...form, chords, lowestChordNote, lowestMelodyNote };
  }
}

/**
 * A note name without octave, moved; spelled plainly where it would need two accidentals.
 * @param {string} name
 * @param {Interval} by
 */
function movedName(name, by) {
  const letter = LETTERS[modulo(LETTERS.indexOf(name[0]) + by.letters, 7)];
  const pitch = modulo(classOf(name) + by.semitones, OCTAVE);
  const alter = modulo(pitch - classOf(letter) + 6, OCTAVE) - 6;
  if (Math.abs(alter) > 1) return NOTE_NAMES[pitch];
  return letter + { "-1": "b", "0": "", "1": "#" }[String(alter)];
}
