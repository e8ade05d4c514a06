/* The truncated gradient (section 2.1; truncated.py): traces go on, and every weight changes in the
 * same pass. */
typedef struct {
  char none;
} Room;

INLINE void group_learn(const Part part, const Change change, real *restrict buffer,
                        const real *restrict s, const Step *restrict step) {
  const int B = part.blocks, S = part.cells_per_block, C = part.cells, M = part.width;
  const real *restrict u = step->work.u + part.packed;
  const double *restrict a = step->work.gates + part.first_gate;
  const double *restrict g = step->work.inputs + part.first_cell;
  const double *restrict epsilon = step->epsilon + part.first_cell;
  const real *restrict s_before = step->work.s_before + part.first_cell;
  const real *restrict s_now = s + part.first_cell;
  for (int j = 0; j < B; j++) {
    const double iota = a[j], phi = a[B + j], omega = a[2 * B + j];
    real keep = (real)phi, to_cell[MAX_CELLS], to_input[MAX_CELLS], to_forget[MAX_CELLS], e[MAX_CELLS];
    double output_error = 0;
    for (int i = 0; i < S; i++) {
      const int c = j * S + i;
      const double h = activation(ACTIVATION_H, s_now[c]);
      to_cell[i] = (real)(slope(ACTIVATION_G, g[c]) * iota);
      to_input[i] = (real)(g[c] * iota * (1.0 - iota));
      to_forget[i] = (real)(s_before[c] * phi * (1.0 - phi));
      e[i] = (real)(omega * slope(ACTIVATION_H, h) * epsilon[c]);
      output_error += h * epsilon[c];
    }
    const real eo = (real)(omega * (1.0 - omega) * output_error);
    real *restrict w = buffer + part.weights, *restrict v = buffer + part.velocity;
    real *restrict second = buffer + SECOND_AT + part.weights;
    real *restrict pc = buffer + part.traces + j * S * M;
    real *restrict pi = pc + C * M, *restrict pf = pi + C * M;
    const int at_input = j * M, at_forget = (B + j) * M, at_output = (2 * B + j) * M;
    const int at_cell = (3 * B + j * S) * M;
    SIMD for (int m = 0; m < M; m++) {
      real di = 0, df = 0;
      for (int i = 0; i < S; i++) {
        const int n = i * M + m, x = at_cell + n;
        pc[n] = keep * pc[n] + to_cell[i] * u[m];
        pi[n] = keep * pi[n] + to_input[i] * u[m];
        pf[n] = keep * pf[n] + to_forget[i] * u[m];
        di += e[i] * pi[n];
        df += e[i] * pf[n];
        change_weight(change, w + x, v + x, second + x, e[i] * pc[n]);
      }
      change_weight(change, w + at_input + m, v + at_input + m, second + at_input + m, di);
      change_weight(change, w + at_forget + m, v + at_forget + m, second + at_forget + m, df);
      change_weight(change, w + at_output + m, v + at_output + m, second + at_output + m, eo * u[m]);
    }
  }
}

INLINE void units_learn(const Part part, const Change change, real *restrict buffer,
                        Step *restrict step) {
  real *restrict w = buffer + part.weights, *restrict v = buffer + part.velocity;
  real *restrict second = buffer + SECOND_AT + part.weights;
  const real *restrict u = step->work.u + part.packed;
  const int M = part.width;
  real back[MAX_WIDTH] = {0};
  for (int k = 0; k < part.units; k++) {
    const real d = (real)step->delta[part.first_unit + k];
    SIMD for (int m = 0; m < M; m++) {
      const int n = k * M + m;
      back[m] += w[n] * d;
      change_weight(change, w + n, v + n, second + n, d * u[m]);
    }
  }
  spread_errors(part, 0, back, step->epsilon);
}

INLINE int learn_step(real *restrict buffer, const real *restrict s, const Rules *restrict rules,
                      Counters *restrict count, Step *restrict step, Room *restrict room) {
  (void)room;
  const Changes changes = begin_changes(rules, count, step);
  for (int c = 0; c < CELLS; c++) step->epsilon[c] = 0.0;
#define DO(part) \
  if (learns(part, step)) units_learn(part, change_in(part, changes), buffer, step);
  UNIT_SETS(DO)
#undef DO
#define DO(part) \
  if (learns(part, step)) group_learn(part, change_in(part, changes), buffer, s, step);
  GROUPS(DO)
#undef DO
  return 1;
}
