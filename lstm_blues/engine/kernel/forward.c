/* One forward step of the network (section 2.1; blocks.py and network.py).
 *
 * The header that layout.py writes above this text has the sizes, and every part of the network as a
 * constant `Part`.  Functions take the part by value and are inlined, so that all their sizes and
 * offsets are constants to the compiler.  GROUPS(DO) and UNIT_SETS(DO) are DO(part) for each of them.
 * Letters are those of the equations: u sources, s cell states, y cell outputs.
 *
 * Every group's cells and every set's units begin on whole vectors, so that what is stored as a vector
 * is loaded as the same one: a load across two fresh stores has to wait for both. */

/* What a step works with beside the buffer.  u: what each part sees of [x; y; 1], padded with zeros;
 * gates: the logistic of every gate; inputs: the cells' inputs after g; y: the cells' outputs; logits:
 * of the output units. */
typedef struct {
  real u[PACKED] ALIGNED, y[CELLS] ALIGNED, s_before[CELLS] ALIGNED;
  real gates[GATES] ALIGNED, inputs[CELLS] ALIGNED, logits[OUTPUTS] ALIGNED;
} Work;

/* Before the first step. */
INLINE void prepare(Work *restrict work) {
  memset(work, 0, sizeof *work);
#define DO(part) memcpy(work->u + part.packed, part.bias, part.width * sizeof(real));
  GROUPS(DO)
  UNIT_SETS(DO)
#undef DO
}

/* The sources of a part, from the notes as they are heard, (INPUTS), and the cells' outputs. */
INLINE void pack(const Part part, const real *restrict heard, const real *restrict y,
                 real *restrict u) {
  _Pragma("GCC unroll 16") for (int n = 0; n < part.runs; n++) {
    const Run run = part.run[n];
    if (run.cell < 0)
      for (int i = 0; i < run.lanes; i++) u[run.at + i] = heard[run.from + i] + part.bias[run.at + i];
    else
      for (int i = 0; i < run.lanes; i++) u[run.at + i] = y[run.cell + i];
  }
}

/* Gates, cell inputs, states and outputs of a group.  The rows of its weights: B input gates, B
 * forget gates, B output gates, B * S cells. */
INLINE void group_forward(const Part part, const real *restrict w, const real *restrict u,
                          const real *restrict s_before, real *restrict s, real *restrict y,
                          real *restrict gates, real *restrict inputs) {
  const int B = part.blocks, C = part.cells;
  const int rows = 3 * B;
  real net[MAX_ROWS + LANES] ALIGNED;
  matrix_dot(rows + C, part.width, w, u, net);
  for (int c = 0; c < C; c++) {
    if (ACTIVATION_G == IDENTITY) inputs[c] = net[rows + c];
    if (ACTIVATION_G == TANH) net[rows + c] *= 2;
  }
  logistics(rows + C, net);
  for (int r = 0; r < rows; r++) gates[r] = net[r];
  if (ACTIVATION_G != IDENTITY)
    for (int c = 0; c < C; c++) inputs[c] = of_logistic(ACTIVATION_G, net[rows + c]);
  for (int c = 0; c < C; c++) {
    const int j = c / part.cells_per_block;
    s[c] = gates[B + j] * s_before[c] + gates[j] * inputs[c];
  }
  for (int c = 0; c < C; c++)
    y[c] = gates[2 * B + c / part.cells_per_block] * activation(ACTIVATION_H, s[c]);
}

/* All parts, or without the melody's.  y: outputs of the step before. */
SHARED void forward(const real *restrict buffer, const real *restrict heard, real *restrict s,
                    const real *restrict y, const int melody, Work *restrict work) {
  memcpy(work->s_before, s, sizeof work->s_before);
#define DO(part)                                                                                \
  if (part.chords || melody) {                                                                  \
    pack(part, heard, y, work->u + part.packed);                                                \
    group_forward(part, buffer + part.weights, work->u + part.packed,                           \
                  work->s_before + part.first_cell, s + part.first_cell,                        \
                  work->y + part.first_cell, work->gates + part.first_gate,                     \
                  work->inputs + part.first_cell);                                              \
  }
  GROUPS(DO)
#undef DO
#define DO(part)                                                                                \
  if (part.chords || melody) {                                                                  \
    pack(part, heard, work->y, work->u + part.packed);                                          \
    matrix_dot(part.units, part.width, buffer + part.weights, work->u + part.packed,            \
               work->logits + part.first_output);                                               \
  }
  UNIT_SETS(DO)
#undef DO
}

/* The same, compiled once for all that play: `learn` has its own. */
static __attribute__((noinline)) void forward_frozen(const real *restrict buffer,
                                                     const real *restrict heard, real *restrict s,
                                                     const real *restrict y, const int melody,
                                                     Work *restrict work) {
  forward(buffer, heard, s, y, melody, work);
}
