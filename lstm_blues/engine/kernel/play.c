/* A frozen network playing on its own notes (sections 3.2 and 4.2; player.py and sampler.py). */

/* The report's decision for a chord note: on where the output is above 0.5.  False for NaN. */
#define ON(logit) ((logit) > 0.0)

/* What a set plays: chords above 0.5; else one note, its outputs divided by their sum.  False where
 * none can be drawn. */
INLINE int units_play(const Part part, const real *restrict logits, const double uniform,
                      uint8_t *restrict on) {
  if (part.first_unit == CHORDS_FIRST) {
    for (int k = 0; k < part.units; k++) on[k] = ON(logits[k]);
    return 1;
  }
  double reached[UNITS], sum = 0.0;
  for (int k = 0; k < part.units; k++)
    reached[k] = sum += (double)logistic(logits[k]);
  if (!(sum > 0.0 && sum <= part.units)) return 0;
  int drawn = 0;
  while (drawn < part.units - 1 && reached[drawn] <= uniform * sum) drawn++;
  for (int k = 0; k < part.units; k++) on[k] = k == drawn;
  return 1;
}

/* The notes `on`, (UNITS), as they are heard, (INPUTS): levels (2, UNITS) holds what is heard of a unit
 * that is off, then of one that is on. */
INLINE void hear(const uint8_t *restrict on, const real *restrict levels, real *restrict heard) {
#define DO(part)                                  \
  for (int k = 0; k < part.units; k++)            \
    heard[part.first_input + k] =                 \
        levels[(on[part.first_unit + k] ? UNITS : 0) + part.first_unit + k];
  UNIT_SETS(DO)
#undef DO
}

/* Plays frozen for `limit` steps, feeding its own notes back, and returns how many it played before
 * the first wrong chord note; -1 where no note can be drawn.  It starts from zero state and the notes
 * `first`, and hears the first `given` steps of `chorus`, whatever it plays itself.  With `uniform`
 * null, chords alone are played.  `chorus` is the song to compare with, (song_steps, UNITS); notes
 * and outputs (limit, UNITS) may be null. */
EXPORT int64_t free_run(const real *restrict buffer, const uint8_t *restrict first,
                        const real *restrict levels, const real *restrict chorus,
                        int64_t song_steps, int64_t given, int64_t limit, int stop_at_wrong,
                        const double *restrict uniform, uint8_t *restrict notes,
                        double *restrict outputs, int64_t *restrict played) {
  Work work;
  real s[CELLS] ALIGNED = {0}, y[CELLS] ALIGNED = {0}, heard[INPUTS] ALIGNED = {0};
  uint8_t on[UNITS];
  const int melody = uniform != 0;
  int64_t right = 0, t = 0;
  int clean = 1;
  memcpy(on, first, sizeof on);
  prepare(&work);
  while (t < limit) {
    const real *target = chorus + (t + 1) % song_steps * UNITS;
    hear(on, levels, heard);
    forward(buffer, heard, s, y, melody, &work);
    memcpy(y, work.y, sizeof y);
#define DO(part) \
  if ((part.chords || melody) &&                                                              \
      !units_play(part, work.logits + part.first_output, melody ? uniform[t] : 0.0,           \
                  on + part.first_unit))                                                      \
    return -1;
    UNIT_SETS(DO)
#undef DO
    if (t + 1 < given)
      for (int k = 0; k < UNITS; k++) on[k] = target[k] > 0;
    for (int k = CHORDS_FIRST; k < CHORDS_FIRST + CHORDS_UNITS; k++)
      if (on[k] != (target[k] > 0)) clean = 0;
    if (notes) memcpy(notes + t * UNITS, on, sizeof on);
    if (outputs) {
#define DO(part)                       \
  for (int k = 0; k < part.units; k++) \
    outputs[t * UNITS + part.first_unit + k] = (double)logistic(work.logits[part.first_output + k]);
      UNIT_SETS(DO)
#undef DO
    }
    right += clean;
    t++;
    if (!clean && stop_at_wrong) break;
  }
  *played = t;
  return right;
}
