/* The truncated gradient (section 2.1; truncated.py): traces go on, and every weight changes in the
 * same pass. */
typedef struct {
  char none;
} Room;

/* The place of the next chunk of a part's sources, past those of padding alone: they stay zero. */
INLINE int next_place(const Part part, const int m) {
  const int next = m + CHUNK, padding = (part.padding + CHUNK - 1) / CHUNK * CHUNK;
  return CHUNK < LANES && next == padding ? part.padding_end : next;
}

/* Traces, velocities and weights of a group: P(x) <- phi P(x) + into(x) u for the cells, the input gates
 * and the forget gates, and with e = omega h'(s) epsilon what each weight learns. */
INLINE void group_learn(const Part part, const Change change, real *restrict buffer,
                        const real *restrict u, const real *restrict gates,
                        const real *restrict inputs, const real *restrict s_before,
                        const real *restrict s, const real *restrict epsilon) {
  const int B = part.blocks, S = part.cells_per_block, C = part.cells, M = part.width;
  for (int j = 0; j < B; j++) {
    const real iota = gates[j], phi = gates[B + j], omega = gates[2 * B + j];
    real to_cell[MAX_CELLS], to_input[MAX_CELLS], to_forget[MAX_CELLS];
    real e[MAX_CELLS], output_error = 0;
    for (int i = 0; i < S; i++) {
      const int c = j * S + i;
      const real h = activation(ACTIVATION_H, s[c]);
      to_cell[i] = slope(ACTIVATION_G, inputs[c]) * iota;
      to_input[i] = inputs[c] * iota * (1 - iota);
      to_forget[i] = s_before[c] * phi * (1 - phi);
      e[i] = omega * slope(ACTIVATION_H, h) * epsilon[c];
      output_error += h * epsilon[c];
    }
    const real eo = omega * (1 - omega) * output_error;
    const int to_velocity = part.velocity - part.weights;
    for (int m = 0; m < M; m = next_place(part, m)) {
      Chunk di, df;
      const Chunk x = chunk_at(u + m);
      real *gate = buffer + j * M + m, *cell = buffer + j * S * M + m;
      OPAQUE(gate);
      OPAQUE(cell);
      for (int i = 0; i < S; i++) {
        real *w = cell + part.weights + (3 * B + i) * M;
        real *pc = cell + part.traces + i * M, *pi = pc + C * M, *pf = pi + C * M;
        const Chunk c = phi * chunk_at(pc) + to_cell[i] * x;
        const Chunk p = phi * chunk_at(pi) + to_input[i] * x;
        const Chunk f = phi * chunk_at(pf) + to_forget[i] * x;
        put_chunk(pc, c);
        put_chunk(pi, p);
        put_chunk(pf, f);
        di = i ? di + e[i] * p : e[i] * p;
        df = i ? df + e[i] * f : e[i] * f;
        change_weights(change, w, w + to_velocity, w + SECOND_AT, e[i] * c);
      }
      real *input = gate + part.weights, *forget = input + B * M, *output = forget + B * M;
      change_weights(change, input, input + to_velocity, input + SECOND_AT, di);
      change_weights(change, forget, forget + to_velocity, forget + SECOND_AT, df);
      change_weights(change, output, output + to_velocity, output + SECOND_AT, eo * x);
    }
  }
}

/* Velocities and weights of a set, after the errors of its sources, from four sums over its units. */
INLINE void units_learn(const Part part, const Change change, real *restrict buffer,
                        const real *restrict u, const real *restrict delta, real *restrict back) {
  const int M = part.width, K = part.units, to_velocity = part.velocity - part.weights;
  for (int m = 0; m < M; m = next_place(part, m)) {
    Chunk some[4] = {{0}};
    const Chunk x = chunk_at(u + m);
    for (int k = 0; k < K; k += 4) {
      real *rows = buffer + part.weights + k * M + m;
      const real *d = delta + k;
      OPAQUE(rows);
      OPAQUE(d);
      for (int q = 0; q < 4 && k + q < K; q++) {
        real *w = rows + q * M;
        some[q] += chunk_at(w) * d[q];
        change_weights(change, w, w + to_velocity, w + SECOND_AT, d[q] * x);
      }
    }
    put_chunk(back + m, (some[0] + some[1]) + (some[2] + some[3]));
  }
}

INLINE int learn_step(real *restrict buffer, const real *restrict s, const Rules *restrict rules,
                      Counters *restrict count, Step *restrict step, Room *restrict room) {
  (void)room;
  const Changes changes = begin_changes(rules, count, step);
  const Work *restrict work = &step->work;
  for (int c = 0; c < CELLS; c++) step->epsilon[c] = 0;
#define DO(part)                                                                                \
  if (learns(part, step)) {                                                                     \
    real back[MAX_WIDTH] ALIGNED;                                                               \
    units_learn(part, change_in(part, changes), buffer, work->u + part.packed,                  \
                step->delta + part.first_output, back);                                         \
    spread_errors(part, 0, back, step->epsilon);                                                \
  }
  UNIT_SETS(DO)
#undef DO
#define DO(part)                                                                                \
  if (learns(part, step))                                                                       \
    group_learn(part, change_in(part, changes), buffer, work->u + part.packed,                  \
                work->gates + part.first_gate, work->inputs + part.first_cell,                  \
                work->s_before + part.first_cell, s + part.first_cell,                          \
                step->epsilon + part.first_cell);
  GROUPS_BACK(DO) /* the next step begins with what the cache then still has */
#undef DO
  return 1;
}
