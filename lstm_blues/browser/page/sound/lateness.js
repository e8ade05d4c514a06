// @ts-check
/** How late notes were scheduled: measured for each. */

/** Seconds: a note is late if its beginning had passed by more when it was scheduled. */
const ALLOWED = 0.005;

export class Lateness {
  notes = 0;
  late = 0;
  /** Seconds by which the latest note was late. */
  worst = 0;
  /** Seconds that were left, at the least, before a note began. */
  least = Infinity;
  /** Times the page was held up so long that the music paused. */
  stalls = 0;

  /**
   * @param {Iterable<number>} times when each note begins, on the audio clock
   * @param {number} now
   */
  scheduled(times, now) {
    for (const time of times) {
      const left = time - now;
      this.notes += 1;
      if (left < -ALLOWED) this.late += 1;
      this.worst = Math.max(this.worst, -left);
      this.least = Math.min(this.least, left);
    }
  }

  /** @param {number} seconds */
  stalled(seconds) {
    this.stalls += 1;
    this.worst = Math.max(this.worst, seconds);
  }
}
