/* series.h: made-up times of iterations. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct series {
  double values[2000];
  size_t n;
  uint64_t random; /* state; not 0 */
} series;

/* n values around a mean, spread by a share of it (bell-shaped, a standard deviation). */
typedef struct stretch {
  size_t n;
  double mean, share;
} stretch;

series series_new(uint64_t seed);
void series_add(series *s, size_t n, double mean, double share);
/* Of stretches, the last of which is empty. */
series series_of(uint64_t seed, const stretch *stretches);
/* SERIES(seed, {n, mean, share}...) */
#define SERIES(seed, ...) series_of(seed, (const stretch[]){__VA_ARGS__, {0}})
