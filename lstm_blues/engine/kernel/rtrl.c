/* The whole gradient, carried forward (rtrl.py).
 *
 * In place of the traces stand the sensitivities: how s of every cell changes with each of the
 * WEIGHTS numbers of the groups' weights, (CELLS, WEIGHTS), then how y does.  Groups' weights begin
 * at 0 in the buffer. */
#define SENSITIVITY_S(c) (buffer + STATE_AT + (int64_t)(c) * WEIGHTS)
#define SENSITIVITY_Y(c) (buffer + STATE_AT + (int64_t)(CELLS + (c)) * WEIGHTS)
#define LATER_Y(c) (buffer + LATER_AT + (int64_t)(c) * WEIGHTS)
typedef struct {
  char none;
} Room;

/* The cells of one group, from the others' sensitivities of the step before. */
INLINE void group_sensitivities(const Part part, real *restrict buffer, const real *restrict s,
                                const Step *restrict step) {
  const int B = part.blocks, M = part.width;
  const real *restrict w = buffer + part.weights, *restrict u = step->work.u + part.packed;
  const real *restrict a = step->work.gates + part.first_gate;
  for (int c = 0; c < part.cells; c++) {
    const int j = c / part.cells_per_block, cell = part.first_cell + c;
    const real iota = a[j], phi = a[B + j], omega = a[2 * B + j], g = step->work.inputs[cell];
    const real h = activation(ACTIVATION_H, s[cell]);
    const real to_input = (real)(g * iota * (1 - iota));
    const real to_forget = (real)(step->work.s_before[cell] * phi * (1 - phi));
    const real to_cell = (real)(iota * slope(ACTIVATION_G, g));
    const real to_output = (real)(h * omega * (1 - omega));
    const real through = (real)(omega * slope(ACTIVATION_H, h)), keep = (real)phi;
    real *restrict ds = SENSITIVITY_S(cell), *restrict dy = LATER_Y(cell);
    SIMD for (int x = 0; x < WEIGHTS; x++) {
      ds[x] *= keep;
      dy[x] = 0;
    }
    for (int n = 0; n < part.runs; n++)
      for (int i = 0; i < part.run[n].count; i++) {
        if (part.run[n].cell < 0 || part.run[n].chords != part.chords) continue;
        const int m = part.run[n].at + i;
        const real by_s = to_input * w[j * M + m] + to_forget * w[(B + j) * M + m] +
                        to_cell * w[(3 * B + c) * M + m];
      const real by_y = to_output * w[(2 * B + j) * M + m];
      const real *restrict before = SENSITIVITY_Y(part.run[n].cell + i);
      SIMD for (int x = 0; x < WEIGHTS; x++) {
        ds[x] += by_s * before[x];
        dy[x] += by_y * before[x];
      }
    }
    real *restrict own = ds + part.weights, *restrict own_y = dy + part.weights;
    for (int m = 0; m < M; m++) {
      own[j * M + m] += to_input * u[m];
      own[(B + j) * M + m] += to_forget * u[m];
      own[(3 * B + c) * M + m] += to_cell * u[m];
    }
    SIMD for (int x = 0; x < WEIGHTS; x++) dy[x] += through * ds[x];
    for (int m = 0; m < M; m++) own_y[(2 * B + j) * M + m] += to_output * u[m];
  }
}

INLINE void group_rtrl(const Part part, real *restrict buffer, const Step *restrict step) {
  real *restrict gradient = buffer + GRADIENT_AT;
  for (int c = part.first_cell; c < part.first_cell + part.cells; c++) {
    real *restrict dy = SENSITIVITY_Y(c);
    const real e = (real)step->epsilon[c];
    memcpy(dy, LATER_Y(c), WEIGHTS * sizeof(real));
    SIMD for (int x = 0; x < WEIGHTS; x++) gradient[x] += e * dy[x];
  }
}

INLINE void units_rtrl(const Part part, real *restrict buffer, Step *restrict step) {
  real back[MAX_WIDTH], delta[UNITS];
  for (int k = 0; k < part.units; k++) delta[k] = step->delta[part.first_output + k];
  units_gradient(part, buffer, step->work.u + part.packed, delta, back);
  spread_errors(part, 0, back, step->epsilon);
}

INLINE int learn_step(real *restrict buffer, const real *restrict s, const Rules *restrict rules,
                      Counters *restrict count, Step *restrict step, Room *restrict room) {
  (void)room;
  const Changes changes = begin_changes(rules, count, step);
  for (int c = 0; c < CELLS; c++) step->epsilon[c] = 0.0;
#define DO(part) \
  if (learns(part, step)) units_rtrl(part, buffer, step);
  UNIT_SETS(DO)
#undef DO
#define DO(part) \
  if (learns(part, step)) group_sensitivities(part, buffer, s, step);
  GROUPS(DO)
#undef DO
#define DO(part) \
  if (learns(part, step)) group_rtrl(part, buffer, step);
  GROUPS(DO)
#undef DO
  change_all(buffer, step, changes);
  return 1;
}
