/* suite.h: runs of the strategy lab (benchmarks/lab) for the floors: programs on engines in turns, and what
 * came of it. */
#pragma once
#include "floors.h"
#include "terza/lab_data.h"
#include "terza/lab_run.h"

typedef struct suite {
  lab_run_settings run; /* how often and how long is the owner's to set */
  double brief_seconds; /* as run.seconds, of engines that need not warm up, "off" and "c"; 0: the same */
  char directory[32];   /* for records and compiled peers */
  char records[48];     /* the file; of the last run */
} suite;

/* Makes the directory and compiles the peers. NULL: a message was printed. */
suite *suite_new(const floor_settings *settings);
void suite_free(suite *s); /* with its directory; NULL is ignored */

/* Runs programs (NAME, FAMILY or FAMILY/NAME of programs.txt) under strategies (of strategies.def, or
 * NAME:OPTIONS), which are lists that end in NULL, and on peers (separated by commas; NULL: all). Peers that
 * are not on this machine are left out. False: a message was printed, and data is empty. */
bool suite_run(suite *s, const char *const *programs, const char *const *strategies, const char *peers,
               lab_data *data);
