/* number.h: arithmetic whose result the language defines where C does not. Every tier uses these. */
#pragma once
#include "terza/word.h"

/* Neither divisor is 0. INT64_MIN / -1 wraps. 32-bit division is several times faster than 64-bit on common
 * machines. */
static inline int64_t tz_int_div(int64_t a, int64_t b) {
  if (TZ_LIKELY(((uint64_t)a | (uint64_t)b) >> 32 == 0)) return (uint32_t)a / (uint32_t)b;
  if (TZ_UNLIKELY(b == -1)) return (int64_t)(0 - (uint64_t)a);
  return a / b;
}
static inline int64_t tz_int_rem(int64_t a, int64_t b) {
  if (TZ_LIKELY(((uint64_t)a | (uint64_t)b) >> 32 == 0)) return (uint32_t)a % (uint32_t)b;
  if (TZ_UNLIKELY(b == -1)) return 0;
  return a % b;
}

/* Truncates; saturates; NaN gives 0. */
static inline int64_t tz_float_to_int(double d) {
  if (TZ_LIKELY(d > -0x1p63 && d < 0x1p63)) return (int64_t)d;
  if (d != d) return 0;
  return d < 0 ? INT64_MIN : INT64_MAX;
}

/* Without a library call. Beyond 2^52 every float is integral; the sign of zero is kept. */
static inline double tz_float_floor(double d) {
  if (!(__builtin_fabs(d) < 0x1p52)) return d;
  double t = (double)(int64_t)d;
  return __builtin_copysign(t > d ? t - 1 : t, d);
}
