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
  SIMD for (int n = 0; n < part.rows * part.width; n++) {
    change_weight(change, w + n, v + n, second + n, gradient[n]);
    gradient[n] = 0;
  }
}

INLINE void change_all(real *restrict buffer, const Step *restrict step, const Changes changes) {
#define DO(part) \
  if (learns(part, step)) change_part(part, change_in(part, changes), buffer);
  GROUPS(DO)
  UNIT_SETS(DO)
#undef DO
}

/* A set of output units: adds to its gradient, and gives the errors of its sources. */
INLINE void units_gradient(const Part part, real *restrict buffer, const real *restrict u,
                           const real *restrict delta, real *restrict back) {
  const real *restrict w = buffer + part.weights;
  real *restrict gradient = buffer + GRADIENT_AT + part.weights;
  const int M = part.width;
  for (int m = 0; m < M; m++) back[m] = 0;
  for (int k = 0; k < part.units; k++) {
    const real d = delta[k];
    SIMD for (int m = 0; m < M; m++) {
      back[m] += w[k * M + m] * d;
      gradient[k * M + m] += d * u[m];
    }
  }
}
