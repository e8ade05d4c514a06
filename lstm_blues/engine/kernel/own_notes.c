/* Hearing its own notes while learning (own_notes.py). */

/* A number in [0, 1) for a step and a place below 16, the same in every run. */
INLINE double random_number(const int64_t step, const int64_t place) {
  uint64_t mixed = (16 * (uint64_t)step + (uint64_t)place + 1) * 0x9E3779B97F4A7C15u;
  mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
  return (double)((mixed ^ mixed >> 31) >> 11) / 9007199254740992.0;
}

/* The notes of a step, (UNITS), with its own in place of the melody's where it has drawn one. */
INLINE void notes_heard(const Rules *restrict rules, const Counters *restrict count,
                        const real *restrict song, uint8_t *restrict on) {
  for (int k = 0; k < UNITS; k++) on[k] = song[k] > 0;
  if (!count->own_note) return;
  const int64_t note = (count->own_note - 1) / 2;
  const int begins = rules->sampling.held == BEGINS;
#define DO(part)                                                                             \
  if (part.first_unit != CHORDS_FIRST) {                                                     \
    for (int k = 0; k < part.units - begins; k++) on[part.first_unit + k] = k == note;       \
    if (begins) on[part.first_unit + part.units - 1] = (uint8_t)((count->own_note - 1) % 2); \
  }
  UNIT_SETS(DO)
#undef DO
}

/* Whether the melody's units are the same in two rows. */
INLINE int same_melody(const real *restrict row, const real *restrict other) {
  int same = 1;
#define DO(part)                                                                           \
  if (part.first_unit != CHORDS_FIRST)                                                     \
    for (int k = part.first_unit; k < part.first_unit + part.units; k++)                   \
      same &= (row[k] > 0) == (other[k] > 0);
  UNIT_SETS(DO)
#undef DO
  return same;
}

/* Draws the next step's note, where it is that step's turn, after the notes `heard`; the song has
 * `segment` there.  `count` stands at the next step.  Not inlined: most runs never come here. */
static __attribute__((noinline)) void play_own(const Rules *restrict rules,
                                               Counters *restrict count,
                                               const Work *restrict work,
                                               const real *restrict table,
                                               const int64_t *restrict bar_of,
                                               const int64_t segment,
                                               const uint8_t *restrict heard) {
  const int64_t next = count->position, song_steps = rules->song_steps;
  double uniform[16];
  uint8_t on[UNITS];
  real drawn[UNITS];
  count->own_note = 0;
  if (random_number(count->steps, 0) >= rules->own_notes) return;
  for (int64_t n = 0; n < rules->draws; n++) uniform[n] = random_number(count->steps, 2 + n);
  if (!notes_of(work, &rules->sampling, uniform, heard, on)) return;
  for (int k = 0; k < UNITS; k++) drawn[k] = on[k];
  int sounds = 0;
#define DO(part)                                                                \
  if (part.first_unit != CHORDS_FIRST) {                                        \
    const int begins = rules->sampling.held == BEGINS, notes = part.units - begins; \
    int note = 0;                                                               \
    while (note < notes && !on[part.first_unit + note]) note++;                 \
    sounds = note < notes;                                                      \
    count->own_note = 1 + 2 * note + (begins && on[part.first_unit + notes]);   \
  }
  UNIT_SETS(DO)
#undef DO
  const real *restrict song = table + segment * song_steps * UNITS;
  if (!sounds || same_melody(song + next * UNITS, drawn)) return;
  int64_t first = next, candidates = 0;
  while (first > 0 && bar_of[first - 1] == bar_of[next]) first--;
  /* Counted first, then chosen. */
  for (int choosing = 0; choosing < 2; choosing++) {
    int64_t left = (int64_t)(random_number(count->steps, 1) * (double)candidates);
    for (int64_t v = 0; v < rules->segments; v++) {
      const real *restrict other = table + v * song_steps * UNITS;
      int same = same_melody(other + next * UNITS, drawn);
      for (int64_t t = first; t < next && same; t++)
        same = same_melody(other + t * UNITS, song + t * UNITS);
      if (!same) continue;
      if (!choosing) candidates++;
      else if (left-- == 0) count->own_segment = v + 1;
    }
    if (!candidates) return;
  }
}
