/* stats.c: quantiles, intervals, tests of means. */
#include "terza/lab_stats.h"
#include "series.h"
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(stats, quantiles_interpolate_and_leave_values_as_they_are) {
  double values[] = {9, 1, 5, 3, 7};
  cr_assert_float_eq(stats_median(values, 5), 5, 1e-12);
  cr_assert_float_eq(stats_median(values, 4), 4, 1e-12);
  cr_assert_float_eq(stats_quantile(values, 5, 0), 1, 1e-12);
  cr_assert_float_eq(stats_quantile(values, 5, 1), 9, 1e-12);
  cr_assert_float_eq(stats_quantile(values, 5, 0.9), 8.2, 1e-12);
  cr_assert_eq(values[0], 9);
  cr_assert(isnan(stats_median(values, 0)));
}

/* Long groups take another way, which must come to the same. */
Test(stats, long_and_short_groups_have_intervals_alike) {
  series s = SERIES(8, {512, 10, 0.05});
  stats_group whole = {s.values, 257}, half = {s.values, 256};
  double width = 0, other = 0;
  for (uint64_t seed = 1; seed <= 20; seed++) {
    stats_interval a = stats_bootstrap(&whole, 1, 0.95, seed), b = stats_bootstrap(&half, 1, 0.95, seed);
    cr_assert(a.low <= a.middle && a.middle <= a.high);
    width += a.high - a.low;
    other += b.high - b.low;
  }
  cr_assert(width / other > 0.8 && width / other < 1.25, "%g and %g", width, other);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

Test(stats, quantiles_agree_with_sorting) {
  uint64_t state = 11;
  for (int round = 0; round < 200; round++) {
    double values[64], sorted[64];
    size_t n = 1 + stats_random(&state, 64);
    for (size_t i = 0; i < n; i++) values[i] = (double)stats_random(&state, 20); /* many alike */
    memcpy(sorted, values, sizeof sorted);
    qsort(sorted, n, sizeof *sorted, by_value);
    for (size_t k = 0; k < n && n > 1; k++)
      cr_assert_float_eq(stats_quantile(values, n, (double)k / (double)(n - 1)), sorted[k], 1e-9);
  }
}

/* Of processes that differ among each other, the interval must hold the truth about as often as it says. */
Test(stats, bootstrap_intervals_hold_the_truth) {
  enum { PROCESSES = 10, ITERATIONS = 30, TRIALS = 200 };
  int held = 0;
  uint64_t state = 99;
  for (int trial = 0; trial < TRIALS; trial++) {
    series s = series_new((uint64_t)trial + 1);
    stats_group groups[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
      double mean = 10 + ((double)stats_random(&state, 1001) - 500) / 1000;
      groups[i] = (stats_group){s.values + s.n, ITERATIONS};
      series_add(&s, ITERATIONS, mean, 0.02);
    }
    stats_interval interval = stats_bootstrap(groups, PROCESSES, 0.95, 1);
    cr_assert(interval.low <= interval.middle && interval.middle <= interval.high);
    held += interval.low <= 10 && 10 <= interval.high;
  }
  cr_assert(held >= TRIALS * 88 / 100, "%d of %d", held, TRIALS);
}

Test(stats, the_same_seed_gives_the_same_interval) {
  series s = SERIES(4, {100, 10, 0.05});
  stats_group groups[] = {{s.values, 50}, {s.values + 50, 50}};
  stats_interval a = stats_bootstrap(groups, 2, 0.95, 7), b = stats_bootstrap(groups, 2, 0.95, 7);
  cr_assert_eq(a.low, b.low);
  cr_assert_eq(a.high, b.high);
  cr_assert_neq(a.low, stats_bootstrap(groups, 2, 0.95, 8).low);
}

Test(stats, ratios_pair_rounds) {
  /* the machine is slow in every other round, for both alike */
  series s = series_new(4);
  stats_group a[6], b[6];
  for (int i = 0; i < 6; i++) {
    double slow = i % 2 ? 2 : 1;
    a[i] = (stats_group){s.values + s.n, 20};
    series_add(&s, 20, 30 * slow, 0.01);
    b[i] = (stats_group){s.values + s.n, 20};
    series_add(&s, 20, 10 * slow, 0.01);
  }
  double replicates[STATS_REPLICATES];
  stats_resample_ratio(a, b, 6, 1, replicates, STATS_REPLICATES);
  stats_interval ratio = stats_percentiles(stats_group_ratio(a, b, 6), replicates, STATS_REPLICATES, 0.95);
  cr_assert_float_eq(ratio.middle, 3, 0.03);
  cr_assert(ratio.low > 2.9 && ratio.high < 3.1, "[%g, %g]", ratio.low, ratio.high);
}

Test(stats, no_groups_give_nothing) {
  cr_assert(isnan(stats_group_median(NULL, 0)));
  cr_assert(isnan(stats_bootstrap(NULL, 0, 0.95, 1).low));
}

Test(stats, student_as_in_tables) {
  cr_assert_float_eq(stats_student(0.95, 1), 12.706, 0.01);
  cr_assert_float_eq(stats_student(0.95, 8), 2.306, 0.001);
  cr_assert_float_eq(stats_student(0.99, 4), 4.604, 0.001);
  cr_assert_float_eq(stats_student(0.999, 30), 3.646, 0.001);
}

Test(stats, welch) {
  const double a[] = {27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1,
                      21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4};
  const double b[] = {27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0,
                      24.8, 20.2, 21.9, 22.1, 22.9, 30.0, 23.9};
  stats_test test = stats_welch(a, 15, b, 15, 0.95);
  cr_assert_float_eq(test.difference, 2.76667, 1e-4);
  cr_assert(test.low > 0.7 && test.low < 0.85 && test.high > 4.7 && test.high < 4.85, "[%g, %g]", test.low,
            test.high);
  cr_assert(isnan(stats_welch(a, 1, b, 15, 0.95).low));
}
