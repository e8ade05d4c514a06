/* The decoupled extended Kalman filter; see kalman.py.
 *
 * The covariance of each row of weights, (rows, M, M), stands at K_g* or K_u*.  By the truncated
 * gradient a row's weights act on the outputs through at most S cells, so that the derivatives of
 * all outputs are sums of products (vector over sources) x (vector over outputs): no more than
 * those vectors is ever multiplied with a covariance. */

/* q = P a */
INLINE void spread(const int M, const real *restrict p, const real *restrict a, real *restrict q) {
  for (int m = 0; m < M; m++) {
    real sum = 0;
    _Pragma("omp simd reduction(+ : sum)") for (int l = 0; l < M; l++) sum += p[m * M + l] * a[l];
    q[m] = sum;
  }
}
INLINE double dot(const int count, const real *restrict a, const real *restrict b) {
  real sum = 0;
  _Pragma("omp simd reduction(+ : sum)") for (int m = 0; m < count; m++) sum += a[m] * b[m];
  return (double)sum;
}
/* inner += share * (x y' + y x') / 2 */
INLINE void widen(double inner[UNITS][UNITS], const double share, const real *restrict x,
                  const real *restrict y) {
  for (int k = 0; k < UNITS; k++)
    for (int l = 0; l < UNITS; l++) inner[k][l] += share * 0.5 * (x[k] * y[l] + y[k] * x[l]);
}
/* The inverse of a symmetric matrix by Cholesky's factors; 0 where it is not positive definite. */
static int invert(double inner[UNITS][UNITS], double inverse[UNITS][UNITS]) {
  double l[UNITS][UNITS] = {{0}}, under[UNITS][UNITS] = {{0}};
  for (int i = 0; i < UNITS; i++)
    for (int j = 0; j <= i; j++) {
      double sum = inner[i][j];
      for (int k = 0; k < j; k++) sum -= l[i][k] * l[j][k];
      if (i > j) l[i][j] = sum / l[j][j];
      else if (sum > 0 && isfinite(sum)) l[i][i] = sqrt(sum);
      else return 0;
    }
  for (int j = 0; j < UNITS; j++) {
    under[j][j] = 1.0 / l[j][j];
    for (int i = j + 1; i < UNITS; i++) {
      double sum = 0;
      for (int k = j; k < i; k++) sum -= l[i][k] * under[k][j];
      under[i][j] = sum / l[i][i];
    }
  }
  for (int i = 0; i < UNITS; i++)
    for (int j = 0; j < UNITS; j++) {
      double sum = 0;
      for (int k = i > j ? i : j; k < UNITS; k++) sum += under[k][i] * under[k][j];
      inverse[i][j] = sum;
    }
  return 1;
}

/* One row with the vectors q[i] = P a[i], i < count, and what each does to the outputs, b[i]. */
INLINE void row_change(const int count, const int M, real *restrict w, real *restrict p,
                       real (*restrict q)[M], const real *const *b,
                       double inverse[UNITS][UNITS], const double *restrict error,
                       const double process) {
  real reach[count], mixed[count][count];
  for (int i = 0; i < count; i++) {
    double sum = 0, seen[UNITS];
    for (int k = 0; k < UNITS; k++) {
      seen[k] = 0;
      for (int l = 0; l < UNITS; l++) seen[k] += inverse[k][l] * b[i][l];
      sum += seen[k] * error[k];
    }
    reach[i] = (real)sum;
    for (int j = 0; j < count; j++) {
      sum = 0;
      for (int k = 0; k < UNITS; k++) sum += b[j][k] * seen[k];
      mixed[i][j] = (real)sum;
    }
  }
  for (int i = 0; i < count; i++) {
    SIMD for (int m = 0; m < M; m++) w[m] += q[i][m] * reach[i];
    real less[M];
    for (int m = 0; m < M; m++) {
      less[m] = 0;
      for (int j = 0; j < count; j++) less[m] += mixed[i][j] * q[j][m];
    }
    for (int m = 0; m < M; m++) {
      const real by = q[i][m];
      SIMD for (int l = 0; l < M; l++) p[m * M + l] -= by * less[l];
    }
  }
  for (int m = 0; m < M; m++) p[m * M + m] += (real)process;
}

