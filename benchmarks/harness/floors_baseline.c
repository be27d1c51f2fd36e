/* floors_baseline.c: the promises of the baseline tier. */
#include "terza/lab_child.h"
#include "classic.h"
#include "floors.h"
#include "source.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLD_START_LINES = 5000, COLD_START_ROUNDS = 41 };

/* Geometric mean over the classic programs of one engine's speed relative to another's; NAN if one fails. */
static double mean_speed(const floor_settings *settings, int engine, int other) {
  double sum = 0;
  fprintf(stderr, "%-12s %20s %20s\n", "program, ms", engine_names[engine], engine_names[other]);
  for (int i = 0; i < n_classic_programs; i++) {
    const classic_program *program = &classic_programs[i];
    classic_times times =
        classic_measure(program, settings->terza, 1u << engine | 1u << other, settings->rounds);
    fprintf(stderr, "%-12s %20.3f %20.3f\n", program->name, samples_median(&times.best_ms[engine]),
            samples_median(&times.best_ms[other]));
    sum += log(classic_speed(&times, engine, other));
  }
  return exp(sum / n_classic_programs);
}

/* jit_rate, built beside the command, on the modules of all classic programs. */
static bool report_compiler(const floor_settings *settings, const char *directory) {
  char source[1024], rate[1024], modules[8][512];
  static const char *const names[] = {"richards", "json",   "havlak", "deltablue",
                                      "cd",       "bounce", "nbody",  "sieve"};
  const char *run[CHILD_ARGS] = {rate};
  snprintf(rate, sizeof rate, "%.*sjit_rate", (int)(strlen(settings->terza) - strlen("terza")),
           settings->terza);
  for (int i = 0; i < 8; i++) {
    snprintf(source, sizeof source, "%s/benchmarks/classic/rima/%s.rima", TERZA_SOURCE_DIR, names[i]);
    snprintf(modules[i], sizeof modules[i], "%s/%s.tzm", directory, names[i]);
    const char *build[] = {settings->terza, "build", source, "-o", modules[i], NULL};
    child_run(build);
    run[i + 1] = modules[i];
  }
  double instructions = NAN, nanoseconds = NAN, code = NAN, tables = NAN;
  child_result result = child_run(run);
  if (!child_is_well(&result) ||
      sscanf(result.output, "%lf %lf %lf %lf", &instructions, &nanoseconds, &code, &tables) != 4)
    instructions = NAN;
  fprintf(stderr, "compiled %.0f instructions in %.0f us: %.0f bytes of code, %.0f of tables\n", instructions,
          nanoseconds / 1e3, code, tables);
  bool is_fast =
      floors_report("compile-instructions-per-us", instructions / nanoseconds * 1e3, 10, 25, false);
  bool is_small = floors_report("bytes-per-instruction", (code + tables) / instructions, 60, 35, true);
  return is_fast && is_small;
}

/* Of the processor: other programs do not count. */
static double seconds_of(const char *const *arguments) {
  child_result result = child_run(arguments);
  return child_is_well(&result) ? (double)result.processor_ns / 1e9 : NAN;
}

/* A program of 5,000 lines that says little and ends: in turns, the fastest of each. */
static bool report_cold_start(const floor_settings *settings, const char *directory) {
  char source[600], module[600];
  double interpreter = INFINITY, baseline = INFINITY;
  snprintf(source, sizeof source, "%s/main.rima", directory);
  snprintf(module, sizeof module, "%s/main.tzm", directory);
  const char *build[] = {settings->terza, "build", source, "-o", module, NULL};
  if (source_write(directory, COLD_START_LINES, 1) <= 0 || isnan(seconds_of(build))) interpreter = NAN;
  const char *off[] = {settings->terza, "run", "--jit=off", module, NULL};
  const char *on[] = {settings->terza, "run", "--jit=baseline", module, NULL};
  for (int i = 0; i < COLD_START_ROUNDS && !isnan(interpreter); i++) {
    if (i % 2) baseline = fmin(baseline, seconds_of(on));
    interpreter = fmin(interpreter, seconds_of(off));
    if (i % 2 == 0) baseline = fmin(baseline, seconds_of(on));
  }
  fprintf(stderr, "cold start of %d lines: interpreter %.3f ms, baseline %.3f ms\n", COLD_START_LINES,
          interpreter * 1e3, baseline * 1e3);
  double ratio = round(baseline / interpreter * 50) / 50; /* the clock's noise is two per cent */
  return floors_report("cold-start-against-interpreter", ratio, 1, 1, true);
}

bool floors_baseline(const floor_settings *settings) {
  char directory[] = "/tmp/terza-bench-XXXXXX";
  if (mkdtemp(directory) == NULL) return false;
  bool holds =
      floors_report("speed-over-interpreter",
                    mean_speed(settings, ENGINE_TERZA_BASELINE, ENGINE_TERZA_INTERPRETER), 2.5, 4, false);
  holds &= report_compiler(settings, directory);
  double share = 1 - 1 / mean_speed(settings, ENGINE_TERZA_UNPROFILED, ENGINE_TERZA_BASELINE);
  holds &= floors_report("profiling-share-per-cent", share * 100, 15, 5, true);
  holds &= report_cold_start(settings, directory);
  const char *clean[] = {"rm", "-rf", directory, NULL};
  child_run(clean);
  return holds;
}
