/* What all gradients share: weights that change by a gradient. */

/* How the weights that reach the chord units change in this step, then how the others do. */
typedef struct {
  Change chords, others;
} Changes;

/* Counts a change of all weights that learn, and makes it ready. */
INLINE Changes begin_changes(const Rules *restrict rules, Counters *restrict count,
                             const Step *restrict step) {
  if (COUNTS_CHANGES) {
    count->adam_chords += step->chords_learn;
    count->adam_melody += step->melody && HAS_MELODY;
  }
  return (Changes){change_of(rules, rules->rate, count->adam_chords),
                   change_of(rules, rules->melody_rate, count->adam_melody)};
}

INLINE Change change_in(const Part part, const Changes changes) {
  return part.chords ? changes.chords : changes.others;
}

/* Changes the weights of a part by the gradient that was summed at GRADIENT_AT, and clears that. */
INLINE void change_part(const Part part, const Change change, real *restrict buffer) {
  real *restrict w = buffer + part.weights, *restrict v = buffer + part.velocity;
  real *restrict second = buffer + SECOND_AT + part.weights;
  real *restrict gradient = buffer + GRADIENT_AT + part.weights;
  for (int n = 0; n < part.rows * part.width; n += CHUNK) {
    change_weights(change, w + n, v + n, second + n, chunk_at(gradient + n));
    put_chunk(gradient + n, (Chunk){0});
  }
}

INLINE void change_all(real *restrict buffer, const Step *restrict step, const Changes changes) {
#define DO(part) \
  if (learns(part, step)) change_part(part, change_in(part, changes), buffer);
  GROUPS(DO)
  UNIT_SETS(DO)
#undef DO
}

/* Errors of a set's sources, from four sums over its units. */
INLINE void units_errors(const Part part, const real *restrict w, const real *restrict delta,
                         real *restrict back) {
  const int M = part.width, K = part.units;
  for (int m = 0; m < M; m += CHUNK) {
    Chunk some[4] = {{0}};
    for (int k = 0; k < K; k += 4)
      for (int q = 0; q < 4 && k + q < K; q++)
        some[q] += chunk_at(w + (k + q) * M + m) * delta[k + q];
    put_chunk(back + m, (some[0] + some[1]) + (some[2] + some[3]));
  }
}

/* A set of output units: adds to its gradient, and gives the errors of its sources. */
INLINE void units_gradient(const Part part, real *restrict buffer, const real *restrict u,
                           const real *restrict delta, real *restrict back) {
  real *restrict gradient = buffer + GRADIENT_AT + part.weights;
  units_errors(part, buffer + part.weights, delta, back);
  for (int k = 0; k < part.units; k++)
    for (int m = 0; m < part.width; m += CHUNK) {
      real *restrict at = gradient + k * part.width + m;
      put_chunk(at, chunk_at(at) + delta[k] * chunk_at(u + m));
    }
}
