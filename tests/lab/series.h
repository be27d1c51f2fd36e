/* series.h: made-up times of iterations. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct series {
  double values[2000];
  size_t n;
  uint64_t random; /* state; not 0 */
} series;

series series_new(uint64_t seed);
/* Appends n values around a mean, spread by a share of it (bell-shaped, a standard deviation). */
void series_add(series *s, size_t n, double mean, double share);
