/* lab_child.h: runs a program as a child process and says what came of it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { CHILD_OUTPUT = 8192, CHILD_ARGS = 32 };

typedef struct child_result {
  bool has_run;              /* it was started and exited by itself */
  bool was_cut;              /* it was ended because its time was up */
  bool was_stopped;          /* it was ended because the watch's stop_fd became readable */
  int status;                /* its exit status; 128 and the signal's number if one ended it */
  int64_t wall_ns;           /* from before the fork until it was reaped */
  int64_t processor_ns;      /* its own and the kernel's on its behalf, all threads */
  int64_t peak_bytes;        /* most memory resident at a time; not below that of this program */
  int64_t preemptions;       /* how often another process took its core */
  char output[CHILD_OUTPUT]; /* the end of its standard output, NUL-terminated */
} child_result;

/* Runs arguments[0], looked up in PATH, with a NULL-terminated list of arguments. Its standard input is
 * empty, its standard error goes where ours goes. It ends when we do. */
child_result child_run(const char *const *arguments);

/* A line without its end, as soon as it has come; a last line without an end counts. Lines longer than 64 kB
 * come in parts. */
typedef void child_line(void *context, const char *text, bool is_error);

typedef struct child_watch {
  child_line *line; /* takes each line of both outputs; standard error then goes nowhere else */
  void *context;
  int64_t limit_ns; /* from its start, when it is ended; 0: none */
  int stop_fd;      /* becomes readable when the child must be ended; -1: none */
} child_watch;

child_result child_run_watched(const char *const *arguments, const child_watch *watch);

/* Whether it ran and ended with status 0. */
bool child_is_well(const child_result *result);

/* Nanoseconds of the monotonic clock. */
int64_t clock_nanos(void);
