/* Steps with momentum (section 3.1; Plaut et al. 1986): optimizers.py, Momentum. */
#define COUNTS_CHANGES 0
typedef struct {
  real rate, momentum;
} Change;

INLINE Change change_of(const Rules *restrict rules, const double rate, const int64_t changes) {
  (void)changes;
  return (Change){(real)rate, (real)rules->momentum};
}

INLINE void change_weight(const Change change, real *restrict w, real *restrict v,
                          real *restrict second, const real gradient) {
  (void)second;
  *v = change.momentum * *v + gradient;
  *w += change.rate * *v;
}
