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

INLINE void change_weights(const Change change, real *restrict w, real *restrict v,
                           real *restrict second, const Chunk gradient) {
  const Chunk first = chunk_at(v) + (gradient - chunk_at(v)) * change.new_share;
  const Chunk squares =
      chunk_at(second) * change.decay + change.new_second * gradient * gradient;
  put_chunk(v, first);
  put_chunk(second, squares);
  Chunk root;
  for (int l = 0; l < (int)CHUNK; l++) root[l] = SQRT(squares[l]);
  put_chunk(w, chunk_at(w) + change.step * (first / (root / change.root + (real)1e-8)));
}
