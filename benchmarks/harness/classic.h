/* classic.h: times the fourteen classic programs on several engines, in turns. */
#pragma once
#include "samples.h"
#include <stdbool.h>

enum {
  ENGINE_TERZA_INTERPRETER,
  ENGINE_LUAJIT_INTERPRETER,
  ENGINE_TERZA,
  ENGINE_LUAJIT,
  ENGINE_LUA,
  ENGINE_TERZA_BASELINE,
  ENGINE_TERZA_UNPROFILED, /* baseline without profiling bursts; for floors only */
  N_ENGINES
};

extern const char *const engine_names[N_ENGINES];

typedef struct classic_program {
  const char *name;
  int size;       /* the second argument of the program */
  int iterations; /* how often the work is done in one process */
} classic_program;

extern const classic_program classic_programs[];
extern const int n_classic_programs;

typedef struct classic_times {
  samples best_ms[N_ENGINES]; /* of each process the fastest iteration; empty for an engine left out */
  bool has_failed;            /* some run gave a wrong result or none */
} classic_times;

/* Runs one program `rounds` times on each engine whose bit is set in `engines`. `terza` is the command's
 * path. */
classic_times classic_measure(const classic_program *program, const char *terza, unsigned engines,
                              int rounds);

/* How many times as fast as another engine: the median over the rounds. NAN after a failure. */
double classic_speed(const classic_times *times, int engine, int other);
