/* progress.h: how far a run is, on standard error: one line that changes on a terminal, else a line now and
 * then. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct progress {
  bool is_quiet, is_terminal;
  size_t done, total, shown; /* steps */
} progress;

progress progress_begin(size_t total, bool is_quiet);
/* Before a step: what it is, and how many seconds all that is left is expected to take (NAN: unknown). */
void progress_show(progress *p, const char *what, double seconds_left);
void progress_step(progress *p);
/* Says something that stays, on a line of its own. */
void progress_say(progress *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void progress_end(progress *p);
