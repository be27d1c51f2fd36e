/* samples.c: see samples.h. */
#include "samples.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void samples_add(samples *s, double value) {
  if (s->count < SAMPLES_MAX) s->values[s->count++] = value;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double samples_median(const samples *s) {
  if (s->count == 0) return NAN;
  double sorted[SAMPLES_MAX];
  memcpy(sorted, s->values, s->count * sizeof sorted[0]);
  qsort(sorted, s->count, sizeof sorted[0], by_value);
  size_t middle = s->count / 2;
  return s->count % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double samples_least(const samples *s) {
  double least = NAN;
  for (size_t i = 0; i < s->count; i++)
    if (!(s->values[i] >= least)) least = s->values[i];
  return least;
}
