/* changepoints.c: where PELT cuts. */
#include "changepoints.h"
#include "series.h"
#include <criterion/criterion.h>
#include <math.h>

static size_t find(const series *s, size_t *starts) {
  return changepoints_find(s->values, s->n, 15 * log((double)s->n), 1e-6, starts);
}

Test(changepoints, noise_alone_is_not_cut) {
  size_t starts[2000];
  for (uint64_t seed = 1; seed <= 50; seed++) {
    series s = SERIES(seed, {300, 10, 0.03});
    cr_assert_eq(find(&s, starts), 0, "seed %lu", (unsigned long)seed);
  }
}

Test(changepoints, a_step_of_the_mean_is_found_where_it_is) {
  size_t starts[2000];
  series s = SERIES(7, {120, 10, 0.02}, {180, 8, 0.02});
  cr_assert_eq(find(&s, starts), 1);
  cr_assert_eq(starts[0], 120);
}

Test(changepoints, a_change_of_the_variance_alone_is_found) {
  size_t starts[2000];
  series s = SERIES(7, {200, 10, 0.01}, {200, 10, 0.10});
  cr_assert_eq(find(&s, starts), 1);
  cr_assert(starts[0] >= 190 && starts[0] <= 210, "at %zu", starts[0]);
}

Test(changepoints, many_steps_come_in_order) {
  size_t starts[2000];
  series s = series_new(3);
  for (int i = 0; i < 6; i++) series_add(&s, 50, i % 2 ? 10 : 20, 0.02);
  cr_assert_eq(find(&s, starts), 5);
  for (size_t i = 0; i < 5; i++) cr_assert_eq(starts[i], 50 * (i + 1));
}

/* Pruning must not change what is found: the plain recurrence over all segmentations. */
static double cost_of(const series *s, size_t from, size_t to) {
  double n = (double)(to - from), sum = 0, squares = 0;
  for (size_t i = from; i < to; i++) sum += s->values[i];
  for (size_t i = from; i < to; i++) squares += pow(s->values[i] - sum / n, 2);
  double variance = fmax(squares / n, 1e-6);
  return n * (log(variance) + squares / n / variance);
}

Test(changepoints, pruning_finds_the_optimum) {
  enum { N = 80 };
  for (uint64_t seed = 1; seed <= 20; seed++) {
    series s = series_new(seed);
    for (int i = 0; i < 4; i++) series_add(&s, N / 4, 10 + i % 3, 0.05);
    double best[N + 1] = {-20}, penalty = 20;
    size_t last[N + 1] = {0}, starts[N], n = 0, at = N;
    for (size_t to = 1; to <= N; to++) {
      best[to] = INFINITY;
      for (size_t from = 0; from + 2 <= to; from++) {
        if (from == 1) continue; /* a segment has at least two values */
        double cost = best[from] + cost_of(&s, from, to) + penalty;
        if (cost < best[to]) best[to] = cost, last[to] = from;
      }
    }
    size_t count = changepoints_find(s.values, N, penalty, 1e-6, starts);
    for (; last[at] > 0; at = last[at]) n++;
    cr_assert_eq(count, n);
    for (at = last[N]; at > 0; at = last[at]) cr_assert_eq(starts[--n], at);
  }
}

Test(changepoints, alike_values_and_short_series_are_left_whole) {
  size_t starts[16];
  double same[16] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3};
  cr_assert_eq(changepoints_find(same, 16, 10, 1e-6, starts), 0);
  cr_assert_eq(changepoints_find(same, 3, 10, 1e-6, starts), 0);
  cr_assert_eq(changepoints_find(same, 0, 10, 1e-6, starts), 0);
}

Test(changepoints, long_series_are_cut_near_enough_and_fast) {
  enum { N = 30000 };
  static double values[N];
  static size_t starts[N];
  series s = SERIES(1, {100, 30, 0.02});
  for (size_t i = 0; i < 100; i++) values[i] = s.values[i];
  for (size_t i = 100; i < N; i += s.n) {
    s.n = 0;
    series_add(&s, N - i < 2000 ? N - i : 2000, i < 20000 ? 10 : 9, 0.02);
    for (size_t k = 0; k < s.n; k++) values[i + k] = s.values[k];
  }
  cr_assert_eq(changepoints_find(values, N, 15 * log(N), 1e-6, starts), 2);
  cr_assert_eq(starts[0], 100);
  cr_assert(starts[1] >= 20085 && starts[1] <= 20115, "at %zu", starts[1]);
}
