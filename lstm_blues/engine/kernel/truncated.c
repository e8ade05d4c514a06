/* The truncated gradient (section 2.1; truncated.py): traces go on, and every weight changes in the
 * same pass. */
typedef struct {
  char none;
} Room;

/* The traces of a group, one step on: P(x) <- phi P(x) + into(x) u for the cells, the input gates and
 * the forget gates. */
INLINE void group_traces(const Part part, real *restrict traces, const real *restrict u,
                         const real *restrict gates, const real *restrict inputs,
                         const real *restrict s_before) {
  const int B = part.blocks, C = part.cells, M = part.width;
  for (int c = 0; c < C; c++) {
    const int j = c / part.cells_per_block;
    const real iota = gates[j], phi = gates[B + j];
    const real to_cell = slope(ACTIVATION_G, inputs[c]) * iota;
    const real to_input = inputs[c] * iota * (1 - iota);
    const real to_forget = s_before[c] * phi * (1 - phi);
    real *restrict pc = traces + c * M, *restrict pi = pc + C * M, *restrict pf = pi + C * M;
    SIMD for (int m = 0; m < M; m++) {
      pc[m] = phi * pc[m] + to_cell * u[m];
      pi[m] = phi * pi[m] + to_input * u[m];
      pf[m] = phi * pf[m] + to_forget * u[m];
    }
  }
}

INLINE void group_learn(const Part part, const Change change, real *restrict w, real *restrict v,
                        real *restrict second, const real *restrict traces, const real *restrict u,
                        const real *restrict gates, const real *restrict s,
                        const real *restrict epsilon) {
  const int B = part.blocks, S = part.cells_per_block, C = part.cells, M = part.width;
  for (int j = 0; j < B; j++) {
    const real omega = gates[2 * B + j];
    real e[MAX_CELLS], output_error = 0;
    for (int i = 0; i < S; i++) {
      const int c = j * S + i;
      const real h = activation(ACTIVATION_H, s[c]);
      e[i] = omega * slope(ACTIVATION_H, h) * epsilon[c];
      output_error += h * epsilon[c];
    }
    const real eo = omega * (1 - omega) * output_error;
    const int input = j * M, forget = (B + j) * M, output = (2 * B + j) * M, cell = (3 * B + j * S) * M;
    const real *restrict pc = traces + j * S * M, *restrict pi = pc + C * M, *restrict pf = pi + C * M;
    SIMD for (int m = 0; m < M; m++) {
      real di = 0, df = 0;
      for (int i = 0; i < S; i++) {
        const int n = i * M + m;
        di += e[i] * pi[n];
        df += e[i] * pf[n];
        change_weight(change, w + cell + n, v + cell + n, second + cell + n, e[i] * pc[n]);
      }
      change_weight(change, w + input + m, v + input + m, second + input + m, di);
      change_weight(change, w + forget + m, v + forget + m, second + forget + m, df);
      change_weight(change, w + output + m, v + output + m, second + output + m, eo * u[m]);
    }
  }
}

/* Errors of a set's sources, from four sums over its units. */
INLINE void units_errors(const Part part, const real *restrict w, const real *restrict delta,
                         real *restrict back) {
  const int M = part.width, K = part.units;
  real some[4][MAX_WIDTH] ALIGNED = {{0}};
  for (int k = 0; k < K; k += 4)
    for (int q = 0; q < 4 && k + q < K; q++) {
      const real d = delta[k + q];
      SIMD for (int m = 0; m < M; m++) some[q][m] += w[(k + q) * M + m] * d;
    }
  SIMD for (int m = 0; m < M; m++) back[m] = (some[0][m] + some[1][m]) + (some[2][m] + some[3][m]);
}

INLINE void units_learn(const Part part, const Change change, real *restrict w, real *restrict v,
                        real *restrict second, const real *restrict u, const real *restrict delta) {
  const int M = part.width;
  for (int k = 0; k < part.units; k++) {
    const real d = delta[k];
    SIMD for (int m = 0; m < M; m++) {
      const int n = k * M + m;
      change_weight(change, w + n, v + n, second + n, d * u[m]);
    }
  }
}

INLINE int learn_step(real *restrict buffer, const real *restrict s, const Rules *restrict rules,
                      Counters *restrict count, Step *restrict step, Room *restrict room) {
  (void)room;
  const Changes changes = begin_changes(rules, count, step);
  const Work *restrict work = &step->work;
  /* Traces need no errors: they go on while these are still being computed. */
#define DO(part)                                                                                \
  if (learns(part, step))                                                                       \
    group_traces(part, buffer + part.traces, work->u + part.packed,                             \
                 work->gates + part.first_gate, work->inputs + part.first_cell,                 \
                 work->s_before + part.first_cell);
  GROUPS(DO)
#undef DO
  for (int c = 0; c < CELLS; c++) step->epsilon[c] = 0;
#define DO(part)                                                                                \
  if (learns(part, step)) {                                                                     \
    real back[MAX_WIDTH] ALIGNED;                                                               \
    units_errors(part, buffer + part.weights, step->delta + part.first_output, back);             \
    spread_errors(part, 0, back, step->epsilon);                                                \
  }
  UNIT_SETS(DO)
#undef DO
#define DO(part)                                                                                \
  if (learns(part, step))                                                                       \
    units_learn(part, change_in(part, changes), buffer + part.weights, buffer + part.velocity,  \
                buffer + SECOND_AT + part.weights, work->u + part.packed,                       \
                step->delta + part.first_output);
  UNIT_SETS(DO)
#undef DO
#define DO(part)                                                                                \
  if (learns(part, step))                                                                       \
    group_learn(part, change_in(part, changes), buffer + part.weights, buffer + part.velocity,  \
                buffer + SECOND_AT + part.weights, buffer + part.traces, work->u + part.packed, \
                work->gates + part.first_gate, s + part.first_cell,                             \
                step->epsilon + part.first_cell);
  GROUPS(DO)
#undef DO
  return 1;
}
