/* One forward step of the network (section 2.1; blocks.py and network.py).
 *
 * The header that layout.py writes above this text has the sizes, and every part of the network as a
 * constant `Part`.  Functions take the part by value and are inlined, so that all their sizes and
 * offsets are constants to the compiler.  GROUPS(DO) and UNIT_SETS(DO) are DO(part) for each of them.
 * Letters are those of the equations: u sources, s cell states, y cell outputs. */

/* What a step works with beside the buffer.  source is [x; y; 1; 0], with y of the step before for
 * the blocks, then of this one for the output units; u holds what each part sees of it, padded; gates
 * the logistic of every gate, inputs the cells' inputs after g. */
typedef struct {
  real source[SOURCES + 1], u[PACKED], y[CELLS], s_before[CELLS];
  double gates[GATES], inputs[CELLS], logits[UNITS];
} Work;

/* What the network hears of unit k: levels (2, UNITS) holds its value for off, then for on. */
#define HEARD(on, k) ((on) ? levels[UNITS + (k)] : levels[k])

INLINE void pack(const Part part, Work *work) {
  real *restrict u = work->u + part.packed;
  _Pragma("GCC unroll 128") for (int m = 0; m < part.width; m++) u[m] = work->source[part.gather[m]];
}

/* Gates, cell inputs, states and outputs of a group.  The rows of its weights: B input gates, B
 * forget gates, B output gates, B * S cells. */
INLINE void group_forward(const Part part, const real *restrict buffer, real *restrict s, Work *work) {
  const int B = part.blocks, C = part.cells;
  pack(part, work);
  double net[MAX_ROWS];
  for (int r = 0; r < 3 * B + C; r++)
    net[r] = (double)dot(part.width, buffer + part.weights + r * part.width, work->u + part.packed);
  double *restrict a = work->gates + part.first_gate, *restrict g = work->inputs + part.first_cell;
  SIMD for (int r = 0; r < 3 * B; r++) a[r] = 1.0 / (1.0 + exp_minus(net[r]));
  SIMD for (int c = 0; c < C; c++) g[c] = activation(ACTIVATION_G, net[3 * B + c]);
  for (int c = 0; c < C; c++) {
    const int j = c / part.cells_per_block, n = part.first_cell + c;
    s[n] = (real)(a[B + j] * work->s_before[n] + a[j] * g[c]);
    work->y[n] = (real)(a[2 * B + j] * activation(ACTIVATION_H, s[n]));
  }
}

INLINE void units_forward(const Part part, const real *restrict buffer, Work *work) {
  pack(part, work);
  for (int k = 0; k < part.units; k++)
    work->logits[part.first_unit + k] =
        (double)dot(part.width, buffer + part.weights + k * part.width, work->u + part.packed);
}

/* All parts, or without the melody's.  work->source has the notes that are heard. */
INLINE void forward(const real *restrict buffer, real *restrict s, const real *restrict y,
                    const int melody, Work *work) {
  memcpy(work->source + UNITS, y, sizeof work->y);
  memcpy(work->s_before, s, sizeof work->s_before);
#define DO(part) \
  if (part.chords || melody) group_forward(part, buffer, s, work);
  GROUPS(DO)
#undef DO
  memcpy(work->source + UNITS, work->y, sizeof work->y);
#define DO(part) \
  if (part.chords || melody) units_forward(part, buffer, work);
  UNIT_SETS(DO)
#undef DO
}
