/* The report's truncated gradient where something else than momentum is made of it: with a rate
 * and a momentum of zero, what the report's own code leaves in the velocity is the gradient. */
#define UNIT_GRADIENT(n, FORM, K, M, W_AT, V_AT, FIRST)                                    \
  ON_PART(FORM, chords_learn, melody) {                                                     \
    real back[M];                                                                          \
    units_learn(K, M, buffer + W_AT, buffer + GRADIENT_AT + W_AT, u_u##n, delta + FIRST,   \
                back, 0, 0);                                                               \
    for (int m = 0; m < M; m++) {                                                          \
      const int from = gather_u##n[m] - UNITS;                                             \
      if (from >= 0 && from < CELLS) epsilon[from] += back[m];                             \
    }                                                                                      \
  }
#define GROUP_GRADIENT(n, FORM, B, S, M, W_AT, V_AT, P_AT, FIRST)                          \
  ON_PART(FORM, chords_learn, melody)                                                       \
  group_learn(B, S, M, buffer + W_AT, buffer + GRADIENT_AT + W_AT, buffer + P_AT, u_g##n,  \
              a_g##n, g_g##n, s_before + FIRST, s + FIRST, epsilon + FIRST, 0, 0);
#define LEARNER_ROOM
#define MORE (done < steps)
#define LEARN_STEP                                  \
  for (int c = 0; c < CELLS; c++) epsilon[c] = 0.0; \
  UNIT_SETS(UNIT_GRADIENT)                          \
  GROUPS(GROUP_GRADIENT)                            \
  CHANGE_ALL
#define AFTER_COUNT
