/* Numbers: elementary functions and sums of the kernel's own, the same to the bit on every machine.
 *
 * Nothing here depends on a mathematical library, on the width of vectors or on the order in which a
 * compiler adds: only on +, -, *, / and sqrt, which IEEE 754 defines to the bit, without contraction
 * of products and sums. */
#include <stdint.h>
#include <string.h>

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif
#define INLINE static inline __attribute__((always_inline))
#define SIMD _Pragma("omp simd")
#define ALIGNED __attribute__((aligned(64)))
#if defined(__wasm__)
#define SHARED static __attribute__((noinline)) /* a page has to load it: better small */
#else
#define SHARED INLINE
#endif

/* exp(-x) to about one unit in the last place: x = -(n ln 2 + r), a polynomial in r, then 2^n put
 * straight into the exponent.  NaN stays NaN. */
INLINE double exp_minus_double(const double x) {
  double z = -x;
  z = z > 708.0 ? 708.0 : z;
  z = z < -708.0 ? -708.0 : z;
  const double shift = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to a whole number */
  double n = z * 1.4426950408889634074 + shift;
  uint64_t bits;
  memcpy(&bits, &n, sizeof bits);
  n -= shift;
  double r = z - n * 6.93147180369123816490e-01;
  r -= n * 1.90821492927058770002e-10;
  /* In pairs, so that few operations wait for each other. */
  const double r2 = r * r, r4 = r2 * r2;
  const double low = (1.0 + r) + (0.5 + r * (1.0 / 6.0)) * r2;
  const double middle =
      (1.0 / 24.0 + r * (1.0 / 120.0)) + (1.0 / 720.0 + r * (1.0 / 5040.0)) * r2;
  const double high = ((1.0 / 40320.0 + r * (1.0 / 362880.0)) +
                       (1.0 / 3628800.0 + r * (1.0 / 39916800.0)) * r2) +
                      (1.0 / 479001600.0 + r * (1.0 / 6227020800.0)) * r4;
  double p = low + (middle + high * r4) * r4;
  uint64_t scaled;
  memcpy(&scaled, &p, sizeof scaled);
  scaled += bits << 52; /* the low bits of n + shift are the whole number n */
  memcpy(&p, &scaled, sizeof p);
  return p;
}

/* The same in single precision. */
INLINE float exp_minus_float(const float x) {
  float z = -x;
  z = z > 87.0f ? 87.0f : z;
  z = z < -87.0f ? -87.0f : z;
  const float shift = 12582912.0f; /* 1.5 * 2^23 */
  float n = z * 1.44269504f + shift;
  uint32_t bits;
  memcpy(&bits, &n, sizeof bits);
  n -= shift;
  float r = z - n * 0.693145752f;
  r -= n * 1.42860677e-6f;
  const float r2 = r * r;
  const float low = (1.0f + r) + (0.5f + r * (1.0f / 6.0f)) * r2;
  const float high = (1.0f / 24.0f + r * (1.0f / 120.0f)) + (1.0f / 720.0f + r * (1.0f / 5040.0f)) * r2;
  float p = low + high * (r2 * r2);
  uint32_t scaled;
  memcpy(&scaled, &p, sizeof scaled);
  scaled += bits << 23;
  memcpy(&p, &scaled, sizeof p);
  return p;
}

#if SINGLE
#define exp_minus exp_minus_float
#define SQRT __builtin_sqrtf
#else
#define exp_minus exp_minus_double
#define SQRT __builtin_sqrt
#endif

INLINE int is_finite(const double x) { return x - x == 0; }

/* The natural logarithm of a positive number; what is not finite stays as it is.  x = 2^n m, log m = 2 artanh((m - 1) / (m + 1)),
 * with m from sqrt(1/2) to sqrt(2). */
static double logarithm(const double x) {
  if (!is_finite(x)) return x;
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (bits < (1ULL << 52)) return logarithm(x * 18014398509481984.0) - 54 * 6.93147180559945286227e-01;
  int n = (int)(bits >> 52) - 1023;
  bits = (bits & ((1ULL << 52) - 1)) | (1023ULL << 52);
  double m;
  memcpy(&m, &bits, sizeof m);
  if (m > 1.41421356237309504880) {
    m *= 0.5;
    n++;
  }
  const double t = (m - 1.0) / (m + 1.0), square = t * t;
  double sum = 0.0;
  for (int k = 23; k >= 3; k -= 2) sum = (sum + 1.0 / k) * square;
  return n * 6.93147180369123816490e-01 + (n * 1.90821492927058770002e-10 + 2.0 * (t + t * sum));
}

/* A power with a whole exponent, by squaring. */
static double power(double base, int64_t exponent) {
  double result = 1.0;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result *= base;
    base *= base;
  }
  return result;
}

INLINE double square_root(const double x) { return __builtin_sqrt(x); }
INLINE double magnitude(const double x) { return x < 0 ? -x : x; }

/* The activation functions of blocks.py: the argument and the value by way of the logistic function,
 * and the slope as a function of the value. */
enum { IDENTITY, TANH, LOGISTIC_1, LOGISTIC_2 };
INLINE real of_logistic(const int kind, const real z) {
  return kind == LOGISTIC_2 ? 4 * z - 2 : 2 * z - 1;
}
INLINE real logistic(const real x) { return 1 / (1 + exp_minus(x)); }
INLINE real activation(const int kind, const real x) {
  if (kind == IDENTITY) return x;
  return of_logistic(kind, logistic(kind == TANH ? 2 * x : x));
}
INLINE real slope(const int kind, const real value) {
  if (kind == IDENTITY) return 1;
  if (kind == TANH) return 1 - value * value;
  if (kind == LOGISTIC_1) return (real)0.5 * (1 - value * value);
  return (real)0.25 * (4 - value * value);
}
