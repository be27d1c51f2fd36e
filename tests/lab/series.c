/* series.c: see series.h. */
#include "series.h"
#include "terza/lab_stats.h"

series series_new(uint64_t seed) { return (series){.random = seed * 2 + 1}; }

/* The sum of twelve uniform numbers less six: mean 0, deviation 1. */
static double bell(uint64_t *state) {
  double sum = -6;
  for (int i = 0; i < 12; i++) sum += (double)stats_random(state, 1u << 30) / (1u << 30);
  return sum;
}

void series_add(series *s, size_t n, double mean, double share) {
  for (size_t i = 0; i < n; i++) s->values[s->n++] = mean * (1 + share * bell(&s->random));
}

series series_of(uint64_t seed, const stretch *stretches) {
  series s = series_new(seed);
  for (; stretches->n > 0; stretches++) series_add(&s, stretches->n, stretches->mean, stretches->share);
  return s;
}
