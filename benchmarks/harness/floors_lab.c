/* floors_lab.c: the promises of the strategy lab about itself. */
#include "suite.h"
#include "terza/lab_child.h"
#include "terza/lab_compare.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { IDLE_ITERATIONS = 20000 };

/* ---- Two runs ---- */

/* The largest difference of a strategy's mean between the runs, in per cent. */
static double largest_difference(const lab_comparison *c, size_t n_engines) {
  double largest = 0;
  for (size_t e = 0; e < n_engines; e++) {
    double ratio = comparison_mean(c, e);
    if (!isnan(ratio)) largest = fmax(largest, fabs(ratio - 1) * 100);
  }
  return c->n_means > 0 ? largest : NAN;
}

static bool report_repeatability(const lab_data runs[2]) {
  char error[LAB_ERROR];
  lab_comparison c;
  double difference = NAN, n_called = NAN;
  if (compare_runs(&runs[0], &runs[1], NULL, &c, error)) {
    difference = largest_difference(&c, runs[0].n_engines);
    n_called = (double)c.n_changed;
    fprintf(stderr, "two runs, times relative to %s\n", c.peer != NULL ? c.peer : "nothing");
    comparison_free(&c);
  } else {
    fprintf(stderr, "%s\n", error);
  }
  bool holds = floors_report("two-runs-differ-per-cent", difference, 3, 3, true);
  return floors_report("two-runs-called-different", n_called, 0, 0, true) && holds;
}

static bool report_steady(const lab_data *data) {
  char reason[LAB_ERROR];
  size_t n_pairs, n_steady;
  data_count_steady(data, &n_pairs, &n_steady);
  for (size_t i = 0; i < data->n_cells; i++) {
    const lab_cell *cell = &data->cells[i];
    const lab_engine_info *engine = &data->engines[cell->engine];
    if (engine->is_peer || !data_reason(cell, reason, sizeof reason)) continue;
    fprintf(stderr, "%s under %s: %s\n", data->programs[cell->program], engine->name, reason);
  }
  double share = n_pairs > 0 ? 100.0 * (double)n_steady / (double)n_pairs : NAN;
  return floors_report("steady-pairs-per-cent", share, 95, 95, false);
}

/* ---- Overhead ---- */

typedef struct span {
  int64_t first, last; /* when lines came */
  int count;
} span;

static void note(void *context, const char *text, bool is_error) {
  span *s = context;
  if (is_error || strncmp(text, "iteration ", 10) != 0) return;
  s->last = clock_nanos();
  if (s->count++ == 0) s->first = s->last;
}

/* What an iteration costs beside its work: clock, line, flush, and our reading of it. */
static double measure_overhead_ms(const char *terza) {
  char iterations[16];
  snprintf(iterations, sizeof iterations, "%d", IDLE_ITERATIONS);
  const char *run[] = {terza, "run", TERZA_SOURCE_DIR "/benchmarks/harness/idle.rima", iterations, "0", NULL};
  span s = {0};
  child_watch watch = {.line = note, .context = &s, .stop_fd = -1};
  child_result result = child_run_watched(run, &watch);
  return child_is_well(&result) && s.count > 1 ? (double)(s.last - s.first) / 1e6 / (s.count - 1) : NAN;
}

/* The middle of an iteration's time over Terza's pairs. */
static double middle_iteration_ms(const lab_data *data) {
  double levels[LAB_PROGRAMS * LAB_ENGINES];
  size_t n = 0;
  for (size_t i = 0; i < data->n_cells; i++) {
    const lab_cell *cell = &data->cells[i];
    if (!data->engines[cell->engine].is_peer && cell->n > 0) levels[n++] = cell->level_ms.middle;
  }
  return stats_median(levels, n);
}

static bool report_overhead(const floor_settings *settings, const lab_data *data) {
  double overhead = measure_overhead_ms(settings->terza), iteration = middle_iteration_ms(data);
  fprintf(stderr, "an iteration of nothing takes %.4f ms, one of the suite %.3f ms\n", overhead, iteration);
  return floors_report("harness-overhead-per-cent", 100 * overhead / iteration, 1, 1, true);
}

/* ---- All ---- */

bool floors_lab(const floor_settings *settings) {
  static const char *const every[] = {"classic", "kernels", "server", NULL}, *const classic[] = {"classic",
                                                                                                 NULL};
  static const char *const strategies[] = {"off", "baseline", "default", NULL};
  suite *s = suite_new(settings);
  lab_data runs[2] = {{0}, {0}};
  bool is_well = s != NULL, holds = false;
  if (is_well) {
    s->run.invocations = settings->is_quick ? 2 : settings->rounds;
    s->run.iterations = 20000; /* as many as the time allows */
    s->run.seconds = settings->is_long ? 3 : settings->is_quick ? 0.4 : 1.5;
    s->brief_seconds = settings->is_long ? 1 : 0.3;
  }
  for (int i = 0; i < 2 && is_well; i++)
    is_well = suite_run(s, settings->is_long ? every : classic, strategies, settings->is_long ? NULL : "c",
                        &runs[i]);
  if (is_well) {
    holds = report_repeatability(runs);
    holds &= report_steady(&runs[0]);
    holds &= report_overhead(settings, &runs[0]);
  }
  for (int i = 0; i < 2; i++) data_free(&runs[i]);
  suite_free(s);
  return holds;
}
