/* One step that is learned from: its errors, its surprise, and which parts learn. */

/* One step as learning needs it.  delta: target - output of every unit; epsilon: errors of the cells'
 * outputs; output and one_minus: the probabilities of on and off; right: those of the targets. */
typedef struct {
  Work work;
  double delta[UNITS], epsilon[CELLS], output[UNITS], one_minus[UNITS], right[UNITS];
  int melody, chords_learn;
} Step;

INLINE int learns(const Part part, const Step *restrict step) {
  return part.chords ? step->chords_learn : step->melody;
}

/* The errors of a part's sources, added to those of the cells that they come from; with `own` only
 * where those reach the chord units as the part does, so that none of the melody's reach the chords'. */
INLINE void spread_errors(const Part part, const int own, const real *restrict back,
                          double *restrict errors) {
  for (int m = 0; m < part.width; m++) {
    const int cell = part.gather[m] - UNITS;
    if (cell >= 0 && cell < CELLS && (!own || cell_chords[cell] == part.chords))
      errors[cell] += back[m];
  }
}

/* Cross-entropy of a set's units.  The product of probabilities takes one logarithm a few hundred
 * steps, where a logarithm a unit would cost a third of the step; where it would underflow, the sum
 * is taken. */
INLINE double surprise(const Part part, const Step *restrict step, const real *restrict target,
                       double *restrict product) {
  double all = 1.0;
  for (int k = part.first_unit; k < part.first_unit + part.units; k++) all *= step->right[k];
  if (all > 1e-150) {
    *product *= all;
    if (*product >= 1e-150) return 0.0;
    const double sum = -log(*product);
    *product = 1.0;
    return sum;
  }
  double sum = 0.0;
  for (int k = part.first_unit; k < part.first_unit + part.units; k++) {
    const double against = target[k] > 0 ? -step->work.logits[k] : step->work.logits[k];
    sum += (against > 0 ? against : 0) + log1p(exp(-fabs(against)));
  }
  return sum;
}

/* Errors and probabilities of all units; whether a chord unit is off by more than `gross_error`. */
INLINE int compare(const real *restrict target, const double gross_error, Step *restrict step) {
  /* delta = t - o, and the probability of the target, both without cancellation */
  SIMD for (int k = 0; k < UNITS; k++) {
    const double q = exp_minus(step->work.logits[k]);
    step->output[k] = 1.0 / (1.0 + q);
    step->one_minus[k] = q * step->output[k];
  }
  for (int k = 0; k < UNITS; k++) {
    const int on = target[k] > 0;
    step->delta[k] = on ? step->one_minus[k] : -step->output[k];
    step->right[k] = on ? step->output[k] : step->one_minus[k];
  }
  int gross = 0;
  for (int k = CHORDS_FIRST; k < CHORDS_FIRST + CHORDS_UNITS; k++)
    gross |= fabs(step->delta[k]) > gross_error;
  return gross;
}
