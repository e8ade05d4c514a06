/* torch.optim.Adam's steps: optimizers.py, Adam.  The first moment stands where the velocity is. */
#define COUNTS_CHANGES 1
typedef struct {
  real new_share, decay, new_second, step, root;
} Change;

INLINE Change change_of(const Rules *restrict rules, const double rate, const int64_t changes) {
  const double first_share = 1.0 - power(rules->momentum, changes);
  const double second_share = square_root(1.0 - power(rules->adam_decay, changes));
  return (Change){(real)(1.0 - rules->momentum), (real)rules->adam_decay,
                  (real)(1.0 - rules->adam_decay), (real)(rate / first_share), (real)second_share};
}

INLINE void change_weight(const Change change, real *restrict w, real *restrict v,
                          real *restrict second, const real gradient) {
  *v += (gradient - *v) * change.new_share;
  *second = *second * change.decay + change.new_second * gradient * gradient;
  *w += change.step * (*v / (SQRT(*second) / change.root + (real)1e-8));
}
