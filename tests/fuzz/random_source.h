/* random_source.h: the tests' random numbers, the same on every machine: splitmix64. */
#pragma once
#include <stdint.h>

typedef struct random_source {
  uint64_t state;
} random_source;

static inline uint64_t random_next(random_source *r) {
  uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* 0 if n is 0 */
static inline uint32_t random_below(random_source *r, uint32_t n) {
  return n == 0 ? 0 : (uint32_t)(random_next(r) % n);
}
