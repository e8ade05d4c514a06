/* Counting, resetting and testing (sections 3.1 and 3.2; counting.py). */

/* The test of the frozen network: of several songs, the fewest steps; none is played for longer than
 * that.  It begins with the song that was the worst in the last test, which most often is so again. */
static __attribute__((noinline)) int64_t test(const real *restrict buffer,
                                              const real *restrict levels,
                                              const real *restrict table,
                                              const double *restrict uniform,
                                              const Rules *restrict rules, int64_t *restrict worst) {
  const int64_t songs = rules->tested, begin = *worst;
  int64_t least = rules->test_steps;
  for (int64_t n = 0; n < songs; n++) {
    const int64_t song = (begin + n) % songs;
    const real *chorus = table + song * rules->song_steps * UNITS;
    uint8_t first[UNITS] = {0};
    int64_t played;
    for (int k = 0; k < UNITS; k++)
      if (uniform || (k >= CHORDS_FIRST && k < CHORDS_FIRST + CHORDS_UNITS))
        first[k] = chorus[k] > 0;
    int64_t right = free_run(buffer, first, levels, chorus, rules->song_steps, rules->given, least,
                             1, &rules->sampling, uniform, rules->draws, 0, 0, &played);
    if (right < 0) right = 0; /* where no note can be drawn, nothing was played */
    if (right < least) {
      least = right;
      *worst = song;
    }
  }
  return least;
}

/* Counts a step with a gross error or without.  Returns whether the state is to be cleared, and in
 * `test_due` whether the network is to be tested. */
INLINE int count_step(Counters *restrict count, const Rules *restrict rules, const int gross,
                      int64_t *restrict next_test, int *restrict test_due) {
  const int64_t next = count->position + 1 == rules->song_steps ? 0 : count->position + 1;
  count->position = next;
  count->steps++;
  count->melody_steps += count->melody;
  count->right += !gross;
  count->gross += gross;
  count->gross_in_count += gross;
  count->gross_in_chorus += gross;
  count->clean_run = gross ? 0 : count->clean_run + 1;
  if (count->clean_run > count->longest_clean_run) count->longest_clean_run = count->clean_run;

  *test_due = count->steps >= *next_test;
  if (*test_due) *next_test += rules->test_interval;
  if (gross && rules->gross_errors > 0 && count->gross_in_count >= rules->gross_errors) {
    count->gross_resets++;
    count->songs++;
    return 1;
  }
  if (next != 0) return 0;
  *test_due |= count->gross_in_chorus == 0 && !count->melody;
  count->songs++;
  count->choruses_in_episode++;
  count->gross_in_chorus = 0;
  if (rules->count_per_chorus) count->gross_in_count = 0;
  const int ended =
      rules->episode_choruses > 0 && count->choruses_in_episode >= rules->episode_choruses;
  count->episodes += ended;
  return ended;
}

/* Back to a song's first step, with states, outputs and traces at zero (section 3.1). */
INLINE void reset(real *restrict buffer, Counters *restrict count) {
  memset(buffer + STATE_AT, 0, (HISTORY_AT - STATE_AT) * sizeof(real));
  count->position = count->choruses_in_episode = 0;
  count->gross_in_count = count->gross_in_chorus = 0;
  count->own_note = count->own_segment = 0;
}

INLINE void count_test(Counters *restrict count, const Rules *restrict rules, const int64_t right) {
  count->tests++;
  count->free_run = right;
  if (right > count->best_free_run) count->best_free_run = right;
  count->learned = right >= rules->test_steps;
}
