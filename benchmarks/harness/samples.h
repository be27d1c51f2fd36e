/* samples.h: a few measurements of one thing.
 *
 * A shared machine is now fast and now slow, by a factor of two, for seconds at a time. So things that are
 * compared are measured in turns, and the middle of the samples is taken. */
#pragma once
#include <stddef.h>

enum { SAMPLES_MAX = 64 };

typedef struct samples {
  size_t count;
  double values[SAMPLES_MAX];
} samples;

void samples_add(samples *s, double value); /* values beyond SAMPLES_MAX are left out */
double samples_median(const samples *s);    /* NAN if there is none */
double samples_least(const samples *s);     /* NAN if there is none */
