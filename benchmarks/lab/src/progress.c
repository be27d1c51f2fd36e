/* progress.c: see progress.h. */
#include "progress.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

progress progress_begin(size_t total, bool is_quiet) {
  return (progress){.is_quiet = is_quiet, .is_terminal = isatty(STDERR_FILENO), .total = total};
}

static void print_time(double seconds) {
  if (isnan(seconds)) return;
  if (seconds < 90) fprintf(stderr, "  about %.0f s left", seconds);
  else if (seconds < 5400) fprintf(stderr, "  about %.0f min left", seconds / 60);
  else fprintf(stderr, "  about %.1f h left", seconds / 3600);
}

void progress_show(progress *p, const char *what, double seconds_left) {
  if (p->is_quiet) return;
  bool is_due = p->done == 0 || p->done * 10 / p->total > p->shown * 10 / p->total; /* each tenth */
  if (!p->is_terminal && !is_due) return;
  fprintf(stderr, "%s%4zu of %zu", p->is_terminal ? "\r\033[K" : "", p->done, p->total);
  print_time(seconds_left);
  fprintf(stderr, "  %s%s", what, p->is_terminal ? "" : "\n");
  p->shown = p->done;
}

void progress_step(progress *p) { p->done++; }

void progress_say(progress *p, const char *format, ...) {
  if (p->is_terminal && !p->is_quiet) fputs("\r\033[K", stderr);
  va_list list;
  va_start(list, format);
  vfprintf(stderr, format, list);
  va_end(list);
  fputc('\n', stderr);
}

void progress_end(progress *p) {
  if (p->is_terminal && !p->is_quiet) fputs("\r\033[K", stderr);
}
