/* A frozen network playing on its own notes (sections 3.2 and 4.2; player.py and sampler.py). */

/* The report's decision for a chord note: on where the output is above 0.5.  False for NaN. */
#define ON(logit) ((logit) > 0.0)

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

/* How held notes are told from repeated ones: encoding.py. */
enum { UNMARKED, ENDINGS, BEGINS };

/* The outputs of the melody's notes as the options of sampler.py, Sampling, change them. */
INLINE void weigh(const Sampling *restrict sampling, const int count, double *restrict outputs) {
  double largest = outputs[0];
  int first = 0;
  for (int k = 1; k < count; k++)
    if (outputs[k] > largest) largest = outputs[first = k];
  if (sampling->greedy) {
    for (int k = 0; k < count; k++) outputs[k] = k == first;
    return;
  }
  if (sampling->temperature != 1.0 && largest > 0)
    /* Divided by the largest first, so that no power overflows or all underflow. */
    for (int k = 0; k < count; k++)
      if (outputs[k] > 0)
        outputs[k] = exp_minus_double(-logarithm(outputs[k] / largest) / sampling->temperature);
  if (sampling->top_k > 0 && sampling->top_k < count) {
    double kept[UNITS] = {0};
    for (int64_t n = 0; n < sampling->top_k; n++) {
      int best = 0;
      for (int k = 1; k < count; k++)
        if (outputs[k] > outputs[best]) best = k;
      kept[best] = outputs[best];
      outputs[best] = -1.0;
    }
    memcpy(outputs, kept, count * sizeof *kept);
  }
}

/* One note by a uniform random number, the outputs divided by their sum; -1 where none can be drawn. */
INLINE int draw(const int count, const double *restrict outputs, const double uniform) {
  double reached[UNITS], sum = 0.0;
  for (int k = 0; k < count; k++) reached[k] = sum += outputs[k];
  if (!(sum > 0.0 && is_finite(sum))) return -1;
  int drawn = 0;
  while (drawn < count - 1 && reached[drawn] <= uniform * sum) drawn++;
  return drawn;
}

/* What a melody's set plays after the notes `before`; false where no note can be drawn.  With marks of
 * endings, what the outputs' sum lacks to 1 is the probability of silence; with a unit for beginnings,
 * the last one, a note begins with its probability, and else the note before goes on. */
INLINE int melody_plays(const Part part, const real *restrict logits,
                        const Sampling *restrict sampling, const double *restrict uniform,
                        const uint8_t *restrict before, uint8_t *restrict on) {
  const int notes = part.units - (sampling->held == BEGINS);
  double outputs[UNITS], sum = 0.0;
  uint8_t played[UNITS] = {0};
  int held = 0;
  for (int k = 0; k < notes; k++) {
    sum += outputs[k] = (double)logistic(logits[k]);
    held |= before[k];
  }
  const int begins = sampling->held != BEGINS || !held ||
                     uniform[sampling->voices] < (double)logistic(logits[notes]);
  double silent = sampling->held == ENDINGS && sum < 1.0 ? 1.0 - sum : 0.0;
  if (sampling->greedy) silent = silent > 0.5;
  weigh(sampling, notes, outputs);
  for (int64_t voice = 0; voice < sampling->voices; voice++) {
    if (uniform[voice] < silent) continue;
    const int drawn = draw(notes, outputs, (uniform[voice] - silent) / (1.0 - silent));
    if (drawn < 0) return 0;
    played[drawn] = 1;
  }
  if (begins) memcpy(on, played, notes);
  else memcpy(on, before, notes);
  if (sampling->held == BEGINS) on[notes] = begins;
  return 1;
}

/* The notes that follow on `before`, (UNITS), of the logits of a step: chords above 0.5, the melody
 * drawn, or none where `uniform` is null.  False where no note can be drawn. */
INLINE int notes_of(const Work *restrict work, const Sampling *restrict sampling,
                    const double *restrict uniform, const uint8_t *restrict before,
                    uint8_t *restrict on) {
#define DO(part)                                                                               \
  {                                                                                            \
    const real *logits = work->logits + part.first_output;                                     \
    if (part.first_unit == CHORDS_FIRST)                                                       \
      for (int k = 0; k < part.units; k++) on[part.first_unit + k] = ON(logits[k]);            \
    else if (!uniform)                                                                         \
      memset(on + part.first_unit, 0, part.units);                                             \
    else if (!melody_plays(part, logits, sampling, uniform, before + part.first_unit,          \
                           on + part.first_unit))                                              \
      return 0;                                                                                \
  }
  UNIT_SETS(DO)
#undef DO
  return 1;
}

