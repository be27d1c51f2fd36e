/* floors.c: see floors.h. */
#include "floors.h"
#include "terza/lab_child.h"
#include "classic.h"
#include "samples.h"
#include "source.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMPILED_LINES = 200000, COMPILE_ROUNDS = 3, HELLO_ROUNDS = 21, FUZZ_MODULES = 10000000 };

bool floors_report(const char *name, double measured, double least, double goal, bool is_less_better) {
  bool holds = is_less_better ? measured <= least : measured >= least; /* NAN never holds */
  char text[32] = "-";
  if (!isnan(measured)) snprintf(text, sizeof text, measured < 1000 ? "%.2f" : "%.0f", measured);
  printf("%-28s %12s %10.10g %10.10g %s\n", name, text, least, goal, holds ? "holds" : "short");
  fflush(stdout);
  return holds;
}

/* Geometric mean over the classic programs of the speed relative to LuaJIT's interpreter; NAN if one fails.
 */
static double measure_speed(const floor_settings *settings) {
  unsigned engines = 1u << ENGINE_TERZA_INTERPRETER | 1u << ENGINE_LUAJIT_INTERPRETER;
  double sum = 0;
  fprintf(stderr, "%-12s %12s %14s %8s\n", "program", "terza ms", "luajit -joff", "speed");
  for (int i = 0; i < n_classic_programs; i++) {
    const classic_program *program = &classic_programs[i];
    classic_times times = classic_measure(program, settings->terza, engines, settings->rounds);
    double speed = classic_speed(&times, ENGINE_TERZA_INTERPRETER, ENGINE_LUAJIT_INTERPRETER);
    fprintf(stderr, "%-12s %12.2f %14.2f %8.2f\n", program->name,
            samples_median(&times.best_ms[ENGINE_TERZA_INTERPRETER]),
            samples_median(&times.best_ms[ENGINE_LUAJIT_INTERPRETER]), speed);
    sum += log(speed);
  }
  return exp(sum / n_classic_programs);
}

/* Median processor seconds of a command that must succeed; NAN if it does not. */
static double measure_seconds(const char *const *arguments, int rounds) {
  samples seconds = {0};
  for (int i = 0; i < rounds; i++) {
    child_result result = child_run(arguments);
    if (!child_is_well(&result)) return NAN;
    samples_add(&seconds, (double)result.processor_ns / 1e9);
  }
  return samples_median(&seconds);
}

static void remove_directory(const char *path) {
  const char *arguments[] = {"rm", "-rf", path, NULL};
  child_run(arguments);
}

/* Compiling a large program from its files, then verifying the module that came out: the processor
 * time of whole processes, start included. */
static bool report_compiler(const floor_settings *settings) {
  char directory[] = "/tmp/terza-bench-XXXXXX", source[64], module[64];
  double lines = NAN, seconds = NAN, megabytes = NAN, verify_seconds = NAN;
  if (mkdtemp(directory)) {
    int64_t written = source_write(directory, COMPILED_LINES, 1);
    snprintf(source, sizeof source, "%s/main.rima", directory);
    snprintf(module, sizeof module, "%s/main.tzm", directory);
    if (written > 0) {
      const char *build[] = {settings->terza, "build", source, "-o", module, NULL};
      lines = (double)written;
      seconds = measure_seconds(build, COMPILE_ROUNDS);
    }
    struct stat status;
    if (!isnan(seconds) && stat(module, &status) == 0) {
      const char *verify[] = {settings->terza, "verify", module, NULL};
      megabytes = (double)status.st_size / 1e6;
      verify_seconds = measure_seconds(verify, settings->rounds);
    }
    remove_directory(directory);
  }
  fprintf(stderr, "compiled %.0f lines in %.3f s; verified %.2f MB in %.3f s\n", lines, seconds, megabytes,
          verify_seconds);
  bool compiles = floors_report("compile-lines-per-second", lines / seconds, 200e3, 1e6, false);
  bool verifies = floors_report("verify-megabytes-per-second", megabytes / verify_seconds, 50, 200, false);
  return compiles && verifies;
}

static bool report_hello(const floor_settings *settings) {
  const char *arguments[] = {settings->terza, "run", TERZA_SOURCE_DIR "/benchmarks/hello.rima", NULL};
  samples wall = {0}, peak = {0};
  for (int i = 0; i < HELLO_ROUNDS; i++) {
    child_result result = child_run(arguments);
    if (!child_is_well(&result) || strcmp(result.output, "Hello, world\n") != 0) break;
    samples_add(&wall, (double)result.wall_ns / 1e6);
    samples_add(&peak, (double)result.peak_bytes / 1e6);
  }
  bool is_fast = floors_report("hello-world-milliseconds", samples_median(&wall), 10, 10, true);
  bool is_small = floors_report("hello-world-megabytes", samples_median(&peak), 12, 12, true);
  return is_fast && is_small;
}

/* Mutated modules through reader, verifier and both tiers under sanitizers: how many were reached, which is
 * all of them unless TERZA_FUZZ_SECONDS sets a limit; counts only if none of them failed. */
static bool report_fuzz(void) {
  char count[16];
  snprintf(count, sizeof count, "%d", FUZZ_MODULES);
  const char *arguments[] = {TERZA_SOURCE_DIR "/dev", "fuzz", count, NULL};
  child_result result = child_run(arguments);
  fprintf(stderr, "%s", result.output);
  double reached = NAN;
  for (const char *line = result.output; line && *line; line = strchr(line, '\n')) {
    while (*line == '\n') line++;
    if (strstr(line, " mutants, ")) reached = strtod(line, NULL); /* the last line is the sum */
  }
  return floors_report("fuzzed-modules", child_is_well(&result) ? reached : NAN, FUZZ_MODULES, FUZZ_MODULES,
                       false);
}

bool floors_interpreter(const floor_settings *settings) {
  bool holds = floors_report("speed-of-luajit-interpreter", measure_speed(settings), 1.0, 1.5, false);
  holds &= report_compiler(settings);
  holds &= report_hello(settings);
  if (settings->is_long) holds &= report_fuzz();
  return holds;
}