/* What each cell does to the outputs, and an output row's own derivatives. */
#define UNIT_EFFECT(n, FORM, K, M, W_AT, V_AT, FIRST)                            \
  ON_PART(FORM, chords_learn, melody)                                             \
  for (int k = 0; k < K; k++) {                                                  \
    for (int m = 0; m < M; m++) {                                                \
      const int from = gather_u##n[m] - UNITS;                                   \
      if (from >= 0 && from < CELLS)                                             \
        effect[from][FIRST + k] = (real)scale[FIRST + k] * buffer[W_AT + k * M + m]; \
    }                                                                            \
    spread(M, buffer + K_u##n + k * M * M, u_u##n, q_u##n[k]);                   \
    inner[FIRST + k][FIRST + k] +=                                               \
        dot(M, u_u##n, q_u##n[k]) * scale[FIRST + k] * scale[FIRST + k];         \
  }
/* Traces go on; then for every row the vectors a over its sources, times its covariance. */
#define GROUP_EFFECT(n, FORM, B, S, M, W_AT, V_AT, P_AT, FIRST)                                  \
  ON_PART(FORM, chords_learn, melody)                                                             \
  for (int j = 0; j < B; j++) {                                                                  \
    const double iota = a_g##n[j], phi = a_g##n[B + j], omega = a_g##n[2 * B + j];               \
    real a_of[3][S][M];                                                                          \
    for (int k = 0; k < UNITS; k++) opened_g##n[j][k] = 0;                                       \
    for (int i = 0; i < S; i++) {                                                                \
      const int c = j * S + i;                                                                   \
      const double h = squash(SQUASH_H, s[FIRST + c]);                                           \
      const double into[3] = {slope(SQUASH_G, g_g##n[c]) * iota, g_g##n[c] * iota * (1.0 - iota),\
                              s_before[FIRST + c] * phi * (1.0 - phi)};                          \
      const real through = (real)(omega * slope(SQUASH_H, h));                                   \
      for (int x = 0; x < 3; x++) {                                                              \
        real *restrict trace = buffer + P_AT + (x * B * S + c) * M;                              \
        SIMD for (int m = 0; m < M; m++) {                                                       \
          trace[m] = (real)phi * trace[m] + (real)into[x] * u_g##n[m];                           \
          a_of[x][i][m] = through * trace[m];                                                    \
        }                                                                                        \
      }                                                                                          \
      for (int k = 0; k < UNITS; k++)                                                            \
        opened_g##n[j][k] += (real)(omega * (1.0 - omega) * h) * effect[FIRST + c][k];           \
      const int row = 3 * B + c;                                                                 \
      spread(M, buffer + K_g##n + row * M * M, a_of[0][i], q_g##n[row][0]);                      \
      widen(inner, dot(M, a_of[0][i], q_g##n[row][0]), effect[FIRST + c], effect[FIRST + c]);    \
    }                                                                                            \
    for (int gate = 0; gate < 2; gate++) {                                                       \
      const int row = gate * B + j;                                                              \
      for (int i = 0; i < S; i++) {                                                              \
        spread(M, buffer + K_g##n + row * M * M, a_of[1 + gate][i], q_g##n[row][i]);             \
        for (int x = 0; x < S; x++)                                                              \
          widen(inner, dot(M, a_of[1 + gate][x], q_g##n[row][i]), effect[FIRST + j * S + i],     \
                effect[FIRST + j * S + x]);                                                      \
      }                                                                                          \
    }                                                                                            \
    spread(M, buffer + K_g##n + (2 * B + j) * M * M, u_g##n, q_g##n[2 * B + j][0]);              \
    widen(inner, dot(M, u_g##n, q_g##n[2 * B + j][0]), opened_g##n[j], opened_g##n[j]);          \
  }
#define UNIT_ROW_CHANGE(n, FORM, K, M, W_AT, V_AT, FIRST)                                 \
  ON_PART(FORM, chords_learn, melody)                                                      \
  for (int k = 0; k < K; k++) {                                                           \
    real own[UNITS] = {0};                                                                \
    const real *b[1] = {own};                                                             \
    own[FIRST + k] = (real)scale[FIRST + k];                                              \
    row_change(1, M, buffer + W_AT + k * M, buffer + K_u##n + k * M * M, &q_u##n[k], b,   \
               inverse, error, process);                                                  \
  }
#define GROUP_ROW_CHANGE(n, FORM, B, S, M, W_AT, V_AT, P_AT, FIRST)                        \
  ON_PART(FORM, chords_learn, melody)                                                       \
  for (int row = 0; row < 3 * B + B * S; row++) {                                          \
    const real *b[S];                                                                      \
    b[0] = row < 3 * B ? opened_g##n[row % B] : effect[FIRST + row - 3 * B];               \
    if (row < 2 * B)                                                                       \
      for (int i = 0; i < S; i++) b[i] = effect[FIRST + row % B * S + i];                  \
    if (row < 2 * B)                                                                       \
      row_change(S, M, buffer + W_AT + row * M, buffer + K_g##n + row * M * M, q_g##n[row], \
                 b, inverse, error, process);                                              \
    else                                                                                   \
      row_change(1, M, buffer + W_AT + row * M, buffer + K_g##n + row * M * M, q_g##n[row], \
                 b, inverse, error, process);                                              \
  }
#define UNIT_KALMAN_ROOM(n, FORM, K, M, W_AT, V_AT, FIRST) real q_u##n[K][M];
#define GROUP_KALMAN_ROOM(n, FORM, B, S, M, W_AT, V_AT, P_AT, FIRST) \
  real q_g##n[3 * B + B * S][S][M], opened_g##n[B][UNITS];
#define UNIT_MEASURED(n, FORM, K, M, W_AT, V_AT, FIRST)       \
  for (int k = FIRST; k < FIRST + K; k++) {                   \
    const int here = FORM ? chords_learn : melody;             \
    const double variance = o[k] * one_minus[k];              \
    scale[k] = variance;                                      \
    error[k] = delta[k];                                      \
    if (KALMAN_CROSS_ENTROPY) {                               \
      scale[k] = sqrt(variance > 1e-10 ? variance : 1e-10);   \
      error[k] = delta[k] / scale[k];                         \
    }                                                         \
    if (!here) scale[k] = error[k] = 0.0;                     \
  }

#define LEARNER_ROOM                                                        \
  UNIT_SETS(UNIT_KALMAN_ROOM)                                               \
  GROUPS(GROUP_KALMAN_ROOM)                                                 \
  real effect[CELLS][UNITS];                                                \
  double inner[UNITS][UNITS], inverse[UNITS][UNITS], scale[UNITS], error[UNITS];
#define MORE (done < steps)
#define FALLEN(name, share) \
  (reals[N_FIRST_##name] > 0 \
       ? reals[N_FIRST_##name] * pow(reals[N_LAST_##name] / reals[N_FIRST_##name], share) : 0.0)
#define LEARN_STEP                                                          \
  const double over = reals[N_KALMAN_OVER];                                 \
  const double share = COUNT(STEPS) < over ? COUNT(STEPS) / over : 1.0;     \
  const double noise = FALLEN(NOISE, share), process = FALLEN(PROCESS, share); \
  memset(inner, 0, sizeof inner);                                           \
  memset(effect, 0, sizeof effect);                                         \
  for (int k = 0; k < UNITS; k++) inner[k][k] = noise;                      \
  UNIT_SETS(UNIT_MEASURED)                                                  \
  UNIT_SETS(UNIT_EFFECT)                                                    \
  GROUPS(GROUP_EFFECT)                                                      \
  if (!invert(inner, inverse)) {                                            \
    memcpy(s, s_before, sizeof s_before);                                   \
    COUNT(NONFINITE) = 1;                                                   \
    break;                                                                  \
  }                                                                         \
  UNIT_SETS(UNIT_ROW_CHANGE)                                                \
  GROUPS(GROUP_ROW_CHANGE)
#define AFTER_COUNT
