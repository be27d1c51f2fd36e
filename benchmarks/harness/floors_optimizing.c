/* floors_optimizing.c: the promises of the optimizing tier.
 *
 * Two runs of the strategy lab give most figures: the classic programs, and the numeric kernels. In both,
 * each program's engines come one after the other in every round, and what is compared are medians over
 * rounds of ratios within a round.
 */
#include "ratios.h"
#include "suite.h"
#include "terza/lab_child.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const classic[] = {"classic", NULL};
static const char *const classic_strategies[] = {"default", "dyn", "off", NULL};
static const char *const numeric[] = {"kernels/nbody",
                                      "kernels/mandelbrot",
                                      "kernels/spectralnorm",
                                      "kernels/fannkuch",
                                      "kernels/matmul",
                                      "classic/sieve",
                                      NULL};
static const char *const numeric_strategies[] = {"default", "unpolled:--jit-polls=false", "off", NULL};
static const char peers[] = "java,node,c";

/* Classic programs that are numeric kernels too, the rest being object programs. */
static const char *const numeric_classic[] = {"classic/nbody", "classic/mandelbrot", "classic/sieve"};

/* ---- Ratios between engines ---- */

/* Of one program; NAN if either engine is missing or did not run it. */
typedef double program_ratio(const lab_data *data, size_t program, size_t engine, size_t other);

static double steady_time_ratio(const lab_data *data, size_t program, size_t engine, size_t other) {
  return data_speed(data, program, other, engine, NULL).middle;
}

/* The time from the process's start until it runs at 90 % of its peak. */
static double warm_up_ratio(const lab_data *data, size_t program, size_t engine, size_t other) {
  const lab_cell *a = data_cell(data, program, engine), *b = data_cell(data, program, other);
  samples ratios = {0};
  for (size_t i = 0; i < a->n; i++)
    for (size_t j = 0; j < b->n; j++)
      if (a->processes[i]->round == b->processes[j]->round)
        samples_add(&ratios, a->processes[i]->figures.near_peak_ms / b->processes[j]->figures.near_peak_ms);
  return samples_median(&ratios);
}

/* The longest stall of a process, the least over rounds: what compiling does to a program comes again in each
 * process, while another program that takes the core in a bad moment does not. NAN: not told. */
static double stall_ms(const lab_data *data, size_t program) {
  size_t e = data_engine(data, "default");
  samples stalls = {0};
  for (size_t i = 0; e < data->n_engines && i < data_cell(data, program, e)->n; i++)
    samples_add(&stalls, data_cell(data, program, e)->processes[i]->figures.stall_ms);
  return samples_least(&stalls);
}

static double longest_stall_ms(const lab_data *data) {
  double stalls[LAB_PROGRAMS];
  for (size_t p = 0; p < data->n_programs; p++) stalls[p] = stall_ms(data, p);
  return ratios_largest(stalls, data->n_programs);
}

typedef struct ratios {
  double values[LAB_PROGRAMS];
  size_t n;
} ratios;

static bool is_numeric(const char *program) {
  for (size_t i = 0; i < sizeof numeric_classic / sizeof *numeric_classic; i++)
    if (strcmp(program, numeric_classic[i]) == 0) return true;
  return false;
}

static ratios ratios_of(const lab_data *data, program_ratio *ratio, const char *engine, const char *other,
                        bool only_objects) {
  size_t a = data_engine(data, engine), b = data_engine(data, other);
  bool are_there = a < data->n_engines && b < data->n_engines;
  ratios r = {.n = 0};
  for (size_t p = 0; p < data->n_programs; p++)
    if (!only_objects || !is_numeric(data->programs[p]))
      r.values[r.n++] = are_there ? ratio(data, p, a, b) : NAN;
  return r;
}

static double mean_ratio(const lab_data *data, program_ratio *ratio, const char *engine, const char *other) {
  ratios r = ratios_of(data, ratio, engine, other, false);
  return ratios_mean(r.values, r.n);
}

/* ---- Details ---- */

static void print_level(const lab_data *data, size_t program, const char *engine) {
  size_t e = data_engine(data, engine);
  bool is_there = e < data->n_engines && data_cell(data, program, e)->n > 0;
  if (is_there) fprintf(stderr, " %9.3f", data_cell(data, program, e)->level_ms.middle);
  else fprintf(stderr, " %9s", "-");
}

static void print_figure(double value) {
  if (isnan(value)) fprintf(stderr, " %8s", "-");
  else fprintf(stderr, " %8.2f", value);
}

static void print_ratio(const lab_data *data, program_ratio *ratio, size_t program, const char *engine,
                        const char *other) {
  size_t e = data_engine(data, engine), o = data_engine(data, other);
  print_figure(e < data->n_engines && o < data->n_engines ? ratio(data, program, e, o) : NAN);
}

/* A line for each program: milliseconds of an iteration in the steady state; how many times as long default
 * takes as others; how many times as long as Java to warm up; how long it stalled. `third` is a strategy to
 * be shown beside default and off. */
