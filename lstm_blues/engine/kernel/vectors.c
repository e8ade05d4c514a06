/* Numbers by the vector: their width changes no result. */

/* What is made element by element is made in chunks as wide as the machine's registers, but no wider
 * than LANES; their width changes no result.  Wider ones would go through memory. */
#if defined(__AVX512F__)
#define REGISTER 64
#elif defined(__AVX__)
#define REGISTER 32
#else
#define REGISTER 16
#endif
#define CHUNK (REGISTER < LANES * sizeof(real) ? REGISTER / sizeof(real) : LANES)
typedef real Chunk __attribute__((vector_size(CHUNK * sizeof(real))));
INLINE Chunk chunk_at(const real *at) {
  Chunk chunk;
  memcpy(&chunk, at, sizeof chunk);
  return chunk;
}
INLINE void put_chunk(real *at, const Chunk chunk) { memcpy(at, &chunk, sizeof chunk); }
#if SINGLE
typedef int32_t Whole;
#else
typedef int64_t Whole;
#endif
typedef Whole Wholes __attribute__((vector_size(CHUNK * sizeof(real))));
/* Of each place, `a` where the mask is -1 and `b` where it is 0. */
INLINE Chunk choose(const Wholes mask, const Chunk a, const Chunk b) {
  return (Chunk)((mask & (Wholes)a) | (~mask & (Wholes)b));
}

/* For the machines that run WebAssembly, which compile quickly rather than well.  OPAQUE(pointer):
 * accesses at constant distances from it keep these in the instruction.  IN_STEP(x): ABREAST chunks
 * are all at this point of a calculation before one goes on; a processor looks only some dozens of
 * operations ahead, which a single chain of them would fill. */
#if defined(__wasm__)
#define OPAQUE(pointer) __asm__("" : "+r"(pointer))
#define ABREAST 2
#define IN_STEP(x) __asm__ volatile("" : "+r"(x[0]), "+r"(x[1]))
#else
#define OPAQUE(pointer) (void)(pointer)
#define ABREAST 1
#define IN_STEP(x) (void)(x)
#endif
#define EACH for (int k = 0; k < ABREAST; k++)

/* exp_minus of ABREAST chunks.  The numbers are in memory, whole chunks of each, because V8 needs three
 * instructions for every use of a vector constant; `turn`, of the loop around, keeps them there. */
#define CHUNK_OF(number) {[0 ... CHUNK - 1] = (real)(number)}
static const real exp_numbers[][CHUNK] ALIGNED = {
#if SINGLE
#define MANTISSA 23
    CHUNK_OF(87.0f), CHUNK_OF(-87.0f), CHUNK_OF(1.44269504f), CHUNK_OF(12582912.0f),
    CHUNK_OF(0.693145752f), CHUNK_OF(1.42860677e-6f),
#else
#define MANTISSA 52
    CHUNK_OF(708.0), CHUNK_OF(-708.0), CHUNK_OF(1.4426950408889634074), CHUNK_OF(6755399441055744.0),
    CHUNK_OF(6.93147180369123816490e-01), CHUNK_OF(1.90821492927058770002e-10),
#endif
    CHUNK_OF(1.0), CHUNK_OF(0.5), CHUNK_OF(1.0 / 6.0), CHUNK_OF(1.0 / 24.0), CHUNK_OF(1.0 / 120.0),
    CHUNK_OF(1.0 / 720.0), CHUNK_OF(1.0 / 5040.0), CHUNK_OF(1.0 / 40320.0), CHUNK_OF(1.0 / 362880.0),
    CHUNK_OF(1.0 / 3628800.0), CHUNK_OF(1.0 / 39916800.0), CHUNK_OF(1.0 / 479001600.0),
    CHUNK_OF(1.0 / 6227020800.0)};
