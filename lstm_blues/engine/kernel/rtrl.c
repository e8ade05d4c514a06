/* The whole gradient, carried forward; see full.py.
 *
 * In place of the traces stand the sensitivities: how s of every cell changes with each of the
 * WEIGHTS numbers of the groups' weights, (CELLS, WEIGHTS), then how y does.  Groups' weights begin
 * at 0 in the buffer. */
#define SENSITIVITY_S(c) (buffer + TRACES_AT + (int64_t)(c) * WEIGHTS)
#define SENSITIVITY_Y(c) (buffer + TRACES_AT + (int64_t)(CELLS + (c)) * WEIGHTS)

/* The cells of one group, from the others' sensitivities of the step before. */
#define GROUP_FULL(n, FORM, B, S, M, W_AT, V_AT, P_AT, FIRST)                                  \
  ON_PART(FORM, chords_learn, melody) {                                                         \
    const real *restrict w = buffer + W_AT;                                                    \
    for (int c = 0; c < B * S; c++) {                                                          \
      const int j = c / S;                                                                     \
      const double iota = a_g##n[j], phi = a_g##n[B + j], omega = a_g##n[2 * B + j];           \
      const double h = squash(SQUASH_H, s[FIRST + c]);                                         \
      const real to_input = (real)(g_g##n[c] * iota * (1.0 - iota));                           \
      const real to_forget = (real)(s_before[FIRST + c] * phi * (1.0 - phi));                  \
      const real to_cell = (real)(iota * slope(SQUASH_G, g_g##n[c]));                          \
      const real to_output = (real)(h * omega * (1.0 - omega));                                \
      const real through = (real)(omega * slope(SQUASH_H, h)), keep = (real)phi;               \
      real *restrict ds = SENSITIVITY_S(FIRST + c), *restrict dy = later + (FIRST + c) * WEIGHTS; \
      SIMD for (int x = 0; x < WEIGHTS; x++) { ds[x] *= keep; dy[x] = 0; }                     \
      for (int m = 0; m < M; m++) {                                                            \
        const int from = gather_g##n[m] - UNITS;                                               \
        if (from < 0 || from >= CELLS || cell_chords[from] != FORM) continue;                    \
        const real by_s = to_input * w[j * M + m] + to_forget * w[(B + j) * M + m] +           \
                          to_cell * w[(3 * B + c) * M + m];                                    \
        const real by_y = to_output * w[(2 * B + j) * M + m];                                  \
        const real *restrict before = SENSITIVITY_Y(from);                                     \
        SIMD for (int x = 0; x < WEIGHTS; x++) {                                               \
          ds[x] += by_s * before[x];                                                           \
          dy[x] += by_y * before[x];                                                           \
        }                                                                                      \
      }                                                                                        \
      for (int m = 0; m < M; m++) {                                                            \
        ds[W_AT + j * M + m] += to_input * u_g##n[m];                                          \
        ds[W_AT + (B + j) * M + m] += to_forget * u_g##n[m];                                   \
        ds[W_AT + (3 * B + c) * M + m] += to_cell * u_g##n[m];                                 \
      }                                                                                        \
      SIMD for (int x = 0; x < WEIGHTS; x++) dy[x] += through * ds[x];                         \
      for (int m = 0; m < M; m++) dy[W_AT + (2 * B + j) * M + m] += to_output * u_g##n[m];     \
    }                                                                                          \
  }
#define GROUP_FULL_GRADIENT(n, FORM, B, S, M, W_AT, V_AT, P_AT, FIRST)                         \
  ON_PART(FORM, chords_learn, melody)                                                           \
  for (int c = FIRST; c < FIRST + B * S; c++) {                                                \
    real *restrict dy = SENSITIVITY_Y(c), *restrict gradient = buffer + GRADIENT_AT;           \
    const real e = (real)epsilon[c];                                                           \
    memcpy(dy, later + c * WEIGHTS, WEIGHTS * sizeof(real));                                   \
    SIMD for (int x = 0; x < WEIGHTS; x++) gradient[x] += e * dy[x];                           \
  }
#define UNIT_FULL(n, FORM, K, M, W_AT, V_AT, FIRST)                                            \
  ON_PART(FORM, chords_learn, melody) {                                                         \
    real back[M], d[K];                                                                        \
    for (int k = 0; k < K; k++) d[k] = (real)delta[FIRST + k];                                 \
    units_gradient(K, M, buffer + W_AT, buffer + GRADIENT_AT + W_AT, u_u##n, d, back);         \
    for (int m = 0; m < M; m++) {                                                              \
      const int from = gather_u##n[m] - UNITS;                                                 \
      if (from >= 0 && from < CELLS) epsilon[from] += back[m];                                 \
    }                                                                                          \
  }
#define LEARNER_ROOM real *const later = buffer + LATER_AT;
#define MORE (done < steps)
#define LEARN_STEP                                  \
  for (int c = 0; c < CELLS; c++) epsilon[c] = 0.0; \
  UNIT_SETS(UNIT_FULL)                              \
  GROUPS(GROUP_FULL)                                \
  GROUPS(GROUP_FULL_GRADIENT)                       \
  CHANGE_ALL
#define AFTER_COUNT
