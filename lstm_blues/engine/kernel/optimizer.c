/* What is made of a gradient of all weights: steps with momentum, or torch.optim.Adam's.
 *
 * The gradient stands at GRADIENT_AT + the weights' own place, with the sign of ascent like the
 * velocity; it is cleared here.  Adam keeps its first moment where the velocity is and the second
 * one at SECOND_AT + the weights' place. */
INLINE void change(const int count, real *restrict w, real *restrict v, real *restrict gradient,
                   real *restrict second, const double rate, const double momentum,
                   const double decay, const int64_t changes) {
#if UPDATE_ADAM
  const double first_share = 1.0 - pow(momentum, (double)changes);
  const double second_share = sqrt(1.0 - pow(decay, (double)changes));
  const real step = (real)(rate / first_share), root = (real)second_share;
  SIMD for (int n = 0; n < count; n++) {
    const real g = gradient[n];
    v[n] += (g - v[n]) * (real)(1.0 - momentum);
    second[n] = second[n] * (real)decay + (real)(1.0 - decay) * g * g;
    w[n] += step * (v[n] / (sqrt(second[n]) / root + (real)1e-8));
    gradient[n] = 0;
  }
#else
  SIMD for (int n = 0; n < count; n++) {
    v[n] = (real)momentum * v[n] + gradient[n];
    w[n] += (real)rate * v[n];
    gradient[n] = 0;
  }
#endif
}

#define CHANGE(FORM, COUNT_OF, W_AT, V_AT)                                                      \
  ON_PART(FORM, chords_learn, melody)                                                            \
  change(COUNT_OF, buffer + W_AT, buffer + V_AT, buffer + GRADIENT_AT + W_AT,                   \
         buffer + SECOND_AT + W_AT, FORM ? rate : melody_rate, momentum, reals[N_ADAM_DECAY],   \
         FORM ? COUNT(ADAM_CHORDS) : COUNT(ADAM_MELODY));
#define GROUP_CHANGE(n, FORM, B, S, M, W_AT, V_AT, P_AT, FIRST) \
  CHANGE(FORM, (3 * B + B * S) * M, W_AT, V_AT)
#define UNIT_CHANGE(n, FORM, K, M, W_AT, V_AT, FIRST) CHANGE(FORM, K * M, W_AT, V_AT)
#define CHANGE_ALL                                              \
  COUNT(ADAM_CHORDS) += UPDATE_ADAM && chords_learn;               \
  COUNT(ADAM_MELODY) += UPDATE_ADAM && melody && HAS_MELODY;    \
  GROUPS(GROUP_CHANGE)                                          \
  UNIT_SETS(UNIT_CHANGE)

/* One set of K output units: its gradient, and the errors of the cells that it sees. */
INLINE void units_gradient(const int K, const int M, const real *restrict w,
                           real *restrict gradient, const real *restrict u,
                           const real *restrict delta, real *restrict back) {
  for (int m = 0; m < M; m++) back[m] = 0;
  for (int k = 0; k < K; k++) {
    const real d = delta[k];
    SIMD for (int m = 0; m < M; m++) {
      back[m] += w[k * M + m] * d;
      gradient[k * M + m] += d * u[m];
    }
  }
}
