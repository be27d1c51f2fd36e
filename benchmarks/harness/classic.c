/* classic.c: see classic.h. */
#include "classic.h"
#include "terza/lab_child.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const engine_names[N_ENGINES] = {"terza --jit=off", "luajit -joff",         "terza",     "luajit",
                                             "lua5.4",          "terza --jit=baseline", "unprofiled"};

/* Most do 1 or 2 ms of work at a time, so that some iterations escape the other programs of a busy machine;
 * those that allocate much do more, so that each iteration pays for its collections. */
// clang-format off
const classic_program classic_programs[] = {
    {"bounce", 4, 30},     {"list", 4, 30},    {"mandelbrot", 50, 30}, {"nbody", 1000, 30},  {"permute", 2, 30},
    {"queens", 30, 30},    {"sieve", 10, 30},  {"storage", 4, 20},     {"towers", 2, 30},    {"deltablue", 100, 20},
    {"richards", 1, 10},   {"json", 1, 20},    {"havlak", 1, 4},       {"cd", 2, 20},
};
// clang-format on
const int n_classic_programs = sizeof classic_programs / sizeof classic_programs[0];

/* The least of the lines "iteration NANOSECONDS"; NAN if there is none. */
static double best_iteration_ms(const char *output) {
  double best = NAN;
  for (const char *at = output; (at = strstr(at, "iteration ")); at++) {
    double ms = (double)strtoll(at + strlen("iteration "), NULL, 10) / 1e6;
    if (!(ms >= best)) best = ms;
  }
  return best;
}

static double run_once(const classic_program *program, int engine, const char *terza) {
  bool is_terza = engine == ENGINE_TERZA || engine == ENGINE_TERZA_INTERPRETER ||
                  engine == ENGINE_TERZA_BASELINE || engine == ENGINE_TERZA_UNPROFILED;
  const char *language = is_terza ? "rima" : "lua";
  char path[1024], iterations[16], size[16];
  snprintf(path, sizeof path, "%s/benchmarks/classic/%s/%s.%s", TERZA_SOURCE_DIR, language, program->name,
           language);
  snprintf(iterations, sizeof iterations, "%d", program->iterations);
  snprintf(size, sizeof size, "%d", program->size);
  const char *commands[N_ENGINES][CHILD_ARGS] = {
      [ENGINE_TERZA_INTERPRETER] = {terza, "run", "--jit=off", path, iterations, size},
      [ENGINE_TERZA_BASELINE] = {terza, "run", "--jit=baseline", path, iterations, size},
      [ENGINE_TERZA_UNPROFILED] = {terza, "run", "--jit=baseline", "--profile=off", path, iterations, size},
      [ENGINE_TERZA] = {terza, "run", path, iterations, size},
      [ENGINE_LUAJIT_INTERPRETER] = {"luajit", "-joff", path, iterations, size},
      [ENGINE_LUAJIT] = {"luajit", path, iterations, size},
      [ENGINE_LUA] = {"lua5.4", path, iterations, size},
  };
  child_result result = child_run(commands[engine]);
  double best = child_is_well(&result) ? best_iteration_ms(result.output) : NAN;
  if (isnan(best))
    fprintf(stderr, "%s on %s failed (status %d)\n", program->name, engine_names[engine], result.status);
  return best;
}

classic_times classic_measure(const classic_program *program, const char *terza, unsigned engines,
                              int rounds) {
  classic_times times = {0};
  for (int round = 0; round < rounds && !times.has_failed; round++) {
    for (int i = 0; i < N_ENGINES; i++) {
      int engine = round % 2 ? N_ENGINES - 1 - i : i; /* whoever comes second may find the machine warmer */
      if (!(engines & 1u << engine)) continue;
      double best = run_once(program, engine, terza);
      if (isnan(best)) times.has_failed = true;
      samples_add(&times.best_ms[engine], best);
    }
  }
  return times;
}

double classic_speed(const classic_times *times, int engine, int other) {
  if (times->has_failed) return NAN;
  samples ratios = {0};
  for (size_t i = 0; i < times->best_ms[engine].count && i < times->best_ms[other].count; i++)
    samples_add(&ratios, times->best_ms[other].values[i] / times->best_ms[engine].values[i]);
  return samples_median(&ratios);
}