INLINE const real *read_exp_numbers(const int turn) {
  const real *at = exp_numbers[0];
#if defined(__wasm__)
  __asm__("" : "+r"(at) : "r"(turn));
#else
  (void)turn;
#endif
  return at;
}
#define NUMBER(n) chunk_at(numbers + (n) * CHUNK)
INLINE void exps_minus(Chunk *x, const int turn) {
  const real *numbers = read_exp_numbers(turn);
  Chunk n[ABREAST], r[ABREAST], r2[ABREAST], low[ABREAST], high[ABREAST];
  Wholes bits[ABREAST];
  EACH r[k] = choose(-x[k] > NUMBER(0), NUMBER(0), -x[k]);
  EACH r[k] = choose(r[k] < NUMBER(1), NUMBER(1), r[k]);
  EACH n[k] = r[k] * NUMBER(2) + NUMBER(3);
  EACH bits[k] = (Wholes)n[k] << MANTISSA;
  EACH n[k] -= NUMBER(3);
  EACH r[k] -= n[k] * NUMBER(4);
  EACH r[k] -= n[k] * NUMBER(5);
  IN_STEP(r);
  EACH r2[k] = r[k] * r[k];
#if SINGLE
  EACH high[k] = (NUMBER(9) + r[k] * NUMBER(10)) + (NUMBER(11) + r[k] * NUMBER(12)) * r2[k];
  IN_STEP(high);
  EACH high[k] *= r2[k] * r2[k];
#else
  Chunk r4[ABREAST], middle[ABREAST];
  EACH r4[k] = r2[k] * r2[k];
  IN_STEP(r4);
  EACH high[k] = (NUMBER(17) + r[k] * NUMBER(18)) * r4[k];
  IN_STEP(high);
  EACH high[k] = ((NUMBER(13) + r[k] * NUMBER(14)) + (NUMBER(15) + r[k] * NUMBER(16)) * r2[k]) + high[k];
  IN_STEP(high);
  EACH middle[k] = (NUMBER(9) + r[k] * NUMBER(10)) + (NUMBER(11) + r[k] * NUMBER(12)) * r2[k];
  EACH high[k] = middle[k] + high[k] * r4[k];
  IN_STEP(high);
  EACH high[k] *= r4[k];
#endif
  EACH low[k] = (NUMBER(6) + r[k]) + (NUMBER(7) + r[k] * NUMBER(8)) * r2[k];
  EACH x[k] = (Chunk)((Wholes)(low[k] + high[k]) + bits[k]);
}

/* The logistic function of `count` numbers, in place, to the end of their last vector of LANES. */
INLINE void logistics(const int count, real *x) {
  for (int n = 0; n < count; n += ABREAST * CHUNK) {
    const real *numbers = read_exp_numbers(n);
    Chunk q[ABREAST];
    EACH q[k] = chunk_at(x + n + k * CHUNK);
    exps_minus(q, n);
    EACH put_chunk(x + n + k * CHUNK, NUMBER(6) / (NUMBER(6) + q[k]));
  }
}

/* LANES numbers at once.  All sums over sources are made in LANES lanes, and these then added
 * pairwise, l and l + 4, l and l + 2, l and l + 1: the one order that every machine keeps. */
typedef real Lanes __attribute__((vector_size(LANES * sizeof(real))));
INLINE Lanes lanes_at(const real *at) {
  Lanes lanes;
  memcpy(&lanes, at, sizeof lanes);
  return lanes;
}
INLINE Lanes products(const int count, const real *restrict a, const real *restrict b) {
  Lanes sum = lanes_at(a) * lanes_at(b);
  for (int m = LANES; m < count; m += LANES) sum += lanes_at(a + m) * lanes_at(b + m);
  return sum;
}
INLINE real sum_of(const Lanes lanes) {
  const real a = lanes[0] + lanes[4], b = lanes[1] + lanes[5], c = lanes[2] + lanes[6];
  const real d = lanes[3] + lanes[7];
  return (a + c) + (b + d);
}
INLINE real dot(const int count, const real *restrict a, const real *restrict b) {
  return sum_of(products(count, a, b));
}

/* The products of a vector with the rows of a matrix; `out` has room for whole vectors.  Where vectors
 * are wide, LANES rows at once are added up side by side, in the same order. */
#if defined(__has_builtin) && !defined(__wasm__)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLES 1
#endif
#endif
#ifdef SHUFFLES
INLINE void rows_dot(const int rows, const int count, const real *restrict w, const real *restrict u,
                     real *restrict out) {
#define ROW(r) ((r) < rows ? products(count, w + (r) * count, u) : (Lanes){0})
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define HIGH(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
#define LOW2(a, b) __builtin_shufflevector(a, b, 0, 1, 4, 5, 8, 9, 12, 13)
#define HIGH2(a, b) __builtin_shufflevector(a, b, 2, 3, 6, 7, 10, 11, 14, 15)
#define EVEN(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
  Lanes four[4], two[2];
#define PAIR(n)                                       \
  {                                                   \
    const Lanes a = ROW(2 * n), b = ROW(2 * n + 1);   \
    four[n] = LOW(a, b) + HIGH(a, b);                 \
  }
  PAIR(0) PAIR(1) PAIR(2) PAIR(3)
  two[0] = LOW2(four[0], four[1]) + HIGH2(four[0], four[1]);
  two[1] = LOW2(four[2], four[3]) + HIGH2(four[2], four[3]);
  const Lanes sums = EVEN(two[0], two[1]) + ODD(two[0], two[1]);
  memcpy(out, &sums, sizeof sums);
}
INLINE void matrix_dot(const int rows, const int count, const real *restrict w,
                       const real *restrict u, real *restrict out) {
  for (int r = 0; r < rows; r += LANES) rows_dot(rows - r, count, w + r * count, u, out + r);
}
#else
INLINE void matrix_dot(const int rows, const int count, const real *restrict w,
                       const real *restrict u, real *restrict out) {
  for (int r = 0; r < rows; r++) out[r] = dot(count, w + r * count, u);
  for (int r = rows; r % LANES; r++) out[r] = 0;
}
#endif
