/* Online learning, step by step (sections 3.1, 3.2 and 4; online.py). */

/* Nothing is read at a place that was not checked: what `learn` answers where something cannot be. */
enum { BAD_POSITION = -1, BAD_COUNTER = -2, BAD_SEGMENT = -3 };

INLINE int are_counts(const Counters *restrict count) {
  const int64_t *each = (const int64_t *)count;
  for (unsigned n = 0; n < sizeof *count / sizeof *each; n++)
    if (each[n] < 0 || each[n] > INT64_MAX / 2) return 0;
  return count->learned <= 1 && count->melody <= 1 && count->nonfinite <= 1;
}

/* Learns for `steps` steps and returns how many; with a gradient of stretches, to the end of one.
 * Stops when the form is learned (unless the melody is what is learned) or when a number is no longer
 * finite; that step changes nothing.  table (segments, song_steps, UNITS) and picks (songs, bars)
 * give the songs, bar_of (song_steps) the bar of each step; uniform are the melody's random numbers in tests, where it reaches the chords, else null;
 * losses are the cross-entropies of the chords and of the melody so far. */
EXPORT int64_t learn(real *restrict buffer, const real *restrict levels, const real *restrict table,
                     const real *restrict sounds,
                     const int64_t *restrict picks, const int64_t *restrict bar_of,
                     const double *restrict uniform,
                     const Rules *restrict rules, Counters *restrict count, double *restrict losses,
                     int64_t steps) {
  const int64_t song_steps = rules->song_steps;
  if (count->position < 0 || count->position >= song_steps) return BAD_POSITION;
  if (!are_counts(count)) return BAD_COUNTER;
  const real gross_error = (real)rules->gross_error;
  real *restrict s = buffer + S_AT, *restrict y = buffer + Y_AT;
  Step step;
  memset(&step, 0, sizeof step);
  prepare(&step.work);
  Room room = {0};
  uint8_t notes[UNITS];
  real own[INPUTS] ALIGNED = {0};
  step.melody = count->melody || rules->melody_together;
  step.chords_learn = !count->melody || rules->chords_learn;
  double product[2] = {1.0, 1.0}, loss[2] = {0.0, 0.0};
  int64_t done = 0, worst = 0, at_song = -1;
  const int64_t *now_playing = picks, *then_playing = picks;
  int64_t next_test = (count->steps / rules->test_interval + 1) * rules->test_interval;
#ifdef STRETCHES
#define MORE (done < steps || room.kept)
#else
#define MORE (done < steps)
#endif
  while (MORE && !count->nonfinite && (count->melody || !count->learned)) {
    const int64_t t = count->position, next = t + 1 == song_steps ? 0 : t + 1;
    const int64_t song = rules->by_episode ? count->gross_resets + count->episodes : count->songs;
    if (song != at_song) {
      at_song = song;
      now_playing = picks + song % rules->songs_in_order * rules->bars;
      then_playing = picks + (song + 1) % rules->songs_in_order * rules->bars;
    }
    const int64_t *following = next || rules->by_episode ? now_playing : then_playing;
    const int same_bar = next && bar_of[next] == bar_of[t];
    const int64_t segment = count->own_segment ? count->own_segment - 1 : now_playing[bar_of[t]];
    const int64_t ahead = same_bar ? segment : following[bar_of[next]];
    if ((uint64_t)segment >= (uint64_t)rules->segments ||
        (uint64_t)ahead >= (uint64_t)rules->segments)
      return BAD_SEGMENT;
    const real *heard = sounds + (segment * song_steps + t) * INPUTS;
    const int owns = rules->own_notes > 0 && count->melody;
    if (owns) {
      notes_heard(rules, count, table + (segment * song_steps + t) * UNITS, notes);
      hear(notes, levels, own);
      heard = own;
    }
    const real *restrict target = table + (ahead * song_steps + next) * UNITS;
    forward(buffer, heard, s, y, step.melody, &step.work);
    int gross = 0;
    double now[2] = {0.0, 0.0};
#define DO(part)                                                                               \
  if (part.chords || step.melody) {                                                            \
    const int off = compare(part, target + part.first_unit, gross_error, &step);               \
    if (part.first_unit == CHORDS_FIRST) gross = off;                                          \
    now[!part.chords] +=                                                                       \
        surprise(part, &step, target + part.first_unit, &product[!part.chords]);               \
  }
    UNIT_SETS(DO)
#undef DO
    int finite = is_finite(now[0] + now[1]);
    if (finite) {
      loss[0] += now[0];
      loss[1] += now[1];
      finite = learn_step(buffer, s, rules, count, &step, &room);
    }
    if (!finite) {
      memcpy(s, step.work.s_before, sizeof step.work.s_before);
      count->nonfinite = 1;
      break;
    }
    memcpy(y, step.work.y, sizeof step.work.y);
    done++;

    int test_due;
    const int clear = count_step(count, rules, gross, &next_test, &test_due);
#ifdef STRETCHES
    end_stretch(buffer, rules, count, &step, &room, clear);
#endif
    if (owns && !same_bar) count->own_segment = 0;
    if (owns && !clear) play_own(rules, count, &step.work, table, bar_of, ahead, notes);
    if (clear) {
      reset(buffer, count);
      memset(step.work.y, 0, sizeof step.work.y);
    }
    if (test_due && step.chords_learn)
      count_test(count, rules, test(buffer, levels, table, uniform, rules, &worst));
  }
  losses[0] += loss[0] - logarithm(product[0]);
  losses[1] += loss[1] - logarithm(product[1]);
  return done;
}

/* From here on the melody is learned, from the start of a song. */
EXPORT int64_t begin_melody(real *restrict buffer, Counters *restrict count) {
  count->melody = 1;
  count->songs++;
  reset(buffer, count);
  return 0;
}

/* The mean over songs of their cross-entropies, of the chords and of the melody, in nats: a frozen
 * network hears `choruses` of the `songs` one after the other, beginning with each of them in turn,
 * from zero state.  table (songs, song_steps, UNITS) and sounds (songs, song_steps, INPUTS). */
EXPORT int64_t listen(const real *restrict buffer, const real *restrict table,
                   const real *restrict sounds, int64_t songs, int64_t song_steps, int64_t choruses,
                   double *restrict losses) {
  double total[2] = {0.0, 0.0};
  for (int64_t begin = 0; begin < songs; begin++) {
    Step step;
    real s[CELLS] ALIGNED = {0}, y[CELLS] ALIGNED = {0};
    double product[2] = {1.0, 1.0}, loss[2] = {0.0, 0.0};
    memset(&step, 0, sizeof step);
    prepare(&step.work);
    for (int64_t t = 0; t < choruses * song_steps; t++) {
      const int64_t now = (begin + t / song_steps) % songs * song_steps + t % song_steps;
      const int64_t next = (begin + (t + 1) / song_steps) % songs * song_steps + (t + 1) % song_steps;
      const real *restrict target = table + next * UNITS;
      forward_frozen(buffer, sounds + now * INPUTS, s, y, 1, &step.work);
      memcpy(y, step.work.y, sizeof y);
#define DO(part)                                                                                 \
  compare(part, target + part.first_unit, 1, &step);                                             \
  loss[part.first_unit != CHORDS_FIRST] +=                                                       \
      surprise(part, &step, target + part.first_unit, &product[part.first_unit != CHORDS_FIRST]);
      UNIT_SETS(DO)
#undef DO
    }
    for (int n = 0; n < 2; n++) total[n] += loss[n] - logarithm(product[n]);
  }
  for (int n = 0; n < 2; n++) losses[n] = total[n] / songs;
  return 0;
}
