/* symbols.c: the names of compiled functions, for perf and for debuggers. */
#include "baseline.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* One line a function in the file that perf reads: start, size, name. Appended at once, so that VMs of one
 * process and crashes do no harm. */
static void write_perf_map(struct tz_jit *jit, const tz_baseline *b) {
  char text[512];
  if (jit->perf_map < 0) {
    snprintf(text, sizeof text, "/tmp/perf-%d.map", (int)getpid());
    jit->perf_map = open(text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (jit->perf_map < 0) return;
  }
  int n = snprintf(text, sizeof text, "%lx %x %.400s\n", (unsigned long)(uintptr_t)b->code, b->size,
                   b->function->name);
  if (write(jit->perf_map, text, (size_t)n) < 0) jit->vm->options.jit_perf_map = false;
}

void tz_symbols_add(struct tz_jit *jit, tz_baseline *b) {
  if (jit->vm->options.jit_perf_map) write_perf_map(jit, b);
}

void tz_symbols_remove(struct tz_jit *jit, tz_baseline *b) { (void)jit, (void)b; }
