/* One step that is learned from: its errors, its surprise, and which parts learn. */

/* One step as learning needs it.  delta: target - output of every unit; epsilon: errors of the cells'
 * outputs; right: the probabilities of the targets. */
typedef struct {
  Work work;
  real delta[OUTPUTS] ALIGNED, right[OUTPUTS] ALIGNED, epsilon[CELLS] ALIGNED;
  int melody, chords_learn;
} Step;
#define PLACE_OF(member) (__builtin_offsetof(Step, member) / sizeof(real))

INLINE int learns(const Part part, const Step *restrict step) {
  return part.chords ? step->chords_learn : step->melody;
}

/* The errors of a part's sources, added to those of the cells that they come from; with `own` only
 * where those reach the chord units as the part does, so that none of the melody's reach the chords'. */
INLINE void spread_errors(const Part part, const int own, const real *restrict back,
                          real *restrict errors) {
  _Pragma("GCC unroll 16") for (int n = 0; n < part.runs; n++) {
    const Run run = part.run[n];
    if (run.cell >= 0 && (!own || run.chords == part.chords))
      for (int i = 0; i < run.count; i++) errors[run.cell + i] += back[run.at + i];
  }
}

/* Errors and probabilities of a set's units; whether one is off by more than `gross_error`. */
INLINE int compare(const Part part, const real *restrict target, const real gross_error,
                   Step *restrict step) {
  const int first = part.first_output;
  Wholes gross = {0};
  for (int n = 0; n < part.units; n += ABREAST * CHUNK) {
    Chunk q[ABREAST];
    EACH q[k] = chunk_at(step->work.logits + first + n + k * CHUNK);
    exps_minus(q, n);
    real *from_here = (real *)step + n;
    OPAQUE(from_here);
    EACH {
      real *delta = from_here + PLACE_OF(delta) + first + k * CHUNK;
      real *right = from_here + PLACE_OF(right) + first + k * CHUNK;
      real wanted[CHUNK] = {0};
      Wholes units = {0};
      for (int l = 0; l < CHUNK; l++)
        if (n + k * CHUNK + l < part.units) {
          wanted[l] = target[n + k * CHUNK + l];
          units[l] = -1;
        }
      /* t - o, and the probability of the target, both without cancellation */
      const Wholes on = chunk_at(wanted) > 0;
      const Chunk o = 1 / (1 + q[k]), off = q[k] * o, error = choose(on, off, -o);
      put_chunk(delta, error);
      put_chunk(right, choose(on, o, off));
      gross |= units & ((error > gross_error) | (-error > gross_error));
    }
  }
  Whole any = 0;
  for (int l = 0; l < CHUNK; l++) any |= gross[l];
  return any != 0;
}

/* Cross-entropy of a set's units.  The product of probabilities takes one logarithm a few hundred
 * steps, where a logarithm a unit would cost a third of the step; where it would underflow, the sum
 * is taken. */
INLINE double surprise(const Part part, const Step *restrict step, const real *restrict target,
                       double *restrict product) {
  const real *restrict right = step->right + part.first_output;
  const real *restrict logits = step->work.logits + part.first_output;
  double all = 1.0;
  for (int k = 0; k < part.units; k++) all *= (double)right[k];
  if (all > 1e-150) {
    *product *= all;
    if (*product >= 1e-150) return 0.0;
    const double sum = -logarithm(*product);
    *product = 1.0;
    return sum;
  }
  double sum = 0.0;
  for (int k = 0; k < part.units; k++) {
    const double against = target[k] > 0 ? -logits[k] : logits[k];
    sum += (against > 0 ? against : 0) + logarithm(1.0 + exp_minus_double(magnitude(against)));
  }
  return sum;
}
