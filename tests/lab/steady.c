/* steady.c: what series of iterations are called. */
#include "terza/lab_steady.h"
#include "series.h"
#include <criterion/criterion.h>

static steady_result analyse(const series *s) { return steady_analyse(s->values, s->n); }

Test(steady, flat) {
  for (uint64_t seed = 1; seed <= 50; seed++) {
    series s = SERIES(seed, {100, 10, 0.02});
    steady_result r = analyse(&s);
    cr_assert_eq(r.class, STEADY_FLAT, "seed %lu: %s", (unsigned long)seed, steady_name(r.class));
    cr_assert_eq(r.from, 0);
    cr_assert_float_eq(r.level, 10, 0.1);
  }
}

Test(steady, warm_up) {
  series s = SERIES(1, {5, 60, 0.05}, {20, 20, 0.05}, {75, 10, 0.02});
  steady_result r = analyse(&s);
  cr_assert_eq(r.class, STEADY_WARM_UP);
  cr_assert_eq(r.from, 25);
  cr_assert_float_eq(r.level, 10, 0.1);
}

Test(steady, warm_up_of_a_few_iterations_is_no_outlier) {
  series s = SERIES(1, {2, 80, 0.05}, {58, 10, 0.02});
  steady_result r = analyse(&s);
  cr_assert_eq(r.class, STEADY_WARM_UP);
  cr_assert_eq(r.from, 2);
  cr_assert_eq(r.n_outliers, 0);
}

Test(steady, slow_down) {
  series s = SERIES(1, {40, 10, 0.02}, {60, 12, 0.02});
  steady_result r = analyse(&s);
  cr_assert_eq(r.class, STEADY_SLOW_DOWN);
  cr_assert_eq(r.from, 40);
}

Test(steady, faster_and_then_slower_again_is_a_slow_down) {
  series s = SERIES(1, {10, 30, 0.02}, {40, 10, 0.02}, {50, 14, 0.02});
  cr_assert_eq(analyse(&s).class, STEADY_SLOW_DOWN);
}

Test(steady, cycles_never_settle) {
  series s = series_new(1);
  for (int i = 0; i < 10; i++) series_add(&s, 20, i % 2 ? 10 : 15, 0.02);
  steady_result r = analyse(&s);
  cr_assert_eq(r.class, STEADY_NONE);
  cr_assert_eq(r.from, 100);
}

Test(steady, a_late_change_is_no_steady_state) {
  series s = SERIES(1, {85, 10, 0.02}, {15, 8, 0.02});
  cr_assert_eq(analyse(&s).class, STEADY_NONE);
}

Test(steady, outliers_do_not_count) {
  series s = SERIES(1, {20, 20, 0.02}, {180, 10, 0.02});
  for (size_t i = 30; i < s.n; i += 23) s.values[i] *= 5;
  steady_result r = analyse(&s);
  cr_assert_eq(r.class, STEADY_WARM_UP);
  cr_assert_eq(r.from, 20);
  cr_assert_eq(r.n_outliers, 8);
  cr_assert_float_eq(r.level, 10, 0.1);
}

Test(steady, a_difference_below_two_per_cent_is_none) {
  series s = SERIES(1, {100, 10, 0.001}, {100, 10.15, 0.001});
  cr_assert_eq(analyse(&s).class, STEADY_FLAT);
  series_add(&s, 100, 10.45, 0.001);
  cr_assert_eq(analyse(&s).class, STEADY_SLOW_DOWN);
}

Test(steady, a_short_slow_stretch_is_an_interruption) {
  series s = SERIES(1, {20, 30, 0.02}, {300, 10, 0.01}, {5, 12, 0.01}, {5, 14, 0.01}, {70, 10, 0.01});
  steady_result r = analyse(&s);
  cr_assert_eq(r.class, STEADY_WARM_UP);
  cr_assert_eq(r.from, 20);
  cr_assert_eq(r.n_interruptions, 1);
  cr_assert_eq(steady_near_peak(&r), 20);
}

