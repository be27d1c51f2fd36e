/* harness.h: runs one program and reports its times; see ../rima/harness.rima. */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>

/* Calls once(size) as often as the arguments say and their time allows; it says whether its result was right.
   Returns the exit status, 1 when a result was wrong. */
int harness_run(int argc, char **argv, int default_size, bool (*once)(int size));

#endif
