/* lab_steady.h: whether and when a series of iterations reaches a steady state.
 *
 * After Barrett, Bolz-Tereick, Killick, Mount and Tratt, "Virtual Machine Warmup Blows Hot and Cold" (OOPSLA
 * 2017): outliers are set aside, change-point analysis cuts the rest into segments, short slow ones are
 * interruptions, and the classes follow from which of the others are like the last. Where we differ,
 * docs/lab.md says why. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* STEADY_CLASS(id, "name", "sign", has a steady state): in the order in which reports explain them. */
#define STEADY_CLASSES(X)                                                                                    \
  X(FLAT, "flat", "=", true)                                                                                 \
  X(WARM_UP, "warm-up", "\\", true)                                                                          \
  X(SLOW_DOWN, "slow-down", "/", true)                                                                       \
  X(MIXED, "flat or warm-up", "=\\", true)                                                                   \
  X(INCONSISTENT, "inconsistent", "?", true)                                                                 \
  X(NONE, "no steady state", "~", false)                                                                     \
  X(UNKNOWN, "too short to tell", ".", false)

typedef enum steady_class {
#define STEADY_ENUM(id, name, sign, is_steady) STEADY_##id,
  STEADY_CLASSES(STEADY_ENUM)
#undef STEADY_ENUM
} steady_class;

const char *steady_name(steady_class c);
const char *steady_sign(steady_class c);
bool steady_is_reached(steady_class c);

enum { STEADY_LEAST_ITERATIONS = 12, STEADY_MAX_SEGMENTS = 64 };

typedef struct steady_segment {
  size_t first, count;    /* iterations, outliers among them */
  double mean, deviation; /* without outliers */
  bool is_like_last;
  bool is_interruption; /* short, and slower than what comes before and behind */
} steady_segment;

typedef struct steady_result {
  steady_class class; /* never MIXED or INCONSISTENT, which are said of several processes */
  size_t from;        /* first iteration of the steady state; of the last half if there is none */
  double level;       /* median time there */
  size_t n_outliers, n_interruptions;
  size_t n_segments; /* 0: not analysed */
  steady_segment segments[STEADY_MAX_SEGMENTS];
} steady_result;

/* Times of successive iterations, in any unit. */
steady_result steady_analyse(const double *times, size_t n);

/* What to call several processes of the same program. If half of them or more come to no steady state: NONE,
 * or UNKNOWN if all of those are too short to tell. Else what the others are: INCONSISTENT if they come to it
 * in ways that do not go together. */
steady_class steady_combine(const steady_class *classes, size_t n);

/* The first iteration from which on every segment runs at 90 % of the peak's speed or more. */
size_t steady_near_peak(const steady_result *result);
