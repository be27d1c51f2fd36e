/* ratios.c: what many measurements come to. */
#include "ratios.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

Test(ratios, mean_is_geometric) {
  const double ratios[] = {0.5, 2, 8};
  cr_assert_float_eq(ratios_mean(ratios, 3), 2, 1e-12);
  cr_assert_float_eq(ratios_mean(ratios, 2), 1, 1e-12);
}

Test(ratios, largest) {
  const double ratios[] = {0.5, 8, 2};
  cr_assert_eq(ratios_largest(ratios, 3), 8);
  cr_assert_eq(ratios_largest(ratios, 1), 0.5);
}

Test(ratios, a_missing_figure_is_not_left_out) {
  for (int i = 0; i < 3; i++) {
    double ratios[] = {1, 2, 3};
    ratios[i] = NAN;
    cr_assert(isnan(ratios_mean(ratios, 3)), "missing at %d", i);
    cr_assert(isnan(ratios_largest(ratios, 3)), "missing at %d", i);
  }
}

Test(ratios, of_nothing_there_is_no_figure) {
  cr_assert(isnan(ratios_mean(NULL, 0)));
  cr_assert(isnan(ratios_largest(NULL, 0)));
}

/* Two series, to be filled and compared. */
typedef struct pair {
  windows of, base;
} pair;

static pair *pair_new(void) {
  pair *p = calloc(1, sizeof *p);
  cr_assert_not_null(p);
  return p;
}

static void add(windows *w, size_t n, const double *ns) {
  for (size_t i = 0; i < n; i++) windows_add(w, i, ns[i]);
}

Test(windows, the_slowest_window_counts) {
  pair *p = pair_new();
  add(&p->base, 3, (double[]){10, 20, 30});
  add(&p->of, 3, (double[]){5, 25, 30});
  cr_assert_float_eq(windows_least_speed(&p->of, &p->base), 0.8, 1e-12);
  free(p);
}

Test(windows, what_slowed_one_process_only_does_not_count) {
  pair *p = pair_new();
  add(&p->base, 2, (double[]){10, 10});
  add(&p->base, 2, (double[]){40, 11});
  add(&p->of, 2, (double[]){90, 8});
  add(&p->of, 2, (double[]){8, 70});
  cr_assert_float_eq(windows_least_speed(&p->of, &p->base), 1.25, 1e-12);
  free(p);
}

Test(windows, different_numbers_of_windows_cannot_be_compared) {
  pair *p = pair_new();
  cr_assert(isnan(windows_least_speed(&p->of, &p->base)));
  add(&p->base, 2, (double[]){10, 10});
  add(&p->of, 1, (double[]){10});
  cr_assert(isnan(windows_least_speed(&p->of, &p->base)));
  free(p);
}

Test(windows, a_window_without_a_sample_cannot_be_compared) {
  pair *p = pair_new();
  windows_add(&p->base, 1, 10);
  windows_add(&p->of, 1, 10);
  cr_assert(isnan(windows_least_speed(&p->of, &p->base)));
  free(p);
}

Test(windows, those_beyond_the_room_are_left_out) {
  pair *p = pair_new();
  windows_add(&p->of, WINDOWS_MAX, 1);
  cr_assert_eq(p->of.count, 0);
  windows_add(&p->of, WINDOWS_MAX - 1, 1);
  cr_assert_eq(p->of.count, WINDOWS_MAX);
  free(p);
}
