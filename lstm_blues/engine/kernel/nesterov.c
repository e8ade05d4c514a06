/* Steps with Nesterov's momentum, as torch.optim.SGD makes them: optimizers.py, Nesterov. */
#define COUNTS_CHANGES 0
typedef struct {
  real rate, momentum;
} Change;

INLINE Change change_of(const Rules *restrict rules, const double rate, const int64_t changes) {
  (void)changes;
  return (Change){(real)rate, (real)rules->momentum};
}

INLINE void change_weights(const Change change, real *restrict w, real *restrict v,
                           real *restrict second, const Lanes gradient) {
  (void)second;
  const Lanes now = change.momentum * lanes_at(v) + gradient;
  put_lanes(v, now);
  put_lanes(w, lanes_at(w) + change.rate * (gradient + change.momentum * now));
}
