/* The whole gradient, back-propagated through a stretch of steps (bptt.py).
 *
 * What a step's errors need is kept at HISTORY_AT, HISTORY numbers a step, each part of the network
 * at its own place: for a group its sources, gates, cell inputs, states before and after; for a set
 * of units its sources and errors. */
#define STRETCHES 1
typedef struct {
  int64_t kept;
} Room;

#define KEEP(count, from)                                       \
  for (int i = 0; i < (count); i++) kept[i] = (real)(from)[i]; \
  kept += (count);

INLINE void group_keep(const Part part, real *restrict kept, const real *restrict s,
                       const Step *restrict step) {
  KEEP(part.width, step->work.u + part.packed)
  KEEP(3 * part.blocks, step->work.gates + part.first_gate)
  KEEP(part.cells, step->work.inputs + part.first_cell)
  KEEP(part.cells, step->work.s_before + part.first_cell)
  KEEP(part.cells, s + part.first_cell)
}

INLINE void units_keep(const Part part, real *restrict kept, const Step *restrict step) {
  KEEP(part.width, step->work.u + part.packed)
  KEEP(part.units, step->delta + part.first_output)
}

/* One group at one step.  ey: errors of the cells' outputs.  es: of their states, from the step after
 * this one, and on return from this step for the one before.  earlier: errors of the outputs of the
 * step before; of the melody's none reach the chord part. */
INLINE void group_back(const Part part, real *restrict buffer, const real *restrict kept,
                       const real *restrict ey, real *restrict es, real *restrict earlier) {
  const int B = part.blocks, C = part.cells, M = part.width;
  const real *restrict w = buffer + part.weights;
  real *restrict gradient = buffer + GRADIENT_AT + part.weights;
  const real *restrict u = kept, *restrict a = u + M, *restrict g = a + 3 * B;
  const real *restrict before = g + C, *restrict s = before + C;
  real d[MAX_ROWS], back[MAX_WIDTH];
  for (int j = 0; j < B; j++) {
    const real iota = a[j], phi = a[B + j], omega = a[2 * B + j];
    real to_input = 0, to_forget = 0, to_output = 0;
    for (int i = 0; i < part.cells_per_block; i++) {
      const int c = j * part.cells_per_block + i, n = part.first_cell + c;
      const real h = activation(ACTIVATION_H, s[c]);
      const real e = es[n] + ey[n] * omega * slope(ACTIVATION_H, h);
      to_output += ey[n] * h;
      to_input += e * g[c];
      to_forget += e * before[c];
      d[3 * B + c] = (real)(e * iota * slope(ACTIVATION_G, g[c]));
      es[n] = e * phi;
    }
    d[j] = (real)(to_input * iota * (1 - iota));
    d[B + j] = (real)(to_forget * phi * (1 - phi));
    d[2 * B + j] = (real)(to_output * omega * (1 - omega));
  }
  for (int m = 0; m < M; m += CHUNK) {
    Chunk some[4] = {{0}};
    const Chunk x = chunk_at(u + m);
    for (int r = 0; r < part.rows; r += 4)
      for (int q = 0; q < 4 && r + q < part.rows; q++) {
        const int n = (r + q) * M + m;
        put_chunk(gradient + n, chunk_at(gradient + n) + d[r + q] * x);
        some[q] += chunk_at(w + n) * d[r + q];
      }
    put_chunk(back + m, (some[0] + some[1]) + (some[2] + some[3]));
  }
  spread_errors(part, 1, back, earlier);
}

INLINE void units_back(const Part part, real *restrict buffer, const real *restrict kept,
                       real *restrict ey) {
  real back[MAX_WIDTH];
  units_gradient(part, buffer, kept, kept + part.width, back);
  spread_errors(part, 0, back, ey);
}

INLINE int learn_step(real *restrict buffer, const real *restrict s, const Rules *restrict rules,
                      Counters *restrict count, Step *restrict step, Room *restrict room) {
  (void)rules, (void)count;
  real *restrict history = buffer + HISTORY_AT + room->kept * HISTORY;
#define DO(part) \
  if (part.chords || step->melody) group_keep(part, history + part.history, s, step);
  GROUPS(DO)
#undef DO
#define DO(part) \
  if (part.chords || step->melody) units_keep(part, history + part.history, step);
  UNIT_SETS(DO)
#undef DO
  room->kept++;
  return 1;
}

/* Changes the weights where a stretch ends. */
INLINE void end_stretch(real *restrict buffer, const Rules *restrict rules, Counters *restrict count,
                        Step *restrict step, Room *restrict room, const int reset) {
  if (!reset && room->kept != (count->melody ? rules->melody_stretch : rules->stretch)) return;
  real earlier[CELLS] = {0}, ey[CELLS], es[CELLS] = {0};
  while (room->kept > 0) {
    room->kept--;
    const real *restrict history = buffer + HISTORY_AT + room->kept * HISTORY;
    memcpy(ey, earlier, sizeof ey);
    memset(earlier, 0, sizeof earlier);
#define DO(part) \
  if (learns(part, step)) units_back(part, buffer, history + part.history, ey);
    UNIT_SETS(DO)
#undef DO
#define DO(part) \
  if (learns(part, step)) group_back(part, buffer, history + part.history, ey, es, earlier);
    GROUPS(DO)
#undef DO
  }
  const Changes changes = begin_changes(rules, count, step);
  change_all(buffer, step, changes);
}
