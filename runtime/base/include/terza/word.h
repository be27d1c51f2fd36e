/* word.h: the 64-bit word every slot, field and array element is made of.
 *
 * A word of kind `any` is NaN-boxed with pointers unencoded, so one scan rule serves references and dynamic values:
 *
 *   63        51 50 48 47                                            0
 *   0000 ............ address                                           reference; all zero is null
 *   0001 ............ 0 or 1                                            bool
 *   0002 .. fff2      bits of a double + 2^49                           float (NaNs canonical: 7ff8...)
 *   1111111111111 | 51-bit two's complement                             int that fits 51 bits
 *
 * An int that does not fit 51 bits is a reference to an immutable Int object. Why this scheme and not low tags:
 * docs/architecture.md, "Dynamic values". */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TZ_LIKELY(x) __builtin_expect(!!(x), 1)
#define TZ_UNLIKELY(x) __builtin_expect(!!(x), 0)

typedef union tz_word {
  int64_t i;
  uint64_t u;
  double f;
  void *p;
} tz_word;

#define TZ_ANY_NULL ((uint64_t)0)
#define TZ_ANY_BOOL_TAG ((uint64_t)1)            /* top 16 bits */
#define TZ_ANY_FLOAT_BIAS ((uint64_t)1 << 49)
#define TZ_ANY_INT_TAG ((uint64_t)0x1fff)        /* top 13 bits */
#define TZ_ANY_INT_MASK (((uint64_t)1 << 51) - 1)
#define TZ_ANY_NAN ((uint64_t)0x7ff8000000000000)

/* The collector's whole knowledge of words: a nonzero word with zero top bits is a reference. */
static inline bool tz_word_is_ref(uint64_t w) { return w != 0 && w >> 48 == 0; }

static inline bool tz_any_is_int(uint64_t w) { return w >> 51 == TZ_ANY_INT_TAG; }
static inline bool tz_any_is_bool(uint64_t w) { return w >> 48 == TZ_ANY_BOOL_TAG; }
static inline bool tz_any_is_ref_or_null(uint64_t w) { return w >> 48 == 0; }
static inline bool tz_any_is_float(uint64_t w) { return w >> 49 != 0 && !tz_any_is_int(w); }

static inline bool tz_any_int_fits(int64_t v) { return (int64_t)((uint64_t)v << 13) >> 13 == v; }
static inline uint64_t tz_any_from_int(int64_t v) { return TZ_ANY_INT_TAG << 51 | ((uint64_t)v & TZ_ANY_INT_MASK); }
static inline int64_t tz_any_to_int(uint64_t w) { return (int64_t)(w << 13) >> 13; }
static inline uint64_t tz_any_from_bool(bool b) { return TZ_ANY_BOOL_TAG << 48 | b; }
static inline bool tz_any_to_bool(uint64_t w) { return w & 1; }
static inline uint64_t tz_any_from_float(double d) {
  uint64_t u = TZ_ANY_NAN;
  if (d == d) memcpy(&u, &d, 8);
  return u + TZ_ANY_FLOAT_BIAS;
}
static inline double tz_any_to_float(uint64_t w) {
  double d;
  w -= TZ_ANY_FLOAT_BIAS;
  memcpy(&d, &w, 8);
  return d;
}
