/* ratios.h: what many measurements come to. A figure that is missing (NAN) makes the whole NAN. */
#pragma once
#include "samples.h"

double ratios_mean(const double *ratios, size_t n);    /* geometric; NAN if there are none */
double ratios_largest(const double *ratios, size_t n); /* NAN if there are none */

/* Times of the successive windows of a program, of several processes each: ns[i] are those of window i. */
enum { WINDOWS_MAX = 512 };
typedef struct windows {
  size_t count;
  samples ns[WINDOWS_MAX];
} windows;

void windows_add(windows *w, size_t window, double ns); /* windows beyond WINDOWS_MAX are left out */

/* The least speed of `w` relative to `base` in any window. Of each window the
 * fastest process counts: other programs on the machine only ever make one slower, and what a program does to
 * itself it does each time. NAN unless both have the same windows, with a sample in each. */
double windows_least_speed(const windows *w, const windows *base);
