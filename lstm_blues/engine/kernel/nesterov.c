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
                           real *restrict second, const Chunk gradient) {
  (void)second;
  const Chunk now = change.momentum * chunk_at(v) + gradient;
  put_chunk(v, now);
  put_chunk(w, chunk_at(w) + change.rate * (gradient + change.momentum * now));
}
