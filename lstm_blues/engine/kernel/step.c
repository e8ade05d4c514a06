/* The online learning rule of the report, compiled for one topology.
 *
 * `fused.py` writes the constants above this text (sizes, offsets, activations, the groups as an
 * X-macro) and compiles both together.  Everything is of constant size and stands in one buffer at
 * constant offsets, so that the compiler keeps a step in registers and the first-level cache.
 * The readable version of every line is in cell.py, network.py and online.py; tests hold the two
 * together.  Letters are those of the equations: u sources, s cell states, y cell outputs,
 * P traces, W weights, V velocities, e errors. */
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
/* UNITS inputs = outputs, CELLS, SOURCES = UNITS + CELLS + 1, STEPS in a song: all from fused.py */

/* exp(-x) to about one unit in the last place: x = -(n ln 2 + r), a polynomial in r, then 2^n put
 * straight into the exponent.  Written out because a call of the library's scalar exp, 32 times a
 * step, would cost as much as all the rest.  NaN stays NaN. */
INLINE double exp_minus(double x) {
  double z = -x;
  z = z > 708.0 ? 708.0 : z;
  z = z < -708.0 ? -708.0 : z;
  const double shift = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to a whole number */
  double n = z * 1.4426950408889634074 + shift;
  int64_t bits;
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
  int64_t scaled;
  memcpy(&scaled, &p, sizeof scaled);
  scaled += bits << 52; /* the low bits of n + shift are the whole number n */
  memcpy(&p, &scaled, sizeof p);
  return p;
}

