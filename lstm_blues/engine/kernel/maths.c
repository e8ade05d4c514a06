/* Numbers: exponentials, activation functions and sums. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif
#define INLINE static inline __attribute__((always_inline))
#define SIMD _Pragma("omp simd")

/* exp(-x) to about one unit in the last place: x = -(n ln 2 + r), a polynomial in r, then 2^n put
 * straight into the exponent.  Written out because a call of the library's scalar exp, 32 times a
 * step, would cost as much as all the rest.  NaN stays NaN. */
INLINE double exp_minus(double x) {
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
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  uint64_t scaled;
  memcpy(&scaled, &p, sizeof scaled);
  scaled += bits << 52; /* the low bits of n + shift are the whole number n */
  memcpy(&p, &scaled, sizeof p);
  return p;
}

/* The activation functions of blocks.py: value, and slope as a function of the value. */
enum { IDENTITY, TANH, LOGISTIC_1, LOGISTIC_2 };
INLINE double activation(const int kind, double x) {
  if (kind == IDENTITY) return x;
  double z = 1.0 / (1.0 + exp_minus(kind == TANH ? 2.0 * x : x));
  return kind == LOGISTIC_2 ? 4.0 * z - 2.0 : 2.0 * z - 1.0;
}
INLINE double slope(const int kind, double value) {
  if (kind == IDENTITY) return 1.0;
  if (kind == TANH) return 1.0 - value * value;
  if (kind == LOGISTIC_1) return 0.5 * (1.0 - value * value);
  return 0.25 * (4.0 - value * value);
}

INLINE real dot(const int count, const real *restrict a, const real *restrict b) {
  real sum = 0;
  _Pragma("omp simd reduction(+ : sum)") for (int m = 0; m < count; m++) sum += a[m] * b[m];
  return sum;
}
