/* child.h: runs a program as a child process and says what came of it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { CHILD_OUTPUT = 8192, CHILD_ARGS = 12 };

typedef struct child_result {
  bool has_run;              /* it was started and exited by itself */
  int status;                /* its exit status */
  int64_t wall_ns;           /* from before the fork until it was reaped */
  int64_t processor_ns;      /* its own and the kernel's on its behalf, all threads */
  int64_t peak_bytes;        /* most memory resident at a time; not below that of this program */
  char output[CHILD_OUTPUT]; /* the end of its standard output, NUL-terminated */
} child_result;

/* Runs arguments[0], looked up in PATH, with a NULL-terminated list of arguments. Standard error goes where
 * ours goes. */
child_result child_run(const char *const *arguments);

/* Whether it ran and ended with status 0. */
bool child_is_well(const child_result *result);

/* Nanoseconds of the monotonic clock. */
int64_t clock_nanos(void);
