/* torch.optim.Adam's steps: optimizers.py, Adam.  The first moment stands where the velocity is. */
#define COUNTS_CHANGES 1
typedef struct {
  double momentum, decay;
  real step, root;
} Change;

INLINE Change change_of(const Rules *restrict rules, const double rate, const int64_t changes) {
  const real momentum = (real)rules->momentum;
  const double first_share = 1.0 - pow(momentum, (double)changes);
  const double second_share = sqrt(1.0 - pow(rules->adam_decay, (double)changes));
  return (Change){momentum, rules->adam_decay, (real)((real)rate / first_share), (real)second_share};
}

INLINE void change_weight(const Change change, real *restrict w, real *restrict v,
                          real *restrict second, const real gradient) {
  *v += (gradient - *v) * (real)(1.0 - change.momentum);
  *second = *second * (real)change.decay + (real)(1.0 - change.decay) * gradient * gradient;
  *w += change.step * (*v / (sqrt(*second) / change.root + (real)1e-8));
}
