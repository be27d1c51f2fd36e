/* lab_data.h: a run's records, read back, and what they come to. */
#pragma once
#include "terza/lab_engines.h"
#include "terza/lab_steady.h"
#include "terza/lab_stats.h"
#include <jansson.h>

typedef struct lab_compilation {
  double at_ms, ms; /* since the process started; taken */
  double code_bytes;
  const char *tier, *function; /* in the record */
} lab_compilation;

/* Figures of a process or, as medians, of several. NAN: not told. */
typedef struct lab_figures {
  double start_ms;        /* until the first iteration began */
  double near_peak_ms;    /* from the start of the process until it ran at 90 % of its peak */
  double cpu_ms;          /* of all its threads */
  double compile_ms;      /* spent compiling, on any thread */
  double compiler_cpu_ms; /* of compiler threads; NAN: there are none */
  double peak_mb;         /* most memory resident */
  double pause_ms;        /* longest of the collector */
  double pauses_ms;       /* all of them */
  double code_kb;         /* of machine code, at the end */
  double stall_ms;        /* longest that the guest waited for compilers */
} lab_figures;

typedef struct lab_process {
  size_t program, engine; /* indexes */
  int round;
  bool is_usable; /* its iterations count: it ended well */
  double *ms;     /* of each iteration */
  size_t n;
  double busy_elsewhere; /* share of the machine's time that went to others */
  lab_figures figures;
  lab_compilation *compilations;
  size_t n_compilations;
  const char *message; /* of one that failed; in the record */
  steady_result steady;
} lab_process;

typedef struct lab_engine_info {
  const char *name, *options, *version; /* in the record */
  bool is_peer;
} lab_engine_info;

/* A program on an engine: its usable processes, by round, at most LAB_ROUNDS. */
typedef struct lab_cell {
  size_t program, engine; /* indexes */
  const lab_process **processes;
  stats_group *groups; /* of each, the iterations in its steady state, in ms */
  size_t n;
  steady_class class;
  stats_interval level_ms; /* of the steady state, 95 % */
  lab_figures figures;     /* medians */
} lab_cell;

typedef struct lab_data {
  const char *path;
  json_t *run; /* the first record */
  lab_engine_info *engines;
  size_t n_engines;
  const char **programs; /* in the order of their names */
  size_t n_programs;
  lab_process *processes;
  size_t n_processes, n_failed;
  lab_cell *cells; /* n_programs rows of n_engines: n_cells */
  size_t n_cells;
  bool is_complete;
  bool is_truncated; /* the last line is broken off, and left out */
  json_t *records;   /* owns the texts */
} lab_data;

/* Of data_load: makes the cells from the processes; cells stays NULL without memory. */
void cells_make(lab_data *data);
void cells_free(lab_data *data);

/* Reads a file of records, or the run.jsonl of a folder. False: `error` says why; data is empty then. */
bool data_load(lab_data *data, const char *path, char error[LAB_ERROR]);
void data_free(lab_data *data);

const lab_cell *data_cell(const lab_data *data, size_t program, size_t engine);
/* n_engines, if there is none of that name. */
size_t data_engine(const lab_data *data, const char *name);

/* How many times as fast as `other` an engine runs a program: the median over rounds in which both ran, with
 * its 95 % interval; replicates (may be NULL) has room for STATS_REPLICATES. NANs if there is no such round.
 */
stats_interval data_speed(const lab_data *data, size_t program, size_t engine, size_t other,
                          double *replicates);
/* The geometric mean of those over the programs that both run; *count (may be NULL): how many. */
stats_interval data_mean_speed(const lab_data *data, size_t engine, size_t other, size_t *count);

/* Its middle alone, which is quick; NAN if there is none. */
double data_mean_ratio(const lab_data *data, size_t engine, size_t other);

/* Why some of a cell's processes have no steady state, as far as it shows, in words. False: all have one. */
bool data_reason(const lab_cell *cell, char *text, size_t room);
/* Of Terza's pairs of program and strategy: how many there are, and how many reach a steady state. */
void data_count_steady(const lab_data *data, size_t *n_pairs, size_t *n_steady);
/* Of all processes: stretches that were set aside as interruptions (lab_steady.h). */
size_t data_count_interruptions(const lab_data *data);