Test(steady, an_interruption_may_end_the_series) {
  series s = SERIES(1, {300, 10, 0.01}, {12, 13, 0.01});
  steady_result r = analyse(&s);
  cr_assert_eq(r.class, STEADY_FLAT);
  cr_assert_eq(r.n_interruptions, 1);
}

Test(steady, an_interruption_between_warm_up_and_steady_state_belongs_to_neither) {
  series s = SERIES(1, {30, 12, 0.01}, {8, 20, 0.01}, {300, 10, 0.01});
  steady_result r = analyse(&s);
  cr_assert_eq(r.class, STEADY_WARM_UP);
  cr_assert_eq(r.n_interruptions, 1);
  cr_assert_eq(r.from, 38);
  cr_assert_eq(steady_near_peak(&r), 38);
}

Test(steady, a_short_fast_stretch_is_none) {
  series s = SERIES(1, {300, 10, 0.01}, {12, 8, 0.01});
  steady_result r = analyse(&s);
  cr_assert_eq(r.class, STEADY_NONE);
  cr_assert_eq(r.n_interruptions, 0);
}

Test(steady, many_interruptions_are_how_it_runs) {
  series s = series_new(1);
  for (int i = 0; i < 8; i++) {
    series_add(&s, 80, 10, 0.01);
    series_add(&s, 16, 14, 0.01);
  }
  steady_result r = analyse(&s);
  cr_assert_eq(r.class, STEADY_NONE);
  cr_assert_eq(r.n_interruptions, 0);
}

Test(steady, short_series_are_not_judged) {
  series s = SERIES(1, {STEADY_LEAST_ITERATIONS - 1, 10, 0.02});
  cr_assert_eq(analyse(&s).class, STEADY_UNKNOWN);
  s.n = 1;
  cr_assert_float_eq(analyse(&s).level, s.values[0], 1e-9);
}

Test(steady, the_scale_does_not_matter) {
  series s = SERIES(5, {30, 20, 0.03}, {90, 10, 0.02});
  steady_result first = analyse(&s);
  for (size_t i = 0; i < s.n; i++) s.values[i] *= 1e-6;
  steady_result r = analyse(&s);
  cr_assert_eq(r.class, first.class);
  cr_assert_eq(r.from, first.from);
}

Test(steady, near_peak_is_before_the_steady_state) {
  series s = SERIES(1, {20, 30, 0.01}, {30, 10.7, 0.01}, {100, 10, 0.01});
  steady_result r = analyse(&s);
  cr_assert_eq(r.from, 50);
  cr_assert_eq(steady_near_peak(&r), 20);
}

Test(steady, several_processes) {
  const steady_class same[] = {STEADY_SLOW_DOWN, STEADY_SLOW_DOWN}, good[] = {STEADY_FLAT, STEADY_WARM_UP};
  const steady_class bad[] = {STEADY_WARM_UP, STEADY_SLOW_DOWN},
                     one[] = {STEADY_FLAT, STEADY_NONE, STEADY_UNKNOWN},
                     most[] = {STEADY_WARM_UP, STEADY_NONE, STEADY_WARM_UP},
                     half[] = {STEADY_UNKNOWN, STEADY_FLAT};
  cr_assert_eq(steady_combine(same, 2), STEADY_SLOW_DOWN);
  cr_assert_eq(steady_combine(good, 2), STEADY_MIXED);
  cr_assert_eq(steady_combine(bad, 2), STEADY_INCONSISTENT);
  cr_assert_eq(steady_combine(one, 3), STEADY_NONE);
  cr_assert_eq(steady_combine(most, 3), STEADY_WARM_UP);
  cr_assert_eq(steady_combine(half, 2), STEADY_UNKNOWN);
  cr_assert_eq(steady_combine(NULL, 0), STEADY_UNKNOWN);
}
