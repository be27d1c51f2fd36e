/* lab_run.h: the measurements: processes in turns, each recorded as soon as it has ended. */
#pragma once
#include "terza/lab_engines.h"
#include <stdint.h>

typedef struct lab_run_settings {
  lab_places places;
  lab_programs programs;
  lab_engines engines;
  char missing[LAB_OPTIONS]; /* peers that are not on this machine */
  int invocations;           /* processes of each program on each engine, at most LAB_ROUNDS */
  int iterations;            /* asked of each process */
  int size;                  /* of an iteration; 0: the program's own */
  double seconds;            /* after which a process begins no further iteration */
  uint64_t seed;             /* of the order */
  bool is_quiet;
} lab_run_settings;

typedef enum lab_run_end { LAB_RUN_COMPLETE, LAB_RUN_STOPPED, LAB_RUN_FAILED } lab_run_end;

/* Appends the records of a run to a file. STOPPED: by a signal (interrupt, hang up, terminate), records are
 * whole. FAILED: `error` says why; programs that fail are only recorded, and counted in *n_failed. */
lab_run_end lab_run(const lab_run_settings *settings, int fd, size_t *n_failed, char error[LAB_ERROR]);
