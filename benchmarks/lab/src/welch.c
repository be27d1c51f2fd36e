/* welch.c: comparing two means; see lab_stats.h. */
#include "terza/lab_stats.h"
#include <math.h>

/* The integral of cos^power from `from` to pi/2, by Simpson's rule. */
static double cosine_tail(double from, double power) {
  enum { STEPS = 400 };
  double width = (M_PI_2 - from) / STEPS, sum = 0;
  for (int i = 0; i <= STEPS; i++) {
    double weight = i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2;
    sum += weight * pow(fmax(cos(from + i * width), 0), power);
  }
  return sum * width / 3;
}

/* With t = sqrt(degrees) tan x, the density of Student's t becomes cos^(degrees - 1) x. */
double stats_student(double level, double degrees) {
  double low = 0, high = M_PI_2, wanted = (1 - level) * cosine_tail(0, degrees - 1);
  for (int i = 0; i < 50; i++) {
    double middle = (low + high) / 2;
    if (cosine_tail(middle, degrees - 1) > wanted) low = middle;
    else high = middle;
  }
  return sqrt(degrees) * tan(high);
}

stats_test stats_welch(const double *a, size_t n_a, const double *b, size_t n_b, double level) {
  stats_test test = {stats_mean(b, n_b) - stats_mean(a, n_a), NAN, NAN};
  if (n_a < 2 || n_b < 2) return test;
  double s_a = stats_deviation(a, n_a), s_b = stats_deviation(b, n_b);
  double v_a = s_a * s_a / (double)n_a, v_b = s_b * s_b / (double)n_b, v = v_a + v_b;
  double degrees = v > 0 ? v * v / (v_a * v_a / (double)(n_a - 1) + v_b * v_b / (double)(n_b - 1)) : 1;
  double reach = v > 0 ? stats_student(level, degrees) * sqrt(v) : 0;
  test.low = test.difference - reach;
  test.high = test.difference + reach;
  return test;
}