/* The activations of cell.py: value and slope. */
enum { IDENTITY, TANH, LOGISTIC_1, LOGISTIC_2 };
INLINE double squash(const int kind, double x) {
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

INLINE void nets(const int rows, const int m_count, const real *restrict w, const real *restrict u,
                 double *restrict net) {
  for (int r = 0; r < rows; r++) {
    real sum = 0;
    _Pragma("omp simd reduction(+ : sum)") for (int m = 0; m < m_count; m++) sum += w[r * m_count + m] * u[m];
    net[r] = (double)sum;
  }
}

/* One group of B blocks of S cells: gates, cell inputs, states and cell outputs.
 * Rows of w: B input gates, B forget gates, B output gates, B*S cells; u holds the M sources that
 * the group sees, zero-padded.  a keeps the logistic of every gate, g the squashed cell inputs. */
INLINE void group_forward(const int B, const int S, const int M, const real *restrict w,
                          const real *restrict u, double *restrict a, double *restrict g,
                          const real *restrict s_before, real *restrict s, real *restrict y) {
  const int C = B * S;
  double net[3 * B + C];
  nets(3 * B + C, M, w, u, net);
  SIMD for (int r = 0; r < 3 * B; r++) a[r] = 1.0 / (1.0 + exp_minus(net[r]));
  SIMD for (int c = 0; c < C; c++) g[c] = squash(SQUASH_G, net[3 * B + c]);
  for (int c = 0; c < C; c++) {
    const int j = c / S;
    s[c] = (real)(a[B + j] * s_before[c] + a[j] * g[c]);
    y[c] = (real)(a[2 * B + j] * squash(SQUASH_H, s[c]));
  }
}

/* Traces, velocities and weights of one group, in one pass over the sources.
 * epsilon is sum_k w_kv delta_k for every cell of the group. */
INLINE void group_learn(const int B, const int S, const int M, real *restrict w, real *restrict v,
                        real *restrict traces, const real *restrict u, const double *restrict a,
                        const double *restrict g, const real *restrict s_before,
                        const real *restrict s, const double *restrict epsilon, const real rate,
                        const real momentum) {
  const int C = B * S;
  for (int j = 0; j < B; j++) {
    const double iota = a[j], phi = a[B + j], omega = a[2 * B + j];
    real keep = (real)phi, to_cell[S], to_input[S], to_forget[S], e[S];
    double output_error = 0;
    for (int i = 0; i < S; i++) {
      const int c = j * S + i;
      const double h = squash(SQUASH_H, s[c]);
      to_cell[i] = (real)(slope(SQUASH_G, g[c]) * iota);
      to_input[i] = (real)(g[c] * iota * (1.0 - iota));
      to_forget[i] = (real)(s_before[c] * phi * (1.0 - phi));
      e[i] = (real)(omega * slope(SQUASH_H, h) * epsilon[c]);
      output_error += h * epsilon[c];
    }
    const real eo = (real)(omega * (1.0 - omega) * output_error);
    real *restrict wi = w + j * M, *restrict wf = w + (B + j) * M, *restrict wo = w + (2 * B + j) * M;
    real *restrict vi = v + j * M, *restrict vf = v + (B + j) * M, *restrict vo = v + (2 * B + j) * M;
    real *restrict wc = w + (3 * B + j * S) * M, *restrict vc = v + (3 * B + j * S) * M;
    real *restrict pc = traces + j * S * M, *restrict pi = pc + C * M, *restrict pf = pi + C * M;
    SIMD for (int m = 0; m < M; m++) {
      real di = 0, df = 0;
      for (int i = 0; i < S; i++) {
        const int n = i * M + m;
        pc[n] = keep * pc[n] + to_cell[i] * u[m];
        pi[n] = keep * pi[n] + to_input[i] * u[m];
        pf[n] = keep * pf[n] + to_forget[i] * u[m];
        di += e[i] * pi[n];
        df += e[i] * pf[n];
        vc[n] = momentum * vc[n] + e[i] * pc[n];
        wc[n] += rate * vc[n];
      }
      vi[m] = momentum * vi[m] + di;
      wi[m] += rate * vi[m];
      vf[m] = momentum * vf[m] + df;
      wf[m] += rate * vf[m];
      vo[m] = momentum * vo[m] + eo * u[m];
      wo[m] += rate * vo[m];
    }
  }
}

/* Errors of the cells, then velocities and weights of one set of K output units. */
INLINE void units_learn(const int K, const int M, real *restrict w, real *restrict v,
                        const real *restrict u, const double *restrict delta, real *restrict back,
                        const real rate, const real momentum) {
  for (int m = 0; m < M; m++) back[m] = 0;
  for (int k = 0; k < K; k++) {
    const real d = (real)delta[k];
    SIMD for (int m = 0; m < M; m++) {
      const int n = k * M + m;
      back[m] += w[n] * d;
      v[n] = momentum * v[n] + d * u[m];
      w[n] += rate * v[n];
    }
  }
}

/* The report's decision for a chord note: on where the output is above 0.5.  False for NaN. */
#define ON(net) ((net) > 0.0)
/* What the network hears of input k: levels (2, UNITS) holds its value for off, then for on. */
#define HEARD(on, k) ((on) ? levels[UNITS + (k)] : levels[k])

#define PACK(n, M, from, to)     \
  _Pragma("GCC unroll 128") for (int m = 0; m < M; m++) (to)[m] = (from)[gather_##n[m]];

/* The parts of the network, one macro call each.  FORM is 1 for the part that reaches the chord
 * units, and each part is skipped where `form` or `melody` says so.
 * source: [x; y; 1; 0] with y of the step before, then of this one. */
#define ON_PART(FORM, yes_form, yes_melody) if (FORM ? (yes_form) : (yes_melody))
#define GROUP_ROOM(n, FORM, B, S, M, W_AT, V_AT, P_AT, FIRST) \
  real u_g##n[M];                                             \
  double a_g##n[3 * B], g_g##n[B * S];
#define UNIT_ROOM(n, FORM, K, M, W_AT, V_AT, FIRST) real u_u##n[M];
#define GROUP_FORWARD(n, FORM, B, S, M, W_AT, V_AT, P_AT, FIRST)                               \
  ON_PART(FORM, 1, melody) {                                                                   \
    PACK(g##n, M, source, u_g##n)                                                              \
    group_forward(B, S, M, buffer + W_AT, u_g##n, a_g##n, g_g##n, s_before + FIRST, s + FIRST, \
                  y_new + FIRST);                                                              \
  }
#define UNIT_FORWARD(n, FORM, K, M, W_AT, V_AT, FIRST) \
  ON_PART(FORM, 1, melody) {                           \
    PACK(u##n, M, source, u_u##n)                      \
    nets(K, M, buffer + W_AT, u_u##n, net + FIRST);    \
  }
#define UNIT_LEARN(n, FORM, K, M, W_AT, V_AT, FIRST)                                         \
  ON_PART(FORM, chords_learn, melody) {                                                       \
    real back[M];                                                                            \
    units_learn(K, M, buffer + W_AT, buffer + V_AT, u_u##n, delta + FIRST, back,             \
                FORM ? rate : melody_rate, momentum);                                        \
    for (int m = 0; m < M; m++) {                                                            \
      const int from = gather_u##n[m] - UNITS;                                               \
      if (from >= 0 && from < CELLS) epsilon[from] += back[m];                               \
    }                                                                                        \
  }
#define GROUP_LEARN(n, FORM, B, S, M, W_AT, V_AT, P_AT, FIRST)                               \
  ON_PART(FORM, chords_learn, melody)                                                         \
  group_learn(B, S, M, buffer + W_AT, buffer + V_AT, buffer + P_AT, u_g##n, a_g##n, g_g##n,  \
              s_before + FIRST, s + FIRST, epsilon + FIRST, FORM ? rate : melody_rate, momentum);
/* What a set plays: chords above 0.5; else one note, its outputs divided by their sum. */
#define UNIT_PLAY(n, FORM, K, M, W_AT, V_AT, FIRST)                                       \
  if (FIRST == FORM_FIRST) {                                                              \
    for (int k = 0; k < K; k++) on[FIRST + k] = ON(net[FIRST + k]);                       \
  } else if (melody) {                                                                    \
    double reached[K], sum = 0.0;                                                         \
    for (int k = 0; k < K; k++)                                                           \
      reached[k] = sum += 1.0 / (1.0 + exp_minus(net[FIRST + k]));                        \
    if (!(sum > 0.0 && sum <= K)) return -1;                                              \
    int drawn = 0;                                                                        \
    while (drawn < K - 1 && reached[drawn] <= uniform[t] * sum) drawn++;                  \
    for (int k = 0; k < K; k++) on[FIRST + k] = k == drawn;                               \
  }

/* Plays frozen for `limit` steps, feeding its own notes back, and returns how many it played
 * before the first wrong chord note; -1 where no note can be drawn.  It starts from zero state and
 * the notes `first`, and hears the first `given` steps of `chorus`, whatever it plays itself.  With
 * `uniform` null, chords alone are played.  `chorus` is the form to compare
 * with, (STEPS, UNITS); notes and outputs (limit, UNITS) may be null. */
static int64_t play(const real *restrict buffer, const uint8_t *restrict first,
                    const real *restrict levels, const real *restrict chorus, int64_t given,
                    int64_t limit, int stop_at_wrong, const double *restrict uniform,
                    uint8_t *restrict notes, double *restrict outputs,
                    int64_t *restrict played) {
  real source[SOURCES + 1] = {0}, y_new[CELLS] = {0}, s_before[CELLS], s[CELLS] = {0};
  double net[UNITS] = {0};
  uint8_t on[UNITS];
  const int melody = uniform != 0;
  GROUPS(GROUP_ROOM)
  UNIT_SETS(UNIT_ROOM)
  int64_t right = 0, t = 0;
  int clean = 1;
  memcpy(on, first, sizeof on);
  source[UNITS + CELLS] = 1;
  while (t < limit) {
    const real *target = chorus + (t + 1) % STEPS * UNITS;
    for (int k = 0; k < UNITS; k++) source[k] = HEARD(on[k], k);
    memcpy(s_before, s, sizeof s);
    GROUPS(GROUP_FORWARD)
    memcpy(source + UNITS, y_new, sizeof y_new);
    UNIT_SETS(UNIT_FORWARD)
    UNIT_SETS(UNIT_PLAY)
    if (t + 1 < given)
      for (int k = 0; k < UNITS; k++) on[k] = target[k] > 0;
    for (int k = FORM_FIRST; k < FORM_FIRST + FORM_UNITS; k++)
      if (on[k] != (target[k] > 0)) clean = 0;
    if (notes) memcpy(notes + t * UNITS, on, sizeof on);
    if (outputs)
      for (int k = 0; k < UNITS; k++) outputs[t * UNITS + k] = 1.0 / (1.0 + exp_minus(net[k]));
    right += clean;
    t++;
    if (!clean && stop_at_wrong) break;
  }
  *played = t;
  return right;
}

EXPORT int64_t free_run(const real *buffer, const uint8_t *first, const real *levels,
                        const real *chorus, int64_t given, int64_t limit, int stop_at_wrong,
                        const double *uniform, uint8_t *notes, double *outputs, int64_t *played) {
  return play(buffer, first, levels, chorus, given, limit, stop_at_wrong, uniform, notes, outputs,
              played);
}

/* Cross-entropy of `count` units.  The product of probabilities takes one logarithm a few hundred
 * steps, where a logarithm a unit would cost a third of the step; where it would underflow, the
 * sum is taken. */
INLINE double surprise(const int count, const double *restrict p, const double *restrict net,
                       const real *restrict target, double *restrict product) {
  double all = 1.0;
  for (int k = 0; k < count; k++) all *= p[k];
  if (all > 1e-150) {
    *product *= all;
    if (*product >= 1e-150) return 0.0;
    const double sum = -log(*product);
    *product = 1.0;
    return sum;
  }
  double sum = 0.0;
  for (int k = 0; k < count; k++) {
    const double against = target[k] > 0 ? -net[k] : net[k];
    sum += (against > 0 ? against : 0) + log1p(exp(-fabs(against)));
  }
  return sum;
}

/* The test where a melody reaches the chord units.  */
static __attribute__((noinline)) int64_t test_with_melody(const real *restrict buffer,
                                                          const real *restrict levels,
                                                          const real *restrict table,
                                                          const int64_t *restrict rules) {
  uint8_t first[UNITS];
  int64_t played;
  for (int k = 0; k < UNITS; k++) first[k] = table[k] > 0;
  const int64_t right = play(buffer, first, levels, table, rules[N_GIVEN], rules[N_TEST_STEPS], 1,
                             (const double *)(intptr_t)rules[N_TEST_UNIFORM], 0, 0, &played);
  return right < 0 ? 0 : right; /* where no note can be drawn, nothing was played */
}

/* The test of chords alone: of several songs, the fewest steps; none is played for longer than that.
 * It begins with the song that was the worst in the last test, which most often is so again. */
static int64_t test_chords(const real *restrict buffer, const real *restrict levels,
                           const real *restrict table, const int64_t *restrict rules,
                           int64_t *restrict worst) {
  const int64_t songs = rules[N_TESTED], begin = *worst;
  int64_t least = rules[N_TEST_STEPS];
  for (int64_t n = 0; n < songs; n++) {
    const int64_t song = (begin + n) % songs;
    const real *chorus = table + song * STEPS * UNITS;
    uint8_t first[UNITS] = {0};
    int64_t played;
    for (int k = FORM_FIRST; k < FORM_FIRST + FORM_UNITS; k++) first[k] = chorus[k] > 0;
    const int64_t right =
        play(buffer, first, levels, chorus, rules[N_GIVEN], least, 1, 0, 0, 0, &played);
    if (right < least) {
      least = right;
      *worst = song;
    }
  }
  return least;
}

#define COUNT(name) counters[N_##name]
/* LEARNER */
/* Where another learner's file stands in place of the line above, it has its own of these. */
#ifndef LEARN_STEP
#define LEARNER_ROOM
#define MORE (done < steps)
#define LEARN_STEP                                   \
  for (int c = 0; c < CELLS; c++) epsilon[c] = 0.0;  \
  UNIT_SETS(UNIT_LEARN)                              \
  GROUPS(GROUP_LEARN)
#define AFTER_COUNT
#endif
#define UNIT_LOSS(n, FORM, K, M, W_AT, V_AT, FIRST)                                            \
  ON_PART(FORM, 1, melody)                                                                     \
  now[!FORM] += surprise(K, p + FIRST, net + FIRST, target + FIRST, &product[!FORM]);

/* Learns for `steps` steps, or what another learner's MORE says, and returns how many.  Stops when the form is learned (unless
 * the melody is what is learned) or when a number is no longer finite; that step changes nothing.
 * table (V, STEPS, UNITS) and picks (songs, BARS) give the songs; reals, rules, counters and sums
 * are named in fused.py.  The rule TEST_UNIFORM is the address of the melody's random
 * numbers in tests, where it reaches the chords, else 0. */
EXPORT int64_t learn(real *restrict buffer, const real *restrict levels,
                     const real *restrict table, const int64_t *restrict picks, const double *restrict reals,
                     const int64_t *restrict rules, int64_t *restrict counters,
                     double *restrict sums, int64_t steps) {
  const real rate = reals[0], momentum = reals[1], melody_rate = reals[3];
  const double gross_error = reals[2];
  const int melody = counters[N_MELODY] || rules[N_MELODY_TOGETHER];
  const int chords_learn = !counters[N_MELODY] || rules[N_CHORDS_LEARN];
  real *restrict s = buffer + S_AT, *restrict y = buffer + Y_AT;
  real source[SOURCES + 1] = {0}, y_new[CELLS] = {0}, s_before[CELLS];
  double net[UNITS] = {0}, delta[UNITS], epsilon[CELLS], one_minus[UNITS], o[UNITS], p[UNITS];
  GROUPS(GROUP_ROOM)
  UNIT_SETS(UNIT_ROOM)
  source[UNITS + CELLS] = 1;
  double product[2] = {1.0, 1.0}, loss[2] = {0.0, 0.0};
  int64_t done = 0, worst = 0;
  LEARNER_ROOM
  while (MORE && !COUNT(NONFINITE) && (COUNT(MELODY) || !COUNT(LEARNED))) {
    const int64_t t = COUNT(POSITION), next = (t + 1) % STEPS;
    const int64_t song =
        rules[N_BY_EPISODE] ? COUNT(GROSS_RESETS) + COUNT(EPISODES) : COUNT(SONGS);
    const int64_t *pick = picks + song % rules[N_SONGS_IN_ORDER] * BARS;
    const int64_t *pick_next =
        next || rules[N_BY_EPISODE] ? pick : picks + (song + 1) % rules[N_SONGS_IN_ORDER] * BARS;
    const real *restrict now_playing = table + (pick[t * BARS / STEPS] * STEPS + t) * UNITS;
    const real *restrict target = table + (pick_next[next * BARS / STEPS] * STEPS + next) * UNITS;
    for (int k = 0; k < UNITS; k++) source[k] = HEARD(now_playing[k] > 0, k);
    memcpy(source + UNITS, y, sizeof y_new);
    memcpy(s_before, s, sizeof s_before);
    GROUPS(GROUP_FORWARD)
    memcpy(source + UNITS, y_new, sizeof y_new);
    UNIT_SETS(UNIT_FORWARD)

    /* delta = t - o, and the probability of the target, both without cancellation */
    SIMD for (int k = 0; k < UNITS; k++) {
      const double q = exp_minus(net[k]);
      o[k] = 1.0 / (1.0 + q);
      one_minus[k] = q * o[k];
    }
    for (int k = 0; k < UNITS; k++) {
      const int on = target[k] > 0;
      delta[k] = on ? one_minus[k] : -o[k];
      p[k] = on ? o[k] : one_minus[k];
    }
    int gross = 0;
    for (int k = FORM_FIRST; k < FORM_FIRST + FORM_UNITS; k++) gross |= fabs(delta[k]) > gross_error;
    double now[2] = {0.0, 0.0};
    UNIT_SETS(UNIT_LOSS)
    if (!isfinite(now[0] + now[1])) {
      memcpy(s, s_before, sizeof s_before);
      COUNT(NONFINITE) = 1;
      break;
    }
    loss[0] += now[0];
    loss[1] += now[1];

    LEARN_STEP
    memcpy(y, y_new, sizeof y_new);

    done++;
    COUNT(POSITION) = next;
    COUNT(STEPS)++;
    COUNT(MELODY_STEPS) += COUNT(MELODY);
    COUNT(RIGHT) += !gross;
    COUNT(GROSS) += gross;
    COUNT(GROSS_IN_COUNT) += gross;
    COUNT(GROSS_IN_CHORUS) += gross;
    COUNT(CLEAN_RUN) = gross ? 0 : COUNT(CLEAN_RUN) + 1;
    if (COUNT(CLEAN_RUN) > COUNT(LONGEST_CLEAN_RUN)) COUNT(LONGEST_CLEAN_RUN) = COUNT(CLEAN_RUN);

    int reset = gross && rules[N_GROSS_ERRORS] > 0 && COUNT(GROSS_IN_COUNT) >= rules[N_GROSS_ERRORS];
    int test = COUNT(STEPS) % rules[N_TEST_INTERVAL] == 0;
    if (reset) {
      COUNT(GROSS_RESETS)++;
      COUNT(SONGS)++;
    } else if (next == 0) {
      test |= COUNT(GROSS_IN_CHORUS) == 0 && !COUNT(MELODY);
      COUNT(SONGS)++;
      COUNT(CHORUSES_IN_EPISODE)++;
      COUNT(GROSS_IN_CHORUS) = 0;
      if (rules[N_COUNT_PER_CHORUS]) COUNT(GROSS_IN_COUNT) = 0;
      reset = rules[N_EPISODE_CHORUSES] > 0 && COUNT(CHORUSES_IN_EPISODE) >= rules[N_EPISODE_CHORUSES];
      COUNT(EPISODES) += reset;
    }
    AFTER_COUNT
    if (reset) {
      COUNT(POSITION) = COUNT(CHORUSES_IN_EPISODE) = 0;
      COUNT(GROSS_IN_COUNT) = COUNT(GROSS_IN_CHORUS) = 0;
      memset(s, 0, CELLS * sizeof(real));
      memset(y, 0, CELLS * sizeof(real));
      memset(buffer + TRACES_AT, 0, TRACES * sizeof(real));
      memset(y_new, 0, sizeof y_new);
    }
    if (test && chords_learn) {
      COUNT(TESTS)++;
      if (rules[N_TEST_UNIFORM])
        COUNT(FREE_RUN) = test_with_melody(buffer, levels, table, rules);
      else
        COUNT(FREE_RUN) = test_chords(buffer, levels, table, rules, &worst);
      if (COUNT(FREE_RUN) > COUNT(BEST_FREE_RUN)) COUNT(BEST_FREE_RUN) = COUNT(FREE_RUN);
      COUNT(LEARNED) = COUNT(FREE_RUN) >= rules[N_TEST_STEPS];
    }
  }
  sums[0] += loss[0] - log(product[0]);
  sums[1] += loss[1] - log(product[1]);
  return done;
}
