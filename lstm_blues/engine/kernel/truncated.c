/* The truncated gradient (section 2.1; truncated.py): traces go on, and every weight changes in the
 * same pass. */
typedef struct {
  char none;
} Room;

/* Traces, velocities and weights of a group: P(x) <- phi P(x) + into(x) u for the cells, the input gates
 * and the forget gates, and with e = omega h'(s) epsilon what each weight learns. */
INLINE void group_learn(const Part part, const Change change, real *restrict w, real *restrict v,
                        real *restrict second, real *restrict traces, const real *restrict u,
                        const real *restrict gates, const real *restrict inputs,
                        const real *restrict s_before, const real *restrict s,
                        const real *restrict epsilon) {
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
    const int input = j * M, forget = (B + j) * M, output = (2 * B + j) * M;
    const int cell = (3 * B + j * S) * M;
    real *restrict pc = traces + j * S * M, *restrict pi = pc + C * M, *restrict pf = pi + C * M;
    for (int m = 0; m < M; m += CHUNK) {
      Chunk di = {0}, df = {0};
      const Chunk x = chunk_at(u + m);
      for (int i = 0; i < S; i++) {
        const int n = i * M + m;
        const Chunk c = phi * chunk_at(pc + n) + to_cell[i] * x;
        const Chunk p = phi * chunk_at(pi + n) + to_input[i] * x;
        const Chunk f = phi * chunk_at(pf + n) + to_forget[i] * x;
        put_chunk(pc + n, c);
        put_chunk(pi + n, p);
        put_chunk(pf + n, f);
        di += e[i] * p;
        df += e[i] * f;
        change_weights(change, w + cell + n, v + cell + n, second + cell + n, e[i] * c);
      }
      change_weights(change, w + input + m, v + input + m, second + input + m, di);
      change_weights(change, w + forget + m, v + forget + m, second + forget + m, df);
      change_weights(change, w + output + m, v + output + m, second + output + m, eo * x);
    }
  }
}

INLINE void units_learn(const Part part, const Change change, real *restrict w, real *restrict v,
                        real *restrict second, const real *restrict u, const real *restrict delta) {
  const int M = part.width;
  for (int k = 0; k < part.units; k++) {
    const real d = delta[k];
    for (int m = 0; m < M; m += CHUNK) {
      const int n = k * M + m;
      change_weights(change, w + n, v + n, second + n, d * chunk_at(u + m));
    }
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
                work->gates + part.first_gate, work->inputs + part.first_cell,                  \
                work->s_before + part.first_cell, s + part.first_cell,                          \
                step->epsilon + part.first_cell);
  GROUPS(DO)
#undef DO
  return 1;
}