static void print_table(const lab_data *data, const char *third) {
  const char *const engines[] = {"default", third, "off", "java", "node", "c"};
  fprintf(stderr, "%-20s", "ms an iteration");
  for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) fprintf(stderr, " %9s", engines[i]);
  fprintf(stderr, " %8s %8s %8s %8s %8s %8s\n", "/java", "/node", "/c", "off/", "warm-up", "stall ms");
  for (size_t p = 0; p < data->n_programs; p++) {
    fprintf(stderr, "%-20s", data->programs[p]);
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) print_level(data, p, engines[i]);
    print_ratio(data, steady_time_ratio, p, "default", "java");
    print_ratio(data, steady_time_ratio, p, "default", "node");
    print_ratio(data, steady_time_ratio, p, "default", "c");
    print_ratio(data, steady_time_ratio, p, "off", "default");
    print_ratio(data, warm_up_ratio, p, "default", "java");
    print_figure(stall_ms(data, p));
    fputc('\n', stderr);
  }
}

/* ---- Lines ---- */

static bool report_classic(const lab_data *data) {
  ratios hotspot = ratios_of(data, steady_time_ratio, "default", "java", false);
  ratios objects = ratios_of(data, steady_time_ratio, "off", "default", true);
  print_table(data, "dyn");
  bool holds = floors_report("time-of-hotspot", ratios_mean(hotspot.values, hotspot.n), 1.5, 0.9, true);
  holds &= floors_report("time-of-hotspot-worst", ratios_largest(hotspot.values, hotspot.n), 3, 1.2, true);
  holds &= floors_report("time-without-types", mean_ratio(data, steady_time_ratio, "dyn", "default"), 3, 1.5,
                         true);
  holds &= floors_report("objects-over-interpreter", ratios_mean(objects.values, objects.n), 6, 6, false);
  holds &=
      floors_report("warm-up-of-hotspot", mean_ratio(data, warm_up_ratio, "default", "java"), 2, 0.5, true);
  return floors_report("longest-stall-milliseconds", longest_stall_ms(data), 1, 1, true) && holds;
}

/* Optimized code gathers no profile; what is left to be lost is polling. */
static bool report_numeric(const lab_data *data) {
  print_table(data, "unpolled");
  double share = (1 - mean_ratio(data, steady_time_ratio, "unpolled", "default")) * 100;
  bool holds = floors_report("time-of-gcc-kernels", mean_ratio(data, steady_time_ratio, "default", "c"), 1.4,
                             1.1, true);
  holds &= floors_report("kernels-over-interpreter", mean_ratio(data, steady_time_ratio, "off", "default"),
                         15, 15, false);
  return floors_report("polling-share-per-cent", share, 2, 2, true) && holds;
}

/* ---- A storm ---- */

typedef struct listening {
  windows *windows;
  size_t n;
  bool is_ok;
} listening;

static void hear(void *context, const char *text, bool is_error) {
  listening *l = context;
  if (is_error) fprintf(stderr, "%s\n", text);
  else if (strncmp(text, "iteration ", 10) == 0) windows_add(l->windows, l->n++, strtod(text + 10, NULL));
  else if (strcmp(text, "ok") == 0) l->is_ok = true;
}

static bool run_storm(const floor_settings *settings, const char *tiers, windows *into) {
  const char *iterations = "32", *size = settings->is_long ? "80000" : "8000";
  const char *run[] = {settings->terza, "run", tiers, TERZA_SOURCE_DIR "/benchmarks/harness/storm.rima",
                       iterations,      size,  NULL};
  listening l = {.windows = into};
  child_watch watch = {.line = hear, .context = &l, .stop_fd = -1};
  child_result result = child_run_watched(run, &watch);
  return child_is_well(&result) && l.is_ok;
}

static void print_storm(const windows *w, const windows *baseline) {
  fprintf(stderr, "storm, speed over baseline in each window:");
  for (size_t i = 0; i < w->count; i++)
    fprintf(stderr, " %.2f", samples_least(&baseline->ns[i]) / samples_least(&w->ns[i]));
  fputc('\n', stderr);
}

static bool report_storm(const floor_settings *settings) {
  windows *w = calloc(2, sizeof *w);
  double least = NAN;
  bool is_well = w != NULL;
  for (int i = 0; i < 2 * settings->rounds && is_well; i++) {
    bool is_baseline = (i + i / 2) % 2; /* in turns, each as often the first */
    is_well = run_storm(settings, is_baseline ? "--jit=baseline" : "--jit=default", &w[is_baseline]);
  }
  if (is_well) {
    print_storm(&w[0], &w[1]);
    least = windows_least_speed(&w[0], &w[1]);
  }
  free(w);
  return floors_report("storm-speed-over-baseline", least, 0.9, 0.9, false);
}

/* ---- All ---- */

/* A process should have time to warm up and then to show its steady state. */
static void choose_times(suite *s, const floor_settings *settings) {
  bool is_long = settings->is_long, is_quick = settings->is_quick;
  s->run.invocations = is_long ? 2 * settings->rounds : is_quick ? 1 : (settings->rounds + 1) / 2;
  s->run.iterations = 20000; /* as many as the time allows */
  s->run.seconds = is_long ? 8 : is_quick ? 0.6 : 1.2;
  s->brief_seconds = is_long ? 2 : 0.4;
}

/* Data are empty where nothing could be run; then every line is short. */
bool floors_optimizing(const floor_settings *settings) {
  lab_data data = {0};
  suite *s = suite_new(settings);
  if (s != NULL) choose_times(s, settings);
  if (s != NULL) suite_run(s, classic, classic_strategies, peers, &data);
  bool holds = report_classic(&data);
  data_free(&data);
  if (s != NULL) suite_run(s, numeric, numeric_strategies, peers, &data);
  holds &= report_numeric(&data);
  data_free(&data);
  suite_free(s);
  return report_storm(settings) && holds;
}
