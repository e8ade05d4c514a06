/* The whole gradient, back-propagated through a stretch of STRETCH steps, of MELODY_STRETCH once
 * the melody is what is learned; see unrolled.py.
 *
 * What a step's errors need is kept at HISTORY_AT, HISTORY numbers a step, each part of the network
 * at its own place H_g* or H_u*: for a group its sources, gates, cell inputs, states before and
 * after; for a set of units its sources and errors. */
#define KEEP(count, from)                                          \
  for (int i = 0; i < (count); i++) kept[i] = (real)(from)[i];     \
  kept += (count);
#define GROUP_KEEP(n, FORM, B, S, M, W_AT, V_AT, P_AT, FIRST)                     \
  ON_PART(FORM, 1, melody) {                                                      \
    real *restrict kept = history + H_g##n;                                       \
    KEEP(M, u_g##n) KEEP(3 * B, a_g##n) KEEP(B * S, g_g##n)                        \
    KEEP(B * S, s_before + FIRST) KEEP(B * S, s + FIRST)                           \
  }
#define UNIT_KEEP(n, FORM, K, M, W_AT, V_AT, FIRST) \
  ON_PART(FORM, 1, melody) {                        \
    real *restrict kept = history + H_u##n;         \
    KEEP(M, u_u##n) KEEP(K, delta + FIRST)          \
  }

/* One group at one step.  ey: errors of the cells' outputs.  es: of their states, from the step
 * after this one, and on return from this step for the one before.  back: of the sources. */
INLINE void group_back(const int B, const int S, const int M, const real *restrict w,
                       real *restrict gradient, const real *restrict kept,
                       const double *restrict ey, double *restrict es, real *restrict back) {
  const int C = B * S;
  const real *restrict u = kept, *restrict a = u + M, *restrict g = a + 3 * B;
  const real *restrict before = g + C, *restrict s = before + C;
  real d[3 * B + C];
  for (int j = 0; j < B; j++) {
    const double iota = a[j], phi = a[B + j], omega = a[2 * B + j];
    double to_input = 0, to_forget = 0, to_output = 0;
    for (int i = 0; i < S; i++) {
      const int c = j * S + i;
      const double h = squash(SQUASH_H, s[c]);
      const double e = es[c] + ey[c] * omega * slope(SQUASH_H, h);
      to_output += ey[c] * h;
      to_input += e * g[c];
      to_forget += e * before[c];
      d[3 * B + c] = (real)(e * iota * slope(SQUASH_G, g[c]));
      es[c] = e * phi;
    }
    d[j] = (real)(to_input * iota * (1.0 - iota));
    d[B + j] = (real)(to_forget * phi * (1.0 - phi));
    d[2 * B + j] = (real)(to_output * omega * (1.0 - omega));
  }
  for (int m = 0; m < M; m++) back[m] = 0;
  for (int r = 0; r < 3 * B + C; r++) {
    SIMD for (int m = 0; m < M; m++) {
      gradient[r * M + m] += d[r] * u[m];
      back[m] += w[r * M + m] * d[r];
    }
  }
}

#define UNIT_BACK(n, FORM, K, M, W_AT, V_AT, FIRST)                                           \
  ON_PART(FORM, chords_learn, melody) {                                                        \
    real back[M];                                                                             \
    const real *kept = history + H_u##n;                                                      \
    units_gradient(K, M, buffer + W_AT, buffer + GRADIENT_AT + W_AT, kept, kept + M, back);   \
    for (int m = 0; m < M; m++) {                                                             \
      const int from = gather_u##n[m] - UNITS;                                                \
      if (from >= 0 && from < CELLS) ey[from] += back[m];                                     \
    }                                                                                         \
  }
/* Of the melody's errors none reach the chord part. */
#define GROUP_BACK(n, FORM, B, S, M, W_AT, V_AT, P_AT, FIRST)                              \
  ON_PART(FORM, chords_learn, melody) {                                                     \
    real back[M];                                                                          \
    group_back(B, S, M, buffer + W_AT, buffer + GRADIENT_AT + W_AT, history + H_g##n,      \
               ey + FIRST, es + FIRST, back);                                              \
    for (int m = 0; m < M; m++) {                                                          \
      const int from = gather_g##n[m] - UNITS;                                             \
      if (from >= 0 && from < CELLS && cell_chords[from] == FORM) earlier[from] += back[m];  \
    }                                                                                      \
  }
#define LEARNER_ROOM         \
  int64_t stretch = 0;       \
  real *restrict history;
#define MORE (done < steps || stretch)
#define LEARN_STEP                                 \
  history = buffer + HISTORY_AT + stretch * HISTORY; \
  GROUPS(GROUP_KEEP)                               \
  UNIT_SETS(UNIT_KEEP)                             \
  stretch++;
#define AFTER_COUNT                                           \
  if (reset || stretch == (COUNT(MELODY) ? MELODY_STRETCH : STRETCH)) { \
    double earlier[CELLS] = {0}, ey[CELLS], es[CELLS] = {0};  \
    while (stretch > 0) {                                     \
      stretch--;                                              \
      history = buffer + HISTORY_AT + stretch * HISTORY;      \
      memcpy(ey, earlier, sizeof ey);                         \
      memset(earlier, 0, sizeof earlier);                     \
      UNIT_SETS(UNIT_BACK)                                    \
      GROUPS(GROUP_BACK)                                      \
    }                                                         \
    CHANGE_ALL                                                \
  }