INLINE void outputs_of(const Work *restrict work, double *restrict logits,
                       double *restrict outputs) {
#define DO(part)                                                                \
  for (int k = 0; k < part.units; k++) {                                        \
    const real logit = work->logits[part.first_output + k];                     \
    if (logits) logits[part.first_unit + k] = (double)logit;                    \
    outputs[part.first_unit + k] = (double)logistic(logit);                     \
  }
  UNIT_SETS(DO)
#undef DO
}

/* One step of frozen songs, each from its state s, y (songs, CELLS): it hears the notes `heard`, (songs,
 * UNITS), from itself or from outside, and `notes` are those that it plays; `uniform` has so many
 * `draws` for each, or is null.  Without `melody` nothing is computed that does not reach the chord
 * units.  gates (songs, GATES) and inputs (songs, CELLS) are what went on in the blocks, to look at, and
 * may be null, each.  Returns 0 where no note can be drawn. */
EXPORT int64_t play_step(const real *restrict buffer, const real *restrict levels, int64_t songs,
                         real *restrict s, real *restrict y, const uint8_t *restrict heard,
                         int64_t melody, const Sampling *restrict sampling,
                         const double *restrict uniform, int64_t draws, uint8_t *restrict notes,
                         double *restrict logits, double *restrict outputs, real *restrict gates,
                         real *restrict inputs) {
  Work work;
  real sounds[INPUTS] ALIGNED = {0};
  int64_t all = 1;
  prepare(&work);
  for (int64_t n = 0; n < songs; n++) {
    hear(heard + n * UNITS, levels, sounds);
    memset(work.y, 0, sizeof work.y);
    forward_frozen(buffer, sounds, s + n * CELLS, y + n * CELLS, melody != 0, &work);
    memcpy(y + n * CELLS, work.y, sizeof work.y);
    if (gates) memcpy(gates + n * GATES, work.gates, sizeof work.gates);
    if (inputs) memcpy(inputs + n * CELLS, work.inputs, sizeof work.inputs);
    outputs_of(&work, logits + n * UNITS, outputs + n * UNITS);
    all &= notes_of(&work, sampling, uniform ? uniform + n * draws : 0, heard + n * UNITS,
                    notes + n * UNITS);
  }
  return all;
}

/* Plays frozen for `limit` steps, feeding its own notes back, and returns how many it played before
 * the first wrong chord note; -1 where no note can be drawn.  It starts from zero state and the notes
 * `first`, and hears the first `given` steps of `chorus`, whatever it plays itself.  With `uniform`
 * null, chords alone are played, else with so many `draws` a step.  `chorus` is the song to compare
 * with, (song_steps, UNITS); notes and outputs (limit, UNITS) may be null. */
EXPORT int64_t free_run(const real *restrict buffer, const uint8_t *restrict first,
                        const real *restrict levels, const real *restrict chorus,
                        int64_t song_steps, int64_t given, int64_t limit, int64_t stop_at_wrong,
                        const Sampling *restrict sampling, const double *restrict uniform,
                        int64_t draws, uint8_t *restrict notes, double *restrict outputs,
                        int64_t *restrict played) {
  Work work;
  real s[CELLS] ALIGNED = {0}, y[CELLS] ALIGNED = {0}, heard[INPUTS] ALIGNED = {0};
  uint8_t on[UNITS], before[UNITS];
  int64_t right = 0, t = 0;
  int clean = 1;
  memcpy(on, first, sizeof on);
  prepare(&work);
  while (t < limit) {
    const real *target = chorus + (t + 1) % song_steps * UNITS;
    memcpy(before, on, sizeof on);
    hear(on, levels, heard);
    forward_frozen(buffer, heard, s, y, uniform != 0, &work);
    memcpy(y, work.y, sizeof y);
    if (!notes_of(&work, sampling, uniform ? uniform + t * draws : 0, before, on)) return -1;
    if (t + 1 < given)
      for (int k = 0; k < UNITS; k++) on[k] = target[k] > 0;
    for (int k = CHORDS_FIRST; k < CHORDS_FIRST + CHORDS_UNITS; k++)
      if (on[k] != (target[k] > 0)) clean = 0;
    if (notes) memcpy(notes + t * UNITS, on, sizeof on);
    if (outputs) outputs_of(&work, 0, outputs + t * UNITS);
    right += clean;
    t++;
    if (!clean && stop_at_wrong) break;
  }
  *played = t;
  return right;
}
