/* The decoupled extended Kalman filter (kalman.py).
 *
 * The covariance of each row of weights, (rows, M, M), stands at the part's own place.  By the
 * truncated gradient a row's weights act on the outputs through at most S cells, so that the
 * derivatives of all outputs are sums of products (vector over sources) x (vector over outputs): no
 * more than those vectors is ever multiplied with a covariance. */

/* effect: what each cell does to the outputs; opened: what each output gate does; q: for each row the
 * covariance times its vectors over the sources; scale, error: of the outputs, as measured. */
typedef struct {
  real effect[CELLS][UNITS], opened[BLOCKS][UNITS], q[ROWS][MAX_CELLS][MAX_WIDTH];
  double inner[UNITS][UNITS], inverse[UNITS][UNITS], scale[UNITS], error[UNITS];
} Room;

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
      else if (sum > 0 && is_finite(sum)) l[i][i] = square_root(sum);
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
                       real (*restrict q)[MAX_WIDTH], const real *const *b, const Room *restrict room,
                       const double process) {
  real reach[MAX_CELLS], mixed[MAX_CELLS][MAX_CELLS];
  for (int i = 0; i < count; i++) {
    double sum = 0, seen[UNITS];
    for (int k = 0; k < UNITS; k++) {
      seen[k] = 0;
      for (int l = 0; l < UNITS; l++) seen[k] += room->inverse[k][l] * b[i][l];
      sum += seen[k] * room->error[k];
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
    real less[MAX_WIDTH];
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

/* What is measured of a set: its errors and slopes, or both over the noise of a coin. */
INLINE void units_measured(const Part part, const Rules *restrict rules,
                           const Step *restrict step, Room *restrict room) {
  for (int n = 0; n < part.units; n++) {
    const int k = part.first_unit + n, at = part.first_output + n;
    const double variance = (double)step->right[at] * magnitude(step->delta[at]); /* o (1 - o) */
    room->scale[k] = variance;
    room->error[k] = step->delta[at];
    if (rules->kalman_cross_entropy) {
      room->scale[k] = square_root(variance > 1e-10 ? variance : 1e-10);
      room->error[k] = step->delta[at] / room->scale[k];
    }
    if (!learns(part, step)) room->scale[k] = room->error[k] = 0.0;
  }
}

/* What each cell does to the outputs, and an output row's own derivatives. */
INLINE void units_effect(const Part part, const real *restrict buffer, const Step *restrict step,
                         Room *restrict room) {
  const int M = part.width;
  const real *restrict u = step->work.u + part.packed;
  for (int k = 0; k < part.units; k++) {
    const int unit = part.first_unit + k;
    for (int n = 0; n < part.runs; n++)
      for (int i = 0; part.run[n].cell >= 0 && i < part.run[n].count; i++)
        room->effect[part.run[n].cell + i][unit] =
            (real)room->scale[unit] * buffer[part.weights + k * M + part.run[n].at + i];
    real *restrict q = room->q[part.first_row + k][0];
    matrix_dot(M, M, buffer + part.covariance + k * M * M, u, q);
    room->inner[unit][unit] += (double)dot(M, u, q) * room->scale[unit] * room->scale[unit];
  }
}

/* Traces go on; then for every row the vectors a over its sources, times its covariance. */
INLINE void group_effect(const Part part, real *restrict buffer, const real *restrict s,
                         const Step *restrict step, Room *restrict room) {
  const int B = part.blocks, S = part.cells_per_block, M = part.width;
  const real *restrict u = step->work.u + part.packed, *restrict p = buffer + part.covariance;
  const real *restrict gates = step->work.gates + part.first_gate;
  for (int j = 0; j < B; j++) {
    const double iota = gates[j], phi = gates[B + j], omega = gates[2 * B + j];
    real a[3][MAX_CELLS][MAX_WIDTH];
    real *restrict opened = room->opened[part.first_block + j];
    for (int k = 0; k < UNITS; k++) opened[k] = 0;
    for (int i = 0; i < S; i++) {
      const int c = j * S + i, cell = part.first_cell + c;
      const double h = activation(ACTIVATION_H, s[cell]), g = step->work.inputs[cell];
      const double into[3] = {slope(ACTIVATION_G, g) * iota, g * iota * (1.0 - iota),
                              step->work.s_before[cell] * phi * (1.0 - phi)};
      const real through = (real)(omega * slope(ACTIVATION_H, h));
      for (int x = 0; x < 3; x++) {
        real *restrict trace = buffer + part.traces + (x * part.cells + c) * M;
        SIMD for (int m = 0; m < M; m++) {
          trace[m] = (real)phi * trace[m] + (real)into[x] * u[m];
          a[x][i][m] = through * trace[m];
        }
      }
      for (int k = 0; k < UNITS; k++)
        opened[k] += (real)(omega * (1.0 - omega) * h) * room->effect[cell][k];
      const int row = 3 * B + c;
      real *restrict q = room->q[part.first_row + row][0];
      matrix_dot(M, M, p + row * M * M, a[0][i], q);
      widen(room->inner, (double)dot(M, a[0][i], q), room->effect[cell], room->effect[cell]);
    }
    for (int gate = 0; gate < 2; gate++) {
      const int row = gate * B + j, first = part.first_cell + j * S;
      for (int i = 0; i < S; i++) {
        real *restrict q = room->q[part.first_row + row][i];
        matrix_dot(M, M, p + row * M * M, a[1 + gate][i], q);
        for (int x = 0; x < S; x++)
          widen(room->inner, (double)dot(M, a[1 + gate][x], q), room->effect[first + i],
                room->effect[first + x]);
      }
    }
    real *restrict q = room->q[part.first_row + 2 * B + j][0];
    matrix_dot(M, M, p + (2 * B + j) * M * M, u, q);
    widen(room->inner, (double)dot(M, u, q), opened, opened);
  }
}

INLINE void units_row_changes(const Part part, real *restrict buffer, Room *restrict room,
                              const double process) {
  const int M = part.width;
  for (int k = 0; k < part.units; k++) {
    real own[UNITS] = {0};
    const real *b[1] = {own};
    own[part.first_unit + k] = (real)room->scale[part.first_unit + k];
    row_change(1, M, buffer + part.weights + k * M, buffer + part.covariance + k * M * M,
               room->q[part.first_row + k], b, room, process);
  }
}

INLINE void group_row_changes(const Part part, real *restrict buffer, Room *restrict room,
                              const double process) {
  const int B = part.blocks, S = part.cells_per_block, M = part.width;
  for (int row = 0; row < part.rows; row++) {
    const real *b[MAX_CELLS];
    real *w = buffer + part.weights + row * M, *p = buffer + part.covariance + row * M * M;
    real(*q)[MAX_WIDTH] = room->q[part.first_row + row];
    b[0] = row < 3 * B ? room->opened[part.first_block + row % B]
                       : room->effect[part.first_cell + row - 3 * B];
    if (row < 2 * B) {
      for (int i = 0; i < S; i++) b[i] = room->effect[part.first_cell + row % B * S + i];
      row_change(S, M, w, p, q, b, room, process);
    } else {
      row_change(1, M, w, p, q, b, room, process);
    }
  }
}

/* From `first` to `last` geometrically; 0 for nothing. */
INLINE double fallen(const double first, const double last, const double share) {
  return first > 0 ? first * exp_minus_double(-share * logarithm(last / first)) : 0.0;
}

INLINE int learn_step(real *restrict buffer, const real *restrict s, const Rules *restrict rules,
                      Counters *restrict count, Step *restrict step, Room *restrict room) {
  const double over = rules->kalman_over, share = count->steps < over ? count->steps / over : 1.0;
  const double noise = fallen(rules->first_noise, rules->last_noise, share);
  const double process = fallen(rules->first_process, rules->last_process, share);
  memset(room->inner, 0, sizeof room->inner);
  memset(room->effect, 0, sizeof room->effect);
  for (int k = 0; k < UNITS; k++) room->inner[k][k] = noise;
#define DO(part) units_measured(part, rules, step, room);
  UNIT_SETS(DO)
#undef DO
#define DO(part) \
  if (learns(part, step)) units_effect(part, buffer, step, room);
  UNIT_SETS(DO)
#undef DO
#define DO(part) \
  if (learns(part, step)) group_effect(part, buffer, s, step, room);
  GROUPS(DO)
#undef DO
  if (!invert(room->inner, room->inverse)) return 0;
#define DO(part) \
  if (learns(part, step)) units_row_changes(part, buffer, room, process);
  UNIT_SETS(DO)
#undef DO
#define DO(part) \
  if (learns(part, step)) group_row_changes(part, buffer, room, process);
  GROUPS(DO)
#undef DO
  return 1;
}
