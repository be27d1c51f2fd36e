/* ratios.c: see ratios.h. */
#include "ratios.h"
#include <math.h>

double ratios_mean(const double *ratios, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += log(ratios[i]);
  return n > 0 ? exp(sum / (double)n) : NAN;
}

double ratios_largest(const double *ratios, size_t n) {
  double largest = n > 0 ? ratios[0] : NAN;
  for (size_t i = 1; i < n; i++)
    if (isnan(ratios[i]) || ratios[i] > largest) largest = ratios[i]; /* nothing is greater than NAN */
  return largest;
}

void windows_add(windows *w, size_t window, double ns) {
  if (window >= WINDOWS_MAX) return;
  if (window >= w->count) w->count = window + 1;
  samples_add(&w->ns[window], ns);
}

double windows_least_speed(const windows *w, const windows *base) {
  double least = w->count > 0 && w->count == base->count ? INFINITY : NAN;
  for (size_t i = 0; i < w->count && !isnan(least); i++) {
    double speed = samples_least(&base->ns[i]) / samples_least(&w->ns[i]);
    if (!(speed >= least)) least = speed; /* NAN stays */
  }
  return least;
}
